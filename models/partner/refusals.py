"""What may stand against a change of a partner organisation."""

from __future__ import annotations

from models.kernel.errors import DomainError


class DistributorNotAllowedError(DomainError):
    """Only a reseller hangs on a distributor, and only on a tier-1 distributor (PL-13)."""

    zh = "只有云经销商可以关联总经销商，且只能关联一家总经销商。"
    en = "Only a reseller is linked to a distributor, and only to a tier-1 distributor."


class CreditCodeInvalidError(DomainError):
    """The unified social credit code is not well formed."""

    zh = "统一社会信用代码无效，请核对 18 位代码及校验码。"
    en = "The unified social credit code is not valid; check its 18 characters."
    cbc = "CBC.0100"


class CreditCodeTakenError(DomainError):
    """Another organisation has this unified social credit code."""

    zh = "该统一社会信用代码已属于其他伙伴组织。"
    en = "Another partner organisation has this unified social credit code."


class OfferingNameTakenError(DomainError):
    """The partner has an offering of this name."""

    zh = "该伙伴已有同名 Offering。"
    en = "The partner already has an offering of this name."


class NotAPdmError(DomainError):
    """The account named as PDM cannot look after partners."""

    zh = "所选账号不是生态经理。"
    en = "The account is not a partner development manager."
