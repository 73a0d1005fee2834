"""Which partners have codes asked for, and the codes that were sent, as rows that hold no code."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col

from models.kernel.access import Actor
from models.kernel.reads import Listing, Many, relate
from models.kernel.record import Aggregate, Record, nobody
from models.kernel.values import Instant, Uid
from models.partner import PartnerOrganisation, organisations_of


class VerificationSetting(Aggregate, table=True):
    """Whether a partner has verification codes asked for (验证码开关); without a row they are not."""

    __tablename__ = "verification_setting"
    prefix: ClassVar[str] = "vst"
    zh: ClassVar[str] = "验证码开关"
    en: ClassVar[str] = "Verification setting"
    listing: ClassVar[Listing] = Listing(sorts={}, default=(), filters={})

    partner_id: UUID = Field(sa_type=Uid, foreign_key="partner_organisation.id", unique=True)
    enabled: bool = False

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees the organisation."""
        return col(cls.partner_id).in_(organisations_of(actor))


class VerificationCode(Record, table=True):
    """A code that was sent to somebody for one operation on one thing (验证码).

    The code itself is kept nowhere: it is the keyed hash of the row's id, so that only whoever holds the
    installation's key can tell it, when its mail is written and when it is given back.
    """

    __tablename__ = "verification_code"
    prefix: ClassVar[str] = "vcd"

    account_id: UUID = Field(sa_type=Uid, foreign_key="account.id")
    operation: str = Field(max_length=64)
    target_id: UUID = Field(sa_type=Uid)
    made_at: dt.datetime = Field(sa_type=Instant, index=True)
    expires_at: dt.datetime = Field(sa_type=Instant)
    tries: int = 0
    spent_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    replaced_at: dt.datetime | None = Field(default=None, sa_type=Instant)

    __table_args__ = (sa.Index("ix_verification_code_account", "account_id", "made_at"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """No window shows these rows."""
        return nobody()


relate(PartnerOrganisation, "verification_settings", Many(VerificationSetting, "partner_id"))
