"""A tiny schema, its context and its hooks, for tests of the endpoint that need no business."""

import asyncio
import datetime as dt
import enum
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount, Route

from api.graphql import Code, Endpoint, Limits, Refused, graphiql


class SampleRefusal(Exception):
    """A refusal of the domain, which may be shown."""


@strawberry.enum
class Colour(enum.Enum):
    RED = "r"
    GREEN = "g"


@strawberry.interface
class Node:
    id: strawberry.ID


@strawberry.type
class Owner(Node):
    name: str
    email: str | None


@strawberry.type
class Thing(Node):
    title: str
    note: str | None
    count: int
    ratio: float
    ready: bool
    colour: Colour
    made: dt.datetime
    tags: list[str]
    owner: Owner
    keeper: Owner | None
    parts: list["Thing"]

    @strawberry.field
    async def later(self) -> str:
        await asyncio.sleep(0)
        return f"later {self.title}"

    @strawberry.field
    async def later_owner(self) -> Owner:
        await asyncio.sleep(0)
        return self.owner

    @strawberry.field
    def shout(self, times: int = 1) -> str:
        return self.title.upper() * times


@strawberry.type
class Edge:
    cursor: str
    node: Thing


@strawberry.type
class Things:
    edges: list[Edge]
    nodes: list[Thing | None]


@dataclass
class Context:
    """What the sample's resolvers see."""

    viewer: str | None
    rows: list[Any] = field(default_factory=list)
    redacted: list[str] = field(default_factory=list)

    def extensions(self) -> dict[str, Any] | None:
        return {"redacted": self.redacted} if self.redacted else None


Info = strawberry.Info[Context, None]


def thing(n: int = 1, **changes: Any) -> Thing:
    """Return a thing whose fields are all as they should be, but for the changes."""
    owner = Owner(id=strawberry.ID(f"own_{n}"), name="王伟", email=None)
    values: dict[str, Any] = {
        "id": strawberry.ID(f"thg_{n}"),
        "title": f"t{n}",
        "note": None,
        "count": n,
        "ratio": n / 2,
        "ready": True,
        "colour": Colour.GREEN,
        "made": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        "tags": ["a", "b"],
        "owner": owner,
        "keeper": None,
        "parts": [],
    }
    return Thing(**values | changes)


@strawberry.type
class Query:
    @strawberry.field
    async def things(self, info: Info, first: int | None = None, last: int | None = None) -> Things | None:
        await asyncio.sleep(0)
        rows = info.context.rows or [thing(n) for n in range(1, 1 + (first or last or 3))]
        return Things(edges=[Edge(cursor=str(n), node=row) for n, row in enumerate(rows)], nodes=rows)

    @strawberry.field
    def thing(self, info: Info) -> Thing | None:
        return info.context.rows[0] if info.context.rows else thing()

    @strawberry.field
    def node(self, info: Info) -> Node | None:
        return info.context.rows[0] if info.context.rows else thing()

    @strawberry.field
    def refused(self) -> str | None:
        raise SampleRefusal("not yours")

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError("secret: db password is 12345")

    @strawberry.field
    def hidden(self, info: Info) -> str | None:
        info.context.redacted.append("Query.hidden")
        return None

    @strawberry.field
    async def slow(self) -> str | None:
        await asyncio.sleep(5)
        return "done"

    @strawberry.field
    def scaled(self, by: float) -> float:
        return by * 2


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def bump(self, by: int) -> int | None:
        await asyncio.sleep(0)
        return by + 1

    @strawberry.mutation
    def session_create(self, name: str) -> str | None:
        return f"hello {name}"


schema = strawberry.Schema(Query, Mutation)


def shown(failure: Exception) -> dict[str, Any] | None:
    """Say what may be told of a refusal of the sample."""
    if isinstance(failure, SampleRefusal):
        return {"code": "SAMPLE_REFUSED", "message": "It is not yours.", "messageZh": "不是您的。"}
    return None


async def authenticate(request: Request) -> str | None:
    """Name the sample's viewer: whatever the bearer token says."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token == "wrong":
        raise Refused(Code.AUTHENTICATION_REQUIRED, headers={"WWW-Authenticate": "Bearer"})
    if token == "expired":
        raise SampleRefusal("expired")
    if token == "crash":
        raise RuntimeError("secret: the session table is gone")
    return token or None


@asynccontextmanager
async def context_for(request: Request, viewer: str | None) -> AsyncIterator[Context]:
    """Open the sample's context."""
    if viewer == "closed":
        raise SampleRefusal("closed")
    yield Context(viewer)


def sample_endpoint(*, production: bool = False, limits: Limits | None = None, **more: Any) -> Endpoint[str]:
    """Return an endpoint for the sample schema."""
    return Endpoint(
        schema,
        authenticate=authenticate,
        context_for=context_for,
        limits=limits or Limits(),
        production=production,
        shown=shown,
        public_fields=frozenset({"sessionCreate"}),
        page=graphiql.page("/graphql/static"),
        **more,
    )


def sample_app(**options: Any) -> Starlette:
    """Return an application with the sample schema at /graphql."""
    endpoint = sample_endpoint(**options)
    paths = ("/graphql/{document_id}", "/graphql/{document_id}/{operation_name}", "/graphql")
    return Starlette(routes=[Mount("/graphql/static", graphiql.files()), *(Route(path, endpoint) for path in paths)])
