"""Looks at an installation and says what is wrong with it and what to do."""

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import make_url, text
from sqlmodel import col, select

from api import timers
from api.demo import open_demo_logins
from api.documents import budget_of
from api.installation import Installation
from api.migrate import pending
from api.plain import is_missing, where
from api.settings import DEFAULT_SECRET, SettingsError
from models import notice
from models.identity import Account, AccountRole, ClientApplication, ClientMode, Role
from models.kernel.access import system_actor
from models.kernel.calendar import beijing_day
from models.kernel.policy import PolicyRow, declared
from models.kernel.work import Clock, Work, utc_now
from models.rights import Preset

SOON = dt.timedelta(days=60)


@dataclass(frozen=True)
class Finding:
    """What the doctor found (诊断结果): all is well where there is nothing to do."""

    what: str
    todo: str | None = None
    urgent: bool = True


async def examine(house: Installation, *, clock: Clock = utc_now) -> AsyncIterator[Finding]:
    """Look at settings, database, migrations, seeds, calendar, deadlines and accounts, in that order.

    Where the database cannot be asked, it stops there.
    """
    for finding in _settings(house):
        yield finding
    reached = await _database(house)
    yield reached
    if reached.todo:
        return
    waiting = await pending(house.settings.database_url)
    if waiting:
        yield Finding(f"{len(waiting)} migrations are pending: {', '.join(waiting)}", "Run: partner-center migrate")
        return
    yield Finding("The database has every migration.")
    yield await _seeds(house)
    yield await _calendar(house, clock)
    yield await _deadlines(house, clock)
    yield await _mail(house, clock)
    yield await _people(house)
    if house.settings.redis_url is not None:
        yield await _budgets(house)
    if house.settings.production:
        yield await _open_tools(house)
    if house.settings.production and (logins := await open_demo_logins(house)):
        yield Finding(
            f"{len(logins)} demo logins are open in production, and everybody knows their password.",
            "Point PARTNER_CENTER_DATABASE_URL at a database of its own, made by: partner-center migrate",
        )


def _settings(house: Installation) -> list[Finding]:
    settings = house.settings
    found = [Finding(f"The settings are in order; this is {settings.environment}.")]
    if settings.secret_key.get_secret_value() == DEFAULT_SECRET:
        advice = 'Before production: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
        found.append(Finding("PARTNER_CENTER_SECRET_KEY is the default that everybody knows.", advice, urgent=False))
    if settings.production and settings.base_url is None:
        advice = "Set PARTNER_CENTER_BASE_URL to the address that people type."
        found.append(Finding("Links in messages name this machine's own address.", advice, urgent=False))
    if settings.production and make_url(settings.database_url).get_backend_name() == "sqlite" and settings.workers > 1:
        advice = "Consider PostgreSQL: postgresql+asyncpg://…"
        found.append(Finding("Several workers share one writer on SQLite.", advice, urgent=False))
    return found


async def _database(house: Installation) -> Finding:
    if is_missing(house.settings):
        return Finding(f"There is no database at {where(house.settings)} yet.", "Run: partner-center migrate")
    try:
        async with house.reader() as session:
            await session.execute(text("SELECT 1"))
    except Exception as error:
        cause = getattr(error, "orig", None) or error
        return Finding(
            f"The database at {where(house.settings)} cannot be reached: {cause}",
            "Start it, or correct PARTNER_CENTER_DATABASE_URL.",
        )
    return Finding(f"The database at {where(house.settings)} answers.")


async def _seeds(house: Installation) -> Finding:
    async with house.reader() as session:
        keys = set((await session.execute(select(PolicyRow.key))).scalars())
        presets = set((await session.execute(select(Role.preset).where(col(Role.preset).is_not(None)))).scalars())
    lacking = sorted(set(declared()) - keys) + sorted(set(Preset) - presets - {Preset.MAIN})
    if lacking:
        return Finding(f"Not planted yet: {', '.join(lacking)}", "Run: partner-center migrate")
    return Finding(f"{len(keys)} policy numbers and {len(presets)} preset roles are planted.")


