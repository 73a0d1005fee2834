"""Customers as rows: who sees them, and who sees which of their fields."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Final, TypeAlias
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Field, col, select

from models.customer.words import (
    AssociationType,
    CustomerLevel,
    CustomerOrigin,
    CustomerType,
    FreezeState,
    VerifiedStatus,
)
from models.identity import Account
from models.kernel.access import Actor, FieldRule, Search
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Aggregate, Record, where_given, word_type
from models.kernel.values import (
    Instant,
    Uid,
    mask_account,
    mask_company,
    mask_credit_code,
    mask_email,
    mask_mobile,
    mask_name,
)
from models.partner import PartnerOrganisation
from models.reference import CompanySize
from models.rights import Right


def _nothing(_value: Any) -> Any:
    return None


def _hidden(_value: str) -> str:
    return "****"


NAME: Final = FieldRule("customer.name", mask=mask_company, search=Search.TEXT)
# A company's address on the web tells its name.
WEBSITE: Final = FieldRule("customer.name", mask=_hidden)
CREDIT_CODE: Final = FieldRule("customer.credit_code", mask=mask_credit_code, search=Search.EXACT)
ACCOUNT: Final = FieldRule("customer.contact", mask=mask_account, search=Search.EXACT)
MOBILE: Final = FieldRule("customer.contact", mask=mask_mobile, search=Search.EXACT)
EMAIL: Final = FieldRule("customer.contact", mask=mask_email, search=Search.EXACT)
CONTACT: Final = FieldRule("customer.contact", mask=mask_name)
# Words, times and lists have no part that could stay visible, so nothing is left of them.
PROFILE: Final = FieldRule("customer.profile", mask=_nothing, search=Search.TEXT)

# By which of their columns two customers of one partner may be found to be the same.
ALIKE: Final = ("core_name", "credit_code", "mobile", "email")
CustomerScope: TypeAlias = Callable[[Actor], "sa.ColumnElement[bool] | None"]
EDITABLE: Final = frozenset(
    {
        *("industry", "sub_industry", "province", "city", "address", "company_size", "association_type"),
        *("associated_on", "tags", "account_manager_id", "owner_id", "bd_id", "office_id"),
    }
)


class Customer(Aggregate, table=True):
    """A company or person that buys Huawei Cloud (客户).

    Without a partner it is unassociated (未关联). `owner_id` is Huawei's customer owner (客户负责人);
    `account_manager_id` the partner's account manager (客户经理). `scopes` lets layers above show a customer to more.
    Its columns are those of Huawei Cloud's own record of it (COL-5.7.4). Searches are those of COL-5.7.1; names and
    contacts are hidden until revealed (COL-5.7.6), so that of these the name alone is searched by a part (COL-5.7.5):
    parts of an account name or a number would tell, letter by letter, what is hidden.
    """

    __tablename__ = "customer"
    prefix: ClassVar[str] = "cus"
    zh: ClassVar[str] = "客户"
    en: ClassVar[str] = "Customer"
    edit_columns: ClassVar[tuple[str, ...]] = ("partner_id",)
    scopes: ClassVar[list[CustomerScope]] = []

    company_name: Annotated[str | None, NAME] = Field(default=None, max_length=128)
    normalised_name: Annotated[str | None, NAME] = Field(default=None, max_length=128, index=True)
    core_name: Annotated[str | None, NAME] = Field(default=None, max_length=128)
    account_name: Annotated[str | None, ACCOUNT] = Field(default=None, max_length=64, index=True)
    huawei_account_id: Annotated[str | None, ACCOUNT] = Field(default=None, max_length=64, unique=True)
    credit_code: Annotated[str | None, CREDIT_CODE] = Field(default=None, max_length=18)
    country_code: str | None = Field(default=None, max_length=8)
    mobile: Annotated[str | None, MOBILE] = Field(default=None, max_length=32, index=True)
    email: Annotated[str | None, EMAIL] = Field(default=None, max_length=256, index=True)
    customer_type: CustomerType = Field(default=CustomerType.NONE, sa_type=word_type(CustomerType))
    verified_status: VerifiedStatus | None = Field(default=None, sa_type=word_type(VerifiedStatus))
    customer_level: CustomerLevel | None = Field(default=None, sa_type=word_type(CustomerLevel))
    frozen: FreezeState = Field(default=FreezeState.NOT_FROZEN, sa_type=word_type(FreezeState))
    industry: Annotated[str | None, PROFILE] = Field(default=None, max_length=40)
    sub_industry: Annotated[str | None, PROFILE] = Field(default=None, max_length=60)
    province: Annotated[str | None, PROFILE] = Field(default=None, max_length=8)
    city: Annotated[str | None, PROFILE] = Field(default=None, max_length=64)
    address: Annotated[str | None, PROFILE] = Field(default=None, max_length=256)
    company_size: CompanySize | None = Field(default=None, sa_type=word_type(CompanySize))
    website: Annotated[str | None, WEBSITE] = Field(default=None, max_length=256)
    association_type: Annotated[AssociationType | None, PROFILE] = Field(
        default=None, sa_type=word_type(AssociationType)
    )
    associated_on: Annotated[dt.datetime | None, PROFILE] = Field(default=None, sa_type=Instant)
    tags: Annotated[list[str] | None, PROFILE] = Field(default_factory=list, sa_type=sa.JSON)
    account_manager_id: Annotated[UUID | None, PROFILE] = Field(default=None, sa_type=Uid, index=True)
    partner_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="partner_organisation.id")
    office_id: str | None = Field(default=None, max_length=32)
    owner_id: UUID | None = Field(default=None, sa_type=Uid)
    bd_id: UUID | None = Field(default=None, sa_type=Uid)
    origin: CustomerOrigin = Field(default=CustomerOrigin.ENTERED, sa_type=word_type(CustomerOrigin))
    client_id: UUID | None = Field(default=None, sa_type=Uid)
    external_id: str | None = Field(default=None, max_length=64)

    __table_args__ = (
        sa.UniqueConstraint("client_id", "external_id"),
        sa.Index("ix_customer_created", "created_at", "id"),
        where_given("ix_customer_credit_code", "credit_code"),
        where_given("ix_customer_owner_id", "owner_id"),
        where_given("ix_customer_bd_id", "bd_id"),
        sa.Index("ix_customer_partner", "partner_id", "created_at", "id"),
        *(
            sa.Index(
                f"ix_customer_partner_{name}",
                *("partner_id", name),
                sqlite_where=sa.text(f"{name} IS NOT NULL"),
                postgresql_where=sa.text(f"{name} IS NOT NULL"),
            )
            for name in ALIKE
        ),
        sa.Index("ix_customer_office", "office_id", "created_at", "id"),
        sa.Index(
            "uq_customer_external_of_operators",
            "external_id",
            unique=True,
            sqlite_where=sa.text("client_id IS NULL"),
            postgresql_where=sa.text("client_id IS NULL"),
        ),
    )
    listing: ClassVar[Listing] = Listing(
        sorts={
            "created_at": SortKey("created_at"),
            "updated_at": SortKey("updated_at"),
            "associated_on": SortKey("associated_on", absent=dt.datetime(1970, 1, 1, tzinfo=dt.UTC)),
        },
        default=(("created_at", True),),
        filters={
            "company_name": Filter("company_name", "text"),
            "account_name": Filter("account_name"),
            "huawei_account_id": Filter("huawei_account_id"),
            "credit_code": Filter("credit_code"),
            "mobile": Filter("mobile"),
            "email": Filter("email"),
            "association_type": Filter("association_type", "in"),
            "associated_from": Filter("associated_on", "gte"),
            "associated_to": Filter("associated_on", "lt"),
            "associated": Filter("partner_id", "exists"),
            "account_manager": Filter("account_manager_id"),
            "account_manager_name": Filter(
                clause=lambda _reader, name: _managed_by(name), ruled=("account_manager_id",)
            ),
            "tag": Filter(clause=lambda _reader, tag: _tagged(tag), ruled=("tags",)),
            "industry": Filter("industry", "in"),
            "province": Filter("province", "in"),
            "partner": Filter("partner_id"),
            "office": Filter("office_id", "in"),
            "owner": Filter("owner_id"),
            "customer_type": Filter("customer_type", "in"),
            "verified_status": Filter("verified_status", "in"),
            "frozen": Filter("frozen", "in"),
            "origin": Filter("origin", "in"),
            "external_id": Filter("external_id"),
        },
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Say who sees a customer.

        A partner sees its own, an account manager only those assigned to him and a director those of his managers
        (COL-7.1.4, COL-7.2); a customer sees itself. A PDM sees those of his partners, a PSM his office's, BD and
        customer owner their own.
        """
        if actor.may(Right.CUSTOMER_READ_ALL):
            return sa.true()
        seen = [clause for scope in (cls._of_partners_side, *cls.scopes) if (clause := scope(actor)) is not None]
        if actor.may(Right.CUSTOMER_READ_SELF) and actor.customer_id:
            seen.append(col(cls.id) == actor.customer_id)
        if actor.may(Right.CUSTOMER_READ_PARTNERS) and actor.partners:
            seen.append(col(cls.partner_id).in_(sorted(actor.partners)))
        if actor.may(Right.CUSTOMER_READ_OFFICE) and actor.office_id:
            seen.append(col(cls.office_id) == actor.office_id)
        if actor.may(Right.CUSTOMER_READ_OWNED):
            seen.append(sa.or_(col(cls.owner_id) == actor.id, col(cls.bd_id) == actor.id))
        return sa.or_(*seen) if seen else sa.false()

    @classmethod
    def _of_partners_side(cls, actor: Actor) -> sa.ColumnElement[bool] | None:
        if actor.partner_id is None:
            return None
        own = col(cls.partner_id) == actor.partner_id
        if actor.may(Right.CUSTOMER_READ_OWN):
            return own
        managers: list[sa.ColumnElement[bool]] = []
        if actor.may(Right.CUSTOMER_READ_TEAM):
            team = select(Account.id).where(Account.director_id == actor.id, Account.partner_id == actor.partner_id)
            managers.append(col(cls.account_manager_id).in_(team))
        if actor.may(Right.CUSTOMER_READ_MANAGED):
            managers.append(col(cls.account_manager_id) == actor.id)
        return sa.and_(own, sa.or_(*managers)) if managers else None

    @classmethod
    def editable(cls, actor: Actor, row: Mapping[str, Any]) -> frozenset[str]:
        """Ecosystem operations keep what describes and assigns a customer; who it is comes from its own account.

        Its partner puts tags on it.
        """
        if actor.may(Right.CUSTOMER_ONBOARD):
            return EDITABLE
        own = row["partner_id"] is not None and row["partner_id"] == actor.partner_id
        return frozenset({"tags"}) if own and actor.may(Right.CUSTOMER_TAG) else frozenset()


