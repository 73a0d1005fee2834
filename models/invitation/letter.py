"""The mail that invites a customer, in words: the same before sending and when it is sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from models.customer import AssociationType
from models.customer.record import EMAIL, NAME
from models.customer_report import CustomerReport
from models.invitation.issuing import LETTER, link_end, uninvitable
from models.invitation.record import Invitation
from models.invitation.words import InvitationStatus
from models.kernel.errors import NotFoundError, refuse
from models.kernel.reads import Reader
from models.kernel.words import Lang
from models.kernel.work import Work
from models.notice import Claimed, Letter, beijing_text
from models.notice.letters import letter
from models.partner import PartnerOrganisation
from models.rights import Right

SUBJECT: Final = {"zh": "{partner}邀请您关联为华为云客户", "en": "{partner} invites you to associate on Huawei Cloud"}
PARAGRAPHS: Final = {
    "zh": (
        "{company}，您好：",
        "华为云合作伙伴“{partner}”邀请您与其建立关联，关联类型为“{type}”。",
        "{terms}",
        "请在 {until}（北京时间）前打开以下链接，阅读《客户关联华为云合作伙伴须知》后答复。链接仅可使用一次。",
    ),
    "en": (
        "Dear {company},",
        "the Huawei Cloud partner “{partner}” invites you to associate with it as: {type}.",
        "{terms}",
        "Open the link below by {until} (Beijing time), read the notice on associating with a partner, and accept or "
        "refuse. The link serves once.",
    ),
}
TERMS: Final = {
    AssociationType.REFERRAL: {
        "zh": "关联后您直接与华为云交易、付款并取得发票。",
        "en": "Once associated you trade with Huawei Cloud directly, pay it and get its invoices.",
    },
    AssociationType.RESALE: {
        "zh": "关联后您与该合作伙伴交易，华为云资源由合作伙伴拨款支付，发票由合作伙伴开具。",
        "en": "Once associated you trade with this partner, who pays for your resources and issues your invoices.",
    },
}


@dataclass(frozen=True)
class InvitationWords:
    """What the mail of an invitation says (邀请邮件内容); its link stands below the paragraphs."""

    to: str
    subject: str
    paragraphs: Sequence[str]


def in_words(
    *, to: str, company: str, partner: str, association_type: AssociationType, until: dt.datetime, lang: Lang
) -> InvitationWords:
    """Put an invitation into words."""
    facts = {
        "company": company,
        "partner": partner,
        "type": association_type.label(lang),
        "terms": TERMS[association_type][lang],
        "until": beijing_text(until),
    }
    paragraphs = tuple(one.format(**facts) for one in PARAGRAPHS[lang])
    return InvitationWords(to, SUBJECT[lang].format(**facts), paragraphs)


async def preview(
    work: Work, report_id: UUID, association_type: AssociationType, *, language: Lang = "zh"
) -> InvitationWords:
    """Show the mail before it is sent, or everything that stands against sending it (COL-5.3.1).

    Name and address stand in it as the viewer sees them.
    """
    work.actor.require(Right.CUSTOMER_INVITE)
    report = await work.first(
        select(CustomerReport).where(CustomerReport.id == report_id, CustomerReport.visible_to(work.actor))
    )
    if report is None:
        raise NotFoundError()
    refuse(uninvitable(report))
    partner = await work.first(select(PartnerOrganisation).where(PartnerOrganisation.id == report.partner_id))
    return in_words(
        to=EMAIL.shown(report.email or "", EMAIL.outcome(work.actor)) or "",
        company=NAME.shown(report.company_name or "", NAME.outcome(work.actor)) or "",
        partner=partner.name,
        association_type=association_type,
        until=await link_end(work, report),
        lang=language,
    )


@letter(LETTER)
async def invite(reader: Reader, mail: Claimed) -> Letter | None:
    """Write to the customer itself; nothing where the invitation does not wait any more."""
    found = await reader.session.execute(
        select(Invitation, PartnerOrganisation.name)
        .join(PartnerOrganisation, col(PartnerOrganisation.id) == col(Invitation.partner_id))
        .where(Invitation.id == mail.subject_id)
    )
    row = found.first()
    if row is None or row[0].status is not InvitationStatus.SENT or row[0].valid_until <= reader.now:
        return None
    invitation, partner = row
    if invitation.email is None or invitation.association_type is None:
        return None
    lang: Lang = "en" if invitation.language == "en" else "zh"
    words = in_words(
        to=invitation.email,
        company=invitation.company_name or invitation.email,
        partner=partner,
        association_type=invitation.association_type,
        until=invitation.valid_until,
        lang=lang,
    )
    return Letter(
        "invitation",
        words.subject,
        {"words": words, "invitation": (invitation.id, invitation.valid_until)},
        to=(words.to, invitation.company_name or words.to),
        lang=lang,
    )
