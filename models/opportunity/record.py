"""Opportunities as rows, with the rule of each field on its own line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col

from models.approval import Reviewed
from models.customer import Customer
from models.identity import Account
from models.kernel.access import Actor, FieldRule, Search, Side
from models.kernel.journal import JournalLine
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.reads.filters import contains
from models.kernel.record import Deadlined, Record, where_given, word_type
from models.kernel.values import (
    Instant,
    MinorUnits,
    Uid,
    mask_account,
    mask_company,
    mask_credit_code,
    mask_email,
    mask_mobile,
    mask_name,
)
from models.kernel.values.masks import HIDDEN
from models.opportunity.policies import STALE_DAYS
from models.opportunity.words import (
    DECIDED_AGAINST,
    OPEN_TO_PROGRESS,
    CancelReason,
    Direction,
    LostReason,
    Origin,
    RejectionReason,
    Stage,
    Status,
)
from models.partner import PartnerOrganisation
from models.reference import CompanySize
from models.rights import Right

COMPANY = FieldRule("opportunity.customer", mask=mask_company, search=Search.TEXT)
ADDRESS = FieldRule("opportunity.customer", mask=mask_company)
CREDIT_CODE = FieldRule("opportunity.customer", mask=mask_credit_code, search=Search.EXACT)
# A company's address on the web tells its name.
WEBSITE = FieldRule("opportunity.customer", mask=lambda _: HIDDEN)
ACCOUNT = FieldRule("opportunity.customer", mask=mask_account, search=Search.EXACT)
CONTACT = FieldRule("opportunity.customer", mask=mask_name)
MOBILE = FieldRule("opportunity.customer", mask=mask_mobile, search=Search.EXACT)
EMAIL = FieldRule("opportunity.customer", mask=mask_email, search=Search.EXACT)
TERMS = FieldRule("opportunity.terms")
CONTRACT = FieldRule("opportunity.contract")
VERDICT = FieldRule("opportunity.verdict")
INTERNAL = FieldRule("opportunity.internal")
LOSS = FieldRule("opportunity.loss")

FORM = (
    *("name", "company_name", "credit_code", "account_name", "industry", "sub_industry", "province", "city", "address"),
    *("website", "company_size", "contact_name", "contact_title", "contact_mobile", "contact_email"),
    *("consent_confirmed", "budget", "authority", "need", "timeline", "expected_amount", "currency"),
    *("expected_sign_date", "expected_go_live_date", "pre_sales_activities", "offering_ids", "services"),
    *("support_needed", "responsible_id"),
)
CUSTOMER_FIELDS = ("company_name", "credit_code", "account_name")

_EARLIEST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def _text_anywhere(_reader: Any, text: str) -> sa.ColumnElement[bool]:
    table = Opportunity.__table__  # type: ignore[attr-defined]
    return sa.or_(contains(table.c.name, text), contains(table.c.company_name, text))


def _stale_or_not(reader: Any, wanted: bool) -> sa.ColumnElement[bool]:
    overdue = stale(reader.now - dt.timedelta(days=reader.policy(STALE_DAYS)))
    return overdue if wanted else sa.not_(sa.func.coalesce(overdue, sa.false()))


class Opportunity(Reviewed, Deadlined, table=True):
    """A deal that a partner and Huawei Cloud share (机会点): PO from the partner, HO from Huawei.

    Amounts are minor units of `currency`. `responsible_id` is the partner's person in charge, `owner_id` Huawei's
    customer owner, `office_id` the representative office that it is routed to.
    """

    __tablename__ = "opportunity"
    prefix: ClassVar[str] = "opp"
    zh: ClassVar[str] = "机会点"
    en: ClassVar[str] = "Opportunity"
    edit_columns: ClassVar[tuple[str, ...]] = ("status", "direction", "partner_id", "returned_fields")

    direction: Direction = Field(default=Direction.PO, sa_type=word_type(Direction))
    origin: Origin = Field(default=Origin.PARTNER, sa_type=word_type(Origin))
    status: Status = Field(default=Status.DRAFT, sa_type=word_type(Status))
    partner_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="partner_organisation.id")
    customer_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="customer.id")
    responsible_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="account.id", index=True)
    owner_id: UUID | None = Field(default=None, sa_type=Uid, index=True)
    bd_id: UUID | None = Field(default=None, sa_type=Uid, index=True)
    office_id: str | None = Field(default=None, max_length=32)
    previous_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="opportunity.id", index=True)
    client_id: UUID | None = Field(default=None, sa_type=Uid)
    external_id: str | None = Field(default=None, max_length=128)
    import_id: UUID | None = Field(default=None, sa_type=Uid, index=True)

    name: str = Field(default="", max_length=128)
    company_name: Annotated[str | None, COMPANY] = Field(default=None, max_length=128)
    normalised_name: str | None = Field(default=None, max_length=128, index=True)
    credit_code: Annotated[str | None, CREDIT_CODE] = Field(default=None, max_length=18)
    account_name: Annotated[str | None, ACCOUNT] = Field(default=None, max_length=64)
    industry: str | None = Field(default=None, max_length=40)
    sub_industry: str | None = Field(default=None, max_length=60)
    province: str | None = Field(default=None, max_length=8)
    city: str | None = Field(default=None, max_length=64)
    address: Annotated[str | None, ADDRESS] = Field(default=None, max_length=256)
    website: Annotated[str | None, WEBSITE] = Field(default=None, max_length=256)
    company_size: CompanySize | None = Field(default=None, sa_type=word_type(CompanySize))
    contact_name: Annotated[str | None, CONTACT] = Field(default=None, max_length=64)
    contact_title: str | None = Field(default=None, max_length=64)
    contact_mobile: Annotated[str | None, MOBILE] = Field(default=None, max_length=32)
    contact_email: Annotated[str | None, EMAIL] = Field(default=None, max_length=254)
    consent_confirmed: bool = False

    budget: Annotated[str | None, TERMS] = Field(default=None, max_length=1000)
    authority: Annotated[str | None, TERMS] = Field(default=None, max_length=1000)
    need: Annotated[str | None, TERMS] = Field(default=None, max_length=1000)
    timeline: Annotated[str | None, TERMS] = Field(default=None, max_length=1000)
    expected_amount: Annotated[int | None, TERMS] = Field(default=None, sa_type=MinorUnits)
    currency: str = Field(default="CNY", max_length=3)
    expected_sign_date: Annotated[dt.date | None, TERMS] = None
    expected_go_live_date: Annotated[dt.date | None, TERMS] = None
    pre_sales_activities: Annotated[list[str], TERMS] = Field(default_factory=list, sa_type=sa.JSON)
    offering_ids: Annotated[list[str], TERMS] = Field(default_factory=list, sa_type=sa.JSON)
    demand_tags: Annotated[list[str], TERMS] = Field(default_factory=list, sa_type=sa.JSON)
    services: Annotated[list[str], TERMS] = Field(default_factory=list, sa_type=sa.JSON)
    support_needed: Annotated[list[str], TERMS] = Field(default_factory=list, sa_type=sa.JSON)
    counts_for_assessment: bool = False

    returned_fields: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    rejection_reason: Annotated[RejectionReason | None, VERDICT] = Field(
        default=None, sa_type=word_type(RejectionReason)
    )
    message_to_partner: Annotated[str | None, VERDICT] = Field(default=None, max_length=2000)
    internal_note: Annotated[str | None, INTERNAL] = Field(default=None, max_length=2000)
    duplicate_of_id: Annotated[UUID | None, INTERNAL] = Field(default=None, sa_type=Uid)
    has_duplicates: bool = False
    owner_checked_at: Annotated[dt.datetime | None, INTERNAL] = Field(default=None, sa_type=Instant)
    owner_check_passed: Annotated[bool | None, INTERNAL] = None
    missing: list[str] = Field(default_factory=list, sa_type=sa.JSON)

    submitted_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    audit_approved_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    validated_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    crm_created_at: Annotated[dt.datetime | None, INTERNAL] = Field(default=None, sa_type=Instant)
    accepted_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    escalated_at: dt.datetime | None = Field(default=None, sa_type=Instant)

    stage: Stage | None = Field(default=None, sa_type=word_type(Stage))
    win_probability: int | None = None
    next_step: str | None = Field(default=None, max_length=1000)
    last_progress_at: dt.datetime | None = Field(default=None, sa_type=Instant)

    signed_amount: Annotated[int | None, CONTRACT] = Field(default=None, sa_type=MinorUnits)
    contract_number: Annotated[str | None, CONTRACT] = Field(default=None, max_length=64)
    consuming_account: Annotated[str | None, CONTRACT] = Field(default=None, max_length=64)
    signed_on: dt.date | None = None
    lost_reason: Annotated[LostReason | None, LOSS] = Field(default=None, sa_type=word_type(LostReason))
    competitor: Annotated[str | None, LOSS] = Field(default=None, max_length=128)
    lost_note: Annotated[str | None, LOSS] = Field(default=None, max_length=1000)
    lost_on: dt.date | None = None
    delivered_on: dt.date | None = None
    delivered_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    delivery_confirmed_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    dispute_until: dt.datetime | None = Field(default=None, sa_type=Instant)
    cancel_reason: CancelReason | None = Field(default=None, sa_type=word_type(CancelReason))
    first_partner_id: UUID | None = Field(default=None, sa_type=Uid)

    __table_args__ = (
        sa.UniqueConstraint("client_id", "external_id"),
        sa.Index(
            "uq_opportunity_external_of_people",
            "external_id",
            "partner_id",
            unique=True,
            sqlite_where=sa.text("client_id IS NULL"),
            postgresql_where=sa.text("client_id IS NULL"),
        ),
        sa.Index("ix_opportunity_partner_status", "partner_id", "status", "created_at", "id"),
        sa.Index("ix_opportunity_partner_created", "partner_id", "created_at", "id"),
        sa.Index("ix_opportunity_created", "created_at", "id"),
        sa.Index("ix_opportunity_office", "office_id", "created_at", "id"),
        sa.Index("ix_opportunity_customer", "customer_id", "created_at", "id"),
        sa.Index("ix_opportunity_given", "partner_id", "origin", "customer_id"),
        where_given("ix_opportunity_account", "account_name"),
        where_given("ix_opportunity_credit_code", "credit_code"),
    )

    listing: ClassVar[Listing] = Listing(
        sorts={
            "created_at": SortKey("created_at"),
            "updated_at": SortKey("updated_at"),
            "submitted_at": SortKey("submitted_at", absent=_EARLIEST),
            "due_at": SortKey("due_at", absent=dt.datetime(9999, 1, 1, tzinfo=dt.UTC)),
            "expected_amount": SortKey("expected_amount", absent=-1),
            "expected_sign_date": SortKey("expected_sign_date", absent=dt.date(9999, 1, 1)),
            "name": SortKey("name"),
        },
        default=(("created_at", True),),
        filters={
            "ids": Filter("id", "in"),
            "status": Filter("status", "in"),
            "stage": Filter("stage", "in"),
            "direction": Filter("direction"),
            "origin": Filter("origin"),
            "partner": Filter("partner_id"),
            "customer": Filter("customer_id"),
            "responsible": Filter("responsible_id"),
            "owner": Filter("owner_id"),
            "office": Filter("office_id", "in"),
            "province": Filter("province", "in"),
            "industry": Filter("industry", "in"),
            "currency": Filter("currency"),
            "amount_from": Filter("expected_amount", "gte"),
            "amount_to": Filter("expected_amount", "lte"),
            "created_from": Filter("created_at", "gte"),
            "created_before": Filter("created_at", "lt"),
            "updated_from": Filter("updated_at", "gte"),
            "sign_from": Filter("expected_sign_date", "gte"),
            "sign_to": Filter("expected_sign_date", "lte"),
            "due_before": Filter("due_at", "lte"),
            "clock_runs": Filter("due_verb", "exists"),
            "name": Filter("name", "text"),
            "company_name": Filter("company_name", "text"),
            "credit_code": Filter("credit_code"),
            "contact_mobile": Filter("contact_mobile"),
            "contact_email": Filter("contact_email"),
            "text": Filter(clause=_text_anywhere, ruled=("company_name",)),
            "import_id": Filter("import_id"),
            "external_id": Filter("external_id"),
            "stale": Filter(clause=_stale_or_not, leans=True),
            "has_duplicates": Filter("has_duplicates"),
        },
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """A partner sees its own, a PDM his partners', a PSM his office's, BD and owners their customers'.

        COL-2.8.1, COL-2.8.2.

        A new customer has neither BD nor owner yet; its opportunity is seen by those of its office. Drafts are the
        partner's alone, but for those that Huawei's operators have taken in as history.
        """
        if actor.side is Side.SYSTEM:
            return sa.true()
        if actor.side is Side.HUAWEI and actor.may(Right.OPPORTUNITY_READ_ALL):
            submitted = col(cls.status) != Status.DRAFT
            if actor.may(Right.OPPORTUNITY_ONBOARD):
                return sa.or_(submitted, col(cls.origin) == Origin.IMPORTED)
            return submitted
        own: list[sa.ColumnElement[bool]] = []
        if actor.may(Right.OPPORTUNITY_READ_OWN) and actor.partner_id:
            own.append(col(cls.partner_id) == actor.partner_id)
        seen: list[sa.ColumnElement[bool]] = []
        if actor.may(Right.OPPORTUNITY_READ_PARTNERS):
            seen.append(col(cls.partner_id).in_(sorted(actor.partners)))
        if actor.may(Right.OPPORTUNITY_READ_OFFICE) and actor.office_id:
            seen.append(col(cls.office_id) == actor.office_id)
        if actor.may(Right.OPPORTUNITY_READ_CUSTOMERS):
            seen += [col(cls.owner_id) == actor.id, col(cls.bd_id) == actor.id]
            if actor.office_id:
                # A new customer has neither yet; without them its office would have nobody to record the owner check.
                nobody = () if actor.may(Right.OPPORTUNITY_CANCEL) else (col(cls.owner_id).is_(None),)
                seen.append(sa.and_(col(cls.office_id) == actor.office_id, col(cls.bd_id).is_(None), *nobody))
        if seen:
            own.append(sa.and_(sa.or_(*seen), col(cls.status) != Status.DRAFT))
        return sa.or_(*own) if own else sa.false()

    @classmethod
    def editable(cls, actor: Actor, row: Mapping[str, Any]) -> frozenset[str]:
        """The partner edits a draft, and after a send-back the named fields; Huawei the offering while it reviews.

        COL-2.5#2, COL-2.5 guards 2 and 5, COL-2.2.2.
        """
        fields: set[str] = set()
        status = row["status"]
        if actor.may(Right.OPPORTUNITY_SHARE) and row["partner_id"] == actor.partner_id:
            if status == Status.DRAFT:
                fields.update(FORM)
            elif status == Status.RETURNED:
                fields.update(row["returned_fields"])
        if actor.may(Right.OPPORTUNITY_CHANGE_OFFERING) and status in (Status.AUDITING, Status.VALIDATING):
            fields.add("offering_ids")
        if actor.side is Side.HUAWEI and any(actor.may(right) for right in _NOTES) and status != Status.DRAFT:
            fields.add("internal_note")
        return frozenset(fields)

    @property
    def is_decided_against(self) -> bool:
        """Tell whether the record has ended without success."""
        return self.status in DECIDED_AGAINST


_NOTES = (Right.OPPORTUNITY_AUDIT, Right.OPPORTUNITY_VALIDATE, Right.OPPORTUNITY_CANCEL, Right.OPPORTUNITY_SHARE_HO)


def stale(since: dt.datetime | sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Select what is open to progress and has had none since an instant, or since one that is given (COL-2.6.5)."""
    if isinstance(since, dt.datetime):
        since = sa.literal(since, Instant())
    began = sa.func.coalesce(
        col(Opportunity.last_progress_at), col(Opportunity.accepted_at), col(Opportunity.validated_at)
    )
    return sa.and_(col(Opportunity.status).in_(OPEN_TO_PROGRESS), began < since)


