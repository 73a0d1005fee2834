"""The commands `user` and `token`: open accounts, give roles, unlock, make reset links, issue and revoke tokens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlmodel import col, select

from api.database import connect
from api.identity import journal_key, session_terms
from api.settings import Settings, SettingsError, load
from models import identity as domain
from models.identity import Account, AccountRole, ApiToken, ClientApplication, ClientMode, Role
from models.kernel.access import Actor
from models.kernel.errors import DomainError
from models.kernel.values import instant_text, parse_public_id
from models.kernel.work import Work, run_write, utc_now
from models.partner import PartnerOrganisation
from models.rights import Preset

T = TypeVar("T")

user_app = typer.Typer(no_args_is_help=True, help="Accounts: create, list, roles, unlock, reset link, deactivate.")
token_app = typer.Typer(no_args_is_help=True, help="API tokens of client applications: create, list, revoke.")

Login = Annotated[str, typer.Argument(help="The login of the account.")]
Roles = Annotated[list[str] | None, typer.Option("--role", help="A preset role such as PDM or MGR, or a role's id.")]


@dataclass
class _Store:
    settings: Settings
    writer: async_sessionmaker[AsyncSession]
    reader: async_sessionmaker[AsyncSession]
    journal_key: bytes

    async def do(self, action: Callable[[Work], Awaitable[T]]) -> T:
        return await run_write(self, domain.operator_actor(), action)


@asynccontextmanager
async def _opened() -> AsyncIterator[_Store]:
    settings = load()
    database = connect(settings)
    try:
        yield _Store(settings, database.writer, database.reader, journal_key(settings))
    finally:
        await database.dispose()


def _run(command: Callable[[_Store], Awaitable[T]]) -> T:
    async def within() -> T:
        async with _opened() as store:
            return await command(store)

    try:
        return asyncio.run(within())
    except SettingsError as error:
        Console(stderr=True).print(str(error), style="red", markup=False)
    except DomainError as error:
        for single in error:
            Console(stderr=True).print(f"{single.message('en')}  {single.message('zh')}", style="red", markup=False)
    raise typer.Exit(1)


async def _account(work: Work, login: str) -> Account:
    account: Account | None = await work.first(select(Account).where(col(Account.login) == login.strip().casefold()))
    if account is None:
        raise typer.BadParameter(f"there is no account {login!r}")
    return account


async def _partner(work: Work, text: str | None) -> PartnerOrganisation | None:
    if text is None:
        return None
    found = await work.every(
        select(PartnerOrganisation).where(
            col(PartnerOrganisation.name).in_([text])
            | (col(PartnerOrganisation.name_en) == text)
            | (col(PartnerOrganisation.id) == _id(text))
        )
    )
    if len(found) != 1:
        raise typer.BadParameter(f"{len(found)} partners are named {text!r}; name one by its name or id")
    partner: PartnerOrganisation = found[0]
    return partner


def _id(text: str) -> UUID | None:
    try:
        return parse_public_id(text)[1]
    except ValueError:
        return None


async def _role_ids(work: Work, names: list[str]) -> list[UUID]:
    presets = [Preset[name.upper()] for name in names if name.upper() in Preset.__members__]
    own = [_id(name) for name in names if name.upper() not in Preset.__members__]
    if None in own:
        known = ", ".join(preset for preset in Preset if preset is not Preset.MAIN)
        raise typer.BadParameter(f"a role is one of {known}, or the id of an own role")
    if Preset.MAIN in presets:
        raise typer.BadParameter("the main account is no role; use --main")
    return [*await domain.preset_ids(work, *presets), *(one for one in own if one is not None)]


@user_app.command("create")
def create_user(
    login: Login,
    name: Annotated[str, typer.Argument(help="The person's name.")],
    role: Roles = None,
    partner: Annotated[str | None, typer.Option(help="Name or id of the person's partner organisation.")] = None,
    main: Annotated[bool, typer.Option("--main", help="The partner's main account; it has no roles.")] = False,
    office: Annotated[str | None, typer.Option(help="Code of the representative office.")] = None,
    title: Annotated[str, typer.Option(help="What the person is.")] = "",
    email: Annotated[str | None, typer.Option(help="E-mail address.")] = None,
    lang: Annotated[str, typer.Option(help="zh or en.")] = "zh",
) -> None:
    """Open an account and print its initial password, which must be changed at the first sign-in."""
    password = domain.initial_password()

    async def command(store: _Store) -> None:
        password_hash = await domain.hash_password(password)

        async def action(work: Work) -> None:
            role_ids = await _role_ids(work, role or [])
            first = await work.first(select(Role).where(col(Role.id).in_(role_ids)))
            organisation = await _partner(work, partner)
            if first is None and not main:
                raise typer.BadParameter("name at least one --role, or --main")
            await domain.open_account(
                work,
                login=login,
                name=name,
                password_hash=password_hash,
                side=first.side if first else Preset.MAIN.side,
                role_ids=role_ids,
                partner_id=organisation.id if organisation else None,
                office_id=office,
                is_main=main,
                title=title,
                email=email,
                lang="en" if lang == "en" else "zh",
            )

        await store.do(action)

    _run(command)
    typer.echo(f"{login.strip().casefold()}  initial password: {password}")


@user_app.command("list")
def list_users(
    partner: Annotated[str | None, typer.Option(help="Name or id of one partner organisation.")] = None,
) -> None:
    """List the accounts with side, roles and state."""

    async def command(store: _Store) -> list[tuple[str, ...]]:
        async def action(work: Work) -> list[tuple[str, ...]]:
            query = select(Account).order_by(col(Account.side), col(Account.login))
            if (organisation := await _partner(work, partner)) is not None:
                query = query.where(col(Account.partner_id) == organisation.id)
            codes: dict[UUID, list[str]] = {}
            held = select(AccountRole.account_id, Role).join(Role, col(Role.id) == col(AccountRole.role_id))
            for account_id, role in (await work.session.execute(held)).all():
                codes.setdefault(account_id, []).append(role.code)
            now = utc_now()
            return [
                (
                    account.login,
                    account.name,
                    account.side.value,
                    "MAIN" if account.is_main else ", ".join(sorted(codes.get(account.id, []))),
                    _state(account, now),
                )
                for account in await work.every(query)
            ]

        async with store.reader() as session:
            return await action(Work(session, domain.operator_actor(), utc_now(), journal_key=store.journal_key))

    _print(("login", "name", "side", "roles", "state"), _run(command))


def _state(account: Account, now: Any) -> str:
    if not account.active:
        return "inactive"
    if account.locked_until is not None and now < account.locked_until:
        return f"locked until {instant_text(account.locked_until)}"
    return "must change the password" if account.must_change_password else "active"


def _print(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


@user_app.command("roles")
def set_user_roles(login: Login, role: Annotated[list[str], typer.Argument(help="The roles, all of them.")]) -> None:
    """Give an account exactly these roles; they hold from the next request."""

    async def action(work: Work) -> None:
        account = await _account(work, login)
        await domain.set_roles(work, account.id, await _role_ids(work, role))

    _run(lambda store: store.do(action))
    typer.echo(f"{login} now has: {', '.join(role)}")


@user_app.command("deactivate")
def deactivate_user(login: Login) -> None:
    """Close an account; its sessions and tokens end at once."""

    async def action(work: Work) -> None:
        await domain.deactivate(work, (await _account(work, login)).id)

    _run(lambda store: store.do(action))
    typer.echo(f"{login} is closed.")


@user_app.command("unlock")
def unlock_user(login: Login) -> None:
    """Let somebody sign in again who was locked out by failed attempts."""

    async def action(work: Work) -> None:
        await domain.unlock(work, (await _account(work, login)).id)

    _run(lambda store: store.do(action))
    typer.echo(f"{login} may sign in again.")


@user_app.command("reset-link")
def print_reset_link(login: Login) -> None:
    """Print a link that sets a new password, once, within a day; give it to the person yourself."""

    async def command(store: _Store) -> str:
        key = session_terms(store.settings).reset_key

        async def action(work: Work) -> str:
            return await domain.make_reset_link(work, (await _account(work, login)).id, key=key)

        return f"{store.settings.address}/admin/reset-password?token={await store.do(action)}"

    typer.echo(_run(command))


@token_app.command("create")
def create_token(
    login: Annotated[str, typer.Argument(help="The account that issues the token; it bounds what the token may do.")],
    client: Annotated[str, typer.Option(help="Name of the client application; it is registered where it is new.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="A permission; without any, all that the account has.")
    ] = None,
    name: Annotated[str, typer.Option(help="What the token is called in lists.")] = "command line",
    days: Annotated[int, typer.Option(help="Its life in days.")] = 90,
    mode: Annotated[
        str, typer.Option(help="What a new client application may ask: OPEN, APQ, SAFELIST or ID_ONLY.")
    ] = ClientMode.ID_ONLY.value,
    tied: Annotated[bool, typer.Option("--tied", help="It runs admitted operations of its client only.")] = False,
) -> None:
    """Issue a token of a client application and print it; it is shown this once."""
    if mode.upper() not in ClientMode.__members__:
        raise typer.BadParameter(f"a mode is one of {', '.join(ClientMode)}")

    async def command(store: _Store) -> str:
        async def action(work: Work) -> str:
            account = await _account(work, login)
            issuer: Actor = await domain.actor_of(work.session, account.id)
            application = await work.first(
                select(ClientApplication).where(
                    col(ClientApplication.name) == client,
                    col(ClientApplication.side) == issuer.side,
                    col(ClientApplication.partner_id).is_not_distinct_from(issuer.partner_id),
                    col(ClientApplication.active).is_(True),
                )
            )
            if application is None:
                application = await domain.create_client(
                    work,
                    name=client,
                    mode=ClientMode[mode.upper()],
                    production=store.settings.production,
                    issuer=issuer,
                )
                await work.flush()
            scopes = scope or sorted(domain.scopes_for(issuer))
            issued = await domain.issue_token(
                work, application.id, name=name, scopes=scopes, days=days, tied=tied, issuer=issuer
            )
            return issued.secret

        return await store.do(action)

    typer.echo(_run(command))


@token_app.command("list")
def list_tokens() -> None:
    """List the tokens with client, last four, expiry and last use."""

    async def command(store: _Store) -> list[tuple[str, ...]]:
        async with store.reader() as session:
            found = await session.execute(
                select(ApiToken, ClientApplication, Account)
                .join(ClientApplication, col(ClientApplication.id) == col(ApiToken.client_id))
                .join(Account, col(Account.id) == col(ApiToken.issuer_id))
                .order_by(col(ApiToken.id))
            )
            now = utc_now()
            return [
                (
                    token.public_id,
                    application.name,
                    issuer.login,
                    f"…{token.last_four}",
                    "revoked" if token.revoked_at else "expired" if now >= token.expires_at else "valid",
                    instant_text(token.expires_at)[:10],
                    instant_text(token.last_used_at) if token.last_used_at else "never",
                )
                for token, application, issuer in found.all()
            ]

    _print(("id", "client", "issued by", "token", "state", "until", "last used"), _run(command))


@token_app.command("revoke")
def revoke_token(token: Annotated[str, typer.Argument(help="The token's id, as `token list` prints it.")]) -> None:
    """Revoke a token; it ends at once."""

    async def action(work: Work) -> None:
        token_id = _id(token)
        if token_id is None:
            raise typer.BadParameter(f"{token!r} is no id of a token")
        await domain.revoke_token(work, token_id)

    _run(lambda store: store.do(action))
    typer.echo(f"{token} is revoked.")
