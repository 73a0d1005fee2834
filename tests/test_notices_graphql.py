"""Notices by GraphQL: one's own inbox, in words, and what one wants by mail."""

from __future__ import annotations

from sqlalchemy import event

from api.database import Database
from models.identity import operator_actor
from models.kernel.work import Work
from models.partner import PartnerOrganisation
from tests.pipeline import FORM
from tests.portal import Portal, portal

__all__ = ["portal"]

INBOX = """query($first: Int, $after: String, $filter: NoticeFilter) {
  unreadNoticeCount
  notices(first: $first, after: $after, filter: $filter) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { id kind severity title sentence path occurredAt readAt subjectId } } }"""
READ = "mutation($i: NoticeMarkReadInput!) { noticeMarkRead(input: $i) { unreadNoticeCount } }"
CHOICES = "{ notificationPreferences { kind titleZh titleEn severity byMail } }"
CHOOSE = """mutation($i: NotificationPreferenceSetInput!) {
  notificationPreferenceSet(input: $i) { preferences { kind byMail } } }"""


async def told(portal: Portal, count: int = 1) -> None:
    for number in range(1, count + 1):
        await portal.pipeline.submitted(name=f"机会点 {number}", company_name=f"苏州第{number}机械有限公司")


async def test_an_inbox_is_ones_own_in_ones_own_language_and_masks(portal: Portal):
    await told(portal, 2)
    zhou = portal.pipeline.cast.zhou_pdm
    found = await portal.get(zhou, INBOX, first=10)
    assert found["unreadNoticeCount"] == found["notices"]["totalCount"] == 2
    newest = found["notices"]["nodes"][0]
    assert (newest["kind"], newest["severity"], newest["title"]) == ("queue.audit", "ACTION", "机会点待审核")
    assert "机会点 2" in newest["sentence"]
    assert "苏州****公司" in newest["sentence"]
    assert newest["path"] == f"/opportunities/{newest['subjectId']}"
    assert newest["readAt"] is None
    for other in (portal.pipeline.cast.wang_main, portal.pipeline.accounts["psm"]):
        assert (await portal.get(other, INBOX))["notices"]["nodes"] == []


async def test_a_page_of_notices_is_put_into_words_by_one_statement(portal: Portal, database: Database):
    await told(portal, 5)
    zhou = portal.pipeline.cast.zhou_pdm
    await portal.get(zhou, INBOX, first=1)
    counts = []
    for first in (2, 5):
        statements: list[str] = []

        def count(_c: object, _cur: object, statement: str, *_: object, into: list[str] = statements) -> None:
            into.append(statement)

        event.listen(database.reader_engine.sync_engine, "before_cursor_execute", count)
        await portal.get(zhou, INBOX, first=first)
        event.remove(database.reader_engine.sync_engine, "before_cursor_execute", count)
        counts.append(len(statements))
    assert counts[0] == counts[1]


async def test_pages_filters_and_single_notices(portal: Portal):
    await told(portal, 3)
    zhou = portal.pipeline.cast.zhou_pdm
    first = (await portal.get(zhou, INBOX, first=2))["notices"]
    rest = (await portal.get(zhou, INBOX, first=2, after=first["pageInfo"]["endCursor"]))["notices"]
    assert [len(first["nodes"]), len(rest["nodes"]), rest["pageInfo"]["hasNextPage"]] == [2, 1, False]
    id = rest["nodes"][0]["id"]
    await portal.get(zhou, READ, i={"ids": [id]})
    unread = (await portal.get(zhou, INBOX, filter={"unread": True}))["notices"]["nodes"]
    assert len(unread) == 2
    (read,) = (await portal.get(zhou, INBOX, filter={"unread": False}))["notices"]["nodes"]
    assert (read["id"], read["readAt"] is not None) == (id, True)
    assert (await portal.get(zhou, INBOX, filter={"kind": ["opportunity.stale"]}))["notices"]["nodes"] == []
    single = "query($id: ID!) { node(id: $id) { ... on Notice { title sentence path } } }"
    assert (await portal.get(zhou, single, id=id))["node"]["title"] == "机会点待审核"
    assert (await portal.get(portal.pipeline.cast.wang_main, single, id=id))["node"] is None


async def test_reading_is_for_ones_own_notices(portal: Portal):
    await told(portal, 2)
    zhou, psm = portal.pipeline.cast.zhou_pdm, portal.pipeline.accounts["psm"]
    nodes = (await portal.get(zhou, INBOX))["notices"]["nodes"]
    refusal = await portal.refusal(psm, READ, i={"ids": [nodes[0]["id"]]})
    assert refusal["code"] == "NOT_FOUND"
    assert (await portal.refusal(zhou, READ, i={"ids": ["opp_1"]}))["code"] == "INVALID_ID"
    assert (await portal.get(zhou, READ, i={"ids": [nodes[0]["id"]]}))["noticeMarkRead"]["unreadNoticeCount"] == 1
    assert (await portal.get(zhou, READ, i={}))["noticeMarkRead"]["unreadNoticeCount"] == 0
    assert (await portal.get(zhou, "{ unreadNoticeCount }"))["unreadNoticeCount"] == 0


async def test_whoever_lost_sight_of_the_record_gets_a_neutral_sentence(portal: Portal):
    await told(portal)

    async def another_pdm(work: Work) -> None:
        (await work.session.get_one(PartnerOrganisation, portal.pipeline.cast.huaqi.id)).pdm_id = None

    await portal.pipeline.do(operator_actor(), another_pdm)
    (one,) = (await portal.get(portal.pipeline.cast.zhou_pdm, INBOX))["notices"]["nodes"]
    assert (one["title"], one["path"]) == ("通知", None)
    assert "机会点 1" not in one["sentence"]


async def test_preferences_are_listed_and_set(portal: Portal):
    zhou = portal.pipeline.cast.zhou_pdm
    listed = (await portal.get(zhou, CHOICES))["notificationPreferences"]
    assert {"queue.audit", "queue.digest"} <= {one["kind"] for one in listed}
    assert all(one["titleZh"] and one["titleEn"] and one["byMail"] for one in listed)
    answer = await portal.get(zhou, CHOOSE, i={"kind": "queue.audit", "byMail": False})
    chosen = {one["kind"]: one["byMail"] for one in answer["notificationPreferenceSet"]["preferences"]}
    assert chosen["queue.audit"] is False
    main = portal.pipeline.cast.wang_main
    refusal = await portal.refusal(main, CHOOSE, i={"kind": "queue.audit", "byMail": False})
    assert refusal["code"] == "VALUE_NOT_ALLOWED"


async def test_a_stranger_is_told_nothing(portal: Portal):
    for query in ("{ unreadNoticeCount }", "{ notices { totalCount } }", CHOICES):
        answer = await portal.ask(None, query)
        assert "errors" in answer
        assert FORM["name"] not in str(answer)
