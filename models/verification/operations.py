"""Which operations ask for a code, and which partners can have that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from models.kernel.access import Actor, Side
from models.kernel.record import Record
from models.partner import PartnerKind

_PROVIDER: Final = frozenset({PartnerKind.SOLUTION_PROVIDER})
_WITH_DISTRIBUTOR: Final = frozenset({PartnerKind.SOLUTION_PROVIDER, PartnerKind.DISTRIBUTOR})


@dataclass(frozen=True)
class VerifiedOperation:
    """An operation that asks for a code where the partner has it so (需验证码的操作, COL-5.12).

    `side` is whose people do it, `right` what they need for it, `model` what it is done to. Of the customer's side the
    partner of the thing itself says whether a code is asked for, so its row has a `partner_id`.
    """

    code: str
    zh: str
    en: str
    model: type[Record]
    right: str
    side: Side = Side.PARTNER
    distributor: bool = False

    def __post_init__(self) -> None:
        if _operations.setdefault(self.code, self) is not self:
            raise TypeError(f"two operations with codes are called {self.code}")

    @property
    def kinds(self) -> frozenset[PartnerKind]:
        """Name the kinds of partner that may have a code asked for with it (COL-5.4.10, COL-5.12)."""
        return _WITH_DISTRIBUTOR if self.distributor else _PROVIDER

    def open_to(self, actor: Actor) -> bool:
        """Tell whether somebody may do it at all."""
        return actor.side is self.side and actor.may(self.right)


_operations: dict[str, VerifiedOperation] = {}


def verified_operations() -> Mapping[str, VerifiedOperation]:
    """List the operations that may ask for a code, by their codes."""
    return _operations


def kinds_with_codes() -> frozenset[PartnerKind]:
    """Name the kinds of partner that may have codes asked for at all."""
    return _WITH_DISTRIBUTOR
