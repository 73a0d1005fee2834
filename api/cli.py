"""The command `partner-center`: an installation is set up, served, saved and looked after with it."""

from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from api.cli_backup import backup, restore
from api.cli_identity import token_app, user_app
from api.cli_import import import_app
from api.cli_operations import operations_app
from api.cli_serve import announce, serve
from api.installation import Installation
from api.plain import err, fail, out, plainly, run, where
from api.settings import load

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Huawei Cloud's Partner Center as a GraphQL API with a back-office.",
)
app.command("serve")(serve)
app.command("backup")(backup)
app.command("restore")(restore)
app.add_typer(user_app, name="user")
app.add_typer(token_app, name="token")
app.add_typer(import_app, name="import")
app.add_typer(operations_app, name="operations")


@app.command("migrate")
def migrate() -> None:
    """Bring the database up to date, and plant the policy numbers and preset roles."""
    from api.migrate import pending, upgrade
    from models.kernel.access import system_actor
    from models.kernel.work import run_write
    from models.seed import plant

    async def command(house: Installation) -> tuple[list[str], int]:
        waiting = await pending(house.settings.database_url)
        for step in waiting:
            out.print(f"  {step}", markup=False)
            await upgrade(house.settings.database_url, step.partition(" ")[0])
        return waiting, await run_write(house, system_actor(), plant)

    with plainly():
        out.print(f"Database: {where(load())}", markup=False)
    done, planted = run(command)
    told = f"{len(done)} migrations applied" if done else "Nothing to migrate"
    out.print(f"{told}; {planted} policy numbers and preset roles planted or brought up to date.")


@app.command("demo")
def demo(
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Do nothing where somebody has an account already.")
    ] = False,
) -> None:
    """Load the demonstration into an empty database, and print its logins and its token."""
    from api.demo import has_data, is_complete, load_demo

    async def command(house: Installation) -> int | None:
        if house.settings.production:
            if if_empty:
                return None
            raise fail(
                "Production has no demo logins. Load the demonstration with PARTNER_CENTER_ENVIRONMENT=development."
            )
        if await has_data(house):
            whole = await is_complete(house)
            if if_empty and whole:
                return None
            if if_empty:
                err.print("The database has accounts but no (whole) demonstration; it stays as it is.", style="yellow")
                return None
            raise fail("The demonstration is loaded into an empty database only; this one has accounts already.")
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=err, transient=True) as progress:
            task = progress.add_task("Making the demonstration", total=None)
            return await load_demo(house, told=lambda done, of: progress.update(task, completed=done, total=of))

    made = run(command)
    if made is not None:
        out.print(f"The demonstration is loaded: {made} opportunities of three partners.")
        if not if_empty:
            announce(load(), demo=True)


@app.command("export-schema")
def export_schema(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail where a file is not up to date.")] = False,
) -> None:
    """Write api/schema.graphql, models/LIFECYCLES.md and the codes in api/INTEGRATORS.md from the code."""
    from api.schema import contract

    texts = contract()
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text("utf-8") != text]
    if check and stale:
        names = ", ".join(path.name for path in stale)
        raise fail(f"{names} differ from the code. Run: partner-center export-schema")
    for path in stale:
        path.write_text(texts[path], "utf-8")
    for path in texts:
        out.print(f"{path.parent.name}/{path.name}: {'written' if path in stale else 'up to date'}", markup=False)


@app.command("sweep")
def sweep() -> None:
    """Act on every deadline that has passed, remind, and send the mails that wait; a running server does so itself."""
    from api import timers
    from api.files import storage_of

    async def command(house: Installation) -> tuple[dict[str, int], int]:
        fired = dict(await timers.sweep(house))
        await timers.summarise(house)
        return fired, await timers.tidy(house, storage=storage_of(house.settings))

    fired, forgotten = run(command)
    for operation, times in sorted(fired.items()):
        out.print(f"{operation}: {times}", markup=False)
    if not fired:
        out.print("No deadline has passed.")
    if made := run(_export):
        out.print(f"Exports carried out: {made}")
    for outcome, times in sorted(run(_remind_and_send).items()):
        out.print(f"Mails {outcome}: {times}", markup=False)
    if forgotten:
        out.print(f"{forgotten} idempotency keys, sessions, files and mails that ran out were forgotten.")


async def _export(house: Installation) -> int:
    from api.exports import workshop_of
    from models.export import tidy, work_off

    workshop = workshop_of(house, house.settings)
    made = await work_off(workshop)
    await tidy(workshop)
    return made


async def _remind_and_send(house: Installation) -> dict[str, int]:
    from api import mail, timers

    await timers.remind(house)
    return dict(await mail.dispatch(house, mail.Post.of(house.settings)))


@app.command("doctor")
def doctor() -> None:
    """Say in plain words what is wrong with this installation, and what to do."""
    from api.doctor import Finding, examine

    async def command(house: Installation) -> list[Finding]:
        found = []
        async for finding in examine(house):
            mark = "[green]ok  [/]" if finding.todo is None else "[red]do  [/]" if finding.urgent else "[yellow]note[/]"
            out.print(mark, end="  ")
            out.print(finding.what, markup=False)
            if finding.todo:
                out.print(f"      {finding.todo}", markup=False)
            found.append(finding)
        return found

    if any(finding.todo and finding.urgent for finding in run(command)):
        raise typer.Exit(1)


def main() -> None:
    """Run the command line."""
    from api.plain import sentences

    try:
        app()
    except Exception as error:
        said = sentences(error)
        if said is None:
            raise
        raise SystemExit(fail(*said).exit_code) from None
