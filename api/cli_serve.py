"""The command `serve`: one process or several, and what it prints for whoever starts it in development."""

import os
import signal
import socket
import sys
import tempfile
from typing import Annotated

import typer
from rich.table import Table
from starlette.applications import Starlette

from api.installation import Installation
from api.plain import fail, is_missing, out, plainly, run, where
from api.settings import Settings, load

Host = Annotated[str | None, typer.Option(help="The address to listen on.")]
Port = Annotated[int | None, typer.Option(help="The port to listen on.", min=0, max=65535)]
Workers = Annotated[int | None, typer.Option(help="How many processes answer.", min=1, max=64)]


def serve(host: Host = None, port: Port = None, workers: Workers = None) -> None:
    """Serve the API and the back-office, and act on deadlines as they pass."""
    import uvicorn

    given = {"host": host, "port": port, "workers": workers}
    with plainly():
        settings = load(**{name: value for name, value in given.items() if value is not None})
    if taken := _taken(settings):
        raise fail(taken)
    run(_prepare, settings)
    common = {
        "host": settings.host,
        "port": settings.port,
        "log_config": None,
        "access_log": False,
        "loop": "auto",
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": list(settings.trusted_proxies),
        "timeout_graceful_shutdown": settings.shutdown_seconds,
    }
    # uvicorn finishes what was begun, then ends itself by the signal; to be told to stop is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if settings.workers == 1:
        uvicorn.run(application(settings), **common)  # type: ignore[arg-type]  # one dictionary for both calls
        return
    # The workers are new processes, which read their settings from the environment as this one did.
    for name in ("host", "port", "workers"):
        os.environ[f"PARTNER_CENTER_{name.upper()}"] = str(getattr(settings, name))
    with tempfile.TemporaryDirectory(prefix="partner-center-metrics-") as shared:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = shared
        uvicorn.run("api.cli_serve:application", factory=True, workers=settings.workers, **common)  # type: ignore[arg-type]


def application(settings: Settings | None = None) -> Starlette:
    """Make the application of one process, with its logs."""
    from api.app import create_app
    from api.logs import configure

    settings = settings or load()
    configure(settings)
    return create_app(settings)


def _taken(settings: Settings) -> str | None:
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family[0], socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(family[4])
    except OSError as error:
        return (
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}."
            " Choose another: partner-center serve --port 8001 (or make run PORT=8001)"
        )
    return None


async def _prepare(house: Installation) -> None:
    from api.demo import is_complete, open_demo_logins
    from api.migrate import pending

    if is_missing(house.settings) or await pending(house.settings.database_url):
        raise fail(f"The database at {where(house.settings)} is not up to date. Run: partner-center migrate")
    if house.settings.production:
        if await open_demo_logins(house):
            raise fail(
                "This database holds demo logins whose password everybody knows; production does not start with them.",
                "Point PARTNER_CENTER_DATABASE_URL at a database of its own.",
            )
        return
    announce(house.settings, demo=await is_complete(house))


def announce(settings: Settings, *, demo: bool) -> None:
    """Print the addresses, and with the demonstration its logins, its token and a query."""
    from api.demo import EVERYBODY, PASSWORD, announced, demo_token

    out.print()
    out.print("[bold]partner-center[/bold]")
    out.print(f"  API, with GraphiQL  {settings.address}/graphql", markup=False)
    out.print(f"  Back-office         {settings.address}/admin", markup=False)
    if not demo:
        out.print()
        return
    table = Table("Login", "Name", "Who", title="Demo logins", title_justify="left", title_style="bold")
    for person in EVERYBODY:
        if person.shown:
            table.add_row(person.login, person.name, f"{person.english} · {person.role.zh}")
    out.print()
    out.print(table)
    out.print(f"Password of all of them: {PASSWORD}", markup=False)
    out.print()
    out.print("API token of the first partner's tool:")
    out.print(demo_token(settings), markup=False)
    out.print()
    out.print("A query to paste:")
    out.print(announced(settings), markup=False)
    out.print()