def of_a_visible_opportunity(kind: type[Any], actor: Actor) -> sa.ColumnElement[bool]:
    """Select the rows whose opportunity an actor sees.

    It asks for each row by the opportunity's id; a list of all that the actor sees would be gathered for every read.
    """
    table, key = kind.__table__, kind.__table__.c.opportunity_id
    seen: sa.Select[Any] = sa.select(sa.literal_column("1")).where(
        col(Opportunity.id) == key, Opportunity.visible_to(actor)
    )
    return seen.correlate(table).exists()


class OpportunityLine(Record, table=True):
    """A product that the customer would buy (产品行): name or service code, quantity and amount."""

    __tablename__ = "opportunity_line"
    prefix: ClassVar[str] = "opl"
    zh: ClassVar[str] = "产品行"
    en: ClassVar[str] = "Product line"
    listing: ClassVar[Listing] = Listing(sorts={"position": SortKey("position")}, default=(("position", False),))

    opportunity_id: UUID = Field(sa_type=Uid, foreign_key="opportunity.id")
    position: int = 0
    product: str = Field(max_length=128)
    service: str | None = Field(default=None, max_length=40)
    quantity: int = 1
    amount: Annotated[int | None, TERMS] = Field(default=None, sa_type=MinorUnits)
    currency: str = Field(default="CNY", max_length=3)

    __table_args__ = (sa.Index("ix_opportunity_line_opportunity", "opportunity_id", "position"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees the opportunity sees its lines."""
        return of_a_visible_opportunity(cls, actor)


class OwnerCheck(Record, table=True):
    """What the customer said when its owner asked (客户负责人核实), COL-2.4.6; the newest counts."""

    __tablename__ = "owner_check"
    prefix: ClassVar[str] = "chk"
    zh: ClassVar[str] = "客户负责人核实"
    en: ClassVar[str] = "Owner check"
    listing: ClassVar[Listing] = Listing(sorts={"at": SortKey("at")}, default=(("at", True),))

    opportunity_id: UUID = Field(sa_type=Uid, foreign_key="opportunity.id", index=True)
    at: dt.datetime = Field(sa_type=Instant)
    by_id: UUID = Field(sa_type=Uid)
    by_name: Annotated[str | None, INTERNAL] = Field(default=None, max_length=128)
    on_owners_word: bool = False
    exists: Annotated[bool | None, INTERNAL] = None
    already_closed: Annotated[bool | None, INTERNAL] = None
    has_budget: Annotated[bool | None, INTERNAL] = None
    order_time: Annotated[str | None, INTERNAL] = Field(default=None, max_length=200)
    remark: Annotated[str | None, INTERNAL] = Field(default=None, max_length=1000)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Huawei's side sees the checks of the opportunities that it sees; no partner sees any."""
        if actor.side is Side.PARTNER or actor.side is Side.CUSTOMER:
            return sa.false()
        return of_a_visible_opportunity(cls, actor)


class ProgressUpdate(Record, table=True):
    """One report on how the sale goes (进展更新), COL-2.6.5; appended, never changed."""

    __tablename__ = "progress_update"
    prefix: ClassVar[str] = "prg"
    zh: ClassVar[str] = "进展更新"
    en: ClassVar[str] = "Progress update"
    listing: ClassVar[Listing] = Listing(sorts={"at": SortKey("at")}, default=(("at", True),))

    opportunity_id: UUID = Field(sa_type=Uid, foreign_key="opportunity.id")
    at: dt.datetime = Field(sa_type=Instant)
    by_id: UUID = Field(sa_type=Uid)
    by_name: str = Field(max_length=128)
    stage: Stage = Field(sa_type=word_type(Stage))
    win_probability: int
    next_step: str | None = Field(default=None, max_length=1000)
    expected_amount: Annotated[int | None, TERMS] = Field(default=None, sa_type=MinorUnits)
    currency: str = Field(default="CNY", max_length=3)
    expected_sign_date: Annotated[dt.date | None, TERMS] = None
    details: str = Field(max_length=1000)
    backwards_note: str | None = Field(default=None, max_length=1000)

    __table_args__ = (sa.Index("ix_progress_update_opportunity", "opportunity_id", "at"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees the opportunity sees its progress."""
        return of_a_visible_opportunity(cls, actor)


def _customers_of_given_opportunities(actor: Actor) -> sa.ColumnElement[bool] | None:
    """A partner sees an unassociated customer through what Huawei gave it: imported history and accepted HOs.

    What the partner itself claims about a customer opens nothing, or a credit code that it guessed would.
    """
    if not actor.may(Right.OPPORTUNITY_READ_OWN) or actor.partner_id is None:
        return None
    given = sa.select(col(Opportunity.customer_id)).where(
        col(Opportunity.partner_id) == actor.partner_id,
        col(Opportunity.customer_id).is_not(None),
        col(Opportunity.origin).in_((Origin.IMPORTED, Origin.HUAWEI)),
    )
    return sa.and_(col(Customer.partner_id).is_(None), col(Customer.id).in_(given))


Customer.scopes.append(_customers_of_given_opportunities)
relate(Opportunity, "partner", One(PartnerOrganisation, "partner_id"))
relate(Opportunity, "customer", One(Customer, "customer_id"))
relate(Opportunity, "responsible", One(Account, "responsible_id"))
relate(Opportunity, "owner", One(Account, "owner_id"))
relate(Opportunity, "bd", One(Account, "bd_id"))
relate(Opportunity, "previous", One(Opportunity, "previous_id"))
relate(Opportunity, "lines", Many(OpportunityLine, "opportunity_id"))
relate(Opportunity, "progress", Many(ProgressUpdate, "opportunity_id"))
relate(Opportunity, "owner_checks", Many(OwnerCheck, "opportunity_id"))
relate(Opportunity, "history", Many(JournalLine, "subject_id"))
relate(Customer, "opportunities", Many(Opportunity, "customer_id"))
relate(PartnerOrganisation, "opportunities", Many(Opportunity, "partner_id"))
