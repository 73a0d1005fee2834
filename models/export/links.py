"""Links to exported files: for one account, one file and a few minutes."""

from __future__ import annotations

import datetime as dt
from typing import Final
from urllib.parse import quote
from uuid import UUID

from models.identity.proofs import read_signed, sign
from models.kernel.values import public_id

PURPOSE: Final = "export"
HOLDS: Final = dt.timedelta(minutes=5)


def link_to(id: UUID, account_id: UUID, key: bytes, now: dt.datetime) -> str:
    """Write the path by which an account fetches a file within the next minutes."""
    signed = sign(PURPOSE, key, until=now + HOLDS, export=id.hex, account=account_id.hex)
    return f"/exports/{public_id('exp', id)}?link={quote(signed)}"


def account_of(link: str, id: UUID, key: bytes, now: dt.datetime) -> UUID | None:
    """Tell for whom a link to a file was made, or nothing where it does not hold."""
    facts = read_signed(link, PURPOSE, key, now=now)
    if facts is None or facts.get("export") != id.hex:
        return None
    return UUID(hex=str(facts["account"]))
