"""The published contract: what is committed is what the code says, and every field of it has been placed."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from graphql import GraphQLEnumType, GraphQLNonNull, GraphQLObjectType, is_introspection_type
from strawberry.utils.str_converters import to_camel_case

from api.schema import build_schema, contract
from models.kernel.errors import every_code
from models.kernel.reads import One
from models.kernel.record import rules_of
from models.kernel.words import Word
from resolvers.fields import Access, definition, node_types, sources_of
from resolvers.fields import Many as ManyField
from resolvers.fields import One as OneField
from resolvers.general import PICKLISTS
from tests.portal import Portal, portal

__all__ = ["portal"]

SCHEMA = build_schema()
OPEN = Path(__file__).with_name("open_fields.txt")


@pytest.mark.parametrize("path", contract(), ids=lambda path: path.name)
def test_what_is_committed_is_what_the_code_says(path: Path):
    """`partner-center export-schema` writes both files anew."""
    assert path.read_text("utf-8") == contract()[path]


def object_types() -> dict[str, GraphQLObjectType]:
    return {
        name: found
        for name, found in SCHEMA._schema.type_map.items()
        if isinstance(found, GraphQLObjectType) and not is_introspection_type(found)
    }


def ruled() -> set[str]:
    """List the fields that carry `@access`."""
    found = set()
    for cls in node_types().values():
        for name, (_, _, field) in sources_of(cls).items():
            if any(isinstance(directive, Access) for directive in field.directives):
                found.add(f"{definition(cls).name}.{name}")
    # What is made of rows and is none itself says it on its own fields.
    for type_name in object_types():
        for field in getattr(SCHEMA.get_type_by_name(type_name), "fields", ()):
            if any(isinstance(directive, Access) for directive in field.directives):
                found.add(f"{type_name}.{field.graphql_name or to_camel_case(field.python_name)}")
    return found


def test_every_field_of_the_schema_is_ruled_or_listed_as_open():
    """A new field must be placed: a rule on its column, or a line in open_fields.txt after thinking."""
    every = {f"{name}.{field}" for name, found in object_types().items() for field in found.fields}
    listed = OPEN.read_text("utf-8").split()
    assert listed == sorted(set(listed))
    assert sorted(every - ruled()) == listed
    assert not ruled() & set(listed)


def test_each_ruled_column_that_is_shown_says_so_in_the_schema():
    """No value made from a ruled column, and no relation that goes by one, is published without its permission."""
    for model, cls in node_types().items():
        rules = rules_of(model)
        for name, (attribute, source, field) in sources_of(cls).items():
            columns = set(getattr(source, "columns", ())) or {attribute}
            relation = model.relations.get(attribute)
            if isinstance(source, OneField) and isinstance(relation, One):
                columns = {relation.key}
            needed = {f"{rules[column].group}:plain" for column in columns if column in rules}
            told = {directive.plain for directive in field.directives if isinstance(directive, Access)}
            assert told == needed, f"{definition(cls).name}.{name}"
            printed = f"{name}{'' if not isinstance(source, ManyField) else '('}"
            assert printed in contract_text()


@cache
def contract_text() -> str:
    return next(text for path, text in contract().items() if path.name == "schema.graphql")


def test_permissions_are_printed_in_the_schema():
    applied = [line for line in contract_text().splitlines() if "@access(" in line and not line.startswith("directive")]
    assert len(applied) == len(ruled())
    assert re.search(r"expectedAmount: Money @access\(plain: \"opportunity.terms:plain\"", contract_text())


def test_types_stand_in_the_order_of_their_names():
    names = re.findall(r"^(?:type|interface|enum|input|scalar) (\w+)", contract_text(), re.MULTILINE)
    assert names == sorted(names)


def test_root_fields_of_mutations_may_be_null_and_take_one_input():
    """One refusal must not wipe out its neighbour's answer."""
    mutation = SCHEMA._schema.mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        assert not isinstance(field.type, GraphQLNonNull), name
        assert list(field.args) == ["input"], name


