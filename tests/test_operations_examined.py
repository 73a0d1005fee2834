"""What is found of a document before anybody admits it: what it does, costs, reads, needs, and what will be gone."""

from __future__ import annotations

import pytest

from api.graphql import Limits
from api.operations import Examiner, read_folder
from api.schema import build_schema
from models.operations import DocumentKind, ManifestFormatError, Ruled
from tests.operating import NAMES, SUBMIT, examiner, sha256


def test_a_query_is_measured_with_the_largest_pages_that_its_variables_may_ask_for():
    asked, fixed = examiner()(NAMES), examiner()(NAMES.replace("$first: Int", "$x: Int").replace("$first", "3"))
    assert asked.kind is DocumentKind.QUERY
    assert asked.depth == 3
    assert asked.cost > 30 * fixed.cost / 4
    assert asked.changes == 0
    assert asked.fields == (
        "Opportunity.companyName",
        "Opportunity.id",
        "Opportunity.name",
        "OpportunityConnection.nodes",
        "Query.opportunities",
    )
    assert asked.ruled == (
        Ruled("Opportunity.companyName", "opportunity.customer:plain", "opportunity.customer:reveal"),
    )
    assert asked.permissions == ("opportunity.customer:reveal", "opportunity:read_own_organisation")


def test_a_mutation_needs_the_permission_of_its_step():
    found = examiner()(SUBMIT)
    assert (found.name, found.kind, found.changes) == ("Submit", DocumentKind.MUTATION, 1)
    assert "opportunity:share" in found.permissions


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("query {", "Syntax Error"),
        ("{ nothing }", "Cannot query field 'nothing'"),
        ("query Q($a: Int) { viewer { isTool } }", "never used"),
        ("subscription { x }", "subscription"),
        (f"{{ {' '.join(f'a{n}: viewer {{ isTool }}' for n in range(100))} }}", ""),
        ("query Q { opportunities(first: 100) { nodes { progress(first: 100) { nodes { id } } } } }", "costs"),
    ],
)
def test_what_cannot_run_says_why(text: str, problem: str):
    limits = Limits(cost=5_000)
    found = Examiner(build_schema(), limits)(text)
    assert found.problems
    assert problem in found.problems[0]


def test_fields_that_will_be_gone_are_named_with_their_day():
    schema = build_schema()
    fields = schema._schema.type_map["Opportunity"].fields  # type: ignore[attr-defined]
    fields["name"].deprecation_reason = "Use title; removed on 2027-01-31."
    fields["id"].deprecation_reason = "No longer supported"
    found = Examiner(schema)(NAMES)
    assert found.deprecated == (
        {"field": "Opportunity.id", "reason": "No longer supported", "removed_on": None},
        {"field": "Opportunity.name", "reason": "Use title; removed on 2027-01-31.", "removed_on": "2027-01-31"},
    )
    assert found.analysis()["deprecated"][1]["removed_on"] == "2027-01-31"


def test_the_newlines_that_end_a_file_of_a_folder_are_not_its_tools(tmp_path):
    for name, end in (("a", ""), ("b", "\n"), ("c", "\r\n\n"), ("d", " \n")):
        (tmp_path / f"{name}.graphql").write_bytes(f"# {name}\r\nquery {name.upper()} {{ __typename }}{end}".encode())
    texts = [f"# {name}\r\nquery {name.upper()} {{ __typename }}" for name in "abcd"]
    texts[3] += " "
    found = read_folder(tmp_path)
    assert [(one.external_id, one.text) for one in found] == [(f"sha256:{sha256(text)}", text) for text in texts]


def test_a_folder_without_sense_is_refused(tmp_path):
    (tmp_path / "broken.graphql").write_text("query {")
    with pytest.raises(ManifestFormatError):
        read_folder(tmp_path)
    (tmp_path / "broken.graphql").write_text("query A { viewer { isTool } } query B { viewer { isTool } }")
    assert len(read_folder(tmp_path)) == 2
    (tmp_path / "broken.graphql").write_bytes("query A { 机会点 }".encode("gbk"))
    with pytest.raises(ManifestFormatError, match="not UTF-8"):
        read_folder(tmp_path)
