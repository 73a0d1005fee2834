"""A document is measured in one pass, however its fragments are nested, and kept prepared within bounds."""

from time import perf_counter
from typing import Any

import pytest
from graphql import get_introspection_query, parse
from strawberry.schema.schema import validate_document

from api.graphql.analysis import CEILING, Analysis, analyze
from api.graphql.documents import Documents
from api.graphql.limits import Limits
from api.graphql.refusals import Code, Refused
from tests.graphql_sample import schema


def measured(document: str, name: str | None = None) -> Analysis:
    return analyze(schema._schema, parse(document))[name]


def bomb(levels: int, body: str) -> str:
    """Return a document whose fragments each spread the next one twice."""
    chain = "".join(f"fragment f{n} on Thing {{ {body.replace('NEXT', f'...f{n + 1}')} }} " for n in range(levels))
    return f"query($n: Int = 3) {{ thing {{ ...f0 }} }} {chain} fragment f{levels} on Thing {{ id }}"


def test_depth_aliases_and_directives_are_counted():
    found = measured(
        """query Q($yes: Boolean!) {
          a: things(first: 2) { nodes { id @include(if: $yes) ...F @skip(if: $yes) } }
          __typename
        }
        fragment F on Thing { b: title owner { c: name } }""",
        "Q",
    )
    assert (found.kind, found.depth, found.aliases, found.directives) == ("query", 4, 3, 2)
    assert found.root_fields == {"things", "__typename"}
    assert found.coordinates == {
        "Query.things", "Things.nodes", "Thing.id", "Thing.title", "Thing.owner", "Owner.name",
    }  # fmt: skip
    assert not found.introspects


def test_a_page_multiplies_what_stands_in_it():
    assert measured("{ thing { id title } }").cost() == 3
    assert measured("{ things(first: 50) { nodes { id title } } }").cost() == 1 + 50 * 3
    assert measured("{ things(last: 7) { nodes { id } } }").cost() == 1 + 7 * 2
    assert measured("{ things { nodes { id } } }").cost() == 1 + 20 * 2
    assert measured("{ things(first: null) { nodes { id } } }").cost() == 1 + 20 * 2
    assert measured("{ things(first: 0) { nodes { id } } }").cost() == 1 + 1 * 2
    assert measured("{ things(first: 9999999999999999999999) { nodes { id } } }").cost() == 1 + 10_000 * 2


def test_a_page_size_from_a_variable_counts_as_sent_or_as_its_default():
    document = "query($n: Int = 5) { a: things(first: $n) { nodes { id ...F } } } fragment F on Thing { title }"
    found = measured(document)
    assert found.cost({}) == 1 + 5 * 3
    assert found.cost({"n": 50}) == 1 + 50 * 3
    assert found.cost({"n": 50.0}) == 1 + 50 * 3
    assert found.cost({"n": None}) == 1 + 20 * 3
    assert found.cost({"n": "many"}) == 1 + 20 * 3
    assert found.cost({"n": 10**30}) == 1 + 10_000 * 3
    without_default = measured("query($n: Int) { things(first: $n) { nodes { id } } }")
    assert without_default.cost({}) == 1 + 20 * 2
    assert without_default.cost({"n": 3}) == 1 + 3 * 2


@pytest.mark.parametrize("body", ["NEXT NEXT", "x: id owner { id } NEXT NEXT", "parts { NEXT NEXT } p: parts { NEXT }"])
def test_a_fragment_bomb_of_200_levels_is_measured_at_once_and_saturates(body: str):
    document = parse(bomb(200, body))
    best = float("inf")
    for _ in range(5):
        started = perf_counter()
        found = analyze(schema._schema, document)[None]
        cost = found.cost({})
        best = min(best, perf_counter() - started)
    assert cost == CEILING
    assert best < 0.05  # 2 ms on an idle machine; an exponential pass would not end


def test_a_bomb_of_variable_pages_is_measured_at_once():
    chain = "".join(f"fragment f{n} on Query {{ things(first: $n) {{ __typename }} ...f{n + 1} ...f{n + 1} }} "
                    for n in range(200))  # fmt: skip
    found = measured(f"query($n: Int = 3) {{ ...f0 }} {chain} fragment f200 on Query {{ thing {{ id }} }}")
    assert found.cost({"n": 100}) == CEILING
    assert found.root_fields == {"things", "thing"}