def test_actions_are_named_noun_first():
    """`opportunitySubmit`, not `submitOpportunity`."""
    mutation = SCHEMA._schema.mutation_type
    assert mutation is not None
    nouns = (
        *("opportunity", "ho", "customer", "partner", "pce", "approval", "session", "password", "member", "role"),
        *("notice", "notification", "client", "token", "reveal", "offering", "policy", "calendar", "file"),
        *("agreement", "invitation", "knowledge", "balance", "budget", "authorisation"),
        *("export", "savedFilter", "lead", "dealRegistration", "operation", "association", "verification"),
    )
    assert [name for name in mutation.fields if not name.startswith(nouns)] == []


def test_every_connection_takes_a_page_and_every_ruled_field_may_be_null():
    for name, found in object_types().items():
        for field_name, field in found.fields.items():
            target = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
            if str(target).endswith("Connection"):
                assert {"first", "after"} <= set(field.args), f"{name}.{field_name}"
            if f"{name}.{field_name}" in ruled():
                assert not isinstance(field.type, GraphQLNonNull), f"{name}.{field_name}"


def test_every_type_of_row_is_a_node_with_an_id_of_its_own_kind():
    prefixes = [model.prefix for model in node_types()]
    assert len(prefixes) == len(set(prefixes))
    for model, cls in node_types().items():
        found = object_types()[definition(cls).name]
        assert [one.name for one in found.interfaces] == ["Node"], model.__name__


def test_the_codes_of_refusals_are_an_enum_of_the_schema():
    found = SCHEMA._schema.type_map["RefusalCode"]
    assert isinstance(found, GraphQLEnumType)
    assert set(found.values) == set(every_code())


@pytest.mark.parametrize("code", every_code())
def test_every_refusal_speaks_both_languages_and_says_what_it_is(code: str):
    error = every_code()[code]
    assert re.search(r"[一-鿿]", error.zh), code
    assert re.search(r"[A-Za-z]", error.en), code
    assert not re.search(r"[一-鿿]", error.en), code
    assert (error.__doc__ or "").strip(), code
    assert set(re.findall(r"\{(\w+)\}", error.zh)) == set(re.findall(r"\{(\w+)\}", error.en)), code


def test_every_word_that_is_published_is_described_in_both_languages():
    for name, found in SCHEMA._schema.type_map.items():
        if not isinstance(found, GraphQLEnumType) or is_introspection_type(found):
            continue
        cls = getattr(getattr(found, "wrapped_cls", None), "__mro__", ())
        if Word in cls:
            for value in found.values.values():
                assert re.search(r".+ / .+", value.description or ""), f"{name}"


async def test_picklists_and_refusals_are_told_with_their_labels(portal: Portal):
    query = """{ picklists { name entries { code labelZh labelEn } }
      refusals { code messageZh messageEn action cbc } }"""
    found = await portal.get(portal.pipeline.cast.wang_main, query)
    lists = {one["name"]: one["entries"] for one in found["picklists"]}
    assert set(lists) == set(PICKLISTS)
    for name, entries in lists.items():
        assert entries, name
        for entry in entries:
            assert all(entry.values()), (name, entry)
    assert {"code": "AUDITING", "labelZh": "审核中", "labelEn": "In audit"} in lists["opportunityStatus"]
    assert {one["code"] for one in found["refusals"]} == set(every_code())
    assert {one["action"] for one in found["refusals"]} == {"CORRECT_INPUT", "RETRY", "CONTACT_SUPPORT"}
    one = await portal.get(portal.pipeline.cast.wang_main, '{ picklists(names: ["province"]) { name } }')
    assert one["picklists"] == [{"name": "province"}]


def test_no_field_shows_what_no_window_may_show():
    """Hashes, secrets and comparable keys stay in the database."""
    hidden = re.compile(r"password(Hash)?$|hash|secret|normalised|failedAttempts", re.IGNORECASE)
    for cls in node_types().values():
        for name in sources_of(cls):
            assert not hidden.search(to_camel_case(name)) or name in ("mustChangePassword",), name
