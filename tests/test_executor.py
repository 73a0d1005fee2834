"""The short-cutting executor answers what the plain one answers, errors and null propagation included."""

import asyncio
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from graphql import ExecutionResult, Undefined, parse, validate
from hypothesis import given
from hypothesis import strategies as st
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.graphql.executor import LeafExecutor, Recollection
from tests.graphql_sample import Colour, Context, Owner, Thing, schema, thing

LEAVES = ["id", "title", "note", "count", "ratio", "ready", "colour", "made", "tags", "__typename"]
DISTURBANCES: dict[str, Any] = {
    "nothing": None,
    "an exception as a value": ValueError("kept"),
    "undefined": Undefined,
    "text": "text",
    "a number": 7,
    "too large a number": 2**40,
    "not a number": float("nan"),
    "a list": ["x", None],
    "a member": Colour.RED,
    "a member's value": "r",
    "an object": SimpleNamespace(id="x"),
}


async def answer(executor_class: Any, document: str, row: Any, **options: Any) -> tuple[bytes, list[Any]]:
    parsed = parse(document)
    executor = executor_class.build(
        schema._schema, parsed, None, Context("li", [row]), {}, is_awaitable=optimized_is_awaitable, **options
    )
    running = executor.execute_operation(True)
    result = running if isinstance(running, ExecutionResult) else await running
    return orjson.dumps(result.data), [problem.formatted for problem in result.errors or ()]


async def same(document: str, row: Any) -> tuple[bytes, list[Any]]:
    """Return what both executors answer, the short-cutting one twice with what it remembers of the first time."""
    assert not validate(schema._schema, parse(document))
    plain = await answer(StrawberryGraphQLCoreExecutionContext, document, row)
    short = await answer(LeafExecutor, document, row)
    assert short == plain
    recollection = Recollection()
    parsed = parse(document)
    for _ in range(2):
        executor: Any = LeafExecutor.build(
            schema._schema,
            parsed,
            None,
            Context("li", [row]),
            {},
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
            recollection=recollection,
        )
        running = executor.execute_operation(True)
        result = running if isinstance(running, ExecutionResult) else await running
        assert (orjson.dumps(result.data), [problem.formatted for problem in result.errors or ()]) == plain
    return plain


EVERYTHING = """{
  things(first: 2) {
    edges { cursor node { ...All owner { id name email } keeper { name } parts { ...All later } } }
    nodes { id shout(times: 2) later laterOwner { name } }
  }
  thing { ...All again: title parts { id parts { title owner { name } } } }
  node { __typename id ... on Thing { title colour } }
}
fragment All on Thing { id title note count ratio ready colour made tags __typename }"""


async def test_a_whole_tree_is_the_same():
    data, errors = await same(EVERYTHING, thing(1, parts=[thing(2), thing(3, parts=[thing(4)])]))
    assert not errors
    assert orjson.loads(data)["things"]["edges"][0]["node"]["colour"] == "GREEN"


@pytest.mark.parametrize("attribute", ["title", "count", "ratio", "ready", "colour", "made", "tags", "id", "note"])
@pytest.mark.parametrize("disturbance", DISTURBANCES)
async def test_a_disturbed_leaf_is_the_same(attribute: str, disturbance: str):
    row = thing(1, parts=[thing(2)], **{attribute: DISTURBANCES[disturbance]})
    await same(EVERYTHING, row)
    await same(EVERYTHING, thing(3, parts=[row, thing(4)], keeper=None))


@pytest.mark.parametrize("attribute", ["owner", "keeper", "parts"])
@pytest.mark.parametrize("disturbance", DISTURBANCES)
async def test_a_disturbed_object_is_the_same(attribute: str, disturbance: str):
    row = thing(1, **{attribute: DISTURBANCES[disturbance]})
    await same(
        "{ things { nodes { id owner { name email } keeper { id name } parts { id title } } } thing { id } }", row
    )
    await same("{ things { edges { node { owner { id } keeper { id } parts { id } } } } thing { id } }", row)


@pytest.mark.parametrize("items", [[], [None], [thing(5), None], [ValueError("x")], [thing(1), 7], (), [[thing(1)]]])
async def test_a_disturbed_list_is_the_same(items: Any):
    await same("{ thing { parts { id } } things { nodes { parts { id title } } } }", thing(1, parts=items))


class Grumpy(Thing):
    """A thing whose title cannot be read, and whose getters count."""

    reads = 0

    def __getattribute__(self, name: str) -> Any:
        if name == "title":
            type(self).reads += 1
            raise LookupError("no title today")
        return super().__getattribute__(name)


async def test_a_getter_that_raises_is_read_once_and_answers_the_same():
    ordinary = thing(1)
    values = {name: getattr(ordinary, name) for name in Thing.__annotations__}
    grumpy = object.__new__(Grumpy)
    grumpy.__dict__.update(values, id="thg_1")
    _, errors = await same("{ thing { id title } }", grumpy)
    assert errors[0]["message"] == "no title today"
    Grumpy.reads = 0
    await answer(LeafExecutor, "{ thing { id title } }", grumpy)
    assert Grumpy.reads == 1


async def test_an_awaitable_attribute_is_awaited():
    def future(value: Any) -> Any:
        made: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        made.set_result(value)
        return made

    owner = Owner(id="own_9", name="李娜", email=None)  # type: ignore[arg-type]
    row = thing(1, title=future("late"), owner=future(owner), note=future(None), parts=future([thing(2)]))
    data, errors = await same("{ thing { id title note owner { name } parts { id } } }", row)
    assert not errors
    assert orjson.loads(data)["thing"]["owner"] == {"name": "李娜"}


selections = st.recursive(
    st.lists(
        st.sampled_from([*LEAVES, "later", "shout", "x: title", "shout2: shout(times: 2)"]), min_size=1, max_size=5
    ),
    lambda inner: st.tuples(
        st.lists(st.sampled_from(LEAVES), max_size=3),
        st.sampled_from(["parts", "p: parts"]),
        inner,
        st.booleans(),
    ),
    max_leaves=6,
)


def written(selection: Any) -> str:
    if isinstance(selection, list):
        return " ".join(selection)
    leaves, name, inner, wrapped = selection
    text = f"{' '.join(leaves)} {name} {{ {written(inner)} }} owner {{ id name }} laterOwner {{ email name }}"
    return f"... on Thing {{ {text} }} id" if wrapped else text


@given(
    selections,
    st.dictionaries(
        st.sampled_from(["title", "count", "colour", "note", "owner", "parts", "made"]),
        st.sampled_from(sorted(DISTURBANCES)),
        max_size=2,
    ),
    st.booleans(),
)
def test_generated_documents_on_disturbed_rows_are_the_same(selection: Any, disturbed: dict[str, str], deep: bool):
    row = thing(1, **{name: DISTURBANCES[value] for name, value in disturbed.items()})
    row = thing(2, parts=[thing(3), row]) if deep else row
    text = written(selection)
    asyncio.run(same(f"{{ things {{ nodes {{ {text} }} edges {{ node {{ {text} }} }} }} thing {{ {text} }} }}", row))
