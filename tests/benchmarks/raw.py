"""The same answers by hand: bare Starlette routes, hand-written SQL and orjson on the same store.

The scope and the masks of a partner's main account are written into each route. The threading mode is the
application's: SQLite on threads of its own, connections held open.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

import aiosqlite
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from models.kernel.values import mask_account, mask_company, mask_mobile, new_id
from tests.benchmarks.data import account_id, partner_id

READERS = 8
REVIEWED = ("AUDITING", "RETURNED", "VALIDATING")
PROGRESSING = ("VALIDATED", "ACCEPTED", "WON")
STAGES = ("REQUIREMENT", "SOLUTION", "POC", "NEGOTIATION", "SIGNED", "DELIVERING", "DELIVERED", "LOST")
COLUMNS = """o.id, o.name, o.status, o.direction, o.company_name, o.contact_mobile, o.industry, o.province, o.stage,
    o.win_probability, o.expected_sign_date, o.created_at"""
CUSTOMER = "c.id, c.company_name, c.account_name, c.industry, c.province, c.city"

LIST = f"""
SELECT {COLUMNS}, {CUSTOMER}, a.id, a.name, a.title, p.id, p.name, p.level
FROM opportunity o
LEFT JOIN customer c ON c.id = o.customer_id AND c.partner_id = ?2
LEFT JOIN account a ON a.id = o.owner_id AND (a.side = 'HUAWEI' OR a.partner_id = ?2)
LEFT JOIN partner_organisation p ON p.id = o.partner_id AND p.id = ?2
WHERE o.partner_id = ?2 AND o.partner_id = ?1 AND o.status = 'VALIDATED'
ORDER BY o.created_at DESC, o.id DESC LIMIT ?3
"""
DETAIL = f"""
SELECT {COLUMNS}, o.need, o.version, o.expected_amount, o.currency, {CUSTOMER}
FROM opportunity o LEFT JOIN customer c ON c.id = o.customer_id AND c.partner_id = ?2
WHERE o.id = ?1 AND o.partner_id = ?2
"""
LINES = """
SELECT id, product, service, quantity, amount, currency FROM opportunity_line
WHERE opportunity_id = ? ORDER BY position, id LIMIT 20
"""
HISTORY = """
SELECT id, at, actor_name, operation, operation_zh, from_status, to_status FROM journal_line
WHERE subject_id = ? AND partner_id = ? AND NOT internal ORDER BY at DESC, id DESC LIMIT 10
"""
CUSTOMERS = """
SELECT id, company_name, account_name, industry, province FROM customer
WHERE partner_id = ? ORDER BY created_at DESC, id DESC LIMIT ?
"""
NESTED = """
SELECT customer_id, id, name, status, stage, win_probability, created_at FROM (
  SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY created_at DESC, id DESC) AS place
  FROM opportunity WHERE partner_id = ? AND customer_id IN (SELECT value FROM json_each(?))
) WHERE place <= 10 ORDER BY customer_id, place
"""
LIVELY = """
SELECT id, company_name, account_name, industry, province, city FROM customer
WHERE partner_id = ? ORDER BY created_at DESC, id DESC LIMIT ?
"""
CONSUMED = """
SELECT customer_id, id, view, amount_due, performance_amount, currency FROM (
  SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY bill_cycle DESC, id DESC) AS place
  FROM consumption_summary
  WHERE partner_id = ?1 AND customer_id IN (SELECT value FROM json_each(?2))
    AND bill_cycle = (SELECT month FROM consumption_window)
    AND bill_cycle >= (SELECT first_month FROM consumption_window)
) WHERE place <= 4 ORDER BY customer_id, place
"""
SUMMARY = """
SELECT status, currency, count(*), coalesce(sum(expected_amount), 0), coalesce(sum(signed_amount), 0)
FROM opportunity WHERE partner_id = ? AND partner_id = ? GROUP BY status, currency ORDER BY status, currency
"""
GROUPS = """
SELECT status, stage, currency, count(*), coalesce(sum(expected_amount), 0),
  sum(status IN ('VALIDATED', 'ACCEPTED', 'WON')
      AND coalesce(last_progress_at, accepted_at, validated_at) < ?)
