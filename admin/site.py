"""The frame of the back-office: SQLAdmin's look, our gate, our menu, our pages."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import jinja2
from sqladmin import Admin, Flash
from sqladmin.authentication import AuthenticationBackend
from sqladmin.i18n import gettext, ngettext
from sqladmin.models import ModelView
from sqladmin.templating import Jinja2Templates
from sqlalchemy.ext.asyncio import async_sessionmaker
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, compile_path
from starlette.staticfiles import StaticFiles

from admin.gate import LARGEST_FORM, Gate, RefusedAtGate, small_enough
from admin.pages.inputs import Filled
from admin.viewer import House, Viewer, viewer_of
from admin.words import both, install, say, spoken
from models.file import LARGEST_BYTES, MOST_FILES, ArrivedFile, ArrivedForm
from models.identity import SignInRequiredError
from models.kernel.access import Actor
from models.kernel.errors import DomainError, NotFoundError, PermissionDeniedError
from models.kernel.record import Record
from models.labels import field_label
from models.notice import unread_count

HERE = Path(__file__).parent
NOTICE_SECONDS = 60
KEPT = ("statics", "index", "list", "details")

Post = Callable[[Request, FormData], Awaitable[Response]]
Upload = Callable[[Request, FormData, Sequence[ArrivedFile]], Awaitable[Response]]
Get = Callable[[Request], Awaitable[Response]]
MULTIPART = "multipart/form-data"


@dataclass(frozen=True)
class MenuItem:
    """A line of the menu (菜单项)."""

    title: str
    icon: str
    href: str
    active: bool
    count: int | None = None


class Pages:
    """A group of pages (页面组) under one address, with its line in the menu."""

    path: ClassVar[str] = ""
    title: ClassVar[str] = ""
    icon: ClassVar[str] = "ti ti-file"
    group: ClassVar[str] = "group_records"
    leads: ClassVar[bool] = False  # to the record itself, without a page of its own
    site: Site

    @property
    def address(self) -> str:
        """Give the address of the first page."""
        return f"{self.site.base_url}/{self.path}"

    def open_to(self, actor: Actor) -> bool:
        """Say who finds the pages in his menu; each page and action decides again."""
        return True

    async def waiting(self, viewer: Viewer) -> int | None:
        """Count what waits for the viewer, for the menu."""
        return None

    def lay(self) -> None:
        """Add the routes."""
        raise NotImplementedError


class _SignedIn(AuthenticationBackend):
    """What SQLAdmin asks about who is signed in; the gate has answered already."""

    def __init__(self) -> None:
        self.middlewares = []

    async def authenticate(self, request: Request) -> bool:
        """Tell whether the gate let somebody in."""
        return viewer_of(request).admitted


class Site(Admin):
    """The back-office (后台)."""

    def __init__(self, app: Starlette, house: House, *, secret: str, secure: bool, base_url: str = "/admin") -> None:
        install()
        self.house = house
        self.secure = secure
        self.pages: list[Pages] = []
        self.page_of: dict[type[Record], Pages] = {}
        self._with_files: list[re.Pattern[str]] = []
        # A session maker of SQLAdmin's own, since it changes the one that it is given; on the reader, so it only reads.
        reader = async_sessionmaker(house.store.reader.kw["bind"], expire_on_commit=False)
        super().__init__(
            app,
            session_maker=reader,
            base_url=base_url,
            title="Partner Center",
            templates_dir=str(HERE / "templates"),
            authentication_backend=_SignedIn(),
            middlewares=[
                Middleware(
                    # Holds the one notice of the next page and nothing else; who is signed in stands in the database.
                    SessionMiddleware,
                    secret_key=secret,
                    session_cookie="partner_center_notice",
                    max_age=NOTICE_SECONDS,
                    path=base_url,
                    same_site="strict",
                    https_only=secure,
                ),
                Middleware(Gate, house=house, refused=self.refused, takes_files=self.takes_files),
            ],
        )
        # Of SQLAdmin's own routes those stay that only read; files, forms, deletion, import and export are closed.
        routes = self.admin.router.routes
        routes[:] = [route for route in routes if getattr(route, "name", "") in KEPT]
        self._own = 0
        self._laying = Pages()
        self._insert(Mount("/assets", app=StaticFiles(directory=HERE / "static"), name="assets"))
        self.admin.exception_handlers = {
            HTTPException: self._http_error,
            DomainError: self._domain_error,
            Exception: self._bug,
        }

    def init_templating_engine(self) -> Jinja2Templates:
        """Let templates speak the viewer's language and know the menu."""
        templates = super().init_templating_engine()
        env = templates.env
        env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
        env.globals.update(t=say, both=both, lang=spoken, site=self, menu=self.menu, bell=self.bell, no_filled=Filled())
        env.filters.update(both=both, label=_label)
        plain = templates.TemplateResponse

        async def with_viewer(
            request: Request, name: str, context: dict[str, Any] | None = None, status_code: int = 200
        ) -> Any:
            given = {"viewer": getattr(request.state, "viewer", None), **(context or {})}
            return await plain(request, name, given, status_code)

        templates.TemplateResponse = with_viewer  # type: ignore[method-assign]
        env.trim_blocks = env.lstrip_blocks = True
        return templates

    def _insert(self, route: Route | Mount) -> None:
        self.admin.router.routes.insert(self._own, route)
        self._own += 1

    def add(self, pages: Pages) -> None:
        """Take a group of pages into the back-office."""
        pages.site = self
        self.pages.append(pages)
        model = getattr(pages, "model", None)
        if model is not None:
            self.page_of.setdefault(model, pages)
        self._laying = pages
        pages.lay()

    def get(self, path: str, endpoint: Get, name: str) -> None:
        """Serve a page."""
        pages = self._laying

        async def showing(request: Request) -> Response:
            _open(pages, request)
            return await endpoint(request)

        self._insert(Route(path, showing, name=name, methods=["GET"]))

    def post(self, path: str, endpoint: Post, name: str, *, signed_in: bool = True) -> None:
        """Take a form: it must carry the token of this visit, and what the domain refuses is said in a notice."""
        pages = self._laying

        async def taking(request: Request) -> Response:
            form = await request.form(max_files=0, max_fields=2000)
            if signed_in:
                try:
                    _written_here(request, form.get("token") or request.headers.get("x-form-token"))
                except RefusedAtGate as refusal:
                    return await self.refused(request, refusal.status, refusal.key)
            _open(pages, request)
            return await self._answered(request, form, endpoint(request, form))

        self._insert(Route(path, taking, name=name, methods=["POST"]))

    def upload(self, path: str, endpoint: Upload, name: str, *, first: Callable[[Request], Awaitable[None]]) -> None:
        """Take a form that may bring files, none of which is written before its token is seen.

        `first` refuses before files are read. What the endpoint does not store is thrown away.
        """
        pages = self._laying
        self._with_files.append(compile_path(path)[0])

        async def taking(request: Request) -> Response:
            _open(pages, request)
            try:
                arrived = await self._arrived(request, first)
            except RefusedAtGate as refusal:
                return await self.refused(request, refusal.status, refusal.key)
            except ClientDisconnect:
                return Response(status_code=400)
            try:
                form = FormData([*arrived.fields])
                return await self._answered(request, form, endpoint(request, form, arrived.files))
            finally:
                arrived.discard()

        self._insert(Route(path, taking, name=name, methods=["POST"]))

    def takes_files(self, path: str, content_type: str) -> bool:
        """Tell whether a form to an address may be as large as its files make it."""
        may = self.house.receiver is not None and content_type.startswith(MULTIPART)
        return may and any(pattern.match(path) for pattern in self._with_files)

    async def _arrived(self, request: Request, first: Callable[[Request], Awaitable[None]]) -> ArrivedForm:
        content_type = request.headers.get("content-type", "")
        receiver = self.house.receiver
        if receiver is None or not content_type.startswith(MULTIPART):
            form = await request.form(max_files=0, max_fields=2000)
            _written_here(request, form.get("token"))
            return ArrivedForm([(name, text) for name, text in form.multi_items() if isinstance(text, str)])
        await first(request)
        async with viewer_of(request).reading() as reader:
            largest, most = reader.policy(LARGEST_BYTES), reader.policy(MOST_FILES)
        small_enough(request.headers, largest * most + LARGEST_FORM)
        return await receiver.gather(
            request,
            largest=largest,
            most=most,
            admit=lambda fields: _written_here(request, dict(fields).get("token")),
        )

    async def _answered(self, request: Request, form: FormData, answer: Awaitable[Response]) -> Response:
        try:
            return await answer
        except (NotFoundError, PermissionDeniedError, SignInRequiredError):
            raise
        except DomainError as error:
            self.complain(request, error)
            return self.back(request, form)

    async def render(self, request: Request, template: str, status: int = 200, **context: Any) -> Response:
        """Make a page."""
        answer: Response = await self.templates.TemplateResponse(request, template, context, status)
        return answer

    def tell(self, request: Request, key: str, **facts: Any) -> None:
        """Leave a notice for the next page."""
        Flash.success(request, say(key, **facts))

    def complain(self, request: Request, error: DomainError) -> None:
        """Leave a refusal as a notice for the next page."""
        Flash.error(request, " ".join(dict.fromkeys(single.message(spoken()) for single in error)))

    def go(self, path: str) -> Response:
        """Go on to a page of the back-office after something was done."""
        return RedirectResponse(path, 303)

    def back(self, request: Request, form: FormData) -> Response:
        """Go back to the page that a form stands on."""
        aim = str(form.get("back") or "")
        inside = aim.startswith(f"{self.base_url}/") and "//" not in aim and "\\" not in aim and aim.isprintable()
        return self.go(aim if inside else f"{self.base_url}/")

    async def menu(self, request: Request) -> list[tuple[str, Sequence[MenuItem]]]:
        """List the menu of this viewer: groups with their lines."""
        viewer: Viewer | None = getattr(request.state, "viewer", None)
        if viewer is None or not viewer.admitted:
            return []
        here = request.url.path.rstrip("/")
        groups: dict[str, list[MenuItem]] = {}
        for pages in self.pages:
            if not pages.title or not pages.open_to(viewer.actor):
                continue
            active = here == pages.address or here.startswith(f"{pages.address}/")
            line = MenuItem(say(pages.title), pages.icon, pages.address, active, await pages.waiting(viewer))
            groups.setdefault(pages.group, []).append(line)
        for view in self.views:
            if isinstance(view, ModelView) and view.is_accessible(request):
                href = f"{self.base_url}/{view.identity}/list"
                line = MenuItem(view.name_plural, view.icon, href, here.startswith(href.rpartition("/")[0]))
                groups.setdefault("group_system", []).append(line)
        return [(say(group) if group else "", lines) for group, lines in groups.items()]

    async def bell(self, request: Request) -> int:
        """Count what the viewer has not read yet."""
        async with viewer_of(request).reading() as reader:
            return await unread_count(reader)

    async def refused(self, request: Request, status: int, key: str) -> Response:
        """Make the page that says why a request got no further."""
        return await self.error(request, status, say(key))

    async def error(self, request: Request, status: int, message: str) -> Response:
        """Make an error page, or a line of JSON for the page's own script; never with an exception's text."""
        request_id = request.scope.get("state", {}).get("request_id")
        if "application/json" in request.headers.get("accept", ""):
            return _json({"message": message, "requestId": request_id}, status)
        return await self.render(
            request, "sqladmin/error.html", status, status_code=status, message=message, request_id=request_id
        )

    async def _http_error(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        key = {403: "error_403", 404: "error_404", 405: "error_405", 413: "error_413"}.get(status, "error")
        return await self.error(request, status, say(key))

    async def _domain_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, DomainError), "only refusals come here"
        if isinstance(error, SignInRequiredError):
            return await self.refused(request, 401, "session_over")
        status = {NotFoundError: 404, PermissionDeniedError: 403}.get(type(error), 422)
        message = say("error_404") if status == 404 else " ".join(single.message(spoken()) for single in error)
        return await self.error(request, status, message)

    async def _bug(self, request: Request, error: Exception) -> Response:
        return await self.error(request, 500, say("error_500"))


def _written_here(request: Request, token: object) -> None:
    if not viewer_of(request).wrote(token):
        raise RefusedAtGate(403, "error_token")


def _open(pages: Pages, request: Request) -> None:
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    if viewer is not None and not pages.open_to(viewer.actor):
        raise HTTPException(403)


@jinja2.pass_context  # so that no label is settled when the template is compiled, in whatever language that is
def _label(_context: Any, name: str) -> str:
    row_type, _, field = name.rpartition(".")
    return field_label(field, spoken(), row_type)


def _json(content: Mapping[str, Any], status: int = 200) -> Response:
    return JSONResponse(content, status)
