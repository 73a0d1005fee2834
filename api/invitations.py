"""The page that a link of an invitation opens: who invites, the notice to read, and a form to answer with."""

from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import jinja2
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from api.settings import Settings
from models import invitation as domain
from models.agreement import AgreementVersion
from models.identity import derive_key
from models.invitation import BEARER, InvitationTerms
from models.kernel.errors import DomainError
from models.kernel.values import parse_public_id
from models.kernel.words import Lang
from models.kernel.work import Clock, Store, run_write
from models.notice import beijing_text

TEMPLATES: Final = Path(__file__).parent / "templates"
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
WORDS: Final[dict[str, tuple[str, str]]] = {
    "brand": ("华为云伙伴中心", "Huawei Cloud Partner Center"),
    "title": ("合作伙伴邀请", "Invitation by a partner"),
    "lead": ("合作伙伴“{partner}”邀请您建立关联。", "The partner “{partner}” invites you to associate with it."),
    "type": ("关联类型", "Association type"),
    "until": ("有效期至（北京时间）", "Valid until (Beijing time)"),
    "version": ("版本 {number}", "Version {number}"),
    "agree": ("我已阅读并同意以上须知", "I have read and agree to this notice"),
    "accept": ("接受邀请", "Accept"),
    "refuse": ("拒绝邀请", "Refuse"),
    "reason": ("拒绝原因（选填）", "Reason for refusing (optional)"),
    "sign_in": (
        "请使用您的华为云客户账号登录伙伴中心，在“我的合作伙伴”中打开此链接并答复。",
        "Sign in to Partner Center with your customer account and answer under “My partner” with this link.",
    ),
    "accepted": ("您已接受邀请，关联已生效。", "You have accepted; you are associated now."),
    "refused": ("您已拒绝邀请。", "You have refused the invitation."),
    "other": ("English", "中文"),
}


def invitation_terms(settings: Settings) -> InvitationTerms:
    """Say how invitations are reached here."""
    return InvitationTerms(derive_key(settings.secret_key.get_secret_value(), "invitations"), settings.address)


class InvitationPage:
    """The page behind a link (邀请页面); the link is all that its caller has, so nothing is kept in a cookie."""

    def __init__(self, store: Store, terms: InvitationTerms, clock: Clock) -> None:
        self.store = store
        self.terms = terms
        self.clock = clock
        self._env = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> list[BaseRoute]:
        """Give the page's routes."""
        return [
            Route("/invitations/{token}", self.show, methods=["GET"]),
            Route("/invitations/{token}", self.answer, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the invitation, or why its link serves no more."""
        try:
            return await self._form(request, self.terms.read(request.path_params["token"]))
        except DomainError as error:
            return self._refused(request, error)

    async def answer(self, request: Request) -> Response:
        """Take the answer of whoever holds the link of a mail."""
        form = await request.form(max_files=0, max_fields=8)
        try:
            id = self.terms.read(request.path_params["token"])
        except DomainError as error:
            return self._refused(request, error)
        try:
            key = await self._answered(id, form)
        except DomainError as error:
            await self._write(partial(domain.note_failure, id=id, error=error))
            try:
                return await self._form(request, id, error)
            except DomainError as ended:
                return self._refused(request, ended)
        return self._page(request, None, done=key)

    async def _answered(self, id: UUID, form: FormData) -> str:
        if form.get("answer") == "refuse":
            reason = str(form.get("reason") or "")
            await self._write(lambda work: domain.decline(work, id, reason=reason, by_link=True))
            return "refused"
        agreed_to = _agreed(str(form.get("agreement") or ""))
        await self._write(lambda work: domain.accept(work, id, agreed_to=agreed_to, by_link=True))
        return "accepted"

    async def _write(self, deed: Any) -> Any:
        return await run_write(self.store, BEARER, deed, clock=self.clock)

    async def _form(self, request: Request, id: UUID, error: DomainError | None = None) -> Response:
        card = await self._write(partial(domain.card, id=id))
        return self._page(request, card, error=error, status=200 if error is None else 422)

    def _refused(self, request: Request, error: DomainError) -> Response:
        return self._page(request, None, error=error, status=410)

    def _page(
        self,
        request: Request,
        card: domain.InvitationCard | None,
        *,
        error: DomainError | None = None,
        done: str | None = None,
        status: int = 200,
    ) -> Response:
        lang = _language(request, card)
        page = self._env.get_template("invitation.html").render(
            card=card,
            lang=lang,
            done=done,
            problems=[one.message(lang) for one in error] if error else [],
            t=partial(_say, lang),
            until=beijing_text(card.valid_until) if card else "",
            other=f"?lang={'zh' if lang == 'en' else 'en'}",
        )
        return HTMLResponse(page, status, HEADERS)


def _say(lang: Lang, key: str, **facts: str) -> str:
    zh, en = WORDS[key]
    return (zh if lang == "zh" else en).format(**facts)


def _language(request: Request, card: domain.InvitationCard | None) -> Lang:
    asked = request.query_params.get("lang")
    if asked in ("zh", "en"):
        return "zh" if asked == "zh" else "en"
    if card is not None:
        return card.language
    return "en" if request.headers.get("accept-language", "zh").startswith("en") else "zh"


def _agreed(text: str) -> UUID | None:
    try:
        prefix, id = parse_public_id(text)
    except ValueError:
        return None
    return id if prefix == AgreementVersion.prefix else None
