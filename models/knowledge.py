"""Knowledge recommendations about customers: fed by operations, shown to the partner once the customer has signed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col, select

from models.agreement import who_signed
from models.customer import Customer
from models.identity import Account
from models.kernel.access import Actor, FieldRule, Side
from models.kernel.errors import DomainError, FieldRequiredError, LengthError, ValueNotAllowedError, refuse
from models.kernel.journal import Operation
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Aggregate
from models.kernel.values import Instant, Uid
from models.kernel.work import Work
from models.rights import Right

KNOWLEDGE: Final = FieldRule("customer.knowledge")
FEED: Final = Operation("knowledge.feed", "推送知识推荐", "Feed a recommendation", "knowledge", "feedKnowledge")
WITHDRAW: Final = Operation(
    "knowledge.withdraw", "撤下知识推荐", "Withdraw a recommendation", "knowledge", "withdrawKnowledge"
)
LINK: Final = re.compile(r"https?://[^\s<>\"']{3,490}")
LONGEST_TITLE, LONGEST_TEXT = 128, 4000


class KnowledgeRecommendation(Aggregate, table=True):
    """Something worth knowing about a customer (知识推荐): a title, a text, and a link."""

    __tablename__ = "knowledge_recommendation"
    prefix: ClassVar[str] = "knw"
    zh: ClassVar[str] = "知识推荐"
    en: ClassVar[str] = "Knowledge recommendation"
    relations: ClassVar = {"customer": One(Customer, "customer_id"), "author": One(Account, "fed_by")}
    listing: ClassVar[Listing] = Listing(
        sorts={"created_at": SortKey("created_at")},
        default=(("created_at", True),),
        filters={"customer": Filter("customer_id")},
    )

    customer_id: UUID = Field(sa_type=Uid, foreign_key="customer.id", index=True)
    title: Annotated[str | None, KNOWLEDGE] = Field(max_length=LONGEST_TITLE)
    text: Annotated[str | None, KNOWLEDGE] = Field(sa_type=sa.Text)
    link: Annotated[str | None, KNOWLEDGE] = Field(default=None, max_length=500)
    fed_by: UUID = Field(sa_type=Uid)
    withdrawn_at: dt.datetime | None = Field(default=None, sa_type=Instant)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Whoever sees the customer; its partner once the customer has signed the newest notice (COL-5.7.12)."""
        seen = sa.and_(
            col(cls.withdrawn_at).is_(None),
            col(cls.customer_id).in_(select(Customer.id).where(Customer.visible_to(actor))),
        )
        return sa.and_(seen, col(cls.customer_id).in_(who_signed())) if actor.side is Side.PARTNER else seen


relate(Customer, "knowledge", Many(KnowledgeRecommendation, "customer_id"))


async def feed(
    work: Work, customer_id: UUID, *, title: str, text: str, link: str | None = None
) -> KnowledgeRecommendation:
    """Recommend something about a customer."""
    work.actor.require(Right.KNOWLEDGE_FEED)
    customer = await work.get(Customer, customer_id)
    title, text, link = title.strip(), text.strip(), (link or "").strip() or None
    refuse(_misshapen(title, text, link))
    made = work.add(
        KnowledgeRecommendation(
            customer_id=customer.id,
            title=title,
            text=text,
            link=link,
            fed_by=work.actor.id,
            created_at=work.now,
            updated_at=work.now,
        )
    )
    work.note(FEED, made, after={"title": title, "text": text, "link": link}, internal=True)
    return made


async def withdraw(work: Work, id: UUID, *, version: int | None = None) -> KnowledgeRecommendation:
    """Take a recommendation back; nobody sees it any more."""
    work.actor.require(Right.KNOWLEDGE_FEED)
    found = await work.get(KnowledgeRecommendation, id, version=version)
    found.withdrawn_at = found.updated_at = work.now
    found.version += 1
    work.note(WITHDRAW, found, internal=True)
    return found


def _misshapen(title: str, text: str, link: str | None) -> Iterator[DomainError]:
    for name, value, longest in (("title", title, LONGEST_TITLE), ("text", text, LONGEST_TEXT)):
        if not value:
            yield FieldRequiredError(path=name)
        elif len(value) > longest:
            yield LengthError(path=name, minimum=1, maximum=longest, length=len(value))
    if link is not None and not LINK.fullmatch(link):
        yield ValueNotAllowedError(path="link", value=link[:80])
