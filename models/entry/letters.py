"""The mails of entry in words: the invitation, alike before sending and when it is sent, and the code."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlmodel import col, select

from models.entry.answering import LETTER as CODE_LETTER
from models.entry.issuing import LETTER, invitable, link_end
from models.entry.record import EntryCode, PartnerEntry
from models.entry.words import UNREGISTERED, EntryStatus
from models.kernel.reads import Reader
from models.kernel.words import Lang
from models.kernel.work import Work
from models.notice import Claimed, Letter, beijing_text
from models.notice.letters import letter
from models.partner import PartnerKind, Path

SUBJECT: Final = {"zh": "华为云邀请贵公司成为合作伙伴", "en": "Huawei Cloud invites your company to become a partner"}
PARAGRAPHS: Final = {
    "zh": (
        "{company}，您好：",
        "华为云邀请贵公司入驻伙伴中心，伙伴类型为“{kind}”{path}。",
        "请在 {until}（北京时间）前打开以下链接，验证手机号与邮箱并注册账号；验证通过后须在 24 小时内完成注册。"
        "登录后同意服务条款、填写并提交入驻信息即可成功入驻。链接仅可注册一个账号，请勿转发给无关人员。",
    ),
    "en": (
        "Dear {company},",
        "Huawei Cloud invites you to Partner Center as: {kind}{path}.",
        "Open the link below by {until} (Beijing time), verify a mobile number and a mailbox, and register an account "
        "within 24 hours of that. Then sign in, accept the service terms, and fill in and submit the entry "
        "information. The link registers one account; pass it on to nobody else.",
    ),
}
WITH_PATH: Final = {"zh": "，发展路径为“{path}”", "en": ", on the path {path}"}
CODE_SUBJECT: Final = {"zh": "伙伴入驻验证码", "en": "Your code for entering"}
CODE_PARAGRAPHS: Final = {
    "zh": "您正在为“{company}”注册伙伴账号。验证码如下，{minutes} 分钟内有效，仅可使用一次。",
    "en": "You are about to register an account for {company}. This code holds for {minutes} minutes and serves once.",
}
CODE_WARNING: Final = {
    "zh": "请勿向任何人透露验证码。如非本人操作，请忽略此邮件。",
    "en": "Tell the code to nobody. If it was not you who asked, ignore this mail.",
}


@dataclass(frozen=True)
class EntryWords:
    """What the mail of an invitation to enter says (入驻邀请邮件内容); its link stands below the paragraphs."""

    to: str
    subject: str
    paragraphs: Sequence[str]


def in_words(
    *, to: str, company: str, kind: PartnerKind, path: Path | None, until: dt.datetime, lang: Lang
) -> EntryWords:
    """Put an invitation into words."""
    facts = {
        "company": company,
        "kind": kind.label(lang),
        "path": WITH_PATH[lang].format(path=path.label(lang)) if path else "",
        "until": beijing_text(until),
    }
    return EntryWords(to, SUBJECT[lang], tuple(one.format(**facts) for one in PARAGRAPHS[lang]))


async def preview(work: Work, values: Mapping[str, Any]) -> EntryWords:
    """Show the mail before it is sent, or everything that stands against sending it."""
    given = await invitable(work, values)
    return in_words(
        to=given["email"],
        company=given["company_name"],
        kind=given["kind"],
        path=given["path"],
        until=await link_end(work),
        lang=given["language"],
    )


@letter(LETTER)
async def invite_to_enter(reader: Reader, mail: Claimed) -> Letter | None:
    """Write to the company; nothing where the invitation does not wait any more."""
    entry = (
        (await reader.session.execute(select(PartnerEntry).where(PartnerEntry.id == mail.subject_id))).scalars().first()
    )
    waits = entry is not None and entry.status in (*UNREGISTERED, EntryStatus.VERIFIED)
    if entry is None or not waits or entry.valid_until <= reader.now:
        return None
    lang = _language(entry)
    words = in_words(
        to=entry.invited_email,
        company=entry.invited_name,
        kind=entry.kind,
        path=entry.invited_path,
        until=entry.valid_until,
        lang=lang,
    )
    facts = {"words": words, "entry": (entry.id, entry.valid_until)}
    return Letter("entry", words.subject, facts, to=(words.to, entry.invited_name), lang=lang)


@letter(CODE_LETTER)
async def send_code(reader: Reader, mail: Claimed) -> Letter | None:
    """Write to whoever asked; nothing once the code can no longer be used."""
    found = await reader.session.execute(
        select(EntryCode, PartnerEntry)
        .join(PartnerEntry, col(EntryCode.entry_id) == col(PartnerEntry.id))
        .where(EntryCode.id == mail.subject_id)
    )
    row = found.first()
    if row is None or row[0].ended_at is not None or row[0].expires_at <= reader.now:
        return None
    code, entry = row
    lang = _language(entry)
    minutes = max(int((code.expires_at - reader.now).total_seconds()) // 60, 1)
    facts = {
        "paragraphs": [CODE_PARAGRAPHS[lang].format(company=entry.invited_name, minutes=minutes)],
        "warning": CODE_WARNING[lang],
        "verification": code.id,
    }
    return Letter("verification", CODE_SUBJECT[lang], facts, to=(code.email, entry.invited_name), lang=lang)


def _language(entry: PartnerEntry) -> Lang:
    return "en" if entry.language == "en" else "zh"
