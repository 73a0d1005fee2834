"""The steps of the demonstration's story: each is one deed of the right person, done through the domain's actions."""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from api.demo.deals import COMPANY_OF, DETAILS, FIRM_OF, Deal, Price, about, form
from api.demo.world import World
from models import approval, opportunity
from models.approval import Approval, ApprovalState
from models.kernel.calendar import beijing_day
from models.kernel.words import Word
from models.kernel.work import Work
from models.opportunity import HoOffer, Stage, ho, progress
from models.opportunity.words import PROBABILITY

Step = Callable[[World, "Deal"], Awaitable[None]]
SOLVERS: Final = {"office-js": "demo.psm", "office-gd": "demo.psm.gd", "office-sc": "demo.psm.sc"}


# ----------------------------------------------------------------------------------------- what the partner shares


async def draft(world: World, deal: Deal) -> None:
    """Begin a draft with everything filled in."""

    async def deed(work: Work) -> UUID:
        return (await opportunity.save_draft(work, form(world, deal))).id

    world.deals[deal.key] = await world.do(deal.main, deed)


async def begin(world: World, deal: Deal) -> None:
    """Begin a draft of which half is still to be filled in."""

    async def deed(work: Work) -> UUID:
        given = {name: value for name, value in about(deal).items() if name not in ("services", "expected_amount")}
        return (await opportunity.save_draft(work, given)).id

    world.deals[deal.key] = await world.do(deal.main, deed)


async def submit(world: World, deal: Deal) -> None:
    """Submit the opportunity, entering it first where it is new."""
    if deal.key not in world.deals:
        await draft(world, deal)
    await world.do(deal.main, lambda work: opportunity.submit(work, world.deals[deal.key]))


async def audit(world: World, deal: Deal) -> None:
    """Approve the audit."""
    await _decide(world, deal, _auditor(deal), "approve_audit")


def reject_audit(code: Word, text: str) -> Step:
    """Reject in the audit."""

    async def step(world: World, deal: Deal) -> None:
        await _decide(world, deal, _auditor(deal), "reject_audit", reason_code=code.value, reason=text)

    return step


def send_back(text: str, *fields: str) -> Step:
    """Send back for the completion of named fields."""

    async def step(world: World, deal: Deal) -> None:
        await _decide(world, deal, _auditor(deal), "send_back", reason=text, fields=fields)

    return step


def complete(**values: str) -> Step:
    """Complete the named fields and hand the opportunity back."""

    async def step(world: World, deal: Deal) -> None:
        id = world.deals[deal.key]

        async def deed(work: Work) -> None:
            await opportunity.save_draft(work, values, id=id)
            await opportunity.return_completed(work, id)

        await world.do(deal.main, deed)

    return step


def check(*, budget: bool = True) -> Step:
    """Record what the customer told its owner, or the BD where it has none."""

    async def step(world: World, deal: Deal) -> None:
        whose = "demo.owner" if COMPANY_OF[deal.customer].owned else "demo.bd"
        told = "客户确认年内下单" if budget else "客户表示预算尚未批复，时间待定"
        await world.do(
            whose,
            lambda work: opportunity.record_owner_check(
                work,
                world.deals[deal.key],
                exists=True,
                already_closed=False,
                has_budget=budget,
                order_time=told,
                remark="与客户电话核实" if budget else "建议伙伴跟进后重新提交",
            ),
        )

    return step


async def validate(world: World, deal: Deal) -> None:
    """Validate the opportunity."""
    await _decide(world, deal, await _solver(world, deal), "validate")


def reject(code: Word, text: str, *, duplicate_of: str | None = None) -> Step:
    """Reject in the validation."""

    async def step(world: World, deal: Deal) -> None:
        other = {"duplicate_of_id": world.deals[duplicate_of]} if duplicate_of else {}
        whose = await _solver(world, deal)
        await _decide(world, deal, whose, "reject_validation", reason_code=code.value, reason=text, **other)

    return step


def copy(as_key: str) -> Step:
    """Begin a new draft from the rejected one."""

    async def step(world: World, deal: Deal) -> None:
        async def deed(work: Work) -> UUID:
            return (await opportunity.copy_to_draft(work, world.deals[deal.key])).id

        world.deals[as_key] = await world.do(deal.main, deed)

    return step


# --------------------------------------------------------------------------------------------------- how it goes on


def report(stage: Stage, details: str | None = None, *, next_step: str = "两周内与客户召开项目例会") -> Step:
    """Report progress."""

    async def step(world: World, deal: Deal) -> None:
        await world.do(
            await _seller(world, deal),
            lambda work: progress.report(
                work,
                world.deals[deal.key],
                stage=stage,
                win_probability=PROBABILITY[stage],
                details=details or DETAILS[stage],
                next_step=next_step,
            ),
        )

    return step


async def win(world: World, deal: Deal) -> None:
    """Mark the opportunity won, a little below what was expected."""
    found = await world.deal(deal.key)
    signed = beijing_day(world.moment) - dt.timedelta(days=1)
    await world.do(
        await _seller(world, deal),
        lambda work: opportunity.win(
            work,
            found.id,
            version=found.version,
            amount=Price(f"{deal.amount * 96 // 100}.00"),
            signed_on=signed,
            contract_number=f"HC-{signed:%Y%m}-{1000 + deal.place}",
            consuming_account=COMPANY_OF[deal.customer].account,
        ),
    )


