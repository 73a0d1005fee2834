"""Exports as rows: what was asked for by whom, how far it has come, and where the file is kept."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col

from models.export.words import ExportFormat, ExportKind, ExportStatus
from models.identity import Account
from models.kernel.access import Actor, Side
from models.kernel.reads import Filter, Listing, One, SortKey, relate
from models.kernel.record import Aggregate, word_type
from models.kernel.values import Instant, Uid
from models.rights import Right


class ExportRecord(Aggregate, table=True):
    """One file that somebody asked for (导出记录), COL-2.8.4.

    `conditions` are the list's own filters; `asked` shows them, ruled ones without their value. Whoever works on it
    holds it by a lease: `lease_by` until `lease_until`. `rights` names the rights that the file was made with.
    """

    __tablename__ = "export_record"
    prefix: ClassVar[str] = "exp"
    zh: ClassVar[str] = "导出记录"
    en: ClassVar[str] = "Export"
    listing: ClassVar[Listing] = Listing(
        sorts={"created_at": SortKey("created_at")},
        default=(("created_at", True),),
        filters={
            "kind": Filter("kind", "in"),
            "status": Filter("status", "in"),
            "requested_by": Filter("requested_by"),
        },
    )

    kind: ExportKind = Field(sa_type=word_type(ExportKind))
    format: ExportFormat = Field(default=ExportFormat.XLSX, sa_type=word_type(ExportFormat))
    status: ExportStatus = Field(default=ExportStatus.WAITING, sa_type=word_type(ExportStatus), index=True)
    language: str = Field(default="zh", max_length=2)
    columns: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    conditions: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    asked: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    reason: str | None = Field(default=None, max_length=500)
    requested_by: UUID = Field(sa_type=Uid, foreign_key="account.id")
    partner_id: UUID | None = Field(default=None, sa_type=Uid)
    rows_done: int = 0
    rows_total: int | None = None
    attempts: int = 0
    lease_by: str | None = Field(default=None, max_length=32)
    lease_until: dt.datetime | None = Field(default=None, sa_type=Instant)
    location: str | None = Field(default=None, max_length=200)
    size: int | None = Field(default=None, sa_type=sa.BigInteger)
    sha256: str | None = Field(default=None, max_length=64)
    rights: str | None = Field(default=None, max_length=64)
    finished_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    expires_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    failure: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON)

    __table_args__ = (sa.Index("ix_export_record_requester", "requested_by", "created_at", "id"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever asked for it sees it, and auditors; the file itself is for whoever asked."""
        if actor.side is Side.SYSTEM or actor.may(Right.EXPORT_READ_ALL):
            return sa.true()
        return col(cls.requested_by) == actor.id if actor.may(Right.EXPORT) else sa.false()

    @property
    def file_name(self) -> str:
        """Name the file as a browser saves it."""
        return f"{self.kind.lower()}-{self.created_at:%Y%m%d}-{self.id.hex[-6:]}{self.format.suffix}"


relate(ExportRecord, "requester", One(Account, "requested_by"))