def test_cycles_unknown_names_and_introspection_do_no_harm():
    assert measured("{ ...A } fragment A on Query { thing { id } ...B } fragment B on Query { ...A }").depth == 2
    assert measured("{ nothing { of(this: 1) ...Missing } ... on Nowhere { x } }").depth == 2
    assert measured("{ ...A } fragment A on Query { __schema { types { name } } }").introspects
    assert measured('{ __type(name: "Thing") { name } }').introspects


def test_the_introspection_that_clients_send_is_not_too_deep_but_an_abusive_one_is_refused():
    """graphql-js, graphql-core and what stands on them unwrap types ten levels deep."""
    documents = Documents(schema, Limits(depth=12))
    usual = documents.prepare(get_introspection_query(input_value_deprecation=True, schema_description=True))
    usual.operation("IntrospectionQuery")
    usual.validate(schema)
    lists = "fields { type { " * 5 + "name" + " } }" * 5
    with pytest.raises(Refused):
        documents.prepare(f"{{ __schema {{ types {{ {lists} }} }} }}").validate(schema)


def test_documents_are_kept_by_their_text_and_bounded_in_number_and_bytes():
    documents = Documents(schema, Limits(prepared_documents=2))
    first = documents.prepare("{ thing { id } }")
    assert documents.prepare("{ thing { id } }") is first
    assert (documents.hits, documents.misses) == (1, 1)
    documents.prepare("{ thing { title } }")
    documents.prepare("{ thing { id } }")
    documents.prepare("{ thing { count } }")
    assert len(documents) == 2
    assert documents.prepare("{ thing { id } }") is first, "what was used last stays"
    small = Documents(schema, Limits(prepared_bytes=40))
    for name in ("id", "title", "count"):
        small.prepare(f"{{ thing {{ {name} }} }}")
    assert len(small) == 2
    small.prepare("{ thing { note } }", keep=False)
    assert small.misses == 4
    small.prepare("{ thing { note } }", keep=False)
    assert small.misses == 5


@pytest.mark.parametrize(
    ("limits", "document", "code"),
    [
        (Limits(tokens=5), "{ thing { id title count } }", Code.DOCUMENT_TOO_LARGE),
        (Limits(tokens=5), "{ thing" + "\n# a comment" * 50 + "{ id } }", Code.DOCUMENT_TOO_LARGE),
        (Limits(depth=2), "{ thing { owner { id } } }", Code.DOCUMENT_TOO_DEEP),
        (Limits(tokens=10_000), "{" + "a{" * 900 + "b" + "}" * 900 + "}", Code.DOCUMENT_TOO_DEEP),
        (Limits(aliases=1), "{ a: thing { b: id } }", Code.TOO_MANY_ALIASES),
        (Limits(directives=1), "{ thing { id @skip(if: true) @include(if: true) } }", Code.TOO_MANY_DIRECTIVES),
        (Limits(repeats=2), "{ thing { id } thing { id id } ... { thing { id } } }", Code.TOO_MANY_REPEATS),
        (Limits(), "{ thing { id }", Code.GRAPHQL_PARSE_FAILED),
        (Limits(), "fragment F on Thing { id }", Code.OPERATION_NOT_FOUND),
        (Limits(), "query A { __typename } query B { __typename }", Code.AMBIGUOUS_OPERATION),
    ],
)
def test_a_document_beyond_the_limits_is_refused_by_its_code(limits: Limits, document: str, code: Code):
    documents = Documents(schema, limits)
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            documents.prepare(document).operation(None)
        assert refused.value.code is code
        assert refused.value.errors[0]["extensions"]["code"] == code.name


def test_validation_runs_once_a_document(monkeypatch: pytest.MonkeyPatch):
    runs = []

    def counting(*arguments: Any) -> Any:
        runs.append(1)
        return validate_document(*arguments)

    monkeypatch.setattr("api.graphql.documents.validate_document", counting)
    documents = Documents(schema, Limits())
    for _ in range(3):
        with pytest.raises(Refused) as refused:
            documents.prepare("{ nothing }").validate(schema)
        assert refused.value.code is Code.GRAPHQL_VALIDATION_FAILED
        documents.prepare("{ thing { id } }").validate(schema)
    assert len(runs) == 2