FROM opportunity WHERE partner_id = ? GROUP BY status, stage, currency ORDER BY status, stage, currency
"""
OFFERS = "SELECT count(*) FROM ho_offer WHERE partner_id = ? AND status = 'PENDING'"
DUE = """
SELECT id, name, status, due_at FROM opportunity WHERE partner_id = ? AND due_verb IS NOT NULL
ORDER BY coalesce(due_at, '9999'), id LIMIT 5
"""
UNREAD = "SELECT count(*) FROM notice WHERE receiver_id = ? AND read_at IS NULL"
HELD = """
SELECT version, status, currency, partner_id, office_id, owner_id, bd_id, normalised_name, account_name, customer_id
FROM opportunity
WHERE id = ? AND partner_id = ?
"""
RIVALS = """
SELECT EXISTS (
  SELECT 1 FROM opportunity
  WHERE (normalised_name = ? OR account_name = ? OR customer_id = ?) AND id <> ? AND origin <> 'IMPORTED'
) OR EXISTS (SELECT 1 FROM duplicate_match WHERE opportunity_id = ? OR other_id = ?)
"""
WON = """
UPDATE opportunity SET status = 'WON', stage = 'SIGNED', win_probability = 100, signed_amount = ?, signed_on = ?,
  contract_number = ?, consuming_account = ?, last_progress_at = ?, updated_at = ?, entered_at = ?, due_at = NULL,
  due_verb = NULL, version = version + 1
WHERE id = ? AND version = ?
"""
NOTED = """
INSERT INTO journal_line (id, at, actor_id, actor_name, actor_side, operation, operation_zh, operation_en,
  resource_type, event, subject_kind, subject_id, partner_id, office_id, owner_id, bd_id, internal,
  from_status, to_status, changes)
VALUES (?, ?, ?, '王芳1', 'PARTNER', 'Opportunity.PO.win', '签单', 'Mark won', 'opportunity', 'reportProgress',
  'Opportunity', ?, ?, ?, ?, ?, 0, 'VALIDATED', 'WON', ?)
"""
RECEIVERS = """
SELECT id, email FROM account WHERE (id = ? OR (partner_id = ? AND is_main)) AND id <> ? AND active ORDER BY id
"""
TOLD = """
INSERT INTO notice (id, receiver_id, kind, subject_kind, subject_id, event, status, occurred_at)
VALUES (?, ?, 'opportunity.closed', 'Opportunity', ?, ?, 'WON', ?) ON CONFLICT DO NOTHING
"""
AFTER = """
SELECT id, version, status, stage, updated_at, signed_on, contract_number, signed_amount, currency FROM opportunity
WHERE id = ? AND partner_id = ?
"""

MASKED = "MASKED"
OPPORTUNITY_NAMES = (
    *("id", "name", "status", "direction", "companyName", "contactMobile", "industry", "province", "stage"),
    *("winProbability", "expectedSignDate", "createdAt"),
)
CUSTOMER_NAMES = ("id", "companyName", "accountName", "industry", "province", "city")


class Store:
    """Held connections: a few that read, one that writes."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.idle: list[aiosqlite.Connection] = []
        self.turn = asyncio.Semaphore(READERS)
        self.writer: aiosqlite.Connection | None = None
        self.writing = asyncio.Lock()

    async def open(self, *, writes: bool = False) -> aiosqlite.Connection:
        """Open a connection as the application opens its own."""
        connection = await aiosqlite.connect(self.path, isolation_level=None)
        for pragma in ("busy_timeout=5000", "synchronous=FULL", "foreign_keys=ON", f"query_only={int(not writes)}"):
            await connection.execute(f"PRAGMA {pragma}")
        return connection

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        """Run one statement on an idle connection."""
        async with self.turn:
            connection = self.idle.pop() if self.idle else await self.open()
            try:
                return list(await connection.execute_fetchall(sql, values))
            finally:
                self.idle.append(connection)


def raw_app(path: str) -> Starlette:
    """Give the routes."""
    app = Starlette(
        routes=[
            Route("/raw/Q1", q1, methods=["POST"]),
            Route("/raw/Q2", q2, methods=["POST"]),
            Route("/raw/Q3", q3, methods=["POST"]),
            Route("/raw/Consumption", consumption, methods=["POST"]),
            Route("/raw/Q4", q4, methods=["POST"]),
            Route("/raw/Q5", q5, methods=["POST"]),
            Route("/raw/Home", home, methods=["POST"]),
        ]
    )
    app.state.store = Store(path)
    return app


def _answer(data: Any, *redacted: str) -> Response:
    body: dict[str, Any] = {"data": data}
    if redacted:
        body["extensions"] = {"redacted": [{"field": one, "outcome": MASKED, "revealable": True} for one in redacted]}
    return Response(orjson.dumps(body), media_type="application/json")


def _opportunity(row: Any) -> dict[str, Any]:
    found = dict(zip(OPPORTUNITY_NAMES, row, strict=False))
    found["id"] = "opp_" + row[0]
    found["companyName"] = row[4] and mask_company(row[4])
    found["contactMobile"] = row[5] and mask_mobile(row[5])
    return found


