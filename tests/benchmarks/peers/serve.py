"""The process that is measured: the application on PostgreSQL."""

from __future__ import annotations

import sys

import uvicorn

from api import logs
from api.app import create_app
from api.settings import Settings

if __name__ == "__main__":
    # The budget is kept, but holds whatever is asked of it here.
    settings = Settings(
        database_url=sys.argv[1], log_level="warning", max_waiting=64, max_waiting_seconds=30, budget_cost=10**9
    )
    logs.configure(settings)
    uvicorn.run(
        create_app(settings, sweeping=False),
        port=int(sys.argv[2]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="error",
    )
