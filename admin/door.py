"""Coming in and leaving: sign in, forced change of password, language, sign out."""

from __future__ import annotations

from typing import ClassVar

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from admin.gate import LANGUAGE_COOKIE, chosen, local_path
from admin.pages.inputs import Filled, Input, fill
from admin.site import Pages
from admin.viewer import COOKIE, Viewer, viewer_of
from admin.words import say, speak
from models.identity.members import choose_language
from models.identity.record import Account
from models.identity.sessions import Visit, begin_visit, end_visit
from models.identity.sign_in import Credentials, change_password, reset_password, sign_in
from models.kernel.errors import DomainError
from models.kernel.words import Lang
from models.kernel.work import Work

SIGN_IN = (
    Input("login", required=True, longest=254),
    Input("password", "password", required=True, label="password", longest=1024),
)
PASSWORD = (
    Input("present", "password", required=True, label="present_password", longest=1024),
    Input("new", "password", required=True, label="new_password", longest=1024, hint="password_rule"),
    Input("again", "password", required=True, label="new_password_again", longest=1024),
)
RESET = PASSWORD[1:]
YEAR = 365 * 24 * 3600


class Door(Pages):
    """The door (登录与会话)."""

    title: ClassVar[str] = ""

    def lay(self) -> None:
        """Add the routes."""
        self.site.get("/login", self.login_page, "login")
        self.site.post("/login", self.login, "sign-in", signed_in=False)
        self.site.post("/logout", self.logout, "logout")
        self.site.post("/language", self.language, "language", signed_in=False)
        self.site.get("/password", self.password_page, "password")
        self.site.post("/password", self.password, "change-password")
        self.site.get("/reset/{link}", self.reset_page, "reset")
        self.site.post("/reset/{link}", self.reset, "reset-password", signed_in=False)

    async def login_page(self, request: Request) -> Response:
        """Show the form to sign in, or go on where somebody is signed in already."""
        viewer: Viewer | None = request.state.viewer
        if viewer is not None:
            return self.site.go(f"{self.site.base_url}/")
        return await self._login_form(request, Filled(), request.query_params.get("next", ""))

    async def login(self, request: Request, form: FormData) -> Response:
        """Begin a visit with a cookie of its own; the browser's former visit ends."""
        house = self.site.house
        filled = fill(SIGN_IN, form)
        aim = str(form.get("next") or "")

        async def begin(work: Work, account: Account) -> Visit:
            return await begin_visit(work, account, house.terms, instead_of=request.cookies.get(COOKIE))

        if filled.sound:
            credentials = Credentials(
                filled.values["login"], filled.values["password"], request.client.host if request.client else ""
            )
            try:
                visit = await sign_in(
                    house.store, credentials, begin, clock=house.clock, request_id=_request_id(request)
                )
                return self._seat(self.site.go(local_path(aim, self.site.base_url)), visit)
            except DomainError as error:
                filled.refuse(error)
        filled.texts["password"] = ""
        return await self._login_form(request, filled, aim, 422)

    async def logout(self, request: Request, form: FormData) -> Response:
        """End the visit."""
        viewer = viewer_of(request)
        await viewer.act(lambda work: end_visit(work, viewer.visit_id))
        self.site.tell(request, "signed_out")
        answer = self.site.go(f"{self.site.base_url}/login")
        answer.delete_cookie(COOKIE, path=self.site.base_url)
        return answer

    async def language(self, request: Request, form: FormData) -> Response:
        """Speak the other language from now on; who is signed in is spoken to so everywhere."""
        viewer: Viewer | None = request.state.viewer
        lang: Lang = "en" if form.get("lang") == "en" else "zh"
        if viewer is not None:
            if not viewer.wrote(form.get("token")):
                return await self.site.refused(request, 403, "error_token")
            await viewer.act(lambda work: choose_language(work, lang))
        answer = self.site.back(request, form)
        answer.set_cookie(
            LANGUAGE_COOKIE, lang, max_age=YEAR, path=self.site.base_url, secure=self.site.secure, samesite="strict"
        )
        return answer

    async def password_page(self, request: Request) -> Response:
        """Show the form to change one's password."""
        return await self._password_form(request, Filled())

    async def password(self, request: Request, form: FormData) -> Response:
        """Change one's own password; the other visits end and this one gets a new cookie."""
        viewer, house = viewer_of(request), self.site.house
        filled = fill(PASSWORD, form)
        if filled.sound and filled.values["new"] != filled.values["again"]:
            filled.errors["again"] = [say("passwords_differ")]

        async def begin(work: Work, account: Account) -> Visit:
            return await begin_visit(work, account, house.terms, instead_of=viewer.token)

        if filled.sound:
            try:
                visit = await change_password(
                    house.store,
                    viewer.actor,
                    filled.values["present"],
                    filled.values["new"],
                    begin,
                    address=request.client.host if request.client else "",
                    clock=house.clock,
                    request_id=viewer.request_id,
                )
            except DomainError as error:
                filled.refuse(error, PASSWORD)
            else:
                self.site.tell(request, "password_changed")
                return self._seat(self.site.go(f"{self.site.base_url}/"), visit)
        return await self._password_form(request, Filled(errors=filled.errors, general=filled.general), 422)

    async def reset_page(self, request: Request) -> Response:
        """Show the form that a reset link leads to."""
        return await self._reset_form(request, Filled())

    async def reset(self, request: Request, form: FormData) -> Response:
        """Set a new password by a link, once; whoever was signed in is so no longer."""
        house = self.site.house
        filled = fill(RESET, form)
        if filled.sound and filled.values["new"] != filled.values["again"]:
            filled.errors["again"] = [say("passwords_differ")]
        if filled.sound:
            try:
                await reset_password(
                    house.store,
                    request.path_params["link"],
                    filled.values["new"],
                    key=house.terms.reset_key,
                    clock=house.clock,
                    request_id=_request_id(request),
                )
            except DomainError as error:
                filled.refuse(error, RESET)
            else:
                self.site.tell(request, "password_set")
                return self.site.go(f"{self.site.base_url}/login")
        return await self._reset_form(request, Filled(errors=filled.errors, general=filled.general), 422)

    async def _reset_form(self, request: Request, filled: Filled, status: int = 200) -> Response:
        return await self.site.render(
            request, "reset.html", status, inputs=RESET, filled=filled, link=request.path_params["link"]
        )

    def _seat(self, answer: Response, visit: Visit) -> Response:
        answer.set_cookie(
            COOKIE,
            visit.token,
            max_age=int(self.site.house.terms.absolute.total_seconds()),
            path=self.site.base_url,
            httponly=True,
            secure=self.site.secure,
            samesite="strict",
        )
        return answer

    async def _login_form(self, request: Request, filled: Filled, aim: str, status: int = 200) -> Response:
        if request.state.viewer is None:
            speak(chosen(request))
        return await self.site.render(request, "sqladmin/login.html", status, inputs=SIGN_IN, filled=filled, aim=aim)

    async def _password_form(self, request: Request, filled: Filled, status: int = 200) -> Response:
        return await self.site.render(request, "password.html", status, inputs=PASSWORD, filled=filled)


def _request_id(request: Request) -> str | None:
    found = request.scope.get("state", {}).get("request_id")
    return found if isinstance(found, str) else None