def _customer(row: Any) -> dict[str, Any] | None:
    if row[0] is None:
        return None
    found = dict(zip(CUSTOMER_NAMES, row, strict=False))
    found["id"] = "cus_" + row[0]
    found["companyName"] = row[1] and mask_company(row[1])
    found["accountName"] = row[2] and mask_account(row[2])
    return found


def _money(minor: int | None, currency: str) -> dict[str, Any] | None:
    return None if minor is None else {"amount": str(Decimal(minor).scaleb(-2)), "currency": currency}


async def q1(request: Request) -> Response:
    """List."""
    asked = orjson.loads(await request.body())["variables"]
    first, own = asked["first"], partner_id(0)
    rows = await request.app.state.store.fetch(LIST, asked["partner"][4:], own, first + 1)
    nodes = []
    for row in rows[:first]:
        node = _opportunity(row)
        node["customer"] = _customer(row[12:18])
        node["owner"] = {"id": "acc_" + row[18], "name": row[19], "title": row[20]} if row[18] else None
        node["partner"] = {"id": "ptn_" + row[21], "name": row[22], "level": row[23]} if row[21] else None
        nodes.append(node)
    last = rows[:first][-1]
    cursor = base64.urlsafe_b64encode(orjson.dumps(["opp:-created_at", last[11], last[0]])).decode().rstrip("=")
    info = {"hasNextPage": len(rows) > first, "endCursor": cursor}
    return _answer(
        {"opportunities": {"nodes": nodes, "pageInfo": info}},
        *("Customer.accountName", "Customer.companyName", "Opportunity.companyName", "Opportunity.contactMobile"),
    )


async def q2(request: Request) -> Response:
    """Detail."""
    id = orjson.loads(await request.body())["variables"]["id"][4:]
    store, own = request.app.state.store, partner_id(0)
    row = (await store.fetch(DETAIL, id, own))[0]
    lines = await store.fetch(LINES, id)
    history = await store.fetch(HISTORY, id, own)
    node = _opportunity(row)
    node |= {"need": row[12], "version": row[13], "expectedAmount": _money(row[14], row[15])}
    node["customer"] = _customer(row[16:22])
    node["lines"] = {
        "nodes": [
            {
                "id": "opl_" + line[0],
                "product": line[1],
                "service": line[2],
                "quantity": line[3],
                "amount": _money(line[4], line[5]),
            }
            for line in lines
        ]
    }
    node["history"] = {
        "nodes": [
            {
                "id": "jrn_" + line[0],
                "at": line[1],
                "actorName": line[2],
                "operation": line[3],
                "operationZh": line[4],
                "fromStatus": line[5],
                "toStatus": line[6],
            }
            for line in history
        ]
    }
    return _answer(
        {"opportunity": node},
        *("Customer.accountName", "Customer.companyName", "Opportunity.companyName", "Opportunity.contactMobile"),
    )


async def q3(request: Request) -> Response:
    """Nested list."""
    first = orjson.loads(await request.body())["variables"]["first"]
    store, own = request.app.state.store, partner_id(0)
    customers = await store.fetch(CUSTOMERS, own, first)
    ids = orjson.dumps([row[0] for row in customers]).decode()
    grouped: dict[str, list[Any]] = defaultdict(list)
    for row in await store.fetch(NESTED, own, ids):
        grouped[row[0]].append(
            {
                "id": "opp_" + row[1],
                "name": row[2],
                "status": row[3],
                "stage": row[4],
                "winProbability": row[5],
                "createdAt": row[6],
            }
        )
    nodes = [
        {
            "id": "cus_" + row[0],
            "companyName": mask_company(row[1]),
            "accountName": mask_account(row[2]),
            "industry": row[3],
            "province": row[4],
            "opportunities": {"nodes": grouped[row[0]]},
        }
        for row in customers
    ]
    return _answer({"customers": {"nodes": nodes}}, "Customer.accountName", "Customer.companyName")


async def consumption(request: Request) -> Response:
    """Customers with what they consumed this month."""
    first = orjson.loads(await request.body())["variables"]["first"]
    store, own = request.app.state.store, partner_id(0)
    customers = await store.fetch(LIVELY, own, first)
    ids = orjson.dumps([row[0] for row in customers]).decode()
    grouped: dict[str, list[Any]] = defaultdict(list)
    for row in await store.fetch(CONSUMED, own, ids):
        grouped[row[0]].append(
            {
                "id": "csm_" + row[1],
                "view": row[2],
                "amountDue": _money(row[3], row[5]),
                "performanceAmount": _money(row[4], row[5]),
            }
        )
    nodes = [{**(_customer(row) or {}), "consumption": {"nodes": grouped[row[0]]}} for row in customers]
    return _answer({"customers": {"nodes": nodes}}, "Customer.accountName", "Customer.companyName")


