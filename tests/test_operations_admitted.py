"""Admission of operations: one document at a time, until a date, with plain reads of what the partner could reveal."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

from sqlmodel import col, select

from models import operations as domain
from models.approval import SelfApprovalError, decide, kinds
from models.identity import operator_actor
from models.kernel.errors import (
    NotFoundError,
    PermissionDeniedError,
    ReasonRequiredError,
    StaleVersionError,
    TransitionNotAllowedError,
    ValueNotAllowedError,
)
from models.notice import Notice
from models.operations import DocumentStatus, OperationDocument, find_document
from models.rights import Preset, Right
from models.settings import set_policy
from tests.operating import (
    MINE,
    NAMES,
    NAMES_TOO,
    SUBMIT,
    a_client,
    admitted,
    decided,
    documents_of,
    entry_of,
    examiner,
    published,
    sha256,
    submitted,
)
from tests.people import Cast, Store, cast, open_person, store

__all__ = ["cast", "store"]

GRANT = "opportunity.customer:plain"


async def found(store: Store, client, text: str):
    async with store.reader() as session:
        return await find_document(session, client.id, sha256(text), store.clock())


async def notices(store: Store) -> list[tuple[str, str]]:
    async with store.reader() as session:
        rows = (await session.execute(select(Notice).order_by(col(Notice.id)))).scalars()
        return [(row.kind, str(row.receiver_id)) for row in rows if row.kind.startswith(("operations", "queue.oper"))]


async def test_ecosystem_operations_admit_and_the_tool_runs_it_until_the_admission_ends(store: Store, cast: Cast):
    wang, lin = await store.actor(cast.wang_main), await store.actor(cast.lin_operations)
    client = await a_client(store, wang)
    await published(store, wang, client, submitted(MINE, NAMES))
    document = (await documents_of(store, client))[NAMES]
    ends = store.clock() + dt.timedelta(days=30)
    await decided(store, lin, document, expires_at=ends, grants=[GRANT])
    known = await found(store, client, NAMES)
    assert (known.grants, known.until) == ({GRANT}, ends)
    assert await found(store, client, MINE) is None
    line = (await store.journal())[-1]
    assert (line.operation, line.from_status, line.to_status) == ("OperationDocument.admit", "WAITING", "ADMITTED")
    assert line.changes["grants"]["to"] == [GRANT]
    store.clock.now = ends
    assert await found(store, client, NAMES) is None


async def test_an_admission_lasts_a_year_where_no_end_is_given(store: Store, cast: Cast):
    wang, lin = await store.actor(cast.wang_main), await store.actor(cast.lin_operations)
    client = await a_client(store, wang)
    await admitted(store, wang, lin, client, MINE)
    assert (await found(store, client, MINE)).until == store.clock() + dt.timedelta(days=365)


async def test_a_rejection_needs_a_reason_which_the_tools_people_are_told(store: Store, cast: Cast):
    wang, lin = await store.actor(cast.wang_main), await store.actor(cast.lin_operations)
    client = await a_client(store, wang)
    await published(store, wang, client, submitted(MINE, NAMES))
    documents = await documents_of(store, client)
    entry = await entry_of(store, documents[NAMES])
    await store.refused(lin, ReasonRequiredError, lambda work: decide(work, entry.id, "reject"))
    await decided(store, lin, documents[NAMES], "reject", reason="请只读取需要的字段")
    assert (await documents_of(store, client))[NAMES].verdict_reason == "请只读取需要的字段"
    me, her = str(cast.wang_main.id), str(cast.lin_operations.id)
    assert await notices(store) == [("queue.operations", her), ("operations.refused", me)]
    await decided(store, lin, documents[MINE])
    assert (await notices(store))[2:] == [("operations.decided", me)]
    await store.do(wang, lambda work: domain.ask_again(work, documents[NAMES].id))
    assert (await documents_of(store, client))[NAMES].status is DocumentStatus.WAITING
    await decided(store, lin, documents[NAMES])
    assert await found(store, client, NAMES)


async def test_who_may_not_decide_is_refused(store: Store, cast: Cast):
    wang = await store.actor(cast.wang_main)
    client = await a_client(store, wang)
    await published(store, wang, client, submitted(MINE))
    document = (await documents_of(store, client))[MINE]
    entry = await entry_of(store, document)
    auditor = await store.actor(await open_person(store, "he.ping", "何平", Preset.AUD))
    for account in (cast.zhou_pdm, cast.sun_platform, cast.wang_main, cast.liu_main_of_yunfan):
        actor = await store.actor(account)
        await store.refused(actor, NotFoundError, lambda work: decide(work, entry.id, "admit"))
    await store.refused(auditor, NotFoundError, lambda work: decide(work, entry.id, "admit"))
    await store.refused(
        auditor, PermissionDeniedError, lambda work: domain.renew(work, document.id, expires_at=None, grants=None)
    )
    async with store.reader() as session:
        for account, seen in ((cast.wang_main, 1), (cast.lin_operations, 1), (cast.liu_main_of_yunfan, 0)):
            actor = await store.actor(account)
            rows = await session.execute(select(OperationDocument.id).where(OperationDocument.visible_to(actor)))
            assert len(rows.all()) == seen
    assert kinds()["operations.admission"].lifecycle is domain.DOCUMENTS


async def test_nobody_admits_what_he_published(store: Store, cast: Cast):
    """RV-01."""
    operator = operator_actor()
    wang = await store.actor(cast.wang_main)
    client = await a_client(store, wang)
    await published(store, operator, client, submitted(MINE))
    entry = await entry_of(store, (await documents_of(store, client))[MINE])
    await store.refused(operator, SelfApprovalError, lambda work: decide(work, entry.id, "admit"))


async def test_terms_beyond_what_may_be_given_are_refused(store: Store, cast: Cast):
    wang, lin = await store.actor(cast.wang_main), await store.actor(cast.lin_operations)
    client = await a_client(store, wang)
    await published(store, wang, client, submitted(NAMES, SUBMIT))
    documents = await documents_of(store, client)
    now = store.clock()
    day = dt.timedelta(days=1)
    cases: list[tuple[str, dict[str, Any], type[Exception]]] = [
        (NAMES, {"expires_at": now}, domain.AdmissionPeriodError),
        (NAMES, {"expires_at": now + 731 * day}, domain.AdmissionPeriodError),
        (NAMES, {"grants": ["opportunity.internal:plain"]}, domain.GrantNotAllowedError),
        (NAMES, {"grants": ["customer.name:plain"]}, domain.GrantNotAllowedError),
        (NAMES, {"grants": ["account:manage"]}, domain.GrantNotAllowedError),
        (SUBMIT, {"grants": [GRANT]}, domain.GrantNotAllowedError),
        (NAMES, {"duplicate_of_id": documents[NAMES].id}, ValueNotAllowedError),
        (NAMES, {"version": 7}, StaleVersionError),
    ]
    for text, terms, error in cases:
        entry = await entry_of(store, documents[text])
        await store.refused(lin, error, partial(decide, id=entry.id, verb="admit", **terms))


async def test_an_admission_is_renewed_without_a_break_and_revoked_at_once(store: Store, cast: Cast):
    wang, lin = await store.actor(cast.wang_main), await store.actor(cast.lin_operations)
    client = await a_client(store, wang)
    await admitted(store, wang, lin, client, NAMES)
    document = (await documents_of(store, client))[NAMES]
    await store.refused(wang, domain.StillInForceError, lambda work: domain.ask_again(work, document.id))
    store.clock.forward(days=300)
    ends = store.clock() + dt.timedelta(days=700)
    await store.do(lin, lambda work: domain.renew(work, document.id, expires_at=ends, grants=[GRANT]))
    assert (await found(store, client, NAMES)).until == ends
    assert (await found(store, client, NAMES)).grants == {GRANT}
    await store.refused(lin, ReasonRequiredError, lambda work: domain.revoke(work, document.id, reason=None))
    await store.refused(wang, PermissionDeniedError, lambda work: domain.revoke(work, document.id, reason="x"))
    await store.do(lin, lambda work: domain.revoke(work, document.id, reason="工具令牌泄露"))
    assert await found(store, client, NAMES) is None
    await store.refused(
        lin, TransitionNotAllowedError, lambda work: domain.renew(work, document.id, expires_at=ends, grants=[])
    )


async def test_what_has_run_out_is_asked_for_again_with_the_next_version(store: Store, cast: Cast):
    wang, lin = await store.actor(cast.wang_main), await store.actor(cast.lin_operations)
    client = await a_client(store, wang)
    await admitted(store, wang, lin, client, NAMES)
    store.clock.forward(days=366)
    await published(store, wang, client, submitted(NAMES), "2.0")
    document = (await documents_of(store, client))[NAMES]
    assert document.status is DocumentStatus.WAITING
    await decided(store, lin, document)
    assert await found(store, client, NAMES)


async def test_the_reviewer_sees_what_changed_since_the_last_admitted_of_the_name(store: Store, cast: Cast):
    wang, lin = await store.actor(cast.wang_main), await store.actor(cast.lin_operations)
    client = await a_client(store, wang)
    await admitted(store, wang, lin, client, NAMES)
    await published(store, wang, client, submitted(NAMES_TOO, MINE), "2.0")
    documents = await documents_of(store, client)
    async with store.reader() as session:
        change = await domain.change_of(session, documents[NAMES_TOO])
        assert await domain.change_of(session, documents[MINE]) is None
    assert change is not None
    assert change.before.text == NAMES
    assert change.fields_added == ("Opportunity.contactName", "Opportunity.stage")
    assert change.fields_removed == ("Opportunity.companyName",)
    assert [line[:1] for line in change.lines] == ["@", "-", "+"]


async def test_a_flood_of_documents_does_not_reach_the_queue(store: Store, cast: Cast):
    wang = await store.actor(cast.wang_main)
    client = await a_client(store, wang)
    lin = await store.actor(cast.lin_operations)
    await store.do(lin, lambda work: set_policy(work, "operations.most_waiting", 1))
    upload = await domain.draw_up(wang, submitted(MINE, NAMES), examiner(), format=domain.ManifestFormat.LIST)
    await store.refused(wang, domain.TooManyWaitingError, lambda work: domain.publish(work, client.id, upload))
    assert Right.OPERATIONS_ADMIT in lin.permissions
