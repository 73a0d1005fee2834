"""Pages of money: what partners have to give, the ledger of every movement, and who is frozen or has authorised."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Final
from uuid import UUID

from admin.pages.fields import Column
from admin.pages.finding import Find
from admin.pages.inputs import Input
from admin.pages.records import RecordPages, Related, Section
from admin.pages.steps import Given, Step
from models import balance
from models.authorisation import AuthorisationStatus, CustomerAuthorisation
from models.balance import BalanceEntry, EntryKind, PartnerBalance
from models.customer import FreezeState
from models.freeze import CustomerFreeze, FreezeCause, FreezeStatus
from models.kernel.work import Work
from models.rights import Right

Keeping = Callable[..., Awaitable[Any]]
YUAN: Final = "currency"
READERS: Final = (
    *(Right.CUSTOMER_READ_ALL, Right.CUSTOMER_READ_OFFICE, Right.CUSTOMER_READ_OWNED, Right.CUSTOMER_READ_PARTNERS),
)
MONEY: Final = (
    Input("amount", "money", required=True, row_type="BalanceEntry"),
    Input("reason", "area", required=True, longest=500),
)


def _keeps(deed: Keeping, zh: str, en: str, colour: str = "secondary") -> Step:
    async def act(work: Work, id: UUID, given: Given) -> Any:
        return await deed(work, id, given.values["amount"], reason=given.values["reason"])

    return Step(act, MONEY, zh=zh, en=en, permission=Right.BALANCE_KEEP, colour=colour)


# What Huawei's finance keeps, offered where a partner or its balance is shown.
KEEPING: Final = {
    "top_up": _keeps(balance.top_up, "充值", "Top up", "primary"),
    "take_off": _keeps(balance.take_off, "扣减", "Take off"),
    "designate": _keeps(balance.designate, "设置专款专用", "Designate"),
}
CHARGE: Final = _keeps(balance.charge, "记录消费扣款", "Record a charge")

ENTRIES: Final = (
    Column("number", opens=True),
    Column("happened_at"),
    Column("kind", badge=True),
    Column("amount", currency=YUAN),
    Column("customer.company_name"),
    Column("amount_after", currency=YUAN),
    Column("balance_after", currency=YUAN),
    Column("arrears_after", currency=YUAN),
    Column("by_name"),
    Column("reason"),
)
OF_CUSTOMER: Final = (
    Column("happened_at"),
    Column("kind", badge=True),
    Column("amount", currency=YUAN),
    Column("balance_after", currency=YUAN),
    Column("arrears_after", currency=YUAN),
    Column("partner.name"),
    Column("by_name"),
    Column("reason"),
)
FREEZES: Final = (
    Column("created_at"),
    Column("kind", badge=True),
    Column("status", badge=True),
    Column("cause"),
    Column("reason"),
    Column("by_name"),
    Column("data_until"),
    Column("lifted_at"),
    Column("lifted_by"),
)
AUTHORISATIONS: Final = (
    Column("requested_at"),
    Column("status", badge=True),
    Column("requested_by_name"),
    Column("answered_at"),
    Column("ended_at"),
    Column("reason"),
)
FUNDS: Final = Section(
    "section_funds",
    (
        Column("funds.balance", currency=YUAN, label="balance"),
        Column("funds.arrears", currency=YUAN, label="arrears"),
        Column("funds.available_credit", currency=YUAN, label="available_credit"),
        Column("budget.amount", currency=YUAN, label="budget_amount"),
        Column("budget.used", currency=YUAN, label="used"),
        Column("budget.used_month", label="used_month"),
        Column("budget.budget_type", label="budget_type"),
        Column("budget.exhaustion", label="exhaustion"),
    ),
    optional=True,
)
LISTS_OF_CUSTOMER: Final = (
    Related("balance_entries", "balance_entries", OF_CUSTOMER),
    Related("freezes", "customer_freezes", FREEZES),
    Related("authorisations", "customer_authorisations", AUTHORISATIONS),
    Related(
        "budget_adjustments",
        "budget_adjustments",
        (
            Column("happened_at"),
            Column("amount_before", currency=YUAN),
            Column("amount_after", currency=YUAN),
            Column("budget_type"),
            Column("exhaustion"),
            Column("by_name"),
        ),
    ),
)


class BalancePages(RecordPages):
    """The pages of partners' balances (伙伴账户余额)."""

    model = PartnerBalance
    path: ClassVar[str] = "balances"
    title: ClassVar[str] = "balances"
    icon: ClassVar[str] = "ti ti-wallet"
    group: ClassVar[str] = "group_records"
    rights = (Right.BALANCE_READ,)
    heading = Column("partner.name")
    columns = (
        Column("partner.name"),
        Column("amount", currency=YUAN, opens=True),
        Column("designated_amount", currency=YUAN),
        Column("available_amount", currency=YUAN),
        Column("updated_at"),
    )
    sections = (
        Section(
            "facts",
            (
                Column("partner.name"),
                Column("amount", currency=YUAN),
                Column("designated_amount", currency=YUAN),
                Column("available_amount", currency=YUAN),
                Column("updated_at"),
            ),
        ),
    )
    lists = (Related("entries", "balance_entries", ENTRIES),)
    steps = KEEPING


