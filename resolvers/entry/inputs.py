"""What callers give about entries of partners."""

from __future__ import annotations

import enum
from typing import Any

import strawberry

from models.entry import EntryStatus, LegalForm
from models.identity import Account as AccountRow
from models.partner import PartnerKind, Path
from models.partner import PartnerOrganisation as PartnerRow
from resolvers.invitation.types import MailLanguage
from resolvers.mutation import Action
from resolvers.scalars import Instant, uid


@strawberry.enum(description="What entries can be sorted by.")
class PartnerEntrySortKey(enum.Enum):
    """A sort key of entries (排序字段)."""

    CREATED_AT = "created_at"
    VALID_UNTIL = "valid_until"


@strawberry.input
class PartnerEntrySort:
    """One sort key with its direction."""

    by: PartnerEntrySortKey
    descending: bool = True


@strawberry.input
class PartnerEntryFilter:
    """Which entries."""

    status: list[EntryStatus] | None = None
    kind: list[PartnerKind] | None = None
    invited_name: str | None = strawberry.field(default=None, description="A part of the name.")
    company_name: str | None = strawberry.field(default=None, description="A part of the name.")
    credit_code: str | None = strawberry.field(default=None, description="Exactly.")
    province: list[str] | None = None
    pdm: strawberry.ID | None = None
    created_from: Instant | None = None
    created_to: Instant | None = strawberry.field(default=None, description="Not included.")

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, ids as the domain has them."""
        return {**vars(self), "pdm": self.pdm and uid(self.pdm, AccountRow.prefix, "pdm")}


@strawberry.input
class PartnerEntryInvitation:
    """Whom to invite as what; the learning, tier-1 distributor and system integrator paths by name only (PL-02)."""

    company_name: str
    email: str
    kind: PartnerKind = PartnerKind.SOLUTION_PROVIDER
    path: Path | None = None
    distributor: strawberry.ID | None = strawberry.field(
        default=None, description="Of a reseller its one tier-1 distributor (PL-13)."
    )
    pdm: strawberry.ID | None = strawberry.field(
        default=None, description="Named by ecosystem operations; a PDM becomes it himself."
    )
    language: MailLanguage = MailLanguage.ZH

    def values(self) -> dict[str, Any]:
        """Give them as the domain has them."""
        return {
            "company_name": self.company_name,
            "email": self.email,
            "kind": self.kind,
            "path": self.path,
            "distributor_id": uid(self.distributor, PartnerRow.prefix, "distributor") if self.distributor else None,
            "pdm_id": uid(self.pdm, AccountRow.prefix, "pdm") if self.pdm else None,
            "language": self.language.lang,
        }


@strawberry.input
class PartnerEntryInviteInput(Action):
    """An invitation to send."""

    invitation: PartnerEntryInvitation


@strawberry.input
class PartnerEntryInput(Action):
    """An entry."""

    id: strawberry.ID


@strawberry.input
class PartnerEntryVersionInput(Action):
    """An entry as the caller read it."""

    id: strawberry.ID
    version: int


@strawberry.input
class PartnerEntryRejectInput(Action):
    """A verdict with its reason, which the company reads."""

    id: strawberry.ID
    version: int
    reason: str


@strawberry.input
class PartnerEntryLinkInput:
    """A link, or what it carries."""

    link: str


@strawberry.input
class PartnerEntryCodeRequestInput:
    """Who wants to be verified: the code goes to the mailbox."""

    link: str
    mobile: str = strawberry.field(description="Of mainland China, in plain digits; without an account so far.")
    email: str


@strawberry.input
class PartnerEntryVerifyInput:
    """The six digits that were sent."""

    link: str
    code: str


@strawberry.input
class PartnerEntryRegisterInput:
    """The account of whoever was verified."""

    link: str
    proof: str
    login: str
    name: str
    password: str


@strawberry.input
class PartnerEntryTermsAcceptInput(Action):
    """The tick under the newest service terms."""

    id: strawberry.ID
    version: int
    terms: strawberry.ID = strawberry.field(description="The version that was read.")
    ticked: bool


@strawberry.input
class PartnerEntryInformation:
    """Entry information; what is left out stays."""

    company_name: strawberry.Maybe[str | None]
    credit_code: strawberry.Maybe[str | None]
    legal_form: strawberry.Maybe[LegalForm | None]
    province: strawberry.Maybe[str | None]
    city: strawberry.Maybe[str | None]
    address: strawberry.Maybe[str | None]
    path: strawberry.Maybe[Path | None]
    contact_name: strawberry.Maybe[str | None]
    contact_title: strawberry.Maybe[str | None]
    contact_email: strawberry.Maybe[str | None]


@strawberry.input
class PartnerEntrySaveInput(Action):
    """What is filled in now, as far as it is known."""

    id: strawberry.ID
    version: int
    information: PartnerEntryInformation


@strawberry.input
class PartnerEntrySubmitInput(Action):
    """What is submitted: what was filled in before, with what is added now."""

    id: strawberry.ID
    version: int
    information: PartnerEntryInformation | None = None