def _managed_by(name: str) -> sa.ColumnElement[bool]:
    escaped = name.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    named = select(Account.id).where(col(Account.name).ilike(f"%{escaped}%", escape="\\"))
    return col(Customer.account_manager_id).in_(named)


def _tagged(tag: str) -> sa.ColumnElement[bool]:
    # The list as text, without the tag, is another text: exact in case on every database.
    listed = sa.cast(col(Customer.tags), sa.Text)
    return sa.func.replace(listed, orjson.dumps(tag).decode(), "") != listed


class CustomerContact(Record, table=True):
    """Somebody to speak to at a customer's (客户联系人)."""

    __tablename__ = "customer_contact"
    prefix: ClassVar[str] = "cct"
    zh: ClassVar[str] = "客户联系人"
    en: ClassVar[str] = "Customer contact"

    customer_id: UUID = Field(sa_type=Uid, foreign_key="customer.id", index=True)
    name: Annotated[str | None, CONTACT] = Field(default=None, max_length=64)
    title: str | None = Field(default=None, max_length=64)
    mobile: Annotated[str | None, MOBILE] = Field(default=None, max_length=32)
    email: Annotated[str | None, EMAIL] = Field(default=None, max_length=256)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees the customer sees that it has contacts."""
        return col(cls.customer_id).in_(select(Customer.id).where(Customer.visible_to(actor)))


relate(Customer, "partner", One(PartnerOrganisation, "partner_id"))
relate(Customer, "account_manager", One(Account, "account_manager_id"))
relate(Customer, "owner", One(Account, "owner_id"))
relate(Customer, "bd", One(Account, "bd_id"))
relate(Customer, "contacts", Many(CustomerContact, "customer_id"))
