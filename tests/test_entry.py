"""Partner entry: invited, verified, registered in time, agreed, checked by rule or by hand, joined."""

from __future__ import annotations

from models.entry import EntryStatus
from tests.entering import cast, entering, store

__all__ = ["cast", "entering", "store"]


async def test_a_company_enters_and_has_joined(entering):
    entry, _ = await entering.submitted()
    assert entry.status is EntryStatus.JOINED, entry.concerns
