"""Links to enter, and proofs of a verification: signed statements; whether they still hold, the rows say."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from models.entry.refusals import EntryLinkForgedError, EntryNotVerifiedError
from models.identity.proofs import read_signed, sign
from models.kernel.access import Actor, Side
from models.rights import APPLICANT

LINK: Final = "partner-entry"
PROOF: Final = "partner-entry-verified"
# The row has the time at which a link ends, so that what is over and what is forged are told apart.
_ALWAYS: Final = dt.datetime(1971, 1, 1, tzinfo=dt.UTC)
LONGEST_TOKEN: Final = 600
# Whoever holds a link and has no account yet.
INVITEE: Final = Actor(
    id=UUID("00000000-0000-7000-8000-000000000003"),
    name="受邀公司 Invited company",
    side=Side.PARTNER,
    permissions=APPLICANT,
)


@dataclass(frozen=True)
class EntryTerms:
    """How entry is reached here (入驻访问约定): where, and with which key its links and proofs are signed."""

    key: bytes
    address: str

    def token(self, id: UUID, until: dt.datetime) -> str:
        """Sign the statement that a link carries."""
        return sign(LINK, self.key, until=until, entry=id.hex)

    def link(self, id: UUID, until: dt.datetime) -> str:
        """Make the link by which a company enters."""
        return f"{self.address}/entry/{self.token(id, until)}"

    def read(self, text: str) -> UUID:
        """Read which entry a link, or what it carries, speaks of; refuse what was not signed here (PL-16)."""
        token = text.strip().rpartition("/")[2]
        facts = read_signed(token, LINK, self.key, now=_ALWAYS) if len(token) <= LONGEST_TOKEN else None
        if facts is None:
            raise EntryLinkForgedError(path="link")
        return UUID(hex=facts["entry"])

    def proof(self, code_id: UUID, until: dt.datetime) -> str:
        """Sign that a code was given back rightly; whoever has this registers, not whoever has the link alone."""
        return sign(PROOF, self.key, until=until, code=code_id.hex)

    def verified(self, text: str, now: dt.datetime) -> UUID:
        """Read which code a proof speaks of; refuse what was not signed here, or no longer holds."""
        facts = read_signed(text.strip(), PROOF, self.key, now=now) if len(text) <= LONGEST_TOKEN else None
        if facts is None:
            raise EntryNotVerifiedError(path="proof")
        return UUID(hex=facts["code"])
