"""Links of invitations: signed statements that name one invitation; whether it still holds, its row says."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from io import BytesIO
from typing import Final
from uuid import UUID

import segno

from models.identity.proofs import read_signed, sign
from models.invitation.refusals import InvitationLinkForgedError
from models.kernel.access import Actor, Side
from models.rights import Right

PURPOSE: Final = "customer-invitation"
# The row has the time at which a link ends, so that what is over and what is forged are told apart.
_ALWAYS: Final = dt.datetime(1971, 1, 1, tzinfo=dt.UTC)
LONGEST_TOKEN: Final = 600
# Whoever holds the link of a mail, and has not signed in, acts as the customer that was written to.
BEARER: Final = Actor(
    id=UUID("00000000-0000-7000-8000-000000000002"),
    name="受邀客户 Invited customer",
    side=Side.CUSTOMER,
    permissions=frozenset({Right.INVITATION_ANSWER}),
)


@dataclass(frozen=True)
class InvitationTerms:
    """How invitations are reached here (邀请访问约定): where, and with which key their links are signed."""

    key: bytes
    address: str

    def token(self, id: UUID, until: dt.datetime) -> str:
        """Sign the statement that a link carries."""
        return sign(PURPOSE, self.key, until=until, invitation=id.hex)

    def link(self, id: UUID, until: dt.datetime) -> str:
        """Make the link by which a customer answers."""
        return f"{self.address}/invitations/{self.token(id, until)}"

    def read(self, text: str) -> UUID:
        """Read which invitation a link, or what it carries, speaks of; refuse what was not signed here."""
        token = text.strip().rpartition("/")[2]
        facts = read_signed(token, PURPOSE, self.key, now=_ALWAYS) if len(token) <= LONGEST_TOKEN else None
        if facts is None:
            raise InvitationLinkForgedError(path="link")
        return UUID(hex=facts["invitation"])


def qr_code(link: str) -> str:
    """Draw a link as a QR code, in SVG."""
    drawn = BytesIO()
    segno.make_qr(link, error="m").save(drawn, kind="svg", scale=4, border=4, dark="#000", light="#fff", xmldecl=False)
    return drawn.getvalue().decode()
