"""Pages of invitations: who invites whom as what, how it was answered, and why an association failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from admin.pages.fields import MEANINGS, Column
from admin.pages.finding import Find
from admin.pages.records import RecordPages, Section
from models.customer import AssociationType
from models.customer.obstacles import Obstacle
from models.invitation import Invitation, InvitationChannel, InvitationStatus
from models.kernel.errors import every_code
from models.kernel.words import Lang
from models.rights import Right


@dataclass(frozen=True)
class _Cause:
    """A refusal as the name of its cause, without its facts."""

    zh: str
    en: str

    def label(self, lang: Lang) -> str:
        """Say it in one language."""
        return self.zh if lang == "zh" else self.en


MEANINGS["failure_codes"] = {
    code: _Cause(refusal.zh.format_map({"days": "…"}), refusal.en.format_map({"days": "…"}))
    for code, refusal in every_code().items()
    if issubclass(refusal, Obstacle)
}


class InvitationPages(RecordPages):
    """The pages of invitations (客户邀请)."""

    model = Invitation
    path: ClassVar[str] = "invitations"
    title: ClassVar[str] = "invitations"
    icon: ClassVar[str] = "ti ti-mail-forward"
    group: ClassVar[str] = "group_records"
    rights = (
        Right.CUSTOMER_READ_ALL,
        Right.CUSTOMER_READ_OFFICE,
        Right.CUSTOMER_READ_OWNED,
        Right.CUSTOMER_READ_PARTNERS,
    )
    heading = Column("company_name")
    status = "status"
    columns = (
        Column("id", opens=True),
        Column("company_name"),
        Column("partner.name"),
        Column("channel"),
        Column("association_type"),
        Column("status", badge=True),
        Column("tag"),
        Column("failure_codes"),
        Column("valid_until"),
        Column("created_at"),
    )
    finds = (
        Find("company_name"),
        Find("email"),
        Find("status", "choice", words=InvitationStatus),
        Find("channel", "choice", words=InvitationChannel),
        Find("association_type", "choice", words=AssociationType),
        Find("tag"),
        Find("failed", "flag", label="failed_at"),
        Find("created_from", "from_day", label="created_at"),
        Find("created_to", "to_day", label="created_at"),
    )
    sections = (
        Section(
            "section_invitation",
            (
                Column("partner.name"),
                Column("issuer.name"),
                Column("account_manager.name"),
                Column("channel"),
                Column("association_type"),
                Column("status", badge=True),
                Column("company_name"),
                Column("email"),
                Column("tag_kind"),
                Column("tag"),
                Column("activity.name"),
                Column("report.id"),
                Column("customer.company_name"),
                Column("valid_until"),
                Column("created_at"),
            ),
        ),
        Section(
            "section_answer",
            (
                Column("times_sent"),
                Column("last_sent_at"),
                Column("opened_at"),
                Column("answered_at"),
                Column("refusal_reason", wide=True),
                Column("failed_at"),
                Column("failure_codes", wide=True),
            ),
        ),
    )
