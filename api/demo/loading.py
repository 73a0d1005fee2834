"""Loads the demonstration into an empty database, and tells how to look at it."""

import base64
import datetime as dt
from collections.abc import Callable

from sqlmodel import col, select

from api import timers
from api.demo.channel import hand_over
from api.demo.consuming import consume
from api.demo.deals import DEALS, Deal
from api.demo.doubles import enter_doubles
from api.demo.entering import arrive, enter
from api.demo.funding import fund
from api.demo.leads import follow_leads
from api.demo.people import EVERYBODY
from api.demo.plots import PLOTS
from api.demo.relations import relate
from api.demo.steps import Step
from api.demo.tools import open_tools
from api.demo.unlinking import part
from api.demo.world import World, settle
from api.installation import Installation
from api.settings import Settings
from models.identity import (
    Account,
    SignInRequiredError,
    actor_of_token,
    derive_key,
)
from models.identity.clients import PREFIX
from models.kernel.work import utc_now

QUERY = (
    "{ viewer { isTool roles } opportunities(first: 5) { totalCount nodes { id name status stage companyName "
    "expectedAmount { amount currency } sla { dueAt workingHoursLeft onBreachEn } } } }"
)
Told = Callable[[int, int], None]


class DemoInProductionError(Exception):
    """Production has no demo logins."""


def demo_token(settings: Settings) -> str:
    """Tell the text of the demonstration's API token.

    The database keeps only its hash, as of every token. The text follows from the installation's secret, so it can be
    told at every start; an installation without the demonstration does not know it.
    """
    secret = derive_key(settings.secret_key.get_secret_value(), "demo-token")
    return f"{PREFIX}_{base64.urlsafe_b64encode(secret).rstrip(b'=').decode()}"


async def has_data(house: Installation) -> bool:
    """Tell whether anybody has an account here."""
    async with house.reader() as session:
        return (await session.execute(select(Account.id).limit(1))).first() is not None


async def is_complete(house: Installation) -> bool:
    """Tell whether the demonstration is here to its end: its token is made last, and it holds."""
    async with house.reader() as session:
        try:
            await actor_of_token(session, demo_token(house.settings), utc_now())
        except SignInRequiredError:
            return False
        return True


async def open_demo_logins(house: Installation) -> list[str]:
    """List the demo logins that would let somebody in."""
    logins = [person.login for person in EVERYBODY]
    found = select(Account.login).where(col(Account.login).in_(logins), col(Account.active).is_(True))
    async with house.reader() as session:
        return sorted((await session.execute(found)).scalars())


async def load_demo(house: Installation, *, now: dt.datetime | None = None, told: Told = lambda done, of: None) -> int:
    """Make the demonstration's world as it stands at `now`; answer how many opportunities it has.

    Time in it runs from 200 days ago until now, and its deadlines are acted on as they pass. `told` hears how many of
    how many steps are done. Production refuses.
    """
    if house.settings.production:
        raise DemoInProductionError
    today = now or utc_now()
    world = World(house, today, today)
    await settle(world)
    events = _events(world)
    for done, (moment, deal, step) in enumerate(events):
        world.moment = moment
        await timers.sweep(house, clock=world.clock)
        await step(world, deal)
        told(done + 1, len(events))
    await follow_leads(world)
    await relate(world)
    await enter_doubles(world)
    await part(world)
    await fund(world)
    await hand_over(world)
    await enter(world)
    world.moment = today
    await timers.sweep(house, clock=world.clock)
    await arrive(world)
    world.moment = today
    await consume(world)
    await open_tools(world, demo_token(house.settings))
    return len(world.deals)


def _events(world: World) -> list[tuple[dt.datetime, Deal, Step]]:
    events = []
    for key, plot in PLOTS.items():
        deal = DEALS[key]
        for place, (days_ago, step) in enumerate(plot):
            if days_ago < 1:
                moment = world.today - dt.timedelta(days=days_ago)
            else:
                # Each has its own hour of the day; steps that share a working day keep their order in it.
                moment = world.working_day(days_ago) + dt.timedelta(minutes=deal.place * 5 % 200 + place * 20)
            events.append((moment, deal, step))
    return sorted(events, key=lambda event: event[0])


def announced(settings: Settings) -> str:
    """Give a query that can be pasted into a shell."""
    return (
        f"curl -s {settings.address}/graphql -H 'content-type: application/json' \\\n"
        f"  -H 'authorization: Bearer {demo_token(settings)}' \\\n"
        f'  -d \'{{"query":"{QUERY}"}}\''
    )
