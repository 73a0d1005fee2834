"""Lays letters out as mails: text and HTML, in the language of their receiver, with links that he can follow."""

import datetime as dt
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final

import jinja2

from api.entry import entry_terms
from api.identity import journal_key
from api.invitations import invitation_terms
from api.settings import Settings
from models.identity import Account
from models.kernel.access import Side
from models.kernel.words import Lang
from models.kernel.work import sealed
from models.notice import Claimed, Letter
from models.verification import PURPOSE, code_from

TEMPLATES: Final = Path(__file__).parent / "templates" / "mail"
WORDS: Final[dict[str, tuple[str, str]]] = {
    "brand": ("伙伴中心", "Partner Center"),
    "hello": ("{name}，您好：", "Hello {name},"),
    "open": ("查看详情", "Open it"),
    "open_queue": ("打开审批队列", "Open the queue"),
    "find": ("请在伙伴门户中查看：{number}", "Find it in the partner portal: {number}"),
    "preferences": ("选择哪些通知通过邮件接收", "Choose what comes by mail"),
    "automatic": ("此邮件由系统自动发送，请勿直接回复。", "This mail was sent automatically; please do not reply."),
    "digest_line": (
        "{day}：您有 {total} 项审批已超期或将在下一个工作日结束前到期，共有 {waiting} 项待处理。",
        "{day}: {total} approvals are overdue or due by the end of the next working day; {waiting} wait in all.",
    ),
    "digest_more": ("以上为最紧急的 {shown} 项。", "These are the {shown} most urgent ones."),
    "overdue": ("已超期", "Overdue"),
    "due": ("时限（北京时间）", "Due (Beijing time)"),
    "kind": ("类型", "Kind"),
    "record": ("记录", "Record"),
}


@dataclass(frozen=True)
class Addresses:
    """Where links of mails lead (链接地址): Huawei's people to the back-office, everybody else to the portal."""

    back_office: str
    portal: str | None

    @classmethod
    def of(cls, settings: Settings) -> "Addresses":
        """Take them from the settings."""
        return cls(f"{settings.address}/admin", settings.portal_url.rstrip("/") if settings.portal_url else None)

    def link(self, account: Account, path: str) -> str | None:
        """Give the link that shows a path to somebody; none where no portal is known."""
        root = self.back_office if account.side == Side.HUAWEI else self.portal
        return f"{root}{path}" if root else None


class Desk:
    """Where mails are written (写信台)."""

    def __init__(self, settings: Settings) -> None:
        self.addresses = Addresses.of(settings)
        self.invitations = invitation_terms(settings)
        self.entries = entry_terms(settings)
        self._key = journal_key(settings)
        self.sender = settings.mail_from
        self.domain = settings.mail_from.rpartition("@")[2]
        self._env = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            autoescape=jinja2.select_autoescape(("html",)),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def write(self, letter: Letter, mail: Claimed, account: Account, now: dt.datetime) -> EmailMessage:
        """Write a mail: its Message-ID is the same at every attempt, so that a repeat can be recognised."""
        lang = letter.lang or account.language
        address, name = letter.to or (account.email or "", account.name)
        facts: dict[str, Any] = {
            **letter.facts,
            "account": account,
            "lang": lang,
            "heading": letter.subject,
            "t": lambda key, **given: say(key, lang, **given),
            "link": lambda path: self.addresses.link(account, path),
            "invite": lambda told: self.invitations.link(*told),
            "enter": lambda told: self.entries.link(*told),
            "code": lambda id: code_from(sealed(self._key, PURPOSE, id.hex)),
        }
        message = EmailMessage()
        message["From"] = Address(display_name=say("brand", lang), addr_spec=self.sender)
        message["To"] = Address(display_name=" ".join(name.split()), addr_spec=address)
        message["Subject"] = " ".join(f"[{say('brand', lang)}] {letter.subject}".split())
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<{mail.public_id}@{self.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message.set_content(self._page(f"{letter.template}.txt", facts))
        message.add_alternative(self._page(f"{letter.template}.html", facts), subtype="html")
        # Set last: what begins with Content- would go along into the part that the text becomes.
        message["Content-Language"] = "zh-CN" if lang == "zh" else "en"
        return message

    def _page(self, template: str, facts: dict[str, Any]) -> str:
        return self._env.get_template(template).render(facts).strip() + "\n"


def say(key: str, lang: Lang, **facts: Any) -> str:
    """Say a sentence that every mail shares."""
    zh, en = WORDS[key]
    return (zh if lang == "zh" else en).format(**facts)
