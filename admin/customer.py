"""Pages of customers: list with the eye, detail, and the form that describes and assigns them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import col, select

from admin.pages.fields import Column
from admin.pages.finding import Find
from admin.pages.inputs import Input, with_options
from admin.pages.records import Edit, RecordPages, Related, Section
from admin.viewer import Viewer
from models.customer import AssociationType, Customer, CustomerOrigin, CustomerType, edit_customer
from models.export import ExportKind
from models.identity import Account
from models.kernel.access import Side
from models.kernel.reads import Reader
from models.kernel.work import Work
from models.reference import INDUSTRIES, OFFICES, PROVINCES, SUB_INDUSTRIES, CompanySize
from models.rights import Right


async def _edit(work: Work, id: UUID, values: Mapping[str, Any], version: int) -> Any:
    return await edit_customer(work, id, values, version=version)


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
    heading = Column("company_name")
    columns = (
        Column("company_name", opens=True),
        Column("account_name"),
        Column("mobile"),
        Column("association_type", badge=True),
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
        Find("credit_code"),
        Find("mobile"),
        Find("association_type", "choice", words=AssociationType),
        Find("industry", "choice", reference=INDUSTRIES),
        Find("province", "choice", reference=PROVINCES),
        Find("office", "choice", reference=OFFICES),
        Find("associated_from", "from_day", label="associated_on"),
        Find("associated_to", "to_day", label="associated_on"),
        Find("customer_type", "choice", words=CustomerType),
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
    )
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

    async def with_choices(
        self, viewer: Viewer, reader: Reader, record: Any, inputs: tuple[Input, ...]
    ) -> tuple[Input, ...]:
        """Offer Huawei's people as owner and BD."""
        people = await staff(viewer.looking(reader.session))
        return tuple(with_options(one, people) if one.kind == "person" else one for one in inputs)


async def staff(work: Work) -> list[tuple[str, str]]:
    """List Huawei's people by id and name."""
    found = await work.every(
        select(Account)
        .where(Account.side == Side.HUAWEI, col(Account.active).is_(True), Account.visible_to(work.actor))
        .order_by(col(Account.name), col(Account.id))
        .limit(500)
    )
    return [(one.public_id, f"{one.name} · {one.title}" if one.title else one.name) for one in found]
