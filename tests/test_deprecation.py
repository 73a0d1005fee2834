"""Who uses a field that will be removed is told so, and when, in headers."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import pytest
import strawberry
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType
from starlette.applications import Starlette
from starlette.routing import Route

from api.graphql import Endpoint
from api.schema import build_schema
from tests.graphql_sample import authenticate, context_for


@strawberry.type
class Car:
    name: str = "A"
    old: str = strawberry.field(
        default="o", deprecation_reason="Use name; deprecated on 2026-08-01, removed on 2027-01-31"
    )
    older: str = strawberry.field(default="p", deprecation_reason="Use `name`; removed on 2026-12-01.")
    undated: str = strawberry.field(default="q", deprecation_reason="Use name")
    impossible: str = strawberry.field(default="r", deprecation_reason="removed on 2027-02-31")


@strawberry.type
class Query:
    @strawberry.field
    def car(self) -> Car:
        return Car()


@pytest.mark.parametrize(
    ("document", "sunset", "deprecation", "fields"),
    [
        ("{ car { name undated impossible } }", None, None, None),
        ("{ car { old } }", "Sun, 31 Jan 2027 00:00:00 GMT", "@1785542400", "Car.old;removed=2027-01-31"),
        ("{ car { older } }", "Tue, 01 Dec 2026 00:00:00 GMT", None, "Car.older;removed=2026-12-01"),
        (
            "{ car { ...F } } fragment F on Car { old old older }",
            "Tue, 01 Dec 2026 00:00:00 GMT",
            "@1785542400",
            "Car.older;removed=2026-12-01, Car.old;removed=2027-01-31",
        ),
    ],
)
async def test_a_document_is_told_of_what_it_uses(
    document: str, sunset: str | None, deprecation: str | None, fields: str | None
):
    """`Sunset` is RFC 8594's, `Deprecation` RFC 9745's; the second only where the reason says since when."""
    endpoint = Endpoint(strawberry.Schema(Query), authenticate=authenticate, context_for=context_for)
    app = Starlette(routes=[Route("/graphql", endpoint)])
    headers = {"authorization": "Bearer li"}
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="http://sample", headers=headers
    ) as http:
        for _ in range(2):
            answer = await http.post("/graphql", json={"query": document})
            assert "errors" not in answer.json()
            assert answer.headers.get("sunset") == sunset
            assert answer.headers.get("deprecation") == deprecation
            assert answer.headers.get("x-deprecated-fields") == fields


def test_whatever_is_deprecated_says_when_it_will_be_removed():
    """Fields, arguments and values alike; `removed on 2027-01-31` in the reason is what documents are told by."""
    undated = []
    for name, found in build_schema()._schema.type_map.items():
        if isinstance(found, GraphQLEnumType):
            parts: dict[str, Any] = dict(found.values)
        elif isinstance(found, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            parts = dict(found.fields)
            for field, one in found.fields.items():
                parts |= {f"{field}({argument}:)": given for argument, given in getattr(one, "args", {}).items()}
        else:
            continue
        undated += [
            f"{name}.{part}"
            for part, one in parts.items()
            if one.deprecation_reason and not re.search(r"removed on \d{4}-\d{2}-\d{2}", one.deprecation_reason)
        ]
    assert [one for one in undated if not one.startswith("__")] == []
