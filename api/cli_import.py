"""The command `import`: takes in customers and pipelines from files, and says what became of each row."""

from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlmodel import col, select

from api.installation import Installation
from api.plain import err, fail, out, run
from models import onboarding as domain
from models.identity import Account, actor_of, operator_actor
from models.kernel.access import Actor
from models.kernel.values import Money
from models.kernel.words import Word
from models.onboarding.consumption import ConsumptionReport, import_consumption
from models.onboarding.stream import RefusedRows

SOME_REFUSED = 3
MOST_LINES = 10

import_app = typer.Typer(
    no_args_is_help=True,
    help="Take in existing customers and pipelines from CSV or XLSX files. "
    "Ends with 0 when every row is in, 3 when some were refused, 1 when nothing could be done.",
)

File = Annotated[Path, typer.Argument(help="CSV or XLSX; UTF-8 or GB18030.")]
Map = Annotated[
    str | None,
    typer.Option(
        "--map", help="A mapping (TOML) by its path, or one that comes with the project by its name, such as maven."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would become of each row, and change nothing.")]
Accept = Annotated[bool, typer.Option("--accept-suggestions", help="Read near matches as what they are near to.")]
As = Annotated[str | None, typer.Option("--as", help="Login of the operator; without it, the command line's own.")]
Refused = Annotated[
    Path | None,
    typer.Option(help="Where refused rows are written, to be repaired and imported; FILE.refused.csv without it."),
]


@import_app.command("customers")
def customers(
    file: File,
    map: Map = None,
    dry_run: DryRun = False,
    accept: Accept = False,
    login: As = None,
    refused: Refused = None,
) -> None:
    """Take in customers, each entered once and unassociated; those that are known stay as they are."""
    _import(domain.import_customers, file, map, dry_run, accept, login, refused)


@import_app.command("opportunities")
def opportunities(
    file: File,
    map: Map = None,
    dry_run: DryRun = False,
    accept: Accept = False,
    login: As = None,
    refused: Refused = None,
) -> None:
    """Take in a pipeline, with what the mapping names beside it; running it again adds only what is not there."""
    _import(domain.import_opportunities, file, map, dry_run, accept, login, refused)


@import_app.command("consumption")
def consumption(
    file: File,
    dry_run: DryRun = False,
    login: As = None,
    refused: Refused = None,
) -> None:
    """Take in lines of consumption as Huawei Cloud's API names them, each once; the same again changes nothing."""
    target = refused or Path(f"{file.stem}.refused.csv")

    async def command(house: Installation) -> ConsumptionReport:
        actor = await _operator(house, login)
        with Progress(TextColumn("{task.description} {task.completed}"), TimeElapsedColumn(), console=err) as progress:
            task = progress.add_task(domain.ImportKind.CONSUMPTION.en, total=None)

            def told(done: int) -> None:
                progress.update(task, completed=done)

            with RefusedRows(target, file) as rows:
                refuse = (lambda _row, _errors: None) if dry_run and refused is None else rows.refuse
                return await import_consumption(house, actor, file, dry=dry_run, refuse=refuse, progress=told)

    report = run(command)
    say = partial(out.print, markup=False)
    would = "would be " if report.dry else ""
    say(f"{domain.ImportKind.CONSUMPTION.en}: {report.stream.name}, {report.total} rows, {report.stream.encoding}")
    if report.resumed_from:
        say(f"  went on after row {report.resumed_from}, where the last run was stopped")
    say(f"  {report.created} {would}taken in, {report.known} known already, {report.refused} refused")
    for row, errors in report.first_refused:
        for error in errors:
            say(f"  row {row.line}, {_at(error)}{error.code} {error.message('zh')} {error.message('en')}")
    if report.import_id and not report.dry:
        say(f"  import {report.import_id}")
    if report.refused:
        if not (dry_run and refused is None):
            say(f"  refused rows of {report.stream.name}: {target}; repair them there and import that file")
        raise typer.Exit(SOME_REFUSED)


def _import(
    action: Callable[..., Awaitable[domain.Report]],
    file: Path,
    map: str | None,
    dry: bool,
    accept: bool,
    login: str | None,
    refused: Path | None,
) -> None:
    async def command(house: Installation) -> domain.Report:
        mapping = domain.read_mapping(map) if map is not None else None
        actor = await _operator(house, login)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=err, transient=True) as progress:
            tasks: dict[Any, Any] = {}

            def told(kind: domain.ImportKind, done: int, total: int) -> None:
                if kind not in tasks:
                    tasks[kind] = progress.add_task(kind.en, total=total)
                progress.update(tasks[kind], completed=done)

            return await action(house, actor, file, mapping, accept_suggestions=accept, dry=dry, progress=told)

    report = run(command)
    if report.customers is not None:
        _tell(report.customers)
    _tell(report)
    written = False
    for one, path in ((report.customers, None), (report, refused)):
        if one is not None and one.refused and not (dry and refused is None):
            target = path or (refused.parent if refused else Path()) / f"{Path(one.sheet.name).stem}.refused.csv"
            _write(one, target)
            written = True
    if written or report.refused or (report.customers is not None and report.customers.refused):
        raise typer.Exit(SOME_REFUSED)


async def _operator(house: Installation, login: str | None) -> Actor:
    if login is None:
        return operator_actor()
    async with house.reader() as session:
        named = select(Account).where(col(Account.login) == login.strip().casefold())
        account = (await session.execute(named)).scalars().first()
        if account is None:
            raise fail(f"There is no account {login!r}.")
        return await actor_of(session, account.id)


def _tell(report: domain.Report) -> None:
    say = partial(out.print, markup=False)
    say(f"{report.kind.en}: {report.sheet.name}, {report.total} rows, {report.sheet.encoding}")
    if report.dry and report.preview:
        out.print(_preview(report))
    for found in report.suggestions:
        near = f"near to “{found.suggestion}”" if found.suggestion else "nothing is near to it"
        what = "read so" if found.accepted else "refused; put it into [corrections], or use --accept-suggestions"
        if found.suggestion is None:
            what = "refused"
        say(f"  {found.column}: “{found.value}” ({found.rows} rows), {near}: {what}")
    would = "would be " if report.dry else ""
    for corrected in report.corrections:
        say(
            f"  {corrected.column}: “{corrected.value}” ({corrected.rows} rows) read as “{corrected.read_as}”, "
            "as the mapping says"
        )
    _tell_respelled(report)
    for noun, count in report.entered.items():
        if count:
            say(f"  {count} {noun} {would}entered")
    if report.resumed_from:
        say(f"  went on after row {report.resumed_from}, where the last run was stopped")
    say(f"  {report.created} {would}taken in, {report.known} known already, {len(report.refused)} refused")
    if report.import_id and not report.dry:
        say(f"  import {report.import_id}")


def _tell_respelled(report: domain.Report) -> None:
    """Say which rows were taken for a customer that is known already under another spelling."""
    kinds = Counter(difference for _, difference in report.respelled)
    for difference, count in kinds.most_common():
        lines = [str(row.line) for row, found in report.respelled if found is difference]
        more = f" and {len(lines) - MOST_LINES} more" if len(lines) > MOST_LINES else ""
        out.print(
            f"  {count} known under another spelling, {difference.en[0].lower()}{difference.en[1:]}: "
            f"lines {', '.join(lines[:MOST_LINES])}{more}",
            markup=False,
            soft_wrap=True,
        )


def _preview(report: domain.Report) -> Table:
    shown = {
        domain.ImportKind.CUSTOMERS: ("external_id", "company_name", "industry", "company_size", "address"),
        domain.ImportKind.OPPORTUNITIES: ("external_id", "status", "stage", "name", "company_name", "signed_amount"),
    }[report.kind]
    table = Table(*(name.replace("_", " ") for name in shown))
    for values in report.preview:
        table.add_row(*(escape(_shown(values, name)) for name in shown))
    return table


def _shown(values: dict[str, Any], name: str) -> str:
    value = values[name]
    if value is None:
        return ""
    if name == "signed_amount":
        return str(Money.of(value, values["currency"]))
    return value.en if isinstance(value, Word) else str(value)


def _write(report: domain.Report, path: Path) -> None:
    domain.write_refused(
        path,
        report.sheet,
        (
            (
                row,
                "; ".join(error.code for error in errors),
                "; ".join(f"{_at(error)}{error.message('zh')} {error.message('en')}" for error in errors),
            )
            for row, errors in report.refused
        ),
    )
    out.print(f"  refused rows of {report.sheet.name}: {path}; repair them there and import that file", markup=False)


def _at(error: Any) -> str:
    return f"{'.'.join(map(str, error.path))}: " if error.path else ""
