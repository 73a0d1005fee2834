"""Pages of customers: list with the eye, detail, and the form that describes and assigns them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import col, select

from admin.balance import CHARGE, FUNDS, LISTS_OF_CUSTOMER
from admin.customer_merge import MERGE, MERGES, TIMELINE
from admin.pages.fields import MEANINGS, Column, amount
from admin.pages.finding import Find
from admin.pages.inputs import Input, with_options
from admin.pages.records import Edit, RecordPages, Related, Section
from admin.pages.steps import Given, Step
from admin.viewer import Viewer
from admin.words import both, spoken
from models import knowledge
from models.customer import (
    AssociationType,
    Customer,
    CustomerFact,
    CustomerOrigin,
    CustomerType,
    FreezeState,
    VerifiedStatus,
    edit_customer,
    keep_facts,
    standing_of,
)
from models.customer_overview import Consumed, overview_of
from models.export import ExportKind
from models.identity import Account
from models.kernel.access import Side
from models.kernel.reads import Reader
from models.kernel.work import Work
from models.reference import INDUSTRIES, OFFICES, PROVINCES, SUB_INDUSTRIES, CompanySize
from models.rights import Right


async def _edit(work: Work, id: UUID, values: Mapping[str, Any], version: int) -> Any:
    return await edit_customer(work, id, values, version=version)


async def _keep_facts(work: Work, id: UUID, given: Given) -> Any:
    return await keep_facts(work, id, **given.values)


def _held(name: str) -> Callable[[Work, Any], Awaitable[Any]]:
    async def present(work: Work, record: Any) -> Any:
        standing = await standing_of(work, record.id)
        return getattr(standing, name) if standing is not None else None

    return present


async def _feed(work: Work, id: UUID, given: Given) -> Any:
    values = given.values
    return await knowledge.feed(work, id, title=values["title"], text=values["text"], link=values["link"])


MEANINGS["facts"] = CustomerFact


class CustomerPages(RecordPages):
    """The pages of customers (客户)."""

    model = Customer
    path: ClassVar[str] = "customers"
    title: ClassVar[str] = "customers"
    icon: ClassVar[str] = "ti ti-building"
    group: ClassVar[str] = "group_records"
    rights = (
        Right.CUSTOMER_READ_ALL,
        Right.CUSTOMER_READ_OFFICE,
        Right.CUSTOMER_READ_OWNED,
        Right.CUSTOMER_READ_PARTNERS,
    )
    exports = ExportKind.CUSTOMERS
    detail_template = "customer.html"
    heading = Column("company_name")
    columns = (
        Column("company_name", opens=True),
        Column("account_name"),
        Column("mobile"),
        Column("association_type", badge=True),
        Column("funds.available_credit", currency="currency", label="available_credit"),
        Column("partner.name"),
        Column("industry"),
        Column("province"),
        Column("owner.name"),
        Column("associated_on"),
        Column("created_at"),
    )
    finds = (
        Find("company_name"),
        Find("account_name"),
        Find("huawei_account_id"),
        Find("credit_code"),
        Find("mobile"),
        Find("account_manager_name", label="account_manager"),
        Find("association_type", "choice", words=AssociationType),
        Find("industry", "choice", reference=INDUSTRIES),
        Find("province", "choice", reference=PROVINCES),
        Find("office", "choice", reference=OFFICES),
        Find("associated_from", "from_day", label="associated_on"),
        Find("associated_to", "to_day", label="associated_on"),
        Find("customer_type", "choice", words=CustomerType),
        Find("verified_status", "choice", words=VerifiedStatus),
        Find("frozen", "choice", words=FreezeState),
        Find("origin", "choice", words=CustomerOrigin),
        Find("tag", label="tags"),
    )
    sections = (
        Section(
            "section_company",
            (
                Column("company_name"),
                Column("credit_code"),
                Column("customer_type"),
                Column("verified_status"),
                Column("customer_level"),
                Column("industry"),
                Column("sub_industry"),
                Column("company_size"),
                Column("province"),
                Column("city"),
                Column("address"),
                Column("website"),
                Column("frozen"),
            ),
        ),
        Section(
            "section_account",
            (
                Column("account_name"),
                Column("huawei_account_id"),
                Column("mobile"),
                Column("email"),
            ),
        ),
        Section(
            "section_association",
            (
                Column("partner.name"),
                Column("association_type"),
                Column("associated_on"),
                Column("account_manager.name"),
                Column("owner.name"),
                Column("bd.name"),
                Column("office_id"),
                Column("tags"),
                Column("origin"),
                Column("external_id"),
                Column("created_at"),
                Column("updated_at"),
            ),
        ),
        FUNDS,
    )
    lists = (
        Related("contacts", "contacts", (Column("name"), Column("title"), Column("mobile"), Column("email"))),
        Related(
            "opportunities",
            "opportunities",
            (
                Column("name", opens=True),
                Column("status", badge=True),
                Column("partner.name"),
                Column("expected_amount", currency="currency"),
                Column("created_at"),
            ),
        ),
        Related(
            "standings",
            "standings",
            (Column("facts", wide=True), Column("registered_at"), Column("grace_days"), Column("updated_at")),
        ),
        Related(
            "reports",
            "customer_reports",
            (
                Column("company_name", opens=True),
                Column("partner.name"),
                Column("status", badge=True),
                Column("due_at"),
                Column("created_at"),
            ),
        ),
        Related(
            "invitations",
            "invitations",
            (
                Column("id", opens=True),
                Column("partner.name"),
                Column("channel"),
                Column("association_type"),
                Column("status", badge=True),
                Column("valid_until"),
            ),
        ),
        Related(
            "association_events",
            "association_events",
            (
                Column("happened_at"),
                Column("event"),
                Column("association_type"),
                Column("previous_type"),
                Column("partner.name"),
                Column("cause"),
                Column("by_name"),
                Column("reason"),
            ),
        ),
        Related(
            "association_requests",
            "association_requests",
            (
                Column("id", opens=True),
                Column("partner_name"),
                Column("kind"),
                Column("filed_side"),
                Column("to_type"),
                Column("status", badge=True),
                Column("due_at"),
                Column("created_at"),
            ),
        ),
        Related(
            "account_manager_periods",
            "account_manager_periods",
            (
                Column("account_manager.name"),
                Column("partner.name"),
                Column("from_at"),
                Column("to_at"),
                Column("counts_from"),
                Column("counts_to"),
            ),
        ),
        Related(
            "signatures",
            "signatures",
            (
                Column("agreement.number"),
                Column("signed_at"),
                Column("signer_name"),
                Column("partner.name"),
            ),
        ),
        Related("knowledge", "knowledge", (Column("title"), Column("text", wide=True), Column("link"))),
        TIMELINE,
        MERGES,
        *LISTS_OF_CUSTOMER,
    )
    steps = {
        "charge": CHARGE,
        "keep_facts": Step(
            _keep_facts,
            (
                Input("facts", "many", words=CustomerFact),
                Input("registered_at", "instant", row_type="Customer"),
                Input("grace_days", "number"),
            ),
            zh="维护客户情况",
            en="Keep what is known",
            permission=Right.CUSTOMER_ONBOARD,
            held={
                "facts": _held("facts"),
                "registered_at": _held("registered_at"),
                "grace_days": _held("grace_days"),
            },
        ),
        "merge": MERGE,
        "feed_knowledge": Step(
            _feed,
            (
                Input("title", required=True, longest=128, row_type="KnowledgeRecommendation"),
                Input("text", "area", required=True, longest=4000),
                Input("link", longest=500),
            ),
            zh="推送知识推荐",
            en="Recommend knowledge",
            permission=Right.KNOWLEDGE_FEED,
        ),
    }
    editing = Edit(
        _edit,
        (
            Input("industry", "choice", reference=INDUSTRIES),
            Input("sub_industry", "choice", reference=SUB_INDUSTRIES),
            Input("company_size", "choice", words=CompanySize),
            Input("province", "choice", reference=PROVINCES),
            Input("city", longest=64),
            Input("address", longest=256),
            Input("office_id", "choice", reference=OFFICES),
            Input("association_type", "choice", words=AssociationType),
            Input("associated_on", "instant"),
            Input("owner_id", "person"),
            Input("bd_id", "person"),
        ),
    )

    async def beside(self, viewer: Viewer, reader: Reader, record: Any) -> dict[str, Any]:
        """Add the head of the page: what presses, what it consumed, and what its partner can do with it now."""
        found = await overview_of(reader, record.id)
        assert found is not None, "the page shows only a customer that is seen"
        return {
            "order_awaits_payment": found.order_awaits_payment,
            "consumed": found.trend is not None,
            "trend": _shares(found.trend or ()),
            "products": _shares(found.by_product or ()),
            "partner_actions": [
                (both(one.action), dict.fromkeys(block.message(spoken()) for block in one.blocks))
                for one in found.actions
            ],
        }

    async def with_choices(
        self, viewer: Viewer, reader: Reader, record: Any, inputs: tuple[Input, ...]
    ) -> tuple[Input, ...]:
        """Offer Huawei's people as owner and BD."""
        people = await staff(viewer.looking(reader.session))
        return tuple(with_options(one, people) if one.kind == "person" else one for one in inputs)


def _shares(consumed: Sequence[Consumed]) -> list[tuple[str, str, int]]:
    """Say of each month or product what it consumed, and how many hundredths that is of the most in its currency."""
    most: dict[str, int] = {}
    for one in consumed:
        most[one.currency] = max(most.get(one.currency, 0), one.amount)
    return [
        (one.name or one.key, amount(one.amount, one.currency), max(0, 100 * one.amount // (most[one.currency] or 1)))
        for one in consumed
    ]


async def staff(work: Work) -> list[tuple[str, str]]:
    """List Huawei's people by id and name."""
    found = await work.every(
        select(Account)
        .where(Account.side == Side.HUAWEI, col(Account.active).is_(True), Account.visible_to(work.actor))
        .order_by(col(Account.name), col(Account.id))
        .limit(500)
    )
    return [(one.public_id, f"{one.name} · {one.title}" if one.title else one.name) for one in found]