async def _calendar(house: Installation, clock: Clock) -> Finding:
    async with house.reader() as session:
        calendar = await Work(session, system_actor(), clock(), journal_key=house.journal_key).calendar()
    until, today = calendar.covered_until(), beijing_day(clock())
    said = f"China's holidays and make-up days are known until {until}."
    todo = "Update partner-center, or enter the days as ecosystem operations once the State Council announces them."
    if until < today:
        return Finding(f"{said} Deadlines are counted without them now.", todo)
    if until - today < SOON:
        return Finding(f"{said} Deadlines that reach beyond count the days that the law fixes.", todo, urgent=False)
    return Finding(said)


async def _deadlines(house: Installation, clock: Clock) -> Finding:
    # A running server needs a moment; what is late by several of its intervals has nobody who looks after it.
    grace = dt.timedelta(seconds=5 * house.settings.sweep_interval_seconds)
    late = await timers.overdue(house, clock=lambda: clock() - grace)
    if late:
        return Finding(
            f"{late} deadlines have passed without being acted on; no server is sweeping.",
            "Start one with `partner-center serve`, or act on them now: partner-center sweep",
        )
    return Finding("No deadline has passed without being acted on.")


async def _mail(house: Installation, clock: Clock) -> Finding:
    async with house.reader() as session:
        work = Work(session, system_actor(), clock(), journal_key=house.journal_key)
        found = await notice.counts(work)
    dead = found.get(notice.MailState.DEAD, 0)
    if dead:
        said = f"{dead} mails of the last days were given up."
        return Finding(said, "Look at the log for why, and at PARTNER_CENTER_SMTP_*.", urgent=False)
    if house.settings.production and house.settings.smtp_host is None:
        said = "Mails are printed on the console; nobody gets them."
        return Finding(said, "Set PARTNER_CENTER_SMTP_HOST and the settings beside it.", urgent=False)
    return Finding(f"{found.get(notice.MailState.WAITING, 0)} mails wait to be sent.")


async def _budgets(house: Installation) -> Finding:
    try:
        budget = budget_of(house.settings)
    except SettingsError as lacking:
        return Finding("Workers cannot share what callers may spend.", str(lacking))
    if budget is None:
        return Finding("No budget is set, so Redis has nothing to share.")
    shared = await budget.is_shared()
    await budget.close()
    if not shared:
        said = "Redis does not answer; each worker keeps its share of what callers may spend."
        return Finding(said, "Start it, or correct PARTNER_CENTER_REDIS_URL.", urgent=False)
    return Finding("Redis answers, and workers share what callers may spend.")


async def _open_tools(house: Installation) -> Finding:
    loose = (
        select(ClientApplication.name)
        .where(col(ClientApplication.active).is_(True), ClientApplication.mode == ClientMode.OPEN)
        .order_by(col(ClientApplication.name))
    )
    async with house.reader() as session:
        names = list((await session.execute(loose)).scalars())
    if names:
        return Finding(
            f"{len(names)} tools may ask whatever they like: {', '.join(names[:5])}{' …' if len(names) > 5 else ''}",
            "Publish and admit their operations, then tighten their mode: partner-center operations --help",
            urgent=False,
        )
    return Finding("No tool may ask whatever it likes.")


async def _people(house: Installation) -> Finding:
    administrators = (
        select(Account.id)
        .join(AccountRole, col(AccountRole.account_id) == col(Account.id))
        .join(Role, col(Role.id) == col(AccountRole.role_id))
        .where(col(Account.active).is_(True), col(Role.preset) == Preset.SYS)
    )
    async with house.reader() as session:
        if (await session.execute(administrators.limit(1))).first() is None:
            return Finding(
                "Nobody is a platform administrator.",
                "Open an account: partner-center user create LOGIN NAME --role SYS",
                urgent=house.settings.production,
            )
    return Finding("There is a platform administrator.")
