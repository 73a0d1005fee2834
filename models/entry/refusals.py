"""What may stand against an invitation to enter, against its link, and against what an applicant does."""

from __future__ import annotations

from models.kernel.errors import DomainError, Remedy


class InvitedToEnterAlreadyError(DomainError):
    """An invitation to the same address still waits."""

    zh = "已向该邮箱发出入驻邀请且尚未结束，请重新发送原邀请或先撤回。"
    en = "An invitation to this address still waits; send that one again, or withdraw it first."
    cbc = "CBC.0155"


class EntrySentTooOftenError(DomainError):
    """A company is not written to without end."""

    zh = "该入驻邀请已发送 {maximum} 次，不能再次发送，请联系对方查收或重新邀请。"
    en = "This invitation was sent {maximum} times; speak to the company, or invite it anew."


class EntryLinkForgedError(DomainError):
    """The link was not made here, or somebody has changed it (PL-16)."""

    zh = "入驻链接无效，请联系邀请您的华为生态经理。"
    en = "This link is not valid; turn to the PDM who invited you."


class EntryLinkExpiredError(DomainError):
    """An invitation link that has expired registers no account (PL-16)."""

    zh = "入驻链接已过期，请联系邀请您的华为生态经理重新发送。"
    en = "This link has expired; ask the PDM who invited you for a new one."


class EntryLinkUsedError(DomainError):
    """The link has registered an account, once and for all (PL-16)."""

    zh = "该入驻链接已被使用，请使用已注册的账号登录并继续入驻。"
    en = "This link has been used; sign in with the account that was registered by it."


class EntryLapsedError(DomainError):
    """The account was not finished in time after the verification (PL-16)."""

    zh = "验证通过后未在规定时间内完成账号注册，链接已失效，请联系邀请您的华为生态经理重新发送。"
    en = "The account was not finished in time after the verification; ask the PDM who invited you for a new link."


class EntryWithdrawnError(DomainError):
    """Huawei has taken the invitation back."""

    zh = "该入驻邀请已被撤回。"
    en = "This invitation has been withdrawn."


class EntryNotVerifiedError(DomainError):
    """Whoever registers has verified mobile number and mailbox by this very link first (PL-16)."""

    zh = "请先完成手机号与邮箱验证；验证结果已失效时请重新获取验证码。"
    en = "Verify mobile number and mailbox first; where that was too long ago, ask for a new code."


class MobileRegisteredError(DomainError):
    """The mobile number belongs to an account already; whose is not told (PL-16)."""

    zh = "该手机号不能用于注册新账号，请更换手机号。"
    en = "This mobile number cannot be used for a new account; use another."
    cbc = "CBC.0155"


class TermsNotTickedError(DomainError):
    """Reading and ticking the service terms comes before everything else (PL-16)."""

    zh = "请先阅读并勾选《合作伙伴服务条款》。"
    en = "Read and tick the partner service terms first."


class TermsOutdatedError(DomainError):
    """Only the newest version of the service terms can be accepted, and only under it a company joins (PL-16)."""

    zh = "服务条款已更新，请阅读并同意最新版本（{newest}）。"
    en = "There is a newer version of the service terms; read and accept {newest}."
    remedy = Remedy.RETRY


class TermsAcceptedAlreadyError(DomainError):
    """The newest version has been accepted."""

    zh = "您已同意最新版本的服务条款，无需重复操作。"
    en = "The newest version of the service terms is accepted already."


class PathByInvitationError(DomainError):
    """Some paths are entered by Huawei's invitation only, and an invitation to a path is to that path (PL-02)."""

    zh = "发展路径“{chosen}”不能自行选择，可选：{allowed}。"
    en = "The path “{chosen}” cannot be chosen here; open to you: {allowed}."
    cbc = "CBC.0155"


class EntryInHandError(DomainError):
    """Another application with the same credit code is being looked at."""

    zh = "该统一社会信用代码已有入驻申请在审核中，请勿重复提交。"
    en = "Another application with this credit code is under review; there is no need for a second."
    cbc = "CBC.0155"


class CompanyNameUnreadableError(DomainError):
    """The name has no letter or digit by which it could be compared."""

    zh = "公司名称须含有文字。"
    en = "The company name needs letters."
    cbc = "CBC.0100"
