"""Operations of tools: published whole or not at all, under ids that never change their text, retired by date."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
from functools import partial

import pytest

from models import operations as domain
from models.identity import close_client, operator_actor
from models.kernel.errors import DomainError, InvalidInputError, NotFoundError, PermissionDeniedError, StaleVersionError
from models.operations import DocumentStatus, ManifestFormat, ManifestStatus, Submitted, find_document
from tests.operating import (
    BROKEN,
    MINE,
    NAMES,
    SUBMIT,
    a_client,
    admitted,
    apollo,
    decided,
    documents_of,
    examiner,
    published,
    sha256,
    submitted,
)
from tests.people import Cast, Store, cast, store

__all__ = ["cast", "store"]


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def test_each_form_that_tools_write_is_read():
    apollos = domain.read_manifest(apollo(MINE, NAMES))
    relays = domain.read_manifest(json.dumps({sha256(MINE): MINE}))
    codegens = domain.read_manifest(json.dumps({sha1(MINE): MINE, sha1(NAMES): NAMES}))
    lists = domain.read_manifest(json.dumps([{"id": "mine", "text": MINE}]))
    assert apollos == (ManifestFormat.APOLLO, submitted(MINE, NAMES))
    assert relays == (ManifestFormat.RELAY, submitted(MINE))
    assert codegens == (ManifestFormat.CODEGEN, [Submitted(sha1(MINE), MINE), Submitted(sha1(NAMES), NAMES)])
    assert lists == (ManifestFormat.LIST, [Submitted("mine", MINE)])


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "7",
        '"text"',
        '{"a": 1}',
        '[{"id": "a"}]',
        '{"format": "other", "version": 1, "operations": []}',
        '{"format": "apollo-persisted-query-manifest", "version": 2, "operations": []}',
        '{"format": "apollo-persisted-query-manifest", "version": 1, "operations": {}}',
        "[" * 100_000,
    ],
)
def test_what_is_no_manifest_is_refused(text: str):
    with pytest.raises(domain.ManifestFormatError):
        domain.read_manifest(text)


def test_one_id_for_two_texts_in_a_file_is_refused():
    with pytest.raises(domain.IdTakenError):
        domain.read_manifest(f'{{"mine": {json.dumps(MINE)}, "mine": {json.dumps(NAMES)}}}')


async def refusal(store: Store, cast: Cast, documents: list[Submitted]) -> list[str]:
    """Draw up what is refused, and list the codes with their places."""
    wang = await store.actor(cast.wang_main)
    with pytest.raises(DomainError) as raised:
        await domain.draw_up(wang, documents, examiner(), format=ManifestFormat.LIST)
    return [f"{'.'.join(map(str, one.path))} {one.code}" for one in raised.value]


async def test_an_id_that_claims_to_be_a_hash_is_checked_and_any_other_is_kept(store: Store, cast: Cast):
    sound = [
        Submitted(sha256(MINE), MINE),
        Submitted(f"sha256:{sha256(NAMES)}", NAMES),
        Submitted(sha1(SUBMIT), SUBMIT),
        Submitted("x-mine:2", MINE),
        Submitted(hashlib.md5(MINE.encode(), usedforsecurity=False).hexdigest(), MINE),
    ]
    wang = await store.actor(cast.wang_main)
    upload = await domain.draw_up(wang, sound, examiner(), format=ManifestFormat.LIST)
    assert [one for one, _ in upload.documents] == sound
    forged = [
        Submitted(sha256(NAMES), MINE),
        Submitted(f"sha256:{'0' * 64}", MINE),
        Submitted(sha1(NAMES), MINE),
        Submitted("sha1:nothing", MINE),
        Submitted("has space", MINE),
        Submitted("", MINE),
        Submitted("名", MINE),
        Submitted("y" * 257, MINE),
        Submitted("twice", MINE),
        Submitted("twice", NAMES),
    ]
    assert await refusal(store, cast, forged) == [
        *(f"documents.{place}.id FORGED_ID" for place in range(4)),
        *(f"documents.{place}.id ID_NOT_ALLOWED" for place in range(4, 8)),
        "documents.9.id ID_TAKEN",
    ]


TWICE = """mutation Twice($input: OpportunityInput!) {
  a: opportunitySubmit(input: $input) { replayed } b: opportunitySubmit(input: $input) { replayed } }"""


async def test_everything_that_is_wrong_with_the_documents_is_told_at_once(store: Store, cast: Cast):
    wrong = submitted(BROKEN, "query {", f"{MINE} query Other {{ viewer {{ isTool }} }}", MINE, TWICE)
    wrong += [Submitted(sha256(MINE), NAMES), Submitted("long", f"{MINE}{' ' * 40_000}")]
    assert await refusal(store, cast, wrong) == [
        "documents.5.id FORGED_ID",
        "documents.5.id ID_TAKEN",
        "documents.6.text LENGTH",
        "documents.0 DOCUMENT_INVALID",
        "documents.1 DOCUMENT_INVALID",
        "documents.2 ONE_OPERATION",
        "documents.4 SEVERAL_CHANGES",
    ]
    assert await refusal(store, cast, []) == ["documents FIELD_REQUIRED"]
    assert await refusal(store, cast, submitted(**{f"id{n}": MINE for n in range(301)})) == [
        "documents TOO_MANY_DOCUMENTS"
    ]
    assert await refusal(store, cast, submitted(long=f"{MINE}{' ' * 40_000}")) == ["documents.0.text LENGTH"]


async def test_a_version_is_published_whole_and_its_documents_wait(store: Store, cast: Cast):
    wang = await store.actor(cast.wang_main)
    client = await a_client(store, wang)
    manifest = await published(store, wang, client, submitted(MINE, NAMES, mine=MINE))
    assert (manifest.label, manifest.size, manifest.status) == ("1.0", 3, ManifestStatus.PUBLISHED)
    found = await documents_of(store, client)
    assert set(found) == {MINE, NAMES}
    names = found[NAMES]
    assert (names.name, names.kind, names.status, names.depth) == ("Names", "QUERY", DocumentStatus.WAITING, 3)
    assert names.cost > 300
    assert names.analysis["ruled"] == [
        {
            "field": "Opportunity.companyName",
            "plain": "opportunity.customer:plain",
            "reveal": "opportunity.customer:reveal",
        }
    ]
    assert "Opportunity.name" in names.analysis["fields"]
    assert "opportunity:read_own_organisation" in names.analysis["permissions"]
    assert (await store.operations())[-3:] == ["operations.submit", "operations.submit", "operations.publish"]
    async with store.reader() as session:
        assert await find_document(session, client.id, "mine", store.clock()) is None


async def test_the_same_once_more_changes_nothing(store: Store, cast: Cast):
    wang = await store.actor(cast.wang_main)
    client = await a_client(store, wang)
    first = await published(store, wang, client, submitted(MINE, NAMES))
    before = await store.everything()
    again = await published(store, wang, client, submitted(NAMES, MINE))
    assert again.id == first.id
    assert await store.everything() == before


async def refused_upload(store: Store, actor, client, documents, error, label: str = "2.0"):
    upload = await domain.draw_up(actor, documents, examiner(), format=ManifestFormat.LIST, label=label)
    return await store.refused(actor, error, lambda work: domain.publish(work, client.id, upload))


async def test_what_was_published_never_changes(store: Store, cast: Cast):
    wang = await store.actor(cast.wang_main)
    client = await a_client(store, wang)
    await published(store, wang, client, submitted(mine=MINE))
    await refused_upload(store, wang, client, submitted(mine=NAMES), domain.IdTakenError)
    await refused_upload(store, wang, client, submitted(NAMES), domain.LabelTakenError, label="1.0")
    other = await a_client(store, wang, "华启 BI")
    await published(store, wang, other, submitted(mine=NAMES))


async def test_a_document_of_a_partners_tool_makes_one_change_at_most(store: Store, cast: Cast):
    wang = await store.actor(cast.wang_main)
    client = await a_client(store, wang)
    twice = SUBMIT.replace(
        "{ opportunitySubmit", "{ again: opportunitySubmit(input: $input) { replayed } opportunitySubmit"
    )
    by_fragment = (
        "mutation Two($input: OpportunityInput!) { ...One ... on Mutation { b: opportunitySubmit(input: $input) "
        "{ replayed } } } fragment One on Mutation { opportunitySubmit(input: $input) { replayed } }"
    )
    for text in (twice, by_fragment):
        assert await refusal(store, cast, submitted(MINE, text)) == ["documents.1 SEVERAL_CHANGES"]
        # Whoever draws it up for others is refused when it is published at the latest.
        upload = await domain.draw_up(
            operator_actor(), submitted(MINE, text), examiner(), format=ManifestFormat.LIST, label="2.0"
        )
        await store.refused(
            wang, domain.SeveralChangesError, partial(domain.publish, client_id=client.id, upload=upload)
        )
    await published(store, wang, client, submitted(SUBMIT))


async def test_only_a_tools_own_people_publish_for_it(store: Store, cast: Cast):
    wang, liu = await store.actor(cast.wang_main), await store.actor(cast.liu_main_of_yunfan)
    client = await a_client(store, wang)
    await refused_upload(store, liu, client, submitted(MINE), NotFoundError)
    for stranger in (cast.li_administrator, cast.lin_operations, cast.zhou_pdm):
        actor = await store.actor(stranger)
        with pytest.raises(PermissionDeniedError):
            await domain.draw_up(actor, submitted(MINE), examiner(), format=ManifestFormat.LIST)
    await store.do(wang, lambda work: close_client(work, client.id))
    await refused_upload(store, wang, client, submitted(MINE), NotFoundError)


async def test_a_version_retires_on_its_date_and_is_kept_until_then(store: Store, cast: Cast):
    wang, lin = await store.actor(cast.wang_main), await store.actor(cast.lin_operations)
    client = await a_client(store, wang)
    manifest = await admitted(store, wang, lin, client, MINE)
    later = store.clock() + dt.timedelta(days=7)

    async def runs() -> bool:
        async with store.reader() as session:
            return await find_document(session, client.id, sha256(MINE), store.clock()) is not None

    await store.do(wang, lambda work: domain.retire(work, manifest.id, at=later, version=1))
    assert await runs()
    await store.refused(wang, StaleVersionError, lambda work: domain.unretire(work, manifest.id, version=1))
    await store.do(wang, lambda work: domain.unretire(work, manifest.id))
    await store.do(wang, lambda work: domain.retire(work, manifest.id, at=later))
    past = store.clock() - dt.timedelta(seconds=1)
    await store.refused(wang, domain.RetireDateError, lambda work: domain.retire(work, manifest.id, at=past))
    store.clock.now = later
    assert not await runs()
    await store.refused(wang, domain.AlreadyRetiredError, lambda work: domain.unretire(work, manifest.id))
    liu = await store.actor(cast.liu_main_of_yunfan)
    await store.refused(liu, NotFoundError, lambda work: domain.retire(work, manifest.id))


async def test_versions_live_side_by_side_and_what_none_uses_is_withdrawn(store: Store, cast: Cast):
    wang, lin = await store.actor(cast.wang_main), await store.actor(cast.lin_operations)
    client = await a_client(store, wang)
    first = await published(store, wang, client, submitted(MINE, NAMES))
    second = await published(store, wang, client, submitted(NAMES, SUBMIT), "2.0")
    await store.do(wang, lambda work: domain.retire(work, first.id))
    found = await documents_of(store, client)
    assert {text: one.status for text, one in found.items()} == {
        MINE: DocumentStatus.WITHDRAWN,
        NAMES: DocumentStatus.WAITING,
        SUBMIT: DocumentStatus.WAITING,
    }
    await decided(store, lin, found[NAMES])
    await store.do(wang, lambda work: domain.retire(work, second.id))
    async with store.reader() as session:
        assert await find_document(session, client.id, sha256(NAMES), store.clock()) is None
    await published(store, wang, client, submitted(MINE, NAMES), "3.0")
    async with store.reader() as session:
        assert await find_document(session, client.id, sha256(NAMES), store.clock()) is not None
    assert (await documents_of(store, client))[MINE].status is DocumentStatus.WAITING


async def test_two_uploads_at_one_moment_leave_one_text_behind_an_id(store: Store, cast: Cast):
    wang = await store.actor(cast.wang_main)
    client = await a_client(store, wang)
    outcomes = await asyncio.gather(
        published(store, wang, client, submitted(MINE, mine=MINE), "1.0"),
        published(store, wang, client, submitted(MINE, mine=NAMES), "2.0"),
        published(store, wang, client, submitted(MINE, mine=MINE), "1.0"),
        return_exceptions=True,
    )
    refused = [one for one in outcomes if isinstance(one, BaseException)]
    assert refused
    assert all(isinstance(one, (domain.IdTakenError, InvalidInputError)) for one in refused)
    found = await documents_of(store, client)
    assert len([one for one in found if one == MINE]) == 1
    rows = await store.everything()
    keys = [row["key"] for row in rows["DocumentKey"]]
    assert sorted(keys) == sorted(set(keys))
