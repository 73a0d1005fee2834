"""GraphiQL from local files: a page that asks no address but our own."""

from pathlib import Path

from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).with_name("static")


def page(static_path: str) -> bytes:
    """Return GraphiQL's page, with its files taken from `static_path`."""
    return (STATIC / "graphiql.html").read_text("utf-8").replace("{static}", static_path.rstrip("/")).encode()


def files() -> StaticFiles:
    """Return the application that serves the page's scripts and styles."""
    return StaticFiles(directory=STATIC)
