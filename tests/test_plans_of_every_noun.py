"""Over the demonstration, plans answer every list and every single row as the executor does, to each kind of person."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

import orjson
import pytest
import pytest_asyncio
from graphql import GraphQLList, GraphQLNonNull, GraphQLObjectType, is_leaf_type, parse
from sqlmodel import col, select
from strawberry.schema.schema_converter import GraphQLCoreConverter

from api.graphql.documents import Documents
from api.graphql.plans import Plans
from api.installation import Installation
from models.identity import Account, actor_of
from models.kernel.work import utc_now
from resolvers.fields import Many, Needs, One, Search, Single, declared, definition, sources_of, type_of
from tests.demonstration import demonstration
from tests.generated import Asked, Real
from tests.test_plans import CORE, LIMITS, SCHEMA, Scene

__all__ = ["demonstration"]

# Of those whose rights are alike in reading, one each; whoever sees a new noun that none of these sees joins them.
WHO = [f"demo.{name}" for name in ("main", "manager", "finance", "customer", "distributor", "owner", "eco", "auditor")]


@pytest_asyncio.fixture(scope="module")
async def world(demonstration: Installation) -> AsyncIterator[Scene]:
    """The demonstration with its plans, and everybody who has a demo login."""
    now = utc_now()
    everybody = {}
    async with demonstration.reader() as session:
        found = await session.execute(select(Account).where(col(Account.login).in_(WHO)))
        for account in found.scalars():
            everybody[account.login] = await actor_of(session, account.id, now=now)
    database = demonstration.database
    yield Scene(
        demonstration,
        lambda: now,
        database,
        Plans(SCHEMA, database.held),
        Documents(SCHEMA, LIMITS),
        everybody,
        Real({}, {}),
    )


def _roots(kind: type[Any]) -> Iterator[tuple[str, Any]]:
    for name, field in CORE.query_type.fields.items():  # type: ignore[union-attr]
        source = declared((field.extensions or {})[GraphQLCoreConverter.DEFINITION_BACKREF])
        if isinstance(source, kind) and source.model is not None:
            yield name, source.model


LISTS, SINGLES = dict(_roots(Search)), dict(_roots(Single))


def _fields(cls: type, depth: int) -> str:
    """Write every field of a type that a plan covers, and of the rows next to it, so many steps far."""
    found = CORE.get_type(definition(cls).name)
    assert isinstance(found, GraphQLObjectType)
    written = ["__typename"]
    for name, (_, source, _) in sources_of(cls).items():
        field = found.fields[name]
        if isinstance(source, Needs):
            continue
        if isinstance(source, (One, Many)):
            if depth:
                below = _bare(field.type)
                many = isinstance(source, Many)
                inner = _fields(_python(_bare(below.fields["nodes"].type) if many else below), depth - 1)
                written.append(
                    f"{name}(first: 2) {{ totalCount nodes {{ {inner} }} }}" if many else f"{name} {{ {inner} }}"
                )
            continue
        written.append(f"{name} {_plain(_bare(field.type))}")
    return " ".join(written)


def _plain(found: Any) -> str:
    if is_leaf_type(found):
        return ""
    return "{ " + " ".join(f"{name} {_plain(_bare(one.type))}" for name, one in found.fields.items()) + " }"


def _bare(found: Any) -> Any:
    while isinstance(found, (GraphQLNonNull, GraphQLList)):
        found = found.of_type
    return found


def _python(found: Any) -> type:
    made: type = found.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].origin
    return made


async def _is_empty(world: Scene, model: Any) -> bool:
    async with world.store.reader() as session:
        return (await session.execute(select(model.id).limit(1))).first() is None


@pytest.mark.parametrize("root", LISTS)
async def test_a_list_with_all_its_fields_is_answered_alike_to_everybody(world: Scene, root: str):
    text = f"{{ {root}(first: 3) {{ totalCount edges {{ cursor node {{ {_fields(type_of(LISTS[root]), 1)} }} }} }} }}"
    document, met = parse(text), Counter[str]()
    for who in world.everybody:
        met[await world.agree(who, Asked(text, document))] += 1
    assert met["planned"] or await _is_empty(world, LISTS[root]), (root, met)
    assert set(met) <= {"planned", "planned, nothing found", "refused"}, (root, met)


@pytest.mark.parametrize("root", SINGLES)
async def test_a_row_with_all_its_fields_is_answered_alike_to_everybody(world: Scene, root: str):
    model = SINGLES[root]
    listed = next(name for name, one in LISTS.items() if one is model)
    text = f"query($id: ID!) {{ {root}(id: $id) {{ {_fields(type_of(model), 1)} }} }}"
    document, met = parse(text), Counter[str]()
    for who in world.everybody:
        found = await world.planned(who, f"{{ {listed}(first: 2) {{ nodes {{ id }} }} }}")
        rows = orjson.loads(found)["data"][listed]["nodes"] if isinstance(found, bytes) else []
        for id in [row["id"] for row in rows] or [f"{model.prefix}_{'0' * 32}"]:
            met[await world.agree(who, Asked(text, document, {"id": id}))] += 1
    assert met["planned"] or await _is_empty(world, model), (root, met)
    assert set(met) <= {"planned", "planned, nothing found", "refused"}, (root, met)
