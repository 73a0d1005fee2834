"""What may stand against asking for a code, and against the code that is given."""

from __future__ import annotations

from models.kernel.errors import DomainError, Remedy


class VerificationCodeRequiredError(DomainError):
    """The partner has codes asked for with this operation (COL-5.12)."""

    zh = "此操作需要验证码，请先获取验证码。"
    en = "This operation needs a verification code; ask for one first."


class VerificationCodeWrongError(DomainError):
    """The code is not the one that was sent."""

    zh = "验证码错误，还可尝试 {left} 次。"
    en = "The verification code is wrong; {left} tries are left."


class VerificationCodeEndedError(DomainError):
    """There is no code, or no longer one, that could fit: expired, used, replaced, or tried too often."""

    zh = "验证码不存在、已使用或已失效，请重新获取。"
    en = "There is no such code any more: it was used, has expired, or was tried too often. Ask for a new one."


class VerificationCodeTooSoonError(DomainError):
    """Codes are not sent one upon the other."""

    zh = "获取验证码过于频繁，请 {seconds} 秒后重试。"
    en = "A code was sent just now; ask again in {seconds} seconds."
    remedy = Remedy.RETRY
    cbc = "CBC.0250"


class TooManyVerificationCodesError(DomainError):
    """Nobody gets codes without end."""

    zh = "一小时内最多获取 {maximum} 次验证码，请稍后重试。"
    en = "At most {maximum} codes are sent within an hour; try again later."
    remedy = Remedy.RETRY
    cbc = "CBC.0250"


class NoAddressForCodesError(DomainError):
    """Codes go by mail to the person who acts; a tool or an account without an address gets none."""

    zh = "当前账号没有邮箱，无法接收验证码，请先在账号信息中设置邮箱。"
    en = "This account has no e-mail address to which a code could go; give it one first."


class VerificationNotNeededError(DomainError):
    """The operation asks nobody for a code here."""

    zh = "此操作无需验证码。"
    en = "This operation needs no verification code here."


class VerificationNotOfferedError(DomainError):
    """Codes are for solution providers and tier-1 distributors only (COL-5.4.10, COL-5.12)."""

    zh = "“{kind}”不支持开启操作验证码。"
    en = "Verification codes are not offered to this kind of partner: {kind}."
    cbc = "CBC.0155"
