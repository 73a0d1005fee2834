"""The command `operations`: publish, list, compare and retire what tools run, and check what a change does to it."""

from __future__ import annotations

import datetime as dt
import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.installation import Installation
from api.plain import fail, out, run

if TYPE_CHECKING:
    from graphql import GraphQLSchema
    from sqlalchemy.ext.asyncio import AsyncSession

    from api.schema_check import Finding
    from models.identity import ClientApplication
    from models.kernel.work import Work
    from models.operations import ManifestFormat, OperationManifest, Submitted

operations_app = typer.Typer(
    no_args_is_help=True, help="Persisted operations of tools: publish, list, diff, retire, check."
)
Client = Annotated[str, typer.Argument(help="The tool, by its name or its id.")]
Source = Annotated[
    Path, typer.Argument(help="A manifest of Apollo, Relay or graphql-codegen, or a folder of .graphql files.")
]


@operations_app.command("publish")
def publish(
    client: Client,
    source: Source,
    label: Annotated[str | None, typer.Option(help="What the version is called; its hash without one.")] = None,
) -> None:
    """Publish a version of a tool: all of it, or nothing and why. New texts wait for admission."""
    format, documents = _read(source)

    async def command(house: Installation) -> tuple[Any, int]:
        from api.app import limits_of
        from api.operations import Examiner
        from api.schema import build_schema
        from models import operations as domain
        from models.identity import operator_actor
        from models.kernel.work import Work, run_write, utc_now

        operator = operator_actor()
        examine = Examiner(build_schema(), limits_of(house.settings))
        async with house.reader() as session:
            side = (await _client(Work(session, operator, utc_now(), journal_key=b""), client)).side
        upload = await domain.draw_up(operator, documents, examine, format=format, label=label, side=side)

        async def action(work: Work) -> tuple[Any, int]:
            manifest = await domain.publish(work, (await _client(work, client)).id, upload)
            await work.flush()
            return manifest, len(await _lines(work, manifest, waiting=True))

        return await run_write(house, operator, action)

    manifest, waiting = run(command)
    out.print(f"Version {manifest.label} is published: {manifest.size} operations, {waiting} wait.", markup=False)
    for one in documents:
        out.print(f"  {one.external_id}", markup=False)


@operations_app.command("list")
def list_operations(
    client: Annotated[str | None, typer.Option(help="One tool, by its name or its id.")] = None,
) -> None:
    """List the versions of tools with their documents, what was decided on each, and when it was last called."""

    async def action(work: Work) -> list[str]:
        from sqlmodel import col, select

        from models.identity import ClientApplication
        from models.operations import OperationManifest

        query = (
            select(OperationManifest, ClientApplication)
            .join(ClientApplication, col(ClientApplication.id) == col(OperationManifest.client_id))
            .order_by(col(ClientApplication.name), col(OperationManifest.created_at), col(OperationManifest.id))
        )
        if client is not None:
            query = query.where(OperationManifest.client_id == (await _client(work, client)).id)
        told = []
        for manifest, tool in (await work.session.execute(query)).all():
            retired = f", retired from {manifest.retire_at:%Y-%m-%d %H:%M} UTC" if manifest.retire_at else ""
            told.append(f"{tool.name} {manifest.label} ({tool.mode}, {manifest.format}{retired})")
            told += [f"  {line}" for line in await _lines(work, manifest)]
        return told

    for line in _reading(action) or [f"{client or 'No tool'} has published {'nothing' if client else 'anything'}."]:
        out.print(line, markup=False)


@operations_app.command("diff")
def diff(
    client: Client,
    source: Source,
    label: Annotated[str | None, typer.Option(help="Compare with this version; without it, with the newest.")] = None,
) -> None:
    """Compare what a build wrote with a published version: what is new, what is gone, what changed under its name."""
    from models.operations import canonical_id

    _, documents = _read(source)

    async def action(work: Work) -> dict[str, tuple[str, str]]:
        manifest = await _manifest(work, (await _client(work, client)).id, label)
        return {
            canonical_id(external_id): (document.name or "", document.text)
            for external_id, document in await _entries(work, manifest)
        }

    before = _reading(action)
    after = {canonical_id(one.external_id): one.text for one in documents}
    gone = {name: text for id, (name, text) in before.items() if id not in after and name}
    for id, text in after.items():
        if id in before:
            continue
        name = next((name for name in gone if f" {name}" in text.partition("{")[0]), None)
        out.print(f"+ {id}" + (f" (was {name} under another id)" if name else ""), markup=False)
        if name is not None:
            lines = difflib.unified_diff(gone[name].splitlines(), text.splitlines(), lineterm="", n=2)
            for line in list(lines)[2:]:
                out.print(f"    {line}", markup=False)
    for id, (name, _) in before.items():
        if id not in after:
            out.print(f"- {id} {name}".rstrip(), markup=False)
    same = len(set(before) & set(after))
    out.print(f"{same} the same, {len(set(after) - set(before))} new, {len(set(before) - set(after))} gone.")


