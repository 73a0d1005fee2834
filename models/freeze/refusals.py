"""What can stand against freezing a customer or lifting it, as named refusals."""

from __future__ import annotations

from models.kernel.errors import DomainError


class FrozenAlreadyError(DomainError):
    """A customer is frozen once at a time."""

    zh = "该客户已处于冻结状态。"
    en = "The customer is frozen already."
    cbc = "CBC.0155"


class NotFrozenError(DomainError):
    """Nothing is there to be lifted."""

    zh = "该客户未被冻结。"
    en = "The customer is not frozen."
    cbc = "CBC.0155"


class FrozenPartnerCannotThawError(DomainError):
    """A frozen partner lifts freezes of accounts only, not of resources (COL-5.10.7)."""

    zh = "贵司账号已被冻结，只能解冻客户账号，不能解冻资源。"
    en = "Your organisation is frozen: it lifts freezes of accounts, not of resources."
    cbc = "CBC.0155"


class FrozenPartnerCannotInviteError(DomainError):
    """A frozen partner invites no customers to resale (COL-5.10.7)."""

    zh = "贵司账号已被冻结，不能邀请代售客户。"
    en = "Your organisation is frozen; it cannot invite customers to resale."
    cbc = "CBC.0155"
