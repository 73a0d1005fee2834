"""The process that is measured: the application and the raw routes side by side, and what the measuring needs."""

from __future__ import annotations

import resource
import sys
from copy import copy
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse

from api import logs
from api.app import create_app
from api.settings import Settings
from tests.benchmarks.data import Place
from tests.benchmarks.raw import raw_app

SLOW = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < :many) SELECT count(*) FROM n"


def _is_graphql(route: Any) -> bool:
    return getattr(route, "path", None) == "/graphql"


def _endpoint(route: Any) -> Any:
    return route.endpoint


class Measured:
    """Sends `/raw` to the raw routes and everything else to the application, with no layer between."""

    def __init__(self, place: Place) -> None:
        # All of 64 connections wait for their turn, so that only the database can refuse.
        # Budgets are charged, and never used up.
        settings = Settings(
            database_url=place.url,
            log_level="warning",
            max_waiting=64,
            max_waiting_seconds=30,
            budget_cost=10**12,
        )
        logs.configure(settings)
        self.application = create_app(settings, sweeping=False)
        self.raw = raw_app(str(place.path))
        # The same without plans, for what the executor costs.
        self.fallback: Any = copy(next(_endpoint(route) for route in self.application.routes if _is_graphql(route)))
        self.fallback._plans = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        if path.startswith("/raw"):
            await self.raw(scope, receive, send)
        elif path == "/fallback":
            await self.fallback(scope, receive, send)
        elif path == "/bench/cpu":
            used = resource.getrusage(resource.RUSAGE_SELF)
            answer = JSONResponse({"seconds": used.ru_utime + used.ru_stime, "kilobytes": used.ru_maxrss})
            await answer(scope, receive, send)
        elif path == "/bench/slow":
            many = int(Request(scope).query_params["many"])
            async with self.application.state.database.reader() as session:
                counted = await session.scalar(sa.text(SLOW), {"many": many})
            await JSONResponse({"counted": counted})(scope, receive, send)
        else:
            await self.application(scope, receive, send)


if __name__ == "__main__":
    uvicorn.run(
        Measured(Place(Path(sys.argv[1]))),
        port=int(sys.argv[2]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="error",
    )
