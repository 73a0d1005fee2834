"""Stands before every page: who comes in, from where, in which language, and under which headers he leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from admin.viewer import COOKIE, House, viewer_of_cookie
from admin.words import speak
from models.kernel.words import Lang

LANGUAGE_COOKIE: Final = "partner_center_lang"
SAFE: Final = ("GET", "HEAD", "OPTIONS")
LARGEST_FORM: Final = 256 * 1024
OPEN_TO_ALL: Final = ("/statics/", "/assets/")
BEFORE_SIGN_IN: Final = ("/login", "/language")
RESET: Final = "/reset/"
BEFORE_PASSWORD: Final = ("/password", "/logout", "/language")
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class RefusedAtGate(Exception):
    """The request does not get in: its status and the sentence that says why."""

    def __init__(self, status: int, key: str) -> None:
        self.status = status
        self.key = key


class Gate:
    """The gate (门禁) of the back-office."""

    def __init__(self, app: ASGIApp, *, house: House, refused: Any, takes_files: Callable[[str, str], bool]) -> None:
        self.app = app
        self.house = house
        self.refused = refused
        self.takes_files = takes_files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or not."""
        if scope["type"] != "http":
            return
        path = scope["path"].removeprefix(scope.get("root_path", "")) or "/"

        async def under_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if not path.startswith(OPEN_TO_ALL):
                    headers["cache-control"] = "no-store"
            await send(message)

        if path.startswith(OPEN_TO_ALL):
            await self.app(scope, receive, under_headers)
            return
        request = Request(scope, receive)
        try:
            answer = await self._admit(request, path)
        except RefusedAtGate as refusal:
            answer = await self.refused(request, refusal.status, refusal.key)
        await (answer or self.app)(scope, receive, under_headers)

    async def _admit(self, request: Request, path: str) -> ASGIApp | None:
        state = request.scope.setdefault("state", {})
        token = request.cookies.get(COOKIE)
        viewer = await viewer_of_cookie(self.house, token, state.get("request_id")) if token else None
        state["viewer"] = viewer
        speak(viewer.actor.lang if viewer else chosen(request))
        if request.method not in SAFE:
            came_from_here(request.headers)
            if not self.takes_files(path, request.headers.get("content-type", "")):
                small_enough(request.headers, LARGEST_FORM)
        if viewer is None:
            if path in BEFORE_SIGN_IN or path.startswith(RESET):
                return None
            if request.method not in SAFE:
                raise RefusedAtGate(401, "session_over")
            inside = quote(f"{path}?{request.url.query}" if request.url.query else path, safe="/")
            aim = f"?next={inside}" if path != "/" else ""
            return RedirectResponse(f"{request.scope.get('root_path', '')}/login{aim}", 303)
        if path.startswith(RESET):
            return None
        if viewer.must_change_password and path not in BEFORE_PASSWORD:
            return RedirectResponse(f"{request.scope.get('root_path', '')}/password", 303)
        if not viewer.admitted and path not in (*BEFORE_PASSWORD, *BEFORE_SIGN_IN):
            raise RefusedAtGate(403, "no_back_office")
        return None


def chosen(request: Request) -> Lang:
    """Tell which language a browser chose before anybody signed in; Chinese where it chose none."""
    return "en" if request.cookies.get(LANGUAGE_COOKIE) == "en" else "zh"


def came_from_here(headers: Headers) -> None:
    """Refuse what another site's page sends, whatever it carries."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    same_host = origin is not None and urlsplit(origin).netloc == headers.get("host")
    if site not in (None, "same-origin") or (origin is not None and not same_host) or (site is None and not same_host):
        raise RefusedAtGate(403, "error_origin")


def small_enough(headers: Headers, largest: int) -> None:
    """Refuse a form that does not say its length, or is too large to be ours."""
    length = headers.get("content-length", "")
    if not length.isdigit() or int(length) > largest:
        raise RefusedAtGate(413, "error_413")


def local_path(aim: object, base: str) -> str:
    """Give a path of this back-office to go on to, never another site's."""
    text = aim if isinstance(aim, str) else ""
    inside = text.startswith("/") and not text.startswith(("//", "/\\")) and "\\" not in text and text.isprintable()
    return base + text if inside else f"{base}/"
