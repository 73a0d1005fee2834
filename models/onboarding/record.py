"""Imports as rows: which file, by whom, how far it has come and what became of it."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from models.kernel.access import Actor, Side
from models.kernel.reads import Filter, Listing, SortKey
from models.kernel.record import Record, word_type
from models.kernel.values import Instant, Uid
from models.kernel.words import Word
from models.rights import Right


class ImportKind(Word):
    """What an import brings in (导入类型)."""

    CUSTOMERS = "CUSTOMERS", "客户", "Customers"
    OPPORTUNITIES = "OPPORTUNITIES", "机会点", "Opportunities"
    CONSUMPTION = "CONSUMPTION", "消费明细", "Consumption"


class ImportState(Word):
    """How far an import has come (导入状态)."""

    RUNNING = "RUNNING", "进行中", "Running"
    DONE = "DONE", "已完成", "Done"


class ImportRun(Record, table=True):
    """One file brought in under one mapping (导入批次).

    `position` is the number of rows that are dealt with; the same file under the same mapping goes on from there.
    """

    __tablename__ = "import_run"
    prefix: ClassVar[str] = "imp"
    zh: ClassVar[str] = "导入批次"
    en: ClassVar[str] = "Import"
    listing: ClassVar[Listing] = Listing(
        sorts={"started_at": SortKey("started_at")},
        default=(("started_at", True),),
        filters={"kind": Filter("kind"), "state": Filter("state")},
    )

    kind: ImportKind = Field(sa_type=word_type(ImportKind))
    state: ImportState = Field(default=ImportState.RUNNING, sa_type=word_type(ImportState))
    file_name: str = Field(max_length=200)
    file_hash: str = Field(max_length=64)
    mapping: str = Field(max_length=64)
    operator_id: UUID = Field(sa_type=Uid)
    operator_name: str = Field(max_length=128)
    total: int = 0
    position: int = 0
    created: int = 0
    known: int = 0
    refused: int = 0
    started_at: dt.datetime = Field(sa_type=Instant)
    finished_at: dt.datetime | None = Field(default=None, sa_type=Instant)

    __table_args__ = (sa.UniqueConstraint("kind", "file_hash"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever may onboard sees what was onboarded."""
        if actor.side is Side.SYSTEM or actor.may(Right.OPPORTUNITY_ONBOARD) or actor.may(Right.CUSTOMER_ONBOARD):
            return sa.true()
        return sa.false()