@operations_app.command("retire")
def retire(
    client: Client,
    label: Annotated[str, typer.Argument(help="The version.")],
    at: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"], help="From when, in UTC; now.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Keep it in use, as long as it is not retired yet.")] = False,
) -> None:
    """Retire a version, now or from a later moment on."""

    async def command(house: Installation) -> Any:
        from models import operations as domain
        from models.identity import operator_actor
        from models.kernel.work import run_write

        async def action(work: Work) -> Any:
            manifest = await _manifest(work, (await _client(work, client)).id, label)
            if undo:
                return await domain.unretire(work, manifest.id)
            return await domain.retire(work, manifest.id, at=at.replace(tzinfo=dt.UTC) if at else None)

        return await run_write(house, operator_actor(), action)

    manifest = run(command)
    until = f"retires at {manifest.retire_at:%Y-%m-%d %H:%M} UTC" if manifest.retire_at else "stays in use"
    out.print(f"Version {manifest.label} {until}.", markup=False)


@operations_app.command("check")
def check(
    schema: Annotated[
        Path | None, typer.Option(help="The schema that is to be deployed; without it, this release's own.")
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option(help="The schema that is deployed now; without it, this release's where --schema is given."),
    ] = None,
    roles: Annotated[
        bool, typer.Option("--roles", help="Check this release's roles and field rules instead of the schema.")
    ] = False,
    role: Annotated[
        str | None, typer.Option(help="Check a change of this role: its id, a preset's code, or a name that is unique.")
    ] = None,
    added: Annotated[list[str] | None, typer.Option("--with", help="A permission that the role is to grant.")] = None,
    removed: Annotated[
        list[str] | None, typer.Option("--without", help="A permission that it is to grant no more.")
    ] = None,
    member: Annotated[
        str | None,
        typer.Option(help="Only as far as this account has the role; without --with and --without, it loses it."),
    ] = None,
) -> None:
    """Say which documents a new schema, or other roles, would break or change; code 1 where any breaks or loses.

    With --role, neither --with nor --without means that the role is taken away.
    """
    from api.schema_check import against_roles, against_schema
    from models.kernel.work import utc_now
    from models.operations import in_use

    if role is None and (added or removed or member):
        raise fail("--with, --without and --member say how a role changes; name it with --role.")
    if role is not None and (schema or before or roles):
        raise fail("--role is checked by itself, without --schema, --before and --roles.")

    async def command(house: Installation) -> tuple[int, list[Finding]]:
        async with house.reader() as session:
            documents = await in_use(session, utc_now())
            if role is not None:
                return len(documents), await _of_role(session, role, added or [], removed or [], member)
            if not roles:
                new = _schema(schema)
                old = _schema(before) if before or schema else None
                return len(documents), against_schema(documents, new, old)
            from api.app import limits_of
            from api.operations import Examiner
            from api.schema import build_schema

            examine = Examiner(build_schema(), limits_of(house.settings))
            found = {one.document.id: examine(one.document.text) for one in documents}
            return len(documents), await against_roles(session, documents, found, utc_now())

    count, found = run(command)
    for one in found:
        out.print(one.told, markup=False)
        for title, lines in (
            ("breaks", one.breaks),
            ("careful", one.dangers),
            ("gains", one.gains),
            ("loses", one.loses),
        ):
            for line in lines:
                out.print(f"  {title}: {line}", markup=False)
    broken = sum(bool(one.breaks or one.loses) for one in found)
    out.print(f"{count} documents in use; {broken} would break or lose, {len(found) - broken} would change.")
    if broken:
        raise typer.Exit(1)


