"""Likely duplicates among a partner's customers: found by what they share, weighed, and explained."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson
import sqlalchemy as sa

from models.customer import Customer
from models.customer.likeness import DuplicateReason, difference_of, shared
from models.customer.record import CREDIT_CODE, EMAIL, MOBILE, NAME
from models.kernel.access import FieldRule, Side
from models.kernel.errors import InvalidCursorError, NotFoundError, PageSizeError
from models.kernel.reads import Reader
from models.kernel.reads.declare import DEFAULT_PAGE, MAX_PAGE

# By which column they are found, the strongest first, and which rule says who may search by it.
SIGNALS: Final[tuple[tuple[str, FieldRule], ...]] = (
    ("credit_code", CREDIT_CODE),
    ("core_name", NAME),
    ("mobile", MOBILE),
    ("email", EMAIL),
)
WEIGHTS: Final[Mapping[DuplicateReason, float]] = {
    DuplicateReason.CREDIT_CODE: 0.95,
    DuplicateReason.SAME_NAME: 0.85,
    DuplicateReason.WIDTH: 0.85,
    DuplicateReason.BRACKETS: 0.8,
    DuplicateReason.LEGAL_FORM: 0.7,
    DuplicateReason.PLACE: 0.5,
    DuplicateReason.ACCOUNT: 0.6,
    DuplicateReason.MOBILE: 0.5,
    DuplicateReason.EMAIL: 0.5,
    DuplicateReason.EMAIL_DOMAIN: 0.2,
}
LEAST: Final = 50
MOST_IN_GROUP: Final = 50
# Mailboxes that anybody may have say nothing of a company.
OPEN_TO_ALL: Final = frozenset(
    {
        *("qq.com", "foxmail.com", "163.com", "126.com", "yeah.net", "188.com", "sina.com", "sina.cn", "sohu.com"),
        *("aliyun.com", "139.com", "189.cn", "wo.cn", "21cn.com", "tom.com", "gmail.com", "outlook.com"),
        *("hotmail.com", "live.com", "icloud.com", "yahoo.com", "yahoo.com.cn", "proton.me", "example.com"),
    }
)
_COMPARED: Final = ("id", "company_name", "core_name", "account_name", "credit_code", "mobile", "email")
_WEIGHED: Final = (*_COMPARED, "huawei_account_id", "owner_id", "account_manager_id", "industry", "province", "city")


@dataclass(frozen=True)
class Likely:
    """A customer that may be the same as another (疑似重复客户), why, and how surely, from 1 to 100."""

    customer_id: UUID
    reasons: tuple[DuplicateReason, ...]
    score: int


@dataclass
class Group:
    """A customer that should stay and those that look like it (疑似重复组)."""

    customer_id: UUID
    others: list[Likely] = field(default_factory=list)
    cursor: str = ""


@dataclass
class Groups:
    """One page of groups."""

    groups: list[Group]
    has_next_page: bool


@dataclass(frozen=True)
class Known:
    """What two customers are compared by."""

    id: UUID
    company_name: str | None
    core_name: str | None
    account_name: str | None
    credit_code: str | None
    mobile: str | None
    email: str | None
    filled: int = 0
    has_account: bool = False


def likely(one: Known, other: Known) -> Likely | None:
    """Say why a customer looks like another, or nothing where it does not.

    Two different credit codes are two companies, and so are two places in otherwise equal names. Two companies may have
    one person to speak to: a shared mailbox or phone does not outweigh names that have nothing in common.
    """
    if one.credit_code and other.credit_code and one.credit_code != other.credit_code:
        return None
    found = [_REASONS[name] for name in shared(one, other, _REASONS)]
    if one.company_name and other.company_name:
        named = difference_of(one.company_name, other.company_name)
        if named is not None:
            found.append(named)
        elif DuplicateReason.CREDIT_CODE not in found:
            return None
    if DuplicateReason.EMAIL not in found and (domain := _domain(one.email)) and domain == _domain(other.email):
        found.append(DuplicateReason.EMAIL_DOMAIN)
    doubt = 1.0
    for reason in found:
        doubt *= 1 - WEIGHTS[reason]
    score = round(100 * (1 - doubt))
    return Likely(other.id, tuple(sorted(found, key=_ORDER.index)), min(score, 99)) if score >= LEAST else None


_REASONS: Final = {
    "credit_code": DuplicateReason.CREDIT_CODE,
    "account_name": DuplicateReason.ACCOUNT,
    "mobile": DuplicateReason.MOBILE,
    "email": DuplicateReason.EMAIL,
}
_ORDER: Final = list(DuplicateReason)


def _domain(address: str | None) -> str | None:
    domain = (address or "").rpartition("@")[2].casefold()
    return domain if domain and domain not in OPEN_TO_ALL else None


async def groups(
    reader: Reader, *, partner_id: UUID | None = None, first: int | None = None, after: str | None = None
) -> Groups:
    """Page through the likely duplicates of one partner, those that share the strongest signal first.

    A partner's people ask among the customers that they see; Huawei's name a partner, or none for those that are
    unassociated. A signal that the viewer may not search by is not looked at.
    """
    size = DEFAULT_PAGE if first is None else first
    if not 0 <= size <= MAX_PAGE:
        raise PageSizeError(path="first", maximum=MAX_PAGE)
    whose = _whose(reader, partner_id)
    place, last = _read(after)
    found: list[Group] = []
    for index, (name, rule) in enumerate(SIGNALS):
        if index < place or not rule.searchable_by(reader.actor):
            continue
        value = await _value_of(reader, whose, name, last) if last is not None and index == place else None
        including, more = True, True
        while more and len(found) <= size:
            keys = await _repeated(reader, whose, name, value, size + 1, including=including)
            more = len(keys) > size
            members = await _members(reader, whose, name, keys)
            for key in keys:
                told = list(_grouped(members.get(key, []), index, reader))
                # Of the value that the cursor stands in, what comes after it.
                passed = next((at for at, group in enumerate(told, 1) if group.customer_id == last), 0) if last else 0
                found += told[passed:]
            value, including = keys[-1] if keys else None, False
    return Groups(found[:size], len(found) > size)


async def of_customer(reader: Reader, customer_id: UUID) -> Group:
    """Find what looks like one customer, among those of its partner that the viewer sees."""
    table = Customer.__table__  # type: ignore[attr-defined]
    seen = Customer.visible_to(reader.actor)
    columns = [table.c[name] for name in (*_WEIGHED, "partner_id")]
    one = (await reader.session.execute(sa.select(*columns).where(table.c.id == customer_id, seen))).mappings().first()
    if one is None:
        raise NotFoundError()
    searched = [name for name, rule in SIGNALS if rule.searchable_by(reader.actor) and one[name]]
    group = Group(customer_id)
    if not searched:
        return group
    own = table.c.partner_id.is_(None) if one["partner_id"] is None else table.c.partner_id == one["partner_id"]
    alike = [
        sa.select(*columns).where(own, table.c[name] == one[name], table.c.id != customer_id, seen).limit(MOST_IN_GROUP)
        for name in searched
    ]
    mine = _known(one, reader)
    others: dict[UUID, Likely] = {}
    for query in alike:
        for row in (await reader.session.execute(query)).mappings():
            if row["id"] not in others and (match := likely(mine, _known(row, reader))) is not None:
                others[row["id"]] = match
    group.others = sorted(others.values(), key=lambda match: (-match.score, match.customer_id))
    return group


def _whose(reader: Reader, partner_id: UUID | None) -> sa.ColumnElement[bool]:
    column = Customer.__table__.c.partner_id  # type: ignore[attr-defined]
    actor = reader.actor
    asked = actor.partner_id if actor.side is Side.PARTNER else partner_id
    if asked is None:
        return sa.and_(column.is_(None), Customer.visible_to(actor))
    return sa.and_(column == asked, Customer.visible_to(actor))


async def _value_of(reader: Reader, whose: sa.ColumnElement[bool], name: str, customer_id: UUID) -> str | None:
    table = Customer.__table__  # type: ignore[attr-defined]
    found: str | None = await reader.session.scalar(sa.select(table.c[name]).where(whose, table.c.id == customer_id))
    if found is None:
        raise InvalidCursorError(path="after")
    return found


async def _repeated(
    reader: Reader, whose: sa.ColumnElement[bool], name: str, beyond: str | None, size: int, *, including: bool
) -> list[str]:
    """List the values that more than one customer has, in the order of their index."""
    column = Customer.__table__.c[name]  # type: ignore[attr-defined]
    query = (
        sa.select(column)
        .where(whose, column.is_not(None), *_beyond(column, beyond, including))
        .group_by(column)
        .having(sa.func.count() > 1)
        .order_by(column)
        .limit(size)
    )
    return list((await reader.session.execute(query)).scalars())


def _beyond(column: sa.ColumnElement[str], value: str | None, including: bool) -> list[sa.ColumnElement[bool]]:
    if value is None:
        return []
    return [column >= value if including else column > value]


async def _members(
    reader: Reader, whose: sa.ColumnElement[bool], name: str, keys: Sequence[str]
) -> dict[str, list[Known]]:
    if not keys:
        return {}
    table = Customer.__table__  # type: ignore[attr-defined]
    place = sa.func.row_number().over(partition_by=table.c[name], order_by=table.c.id)
    ranked = sa.select(*[table.c[one] for one in _WEIGHED], place.label("place")).where(whose, table.c[name].in_(keys))
    numbered = ranked.subquery()
    rows = await reader.session.execute(sa.select(numbered).where(numbered.c.place <= MOST_IN_GROUP))
    found: dict[str, list[Known]] = {}
    for row in rows.mappings():
        found.setdefault(row[name], []).append(_known(row, reader))
    return found


def _known(row: Mapping[Any, Any], reader: Reader) -> Known:
    """Take what the viewer may search by; the rest is not compared, so that no reason tells of it."""
    open_to = {name: rule.searchable_by(reader.actor) for name, rule in SIGNALS}
    open_to |= {"company_name": open_to["core_name"], "account_name": open_to["mobile"]}
    values: dict[str, Any] = {name: row[name] if open_to.get(name, True) else None for name in _COMPARED}
    filled = sum(row[name] is not None for name in _WEIGHED)
    return Known(**values, filled=filled, has_account=row["huawei_account_id"] is not None)


def _grouped(members: list[Known], index: int, reader: Reader) -> Iterator[Group]:
    """Let the fullest customer stay, and hang on it what looks like it and was not found by a stronger signal."""
    stronger = [name for name, rule in SIGNALS[:index] if rule.searchable_by(reader.actor)]
    told: set[UUID] = set()
    for one in sorted(members, key=lambda known: (not known.has_account, -known.filled, known.id)):
        if one.id in told:
            continue
        group = Group(one.id, cursor=_written(index, one.id))
        for other in members:
            if other.id == one.id or other.id in told or any(shared(one, other, stronger)):
                continue
            if (match := likely(one, other)) is not None:
                group.others.append(match)
        if group.others:
            group.others.sort(key=lambda match: (-match.score, match.customer_id))
            told |= {one.id, *(match.customer_id for match in group.others)}
            yield group


def _written(index: int, id: UUID) -> str:
    # The value itself may be one that the viewer reads masked.
    return base64.urlsafe_b64encode(orjson.dumps(["dup", index, id.hex])).decode().rstrip("=")


def _read(cursor: str | None) -> tuple[int, UUID | None]:
    if cursor is None:
        return 0, None
    try:
        kind, index, id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if kind != "dup" or index not in range(len(SIGNALS)):
            raise ValueError
        return index, UUID(hex=id)
    except (ValueError, TypeError, AttributeError, binascii.Error, UnicodeError):
        raise InvalidCursorError(path="after") from None