def lose(reason: Word, note: str, *, competitor: str | None = None) -> Step:
    """Mark the opportunity lost."""

    async def step(world: World, deal: Deal) -> None:
        found = await world.deal(deal.key)
        await world.do(
            await _seller(world, deal),
            lambda work: opportunity.lose(
                work, found.id, version=found.version, lost_reason=reason, competitor=competitor, note=note
            ),
        )

    return step


async def deliver(world: World, deal: Deal) -> None:
    """Mark the opportunity delivered."""
    found = await world.deal(deal.key)
    day = beijing_day(world.moment)
    await world.do(
        await _closer(world, deal),
        lambda work: opportunity.deliver(work, found.id, version=found.version, delivered_on=day),
    )


async def confirm(world: World, deal: Deal) -> None:
    """Confirm the delivery."""
    found = await world.deal(deal.key)
    whose = await _solver(world, deal)
    await world.do(whose, lambda work: opportunity.confirm_delivery(work, found.id, version=found.version))


def dispute(text: str) -> Step:
    """Dispute the delivery."""

    async def step(world: World, deal: Deal) -> None:
        found = await world.deal(deal.key)
        whose = await _solver(world, deal)
        await world.do(whose, lambda work: opportunity.dispute(work, found.id, version=found.version, reason=text))

    return step


def cancel(code: Word, text: str) -> Step:
    """Cancel the opportunity."""

    async def step(world: World, deal: Deal) -> None:
        found = await world.deal(deal.key)
        await world.do(
            "demo.bd",
            lambda work: opportunity.cancel(work, found.id, version=found.version, reason_code=code, reason=text),
        )

    return step


# ---------------------------------------------------------------------------------------------- what Huawei shares


async def create(world: World, deal: Deal) -> None:
    """Take an opportunity over from Huawei's CRM."""
    sign = beijing_day(world.today) + dt.timedelta(days=deal.signs_in)
    values = about(deal) | {"expected_sign_date": sign, "timeline": f"客户计划 {sign} 前完成签约。"}
    created = world.moment - dt.timedelta(days=3)

    async def deed(work: Work) -> UUID:
        return (await ho.create(work, values, crm_created_at=created)).id

    world.deals[deal.key] = await world.do("demo.bd", deed)


def share(firm: str, *, viewed: bool = False) -> Step:
    """Share the opportunity with a partner, which may have opened it since."""

    async def step(world: World, deal: Deal) -> None:
        found = await world.deal(deal.key)
        await world.do("demo.bd", lambda work: ho.share(work, found.id, world.partners[firm], version=found.version))
        async with world.store.reader() as session:
            newest = select(HoOffer).where(HoOffer.opportunity_id == found.id).order_by(col(HoOffer.shared_at).desc())
            offer = (await session.execute(newest)).scalars().first()
        assert offer is not None
        world.offers[deal.key] = offer.id
        if viewed:
            await world.do(FIRM_OF[firm].main, lambda work: ho.view_offer(work, offer.id))

    return step


def accept(firm: str) -> Step:
    """Accept the offer after looking at it."""

    async def step(world: World, deal: Deal) -> None:
        offer = world.offers[deal.key]
        await world.do(FIRM_OF[firm].main, lambda work: ho.view_offer(work, offer))
        await world.do(FIRM_OF[firm].main, lambda work: ho.accept(work, offer, confirmed=True))

    return step


def decline(firm: str, code: Word, text: str) -> Step:
    """Decline the offer."""

    async def step(world: World, deal: Deal) -> None:
        offer = world.offers[deal.key]
        await world.do(FIRM_OF[firm].main, lambda work: ho.decline(work, offer, reason_code=code, reason=text))

    return step


def recall(text: str) -> Step:
    """Recall the offer."""

    async def step(world: World, deal: Deal) -> None:
        found = await world.deal(deal.key)
        await world.do("demo.bd", lambda work: ho.recall(work, found.id, version=found.version, reason=text))

    return step


# -------------------------------------------------------------------------------------------------------- who does it


def _auditor(deal: Deal) -> str:
    return FIRM_OF[deal.firm or "huaqi"].pdm or "demo.eco"


async def _solver(world: World, deal: Deal) -> str:
    return SOLVERS[(await world.deal(deal.key)).office_id or "office-js"]


async def _seller(world: World, deal: Deal) -> str:
    partner_id = (await world.deal(deal.key)).partner_id
    return next(FIRM_OF[key].main for key, id in world.partners.items() if id == partner_id)


async def _closer(world: World, deal: Deal) -> str:
    return await _seller(world, deal)


async def _decide(world: World, deal: Deal, login: str, verb: str, **given: Any) -> None:
    async def deed(work: Work) -> None:
        entry = await work.first(
            select(Approval.id).where(
                Approval.subject_id == world.deals[deal.key], Approval.state == ApprovalState.OPEN
            )
        )
        await approval.claim(work, entry)
        await approval.decide(work, entry, verb, **given)

    await world.do(login, deed)
