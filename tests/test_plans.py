"""Compiled plans answer the very bytes of the executor, with its short cuts and without: data, refusals, masks."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from graphql import DocumentNode, ExecutionResult, parse, validate
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from structlog.testing import capture_logs

from api.database import Database
from api.graphql.documents import Documents, Operation
from api.graphql.executor import LeafExecutor
from api.graphql.limits import Limits
from api.graphql.plans import Fallback, Plans
from api.graphql.plans.plan import Plan
from api.metrics import REGISTRY
from api.schema import build_schema
from models.approval import Approval, claim
from models.customer import Customer
from models.identity import Account
from models.kernel.access import Actor
from models.opportunity import Opportunity
from resolvers.context import Context
from resolvers.fields import definition, node_types, sources_of
from resolvers.refusals import shown
from tests.databases import Databases, open_database
from tests.field_matrix import ROLES, hang
from tests.generated import Asked, Real, asked
from tests.people import Store
from tests.pipeline import open_pipeline
from tests.test_gears import Author

SCHEMA = build_schema()
CORE = SCHEMA._schema
QUICKLY, SLOWLY = 40, 1_000
LIMITS = Limits(depth=100, tokens=100_000, aliases=10_000, directives=10_000, repeats=100_000)


@dataclass
class Scene:
    """A database with every kind of row, its plans, and everybody who asks."""

    store: Any
    clock: Any
    database: Database
    plans: Plans
    documents: Documents
    everybody: dict[str, Actor]
    real: Real

    async def context(self, who: str) -> Context:
        """Open what a request of somebody works with."""
        return Context(store=self.store, viewer=self.everybody[who], clock=self.clock)

    def operation(self, text: str, document: DocumentNode | None = None) -> Operation:
        """Prepare a document as the endpoint does, but without its limits."""
        return self.documents.prepare(text).operation(None)

    async def planned(self, who: str, text: str, variables: dict[str, Any] | None = None) -> bytes | Fallback:
        """Run a document by its plan."""
        context = await self.context(who)
        return await self.plans.attempt(self.operation(text), variables, context, admitted=True)

    async def executed(
        self, executor: Any, who: str, document: DocumentNode, variables: dict[str, Any] | None = None
    ) -> tuple[bytes, list[Any]]:
        """Run a document by an executor: the bytes of its payload, and its errors with their places."""
        context = await self.context(who)
        built = executor.build(
            CORE,
            document,
            context_value=context,
            raw_variable_values=variables,
            is_awaitable=optimized_is_awaitable,
        )
        if isinstance(built, list):
            return b"", [(problem.message, problem.path) for problem in built]
        running = built.execute_operation(True)
        result = running if isinstance(running, ExecutionResult) else await running
        errors = []
        for problem in result.errors or ():
            told = shown(problem.original_error) if problem.original_error else None
            errors.append((told["code"] if told else problem.message, problem.path))
        await context.close()
        payload: dict[str, Any] = {"data": result.data}
        if extensions := context.extensions():
            payload["extensions"] = extensions
        return orjson.dumps(payload), errors

    async def agree(self, who: str, one: Asked) -> str:
        """See that all gears answer alike, and say how the plan fared."""
        document = one.document
        plain = await self.executed(StrawberryGraphQLCoreExecutionContext, who, document, one.variables)
        short = await self.executed(LeafExecutor, who, document, one.variables)
        assert short == plain, (who, one.text, one.variables)
        found = await self.planned(who, one.text, one.variables)
        if isinstance(found, Fallback):
            # Where nothing went wrong, nothing may have been refused or irregular; and nothing may break.
            wrong = found in (Fallback.REFUSED, Fallback.IRREGULAR)
            assert plain[1] or not wrong, (who, one.text, one.variables)
            assert found is not Fallback.FAULT, (who, one.text, one.variables)
            return found.value
        assert not plain[1], (who, one.text, one.variables, plain[1])
        assert found == plain[0], (who, one.text, one.variables)
        return "planned" if b'":"' in found or b'":[{' in found else "planned, nothing found"


@pytest_asyncio.fixture(scope="module")
async def scene(databases: Databases) -> AsyncIterator[Scene]:
    """One scene for all documents, since they only read."""
    url = await databases.copy()
    opened = open_database(url)
    pipeline = await open_pipeline(Store(opened.writer, opened.reader))
    gallery = await hang(pipeline)
    draft = await pipeline.draft(name="草稿")
    waiting = await pipeline.submitted(name="待审核的机会点", company_name="无锡惠山材料有限公司")
    shared, offer = await pipeline.share(await pipeline.created(), pipeline.cast.huaqi)
    store = pipeline.store
    async with store.reader() as session:
        entry = (await session.execute(Approval.__table__.select().where(Approval.subject_id == waiting.id))).first()  # type: ignore[attr-defined]
    await store.do(pipeline.pdm, lambda work: claim(work, entry.id))
    accounts: dict[str, Account] = {**gallery.people, "LIU": pipeline.cast.liu_main_of_yunfan}
    everybody = {name: await store.actor(account) for name, account in accounts.items()}
    opportunities = [one.public_id for one in (gallery.opportunity, draft, waiting, shared)]
    customers = [gallery.customer.public_id, pipeline.customer.public_id]
    partners = [pipeline.cast.huaqi.public_id, pipeline.cast.yunfan.public_id]
    people = [account.public_id for account in accounts.values()]
    entries = [f"apr_{entry.id.hex}"]
    ids = {
        "opportunity": opportunities,
        "customer": customers,
        "partner": partners,
        "owner": people,
        "responsible": people,
        "accountManager": people,
        "approval": entries,
        "hoOffer": [offer.public_id],
        "node": [*opportunities, *customers, *partners, *people[:4], *entries, "opp_" + "0" * 32, "zzz_" + "0" * 32],
    }
    real = Real(ids, {})
    made = Scene(store, store.clock, opened, Plans(SCHEMA, opened.held), Documents(SCHEMA, LIMITS), everybody, real)
    await _take_cursors(made)
    yield made
    await opened.dispose()
    await databases.drop(url)


async def _take_cursors(scene: Scene) -> None:
    for root in ("opportunities", "customers", "partners", "journal", "approvals", "members", "roles"):
        text = f"{{ {root}(first: 3) {{ edges {{ cursor }} }} }}"
        answered, _ = await scene.executed(LeafExecutor, "ECO", parse(text))
        edges = orjson.loads(answered)["data"][root]["edges"]
        scene.real.cursors[root] = [edge["cursor"] for edge in edges] or ["none"]


def _everybody() -> list[str]:
    return [*ROLES, "LIU"]


async def _agreed(scene: Scene, who: str, count: int) -> Counter[str]:
    met: Counter[str] = Counter()
    for one in asked(count, scene.real, seed=_everybody().index(who)):
        met[await scene.agree(who, one)] += 1
    return met


@pytest.mark.parametrize("who", _everybody())
async def test_generated_queries_are_answered_alike_by_all_gears(scene: Scene, who: str):
    met = await _agreed(scene, who, QUICKLY)
    assert met.total() >= QUICKLY * 0.9
    assert met["planned"] + met["planned, nothing found"] >= QUICKLY // 4, met


@pytest.mark.slow
async def test_a_thousand_generated_queries_are_answered_alike_by_all_gears_to_each_person(
    scene: Scene, capsys: pytest.CaptureFixture[str]
):
    # Drawing them takes longest, so everybody asks the same ones; on PostgreSQL a tenth says what differs there.
    drawn = list(asked(SLOWLY if scene.database.url.startswith("sqlite") else SLOWLY // 10, scene.real, seed=1_000))
    met: Counter[str] = Counter()
    for one in drawn:
        for who in _everybody():
            met[await scene.agree(who, one)] += 1
    with capsys.disabled():
        print(f"\n{met.total():,} answers to {len(drawn):,} queries: {dict(met.most_common())}")
    # What is generated asks for every root field and for what nobody may; a few fields have resolvers of their own.
    # Most nouns have no rows in this scene; test_plans_of_every_noun compares answers that are full of them.
    assert met["planned"] > met.total() // 30
    assert met["planned"] + met["planned, nothing found"] > met.total() * 2 // 5
    assert met["resolver"] < met.total() // 4


@pytest.mark.parametrize("who", _everybody())
async def test_documents_with_aliases_fragments_and_conditions_are_answered_alike(scene: Scene, who: str):
    ids = [one for listed in scene.real.ids.values() for one in listed]
    met: Counter[str] = Counter()
    for seed in range(QUICKLY):
        text = Author(seed * 131 + _everybody().index(who), ids).document()
        document = parse(text)
        if not validate(CORE, document):
            met[await scene.agree(who, Asked(text, document))] += 1
    assert met["planned"] >= 2, met


def _everything(model: Any, depth: int = 2) -> str:
    """Write every declared field of a type, ruled ones and field access included."""
    cls = node_types()[model]
    names = []
    for name in sources_of(cls):
        found = CORE.get_type(definition(cls).name).fields[name]  # type: ignore[union-attr]
        if not found.args and not hasattr(_bare(found.type), "fields"):
            names.append(name)
    return f"__typename {' '.join(names)} fieldAccess {{ field outcome revealable writable }}"


def _bare(found: Any) -> Any:
    while hasattr(found, "of_type"):
        found = found.of_type
    return found


@pytest.mark.parametrize("who", _everybody())
async def test_every_ruled_field_is_answered_alike_to_everybody(scene: Scene, who: str):
    opportunity, customer = _everything(Opportunity), _everything(Customer)
    made = "expectedAmount { amount currency } sla { dueAt } concerns isStale owner { name } customer { companyName }"
    for text in (
        f"{{ opportunities {{ nodes {{ {opportunity} {made} }} totalCount }} }}",
        f"{{ customers {{ totalCount edges {{ cursor node {{ {customer} contacts {{ nodes {{ name }} }} }} }} }} }}",
        f"query($id: ID!) {{ opportunity(id: $id) {{ {opportunity} }} }}",
    ):
        for id in scene.real.ids["opportunity"]:
            variables = {"id": id} if "$id" in text else {}
            assert (await scene.agree(who, Asked(text, parse(text), variables))).startswith("planned"), text


_CASES = Path(__file__).with_name("directed_queries.graphql").read_text("utf-8").split("# ")[1:]
DIRECTED = {name: text for name, _, text in (case.partition("\n") for case in _CASES)}


@pytest.mark.parametrize("case", DIRECTED)
async def test_a_case_is_answered_alike(scene: Scene, case: str):
    document = parse(DIRECTED[case])
    if validate(CORE, document):
        pytest.fail(str(validate(CORE, document)))
    for who in _everybody():
        await scene.agree(who, Asked(DIRECTED[case], document))


async def test_every_page_of_a_list_is_answered_alike_to_its_end(scene: Scene):
    text = """query($first: Int, $after: String, $last: Int, $before: String) {
        opportunities(first: $first, after: $after, last: $last, before: $before, sort: [{by: UPDATED_AT}]) {
            edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    for way, edge, more in (("first", "after", "endCursor"), ("last", "before", "startCursor")):
        cursor: str | None = None
        for _ in range(6):
            variables = {way: 2, edge: cursor}
            assert (await scene.agree("ECO", Asked(text, parse(text), variables))).startswith("planned")
            found = await scene.planned("ECO", text, variables)
            assert isinstance(found, bytes)
            cursor = orjson.loads(found)["data"]["opportunities"]["pageInfo"][more]
            if cursor is None:
                break
        assert cursor is None


async def test_what_breaks_in_a_plan_is_told_once_and_left_to_the_executor(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    async def fails(*_: Any) -> bytes:
        raise OSError("the line is dead")

    def refuses(*_: Any) -> Plan:
        raise KeyError("nothing of that name")

    def counted(reason: Fallback) -> float:
        return REGISTRY.get_sample_value("partner_center_graphql_executed_total", {"reason": reason.value}) or 0

    text, other = "{ opportunities { nodes { name } } }", "{ opportunities { nodes { name number: id } } }"
    assert isinstance(await scene.planned("MAIN", text), bytes)
    before = counted(Fallback.FAULT), counted(Fallback.IRREGULAR), counted(Fallback.REFUSED)
    with monkeypatch.context() as patched, capture_logs() as lines:
        patched.setattr(Plan, "run", fails)
        for _ in range(3):
            viewer = (await scene.context("MAIN")).viewer
            assert await scene.plans.answer(scene.operation(text), None, viewer, admitted=True) is None
        # A plan that cannot even be made is not tried again.
        patched.setattr("api.graphql.plans.compiled", refuses)
        for _ in range(2):
            assert await scene.planned("MAIN", other) is Fallback.FAULT
    after = counted(Fallback.FAULT), counted(Fallback.IRREGULAR), counted(Fallback.REFUSED)
    assert after == (before[0] + 3, before[1], before[2])
    told = [(line["event"], line["log_level"], line["document"]) for line in lines]
    keys = [scene.operation(one).document_key.hex() for one in (text, other)]
    assert told == [("plan_failed", "error", key) for key in keys]
    assert [type(line["exc_info"]) for line in lines] == [OSError, KeyError]


async def test_who_is_refused_something_is_told_by_the_executor(scene: Scene):
    assert await scene.planned("MAIN", '{ opportunity(id: "cus_1") { id } }') is Fallback.REFUSED
    assert await scene.planned("MAIN", '{ opportunities(after: "not a cursor") { nodes { id } } }') is Fallback.REFUSED


async def test_each_reason_for_the_executor_has_its_name(scene: Scene):
    context = await scene.context("MAIN")
    reasons = {
        "mutation { sessionEnd(input: {}) { replayed } }": Fallback.MUTATION,
        "{ __schema { queryType { name } } }": Fallback.INTROSPECTION,
        "{ opportunities { nodes { availableTransitions { verb } } } }": Fallback.RESOLVER,
        "{ approvals { nodes { subject { id } } } }": Fallback.RESOLVER,
        "query($first: Int) { opportunities(first: $first) { nodes { id } } }": Fallback.VARIABLES,
        '{ opportunity(externalId: "x") { id } }': Fallback.ARGUMENTS,
    }
    for text, reason in reasons.items():
        variables = {"first": "many"} if reason is Fallback.VARIABLES else None
        assert await scene.plans.attempt(scene.operation(text), variables, context, admitted=True) is reason
    new = scene.operation("{ opportunities { nodes { id nextStep } } }")
    assert await scene.plans.attempt(new, None, context) is Fallback.FIRST_SIGHT
    assert isinstance(await scene.plans.attempt(new, None, context), bytes)
    nobody = Context(store=scene.store, viewer=None)
    assert await scene.plans.attempt(new, None, nobody) is Fallback.STRANGER
