"""Entries of partners and the codes that verify who makes them, as rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col

from models.agreement import AgreementVersion
from models.approval import Reviewed
from models.entry.words import HOLDING, IN_HAND, EntryStatus, LegalForm
from models.identity import Account
from models.kernel.access import Actor
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Belonging, Deadlined, Record, nobody, where_given, word_type
from models.kernel.values import Instant, Uid
from models.partner import PartnerKind, PartnerOrganisation, Path
from models.rights import Right

FORM: Final = (
    *("company_name", "credit_code", "legal_form", "province", "city", "address", "path"),
    *("contact_name", "contact_title", "contact_email"),
)
FILLED_IN: Final = (EntryStatus.TERMS_ACCEPTED, EntryStatus.REJECTED)


def _while_in(statuses: tuple[EntryStatus, ...], column: str) -> sa.TextClause:
    listed = ", ".join(f"'{status}'" for status in statuses)
    return sa.text(f"status IN ({listed}) AND {column} IS NOT NULL")


def _one_holds(name: str, column: str, statuses: tuple[EntryStatus, ...]) -> sa.Index:
    which = _while_in(statuses, column)
    return sa.Index(name, column, unique=True, sqlite_where=which, postgresql_where=which)


class PartnerEntry(Reviewed, Deadlined, table=True):
    """A company on its way to becoming a partner (伙伴入驻), from Huawei's invitation to its own organisation.

    `invited_name` and `invited_email` are whom the invitation went to, `mobile` and `email` those of the person who was
    verified, `company_name` and what follows the entry information. `pdm_id` is the PDM whom the partner gets,
    `account_id` the account that becomes its main account.
    """

    __tablename__ = "partner_entry"
    prefix: ClassVar[str] = "pen"
    zh: ClassVar[str] = "伙伴入驻"
    en: ClassVar[str] = "Partner entry"
    edit_columns: ClassVar[tuple[str, ...]] = ("status", "account_id")

    status: EntryStatus = Field(default=EntryStatus.INVITED, sa_type=word_type(EntryStatus))
    invited_name: str = Field(max_length=128)
    invited_email: str = Field(max_length=254)
    language: str = Field(default="zh", max_length=2)
    kind: PartnerKind = Field(sa_type=word_type(PartnerKind))
    invited_path: Path | None = Field(default=None, sa_type=word_type(Path))
    distributor_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="partner_organisation.id")
    pdm_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="account.id", index=True)
    issued_by: UUID = Field(sa_type=Uid, foreign_key="account.id", index=True)
    valid_until: dt.datetime = Field(sa_type=Instant)
    times_sent: int = 0
    last_sent_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    opened_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    mobile: str | None = Field(default=None, max_length=32)
    email: str | None = Field(default=None, max_length=254)
    verified_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    finish_by: dt.datetime | None = Field(default=None, sa_type=Instant)
    registered_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    account_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="account.id", unique=True)
    terms_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="agreement_version.id")
    terms_accepted_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    company_name: str | None = Field(default=None, max_length=128)
    credit_code: str | None = Field(default=None, max_length=18)
    legal_form: LegalForm | None = Field(default=None, sa_type=word_type(LegalForm))
    province: str | None = Field(default=None, max_length=8)
    city: str | None = Field(default=None, max_length=64)
    address: str | None = Field(default=None, max_length=256)
    path: Path | None = Field(default=None, sa_type=word_type(Path))
    contact_name: str | None = Field(default=None, max_length=64)
    contact_title: str | None = Field(default=None, max_length=64)
    contact_email: str | None = Field(default=None, max_length=254)
    submitted_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    concerns: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    escalated_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    verdict_reason: str | None = Field(default=None, max_length=2000)
    rejected_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    joined_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    partner_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="partner_organisation.id")
    office_id: str | None = Field(default=None, max_length=32)

    __table_args__ = (
        _one_holds("uq_partner_entry_mobile", "mobile", HOLDING),
        _one_holds("uq_partner_entry_credit_code", "credit_code", IN_HAND),
        sa.Index("ix_partner_entry_created", "created_at", "id"),
        where_given("ix_partner_entry_partner", "partner_id"),
    )
    relations: ClassVar = {
        "issuer": One(Account, "issued_by"),
        "pdm": One(Account, "pdm_id"),
        "account": One(Account, "account_id"),
        "distributor": One(PartnerOrganisation, "distributor_id"),
        "partner": One(PartnerOrganisation, "partner_id"),
        "terms": One(AgreementVersion, "terms_id"),
    }
    listing: ClassVar[Listing] = Listing(
        sorts={"created_at": SortKey("created_at"), "valid_until": SortKey("valid_until")},
        default=(("created_at", True),),
        filters={
            "status": Filter("status", "in"),
            "kind": Filter("kind", "in"),
            "invited_name": Filter("invited_name", "text"),
            "company_name": Filter("company_name", "text"),
            "credit_code": Filter("credit_code"),
            "province": Filter("province", "in"),
            "pdm": Filter("pdm_id"),
            "created_from": Filter("created_at", "gte"),
            "created_to": Filter("created_at", "lt"),
        },
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """An applicant sees its own entry, a PDM those that he invited or that come to him, operations every one."""
        if actor.may(Right.ENTRY_READ_ALL):
            return sa.true()
        seen: list[sa.ColumnElement[bool]] = []
        if actor.may(Right.ENTRY_READ_INVITED):
            seen.append(sa.or_(col(cls.issued_by) == actor.id, col(cls.pdm_id) == actor.id))
        if actor.may(Right.ENTRY_FILL):
            seen.append(col(cls.account_id) == actor.id)
        return sa.or_(*seen) if seen else sa.false()

    @classmethod
    def editable(cls, actor: Actor, row: Mapping[str, Any]) -> frozenset[str]:
        """The applicant fills in its own entry once it has accepted the terms, and anew after a rejection (PL-17)."""
        own = actor.may(Right.ENTRY_FILL) and row["account_id"] == actor.id
        return frozenset(FORM) if own and row["status"] in FILLED_IN else frozenset()

    def belonging(self) -> Belonging:
        """Say that an entry is its partner's business once there is one."""
        return Belonging(partner_id=self.partner_id, office_id=self.office_id)


class EntryCode(Record, table=True):
    """A code that was sent to verify who answers an invitation (入驻验证码); the code itself is kept nowhere.

    `address_hash` is a keyed hash of where it was asked from.
    """

    __tablename__ = "partner_entry_code"
    prefix: ClassVar[str] = "pec"

    entry_id: UUID = Field(sa_type=Uid, foreign_key="partner_entry.id")
    mobile: str = Field(max_length=32)
    email: str = Field(max_length=254)
    address_hash: str = Field(max_length=64)
    sent_at: dt.datetime = Field(sa_type=Instant)
    expires_at: dt.datetime = Field(sa_type=Instant)
    attempts: int = 0
    ended_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    verified_at: dt.datetime | None = Field(default=None, sa_type=Instant)

    __table_args__ = (
        sa.Index("ix_partner_entry_code_entry", "entry_id", "sent_at"),
        sa.Index("ix_partner_entry_code_address", "address_hash", "sent_at"),
    )

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """No window shows them."""
        return nobody()


relate(PartnerOrganisation, "entries", Many(PartnerEntry, "partner_id"))
