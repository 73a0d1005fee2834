"""The pages that a link to enter opens: be verified by a code, and register the account, without a script."""

from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import jinja2
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from api.invitations import HEADERS
from api.settings import Settings
from models import entry as domain
from models.entry import EntryTerms
from models.identity import derive_key
from models.identity.rules import LONGEST_PASSWORD, SHORTEST_PASSWORD
from models.kernel.errors import DomainError
from models.kernel.words import Lang
from models.kernel.work import Clock, Store, run_write
from models.notice import beijing_text

TEMPLATES: Final = Path(__file__).parent / "templates"
WORDS: Final[dict[str, tuple[str, str]]] = {
    "brand": ("华为云伙伴中心", "Huawei Cloud Partner Center"),
    "title": ("伙伴入驻", "Become a partner"),
    "lead": ("华为云邀请“{company}”成为合作伙伴。", "Huawei Cloud invites {company} to become a partner."),
    "kind": ("伙伴类型", "Partner type"),
    "path": ("发展路径", "Path"),
    "until": ("链接有效期至（北京时间）", "Link valid until (Beijing time)"),
    "finish_by": ("请在此前完成注册（北京时间）", "Finish registering by (Beijing time)"),
    "step_verify": ("第 1 步　验证手机号与邮箱", "Step 1 · Mobile number and mailbox"),
    "step_code": ("第 2 步　填写验证码", "Step 2 · The code"),
    "step_register": ("第 3 步　注册账号", "Step 3 · Your account"),
    "mobile": ("手机号", "Mobile number"),
    "email": ("邮箱", "E-mail"),
    "send": ("获取验证码", "Send the code"),
    "send_again": ("重新获取", "Send another"),
    "sent": (
        "若信息无误，6 位验证码已发送至 {email}，请查收邮件。",
        "A code of six digits is on its way to {email}; look into your mails.",
    ),
    "code": ("验证码", "Code"),
    "verify": ("验证", "Verify"),
    "login": ("登录名", "Login"),
    "login_hint": (
        "3 至 64 个小写字母、数字或 . _ @ -，创建后不能修改",
        "3 to 64 lower-case letters, digits or . _ @ -; it cannot be changed later",
    ),
    "name": ("姓名", "Your name"),
    "password": ("密码", "Password"),
    "password_hint": (
        f"{SHORTEST_PASSWORD} 至 {LONGEST_PASSWORD} 个字符，不能包含登录名",
        f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, without the login",
    ),
    "register": ("注册账号", "Register"),
    "registered": (
        "账号“{login}”已注册。请登录伙伴中心，同意服务条款并提交入驻信息，即可成功入驻。",
        "The account {login} is registered. Sign in to Partner Center, accept the service terms and submit the entry "
        "information to join.",
    ),
    "portal": ("前往伙伴中心", "To Partner Center"),
    "other": ("English", "中文"),
}


def entry_terms(settings: Settings) -> EntryTerms:
    """Say how entry is reached here."""
    return EntryTerms(derive_key(settings.secret_key.get_secret_value(), "partner-entry"), settings.address)


class EntryPage:
    """The pages behind a link to enter (入驻页面); the link is all that their caller has, so no cookie is kept."""

    def __init__(self, store: Store, terms: EntryTerms, portal: str | None, clock: Clock) -> None:
        self.store = store
        self.terms = terms
        self.portal = portal
        self.clock = clock
        self._env = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> list[BaseRoute]:
        """Give the routes."""
        return [
            Route("/entry/{token}", self.show, methods=["GET"]),
            Route("/entry/{token}", self.take, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show whom the link invites, or why it serves no more."""
        try:
            return await self._page(request, self.terms.read(request.path_params["token"]), "verify")
        except DomainError as error:
            return self._render(request, None, error=error, status=410)

    async def take(self, request: Request) -> Response:
        """Take one step; what is wrong stands above its form, with everything that was typed but secrets."""
        form = await request.form(max_files=0, max_fields=12)
        step = str(form.get("step") or "verify")
        try:
            id = self.terms.read(request.path_params["token"])
            try:
                return await _STEPS.get(step, EntryPage._send)(self, request, id, form)
            except DomainError as error:
                return await self._page(request, id, step, form=form, error=error)
        except DomainError as error:
            return self._render(request, None, error=error, status=410)

    async def _send(self, request: Request, id: UUID, form: FormData) -> Response:
        address = request.client.host if request.client else ""
        mobile, email = str(form.get("mobile") or ""), str(form.get("email") or "")
        await self._write(lambda work: domain.request_code(work, id, mobile=mobile, email=email, address=address))
        return await self._page(request, id, "code", form=form)

    async def _verify(self, request: Request, id: UUID, form: FormData) -> Response:
        entry, code = await self._write(partial(domain.verify, id=id, code=str(form.get("code") or "")))
        proof = self.terms.proof(code.id, entry.finish_by or entry.valid_until)
        return await self._page(request, id, "register", form=form, proof=proof)

    async def _register(self, request: Request, id: UUID, form: FormData) -> Response:
        code = self.terms.verified(str(form.get("proof") or ""), self.clock())
        given = domain.Registration(*(str(form.get(name) or "") for name in ("login", "name", "password")))
        await domain.register(self.store, id, code, given, clock=self.clock)
        return self._render(request, None, done=given.login.strip().casefold())

    async def _write(self, deed: Any) -> Any:
        return await run_write(self.store, domain.INVITEE, deed, clock=self.clock)

    async def _page(
        self,
        request: Request,
        id: UUID,
        step: str,
        *,
        form: FormData | None = None,
        error: DomainError | None = None,
        proof: str = "",
    ) -> Response:
        card = await self._write(partial(domain.card, id=id))
        typed = {name: _text(form, name) for name in ("mobile", "email", "login", "name", "proof")}
        typed["proof"] = proof or typed["proof"]
        shown = step if step in _STEPS else "verify"
        return self._render(request, card, step=shown, typed=typed, error=error, status=422 if error else 200)

    def _render(
        self,
        request: Request,
        card: domain.EntryCard | None,
        *,
        step: str = "",
        typed: dict[str, str] | None = None,
        error: DomainError | None = None,
        done: str = "",
        status: int = 200,
    ) -> Response:
        lang = _language(request, card)
        page = self._env.get_template("entry.html").render(
            card=card,
            lang=lang,
            step=step,
            typed=typed or {},
            done=done,
            portal=self.portal,
            problems=[one.message(lang) for one in error] if error else [],
            t=partial(_say, lang),
            until=beijing_text(card.until) if card else "",
            other=f"?lang={'zh' if lang == 'en' else 'en'}",
        )
        return HTMLResponse(page, status, HEADERS)


_STEPS: Final = {"verify": EntryPage._send, "code": EntryPage._verify, "register": EntryPage._register}


def _text(form: FormData | None, name: str) -> str:
    return str(form.get(name) or "") if form is not None else ""


def _say(lang: Lang, key: str, **facts: str) -> str:
    zh, en = WORDS[key]
    return (zh if lang == "zh" else en).format(**facts)


def _language(request: Request, card: domain.EntryCard | None) -> Lang:
    asked = request.query_params.get("lang")
    if asked in ("zh", "en"):
        return "zh" if asked == "zh" else "en"
    if card is not None:
        return card.language
    return "en" if request.headers.get("accept-language", "zh").startswith("en") else "zh"