async def q4(request: Request) -> Response:
    """Win: the same statements with the same guarantees."""
    asked = orjson.loads(await request.body())["variables"]["input"]
    store, own, id = request.app.state.store, partner_id(1), asked["id"][4:]
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    amount = int(Decimal(asked["amount"]["amount"]).scaleb(2))
    async with store.writing:
        if store.writer is None:
            store.writer = await store.open(writes=True)
        writer = store.writer
        await writer.execute_fetchall("BEGIN IMMEDIATE")
        (row,) = await writer.execute_fetchall(HELD, (id, own))
        if row[0] != asked["version"] or row[1] != "VALIDATED" or row[2] != asked["amount"]["currency"]:
            await writer.execute_fetchall("ROLLBACK")
            return Response(orjson.dumps({"errors": [{"message": "stale"}]}), media_type="application/json")
        changes = {
            name: {"from": None, "to": to} for name, to in (("signed_on", asked["signedOn"]), ("stage", "SIGNED"))
        }
        await writer.execute_fetchall(
            WON,
            (
                *(amount, asked["signedOn"], asked["contractNumber"], asked["consumingAccount"], now, now, now),
                *(id, asked["version"]),
            ),
        )
        await writer.execute_fetchall(
            NOTED, (new_id().hex, now, account_id(1), id, *row[3:7], orjson.dumps(changes).decode())
        )
        # The application looks for duplicates of the same company or account once more; these have none.
        await writer.execute_fetchall(RIVALS, (*row[7:10], id, id, id))
        # It tells the partner's main account and the BD, but nobody of his own deed; these accounts have no address.
        for receiver, _ in await writer.execute_fetchall(RECEIVERS, (row[6], own, account_id(1))):
            event = f"v{asked['version'] + 1}"
            await writer.execute_fetchall(TOLD, (new_id().hex, receiver, id, event, now))
        await writer.execute_fetchall("COMMIT")
    after = (await store.fetch(AFTER, id, own))[0]
    names = ("id", "version", "status", "stage", "updatedAt", "signedOn", "contractNumber")
    node = {
        **dict(zip(names, after, strict=False)),
        "id": "opp_" + after[0],
        "signedAmount": _money(after[7], after[8]),
    }
    return _answer({"opportunityWin": {"replayed": False, "opportunity": node}})


async def q5(request: Request) -> Response:
    """Summary."""
    partner = orjson.loads(await request.body())["variables"]["partner"][4:]
    rows = await request.app.state.store.fetch(SUMMARY, partner, partner_id(0))
    grouped: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[row[0]].append(row)
    found = [
        {
            "key": status,
            "count": sum(row[2] for row in of_status),
            "expected": [_money(row[3], row[1]) for row in of_status if row[3]],
            "signed": [_money(row[4], row[1]) for row in of_status if row[4]],
        }
        for status, of_status in grouped.items()
    ]
    return _answer({"opportunitySummary": {"count": sum(row[2] for row in rows), "byStatus": found}})


async def home(request: Request) -> Response:
    """A portal's home page."""
    store: Store = request.app.state.store
    since = (dt.datetime.now(dt.UTC) - dt.timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    rows = await store.fetch(GROUPS, since, partner_id(0))
    counts: Counter[str | None] = Counter()
    amounts: dict[str | None, Counter[str]] = defaultdict(Counter)
    by_status: Counter[str] = Counter()
    for status, stage, currency, count, amount, _ in rows:
        by_status[status] += count
        if status in REVIEWED or status in PROGRESSING:
            key = stage if status in PROGRESSING else None
            counts[key] += count
            amounts[key][currency] += amount
    pipeline = [
        {
            "stage": stage,
            "count": counts[stage],
            "amounts": [_money(minor, currency) for currency, minor in sorted(amounts[stage].items()) if minor],
        }
        for stage in (None, *STAGES)
        if stage in counts
    ]
    offers = (await store.fetch(OFFERS, partner_id(0)))[0][0]
    waiting = {
        "drafts": by_status["DRAFT"],
        "returned": by_status["RETURNED"],
        "offers": offers,
        "stale": sum(row[5] or 0 for row in rows),
    }
    due = await store.fetch(DUE, partner_id(0))
    return _answer(
        {
            "home": {
                "pipeline": pipeline,
                "waiting": waiting,
                "dueNext": [{"id": f"opp_{row[0]}", "name": row[1], "status": row[2], "dueAt": row[3]} for row in due],
                "unreadNotices": (await store.fetch(UNREAD, account_id(0)))[0][0],
            }
        }
    )
