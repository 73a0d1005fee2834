"""Generated documents over the whole schema: short cuts and look-ahead answer the bytes of the plain executor."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
import pytest_asyncio
from graphql import (
    ExecutionResult,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    is_leaf_type,
    parse,
    validate,
)
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.graphql.executor import LeafExecutor, Recollection
from api.schema import build_schema
from models.kernel.reads import Wanted
from resolvers import lookahead
from resolvers.context import Context
from resolvers.fields import Column, sources_of
from resolvers.refusals import shown
from tests.databases import Databases, open_database
from tests.field_matrix import ROLES, Gallery, hang
from tests.people import Store
from tests.pipeline import Pipeline, open_pipeline

SCHEMA = build_schema()
CORE = SCHEMA._schema
DOCUMENTS = 25
DEEPEST = 4
# Each evaluates every step against the database for every row; they have tests of their own.
LEFT_OUT = {"availableTransitions", "refusals", "picklists"}


@dataclass
class Scene:
    """A database with every kind of row, and the people who ask."""

    pipeline: Pipeline
    gallery: Gallery
    ids: list[str]


@pytest_asyncio.fixture(scope="module")
async def scene(databases: Databases) -> AsyncIterator[Scene]:
    """One scene for all documents, since they only read."""
    url = await databases.copy()
    opened = open_database(url)
    pipeline = await open_pipeline(Store(opened.writer, opened.reader))
    gallery = await hang(pipeline)
    draft = await pipeline.draft(name="草稿")
    ids = [gallery.customer.public_id, gallery.opportunity.public_id, draft.public_id, pipeline.cast.huaqi.public_id]
    yield Scene(pipeline, gallery, [*ids, pipeline.cast.wang_main.public_id, "opp_" + "0" * 32])
    await opened.dispose()
    await databases.drop(url)


def bare(found: Any) -> Any:
    while isinstance(found, (GraphQLNonNull, GraphQLList)):
        found = found.of_type
    return found


class Author:
    """Writes valid documents by chance: aliases, arguments, fragments, conditions, interfaces, repeated fields."""

    def __init__(self, seed: int, ids: list[str]) -> None:
        self.chance = random.Random(seed)
        self.ids = ids
        self.fragments: list[str] = []
        self.names = 0

    def document(self) -> str:
        """Write a query with one or two root fields."""
        assert CORE.query_type is not None
        roots = [name for name in CORE.query_type.fields if name not in LEFT_OUT]
        chosen = self.chance.sample(roots, self.chance.choice([1, 1, 2]))
        body = " ".join(self.field(CORE.query_type, name, 0) for name in chosen)
        text = f"{{ __typename {body} }} " + " ".join(self.fragments)
        defaults = {"$yes": "true", "$no": "false"}
        used = [f"{name}: Boolean = {value}" for name, value in defaults.items() if f"{name})" in text]
        return f"query({', '.join(used)}) {text}" if used else text

    def field(self, parent: Any, name: str, depth: int) -> str:
        """Write one field, with whatever it needs."""
        declared = parent.fields[name]
        alias = ""
        if self.chance.random() < 0.25:
            self.names += 1
            alias = f"a{self.names}: "
        condition = self.chance.choice([""] * 8 + [" @include(if: $yes)", " @skip(if: $yes)", " @include(if: $no)"])
        below = "" if is_leaf_type(bare(declared.type)) else " " + self.selection(bare(declared.type), depth + 1)
        return f"{alias}{name}{self.arguments(declared)}{condition}{below}"

    def arguments(self, declared: Any) -> str:
        """Choose page sizes, and ids where they are needed."""
        given = []
        if "id" in declared.args:
            given.append(f'id: "{self.chance.choice(self.ids)}"')
        if "first" in declared.args and self.chance.random() < 0.6:
            # Two fields of one name merge only where their arguments agree, so unaliased ones have one size.
            given.append("first: 3")
        return f"({', '.join(given)})" if given else ""

    def selection(self, found: Any, depth: int) -> str:
        """Write a selection of a type."""
        if isinstance(found, GraphQLInterfaceType):
            targets = self.chance.sample(list(CORE.get_possible_types(found)), 3)
            opportunity: Any = CORE.get_type("Opportunity")
            parts = [f"... on {one.name} {self.selection(one, depth)}" for one in {*targets, opportunity}]
            return "{ id __typename " + " ".join(sorted(parts)) + " }"
        assert isinstance(found, GraphQLObjectType)
        leaves = [name for name, one in found.fields.items() if is_leaf_type(bare(one.type))]
        objects = [name for name in found.fields if name not in leaves and name not in LEFT_OUT]
        chosen = self.chance.sample(leaves, min(len(leaves), self.chance.randint(1, 6)))
        if depth < DEEPEST and objects:
            chosen += self.chance.sample(objects, min(len(objects), self.chance.randint(1, 2)))
        elif not chosen:
            return "{ __typename }"
        parts = [self.field(found, name, depth) for name in chosen]
        if self.chance.random() < 0.3:
            parts.append("__typename")
        if self.chance.random() < 0.25 and leaves:
            parts.append(f"... on {found.name} {{ {self.chance.choice(leaves)} }}")
        if self.chance.random() < 0.2 and leaves:
            self.names += 1
            self.fragments.append(f"fragment f{self.names} on {found.name} {{ {' '.join(leaves[:3])} }}")
            parts.append(f"...f{self.names}")
        return "{ " + " ".join(parts) + " }"


async def answered(executor_class: Any, document: Any, scene: Scene, role: str, **options: Any) -> bytes:
    """Run a document as somebody, and give data, refusals and what was withheld as bytes."""
    store = scene.pipeline.store
    actor = await store.actor(scene.gallery.people[role])
    context = Context(store=store, viewer=actor, clock=store.clock)
    executor = executor_class.build(
        CORE, document, context_value=context, is_awaitable=optimized_is_awaitable, **options
    )
    assert not isinstance(executor, list), executor
    running = executor.execute_operation(True)
    result = running if isinstance(running, ExecutionResult) else await running
    errors = []
    for problem in result.errors or ():
        told = shown(problem.original_error) if problem.original_error else None
        assert told is not None, problem
        errors.append((told["code"], problem.path))
    await context.close()
    return orjson.dumps([result.data, errors, context.extensions()])


class Unfrugal(lookahead.LookAhead):
    """A look-ahead that wants every column of every row: the plain way, against which the frugal one is held."""

    def _wanted(self, cls: type, sets: Any, place: str) -> Wanted:
        frugal = super()._wanted(cls, sets, place)
        every = {attribute for attribute, source, _ in sources_of(cls).values() if isinstance(source, Column)}
        return Wanted(frugal.columns | every, frugal.computed, frugal.ones, frugal.lists, frugal.access)


@pytest.mark.parametrize("role", ROLES)
async def test_short_cuts_answer_the_same_bytes_as_the_plain_executor(scene: Scene, role: str):
    met = 0
    for seed in range(DOCUMENTS):
        text = Author(seed * 1000 + ROLES.index(role), scene.ids).document()
        document = parse(text)
        if validate(CORE, document):
            # Two fields of one name may disagree in their arguments; such documents never reach an executor.
            continue
        met += 1
        plain = await answered(StrawberryGraphQLCoreExecutionContext, document, scene, role)
        assert await answered(LeafExecutor, document, scene, role) == plain, text
        if "$yes)" not in text and "$no)" not in text:
            recollection = Recollection()
            for _ in range(2):
                again = await answered(LeafExecutor, document, scene, role, recollection=recollection)
                assert again == plain, text
    assert met > DOCUMENTS // 2


@pytest.mark.parametrize("role", ["MAIN", "PSM", "KOO", "HFI", "CUS"])
async def test_what_look_ahead_leaves_out_nobody_misses(scene: Scene, role: str, monkeypatch: pytest.MonkeyPatch):
    """Reading every column answers the same data; only what was withheld without having been asked for is more."""
    for seed in range(DOCUMENTS):
        text = Author(seed * 7919 + ROLES.index(role), scene.ids).document()
        document = parse(text)
        if validate(CORE, document):
            continue
        frugal = orjson.loads(await answered(LeafExecutor, document, scene, role))
        with monkeypatch.context() as patched:
            patched.setattr("resolvers.context.LookAhead", Unfrugal)
            patched.setattr("resolvers.approval.LookAhead", Unfrugal)
            patched.setattr("resolvers.identity.queries.LookAhead", Unfrugal)
            whole = orjson.loads(await answered(LeafExecutor, document, scene, role))
        assert whole[:2] == frugal[:2], text


@pytest.mark.slow
def test_the_author_writes_valid_documents_that_reach_every_type_of_row():
    texts = [Author(seed, ["opp_" + "0" * 32]).document() for seed in range(900)]
    valid = [text for text in texts if not validate(CORE, parse(text))]
    assert len(valid) > 300
    for word in ("@skip", "@include", "fragment f", "... on Opportunity", "fieldAccess", "sla", "history", "lines"):
        assert any(word in text for text in valid), word