class EntryPages(RecordPages):
    """The pages of the ledger (调账记录)."""

    model = BalanceEntry
    path: ClassVar[str] = "balance-entries"
    title: ClassVar[str] = "balance_entries"
    icon: ClassVar[str] = "ti ti-arrows-exchange"
    group: ClassVar[str] = "group_records"
    rights = (Right.BALANCE_READ,)
    heading = Column("number")
    columns = (*ENTRIES[:4], Column("partner.name"), *ENTRIES[4:])
    finds = (
        Find("kind", "choice", words=EntryKind),
        Find("happened_from", "from_day", label="happened_at"),
        Find("happened_to", "to_day", label="happened_at"),
    )
    sections = (
        Section(
            "facts",
            (
                Column("number"),
                Column("kind", badge=True),
                Column("amount", currency=YUAN),
                Column("partner.name"),
                Column("customer.company_name"),
                Column("amount_before", currency=YUAN),
                Column("amount_after", currency=YUAN),
                Column("designated_before", currency=YUAN),
                Column("designated_after", currency=YUAN),
                Column("balance_before", currency=YUAN),
                Column("balance_after", currency=YUAN),
                Column("arrears_before", currency=YUAN),
                Column("arrears_after", currency=YUAN),
                Column("by_name"),
                Column("happened_at"),
                Column("reason", wide=True),
            ),
        ),
    )


class FreezePages(RecordPages):
    """The pages of freezes (客户冻结)."""

    model = CustomerFreeze
    path: ClassVar[str] = "customer-freezes"
    title: ClassVar[str] = "customer_freezes"
    icon: ClassVar[str] = "ti ti-snowflake"
    group: ClassVar[str] = "group_records"
    rights = READERS
    heading = Column("customer.company_name")
    status = "status"
    columns = (Column("created_at", opens=True), Column("customer.company_name"), Column("partner.name"), *FREEZES[1:])
    finds = (
        Find("status", "choice", words=FreezeStatus),
        Find("kind", "choice", words=FreezeState),
        Find("cause", "choice", words=FreezeCause),
    )
    sections = (
        Section(
            "facts",
            (
                Column("customer.company_name"),
                Column("partner.name"),
                Column("status", badge=True),
                Column("kind", badge=True),
                Column("cause"),
                Column("reason", wide=True),
                Column("by_name"),
                Column("created_at"),
                Column("data_until"),
                Column("restores_at"),
                Column("lifted_at"),
                Column("lifted_by"),
                Column("lift_reason"),
            ),
        ),
    )


class AuthorisationPages(RecordPages):
    """The pages of authorisations (代客授权)."""

    model = CustomerAuthorisation
    path: ClassVar[str] = "customer-authorisations"
    title: ClassVar[str] = "customer_authorisations"
    icon: ClassVar[str] = "ti ti-key"
    group: ClassVar[str] = "group_records"
    rights = READERS
    heading = Column("customer.company_name")
    status = "status"
    columns = (
        Column("requested_at", opens=True),
        Column("customer.company_name"),
        Column("partner.name"),
        *AUTHORISATIONS[1:],
    )
    finds = (Find("status", "choice", words=AuthorisationStatus),)
    sections = (
        Section(
            "facts",
            (
                Column("customer.company_name"),
                Column("partner.name"),
                Column("status", badge=True),
                Column("commitment.number"),
                Column("note", wide=True),
                Column("requested_by_name"),
                Column("requested_at"),
                Column("answered_at"),
                Column("ended_at"),
                Column("reason", wide=True),
            ),
        ),
    )