async def _of_role(
    session: AsyncSession, named: str, added: list[str], removed: list[str], login: str | None
) -> list[Finding]:
    from sqlmodel import select

    from api.schema_check import Finding
    from models.identity import Account, Role, operator_actor
    from models.kernel.work import utc_now
    from models.operations import effects_of_role

    every = (await session.execute(select(Role))).scalars()
    found = [role for role in every if named in (role.public_id, role.code, role.name_zh, role.name_en)]
    if len(found) != 1:
        raise fail(f"{len(found)} roles are called {named!r}; name one by its id, as `roles` in GraphQL lists it.")
    role, member_id = found[0], None
    if absent := sorted({*removed} - {*role.permissions}):
        raise fail(f"The role does not grant {', '.join(absent)}.")
    if login is not None:
        member_id = (await session.execute(select(Account.id).where(Account.login == login))).scalars().first()
        if member_id is None:
            raise fail(f"There is no account {login!r}.")
    granted = ({*role.permissions} | {*added}) - {*removed} if added or removed else None
    affected = await effects_of_role(session, operator_actor(), role.id, granted, utc_now(), member_id=member_id)
    findings = [Finding.of_fields(one.of, one.effects) for one in affected]
    return [finding for finding in findings if finding is not None]


def _read(source: Path) -> tuple[ManifestFormat, list[Submitted]]:
    from api.operations import MOST_FILE_BYTES, read_folder
    from api.plain import plainly
    from models.operations import ManifestFormat, read_manifest

    with plainly():
        if source.is_dir():
            return ManifestFormat.FOLDER, read_folder(source)
        if not source.is_file():
            raise fail(f"There is no file or folder {source}.")
        if source.stat().st_size > MOST_FILE_BYTES:
            raise fail(f"{source.name} is larger than {MOST_FILE_BYTES} bytes.")
        return read_manifest(source.read_text("utf-8"))


def _schema(path: Path | None) -> GraphQLSchema:
    from importlib.resources import files

    from graphql import GraphQLError, build_schema

    text = path.read_text("utf-8") if path else (files("api") / "schema.graphql").read_text("utf-8")
    try:
        return build_schema(text)
    except (GraphQLError, TypeError) as error:
        raise fail(f"{path or 'api/schema.graphql'} is no schema: {error}") from None


def _reading(action: Any) -> Any:
    from models.identity import operator_actor
    from models.kernel.work import Work, utc_now

    async def command(house: Installation) -> Any:
        async with house.reader() as session:
            return await action(Work(session, operator_actor(), utc_now(), journal_key=house.journal_key))

    return run(command)


async def _client(work: Work, named: str) -> ClientApplication:
    from sqlmodel import select

    from models.identity import ClientApplication
    from models.kernel.values import parse_public_id

    try:
        _, id = parse_public_id(named)
        query = select(ClientApplication).where(ClientApplication.id == id)
    except ValueError:
        query = select(ClientApplication).where(ClientApplication.name == named)
    found: list[ClientApplication] = await work.every(query)
    if len(found) != 1:
        raise fail(
            f"{len(found)} tools are called {named!r}; name one by its id, as `token list` and the back-office do."
        )
    return found[0]


async def _manifest(work: Work, client_id: Any, label: str | None) -> OperationManifest:
    from sqlmodel import col, select

    from models.operations import OperationManifest

    query = select(OperationManifest).where(OperationManifest.client_id == client_id)
    if label is not None:
        query = query.where(OperationManifest.label == label)
    newest = query.order_by(col(OperationManifest.created_at).desc(), col(OperationManifest.id).desc())
    found: OperationManifest | None = await work.first(newest)
    if found is None:
        raise fail(f"There is no version {label!r}." if label else "The tool has published nothing yet.")
    return found


async def _entries(work: Work, manifest: OperationManifest) -> list[Any]:
    from sqlmodel import col, select

    from models.operations import ManifestEntry, OperationDocument

    found = await work.session.execute(
        select(ManifestEntry.external_id, OperationDocument)
        .join(OperationDocument, col(OperationDocument.id) == col(ManifestEntry.document_id))
        .where(ManifestEntry.manifest_id == manifest.id)
        .order_by(col(OperationDocument.name), col(ManifestEntry.external_id))
    )
    return list(found.all())


async def _lines(work: Work, manifest: OperationManifest, *, waiting: bool = False) -> list[str]:
    from models.operations import DocumentStatus, Tally, usage_of

    entries = await _entries(work, manifest)
    if waiting:
        entries = [entry for entry in entries if entry[1].status is DocumentStatus.WAITING]
    used = await usage_of(work.session, [document.id for _, document in entries], work.now)
    lines = []
    for external_id, document in entries:
        tally = used.get(document.id) or Tally()
        seen = f"{tally.last_seen_at:%Y-%m-%d %H:%M} UTC" if tally.last_seen_at else "never called"
        until = f" until {document.expires_at:%Y-%m-%d}" if document.expires_at else ""
        lines.append(
            f"{document.name or '(unnamed)'}  {external_id}  {document.kind}, depth {document.depth}, cost up to "
            f"{document.cost}  {document.status}{until}  {tally.calls} calls, {tally.errors} errors, {seen}"
        )
    return lines
