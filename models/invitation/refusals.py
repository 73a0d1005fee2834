"""What may stand against inviting a customer, and against a link."""

from __future__ import annotations

from models.kernel.errors import DomainError, Remedy


class ReportRequiredError(DomainError):
    """An invitation by mail follows a report that holds (COL-5.3.2)."""

    zh = "客户报备状态为“{status}”，须为“已报备”才能邀请，请先报备客户。"
    en = "The report is “{status}”; only a customer whose report holds is invited. Report it first."


class EmailRequiredError(DomainError):
    """The report names no address to which a mail could go."""

    zh = "该报备没有客户邮箱，不能线上邀请，请改用线下邀请。"
    en = "The report has no e-mail address of the customer; invite it by link or QR code."


class TagNotAllowedError(DomainError):
    """A generic link carries its issuer's own tag, an activity's link the activity's (COL-5.3.4)."""

    zh = "通用链接与活动链接的标签由系统生成，不能自行填写。"
    en = "The tag of a generic or an activity link is given; do not name one."


class ActivityNotRunningError(DomainError):
    """An activity's link follows the activity's own period (COL-5.3.5)."""

    zh = "活动不在进行期内，不能生成邀请链接。"
    en = "The activity is not running, so no link is made for it."


class ActivityPeriodError(DomainError):
    """An activity ends after it begins, and not in the past."""

    zh = "活动结束时间须晚于开始时间和当前时间。"
    en = "An activity ends after it begins, and later than now."


class ActivityTagTakenError(DomainError):
    """Another activity of the partner has the tag."""

    zh = "标签“{tag}”已用于贵公司的其他活动。"
    en = "Another activity of this partner has the tag “{tag}”."


class OnlyMailsAreResentError(DomainError):
    """A link or QR code is passed on by the partner itself."""

    zh = "线下邀请由贵公司自行发送链接或二维码，无需重新发送邮件。"
    en = "A link or QR code is passed on by the partner itself; there is no mail to send again."


class SentTooOftenError(DomainError):
    """A customer is not written to without end."""

    zh = "该邀请的邮件已发送 {maximum} 次，不能再次发送，请联系客户查收或重新邀请。"
    en = "The mail of this invitation was sent {maximum} times; speak to the customer, or invite it anew."


class InvitationLinkForgedError(DomainError):
    """The link was not made here, or somebody has changed it."""

    zh = "邀请链接无效，请联系合作伙伴重新发送邀请。"
    en = "The invitation link is not valid; ask the partner to send the invitation again."


class InvitationLinkUnknownError(DomainError):
    """There is no such invitation any more (COL-5.3.12)."""

    zh = "邀请链接不存在，请联系合作伙伴重新发送邀请。"
    en = "There is no such invitation; ask the partner to send it again."


class InvitationExpiredError(DomainError):
    """The time of the link is over (COL-5.3.12)."""

    zh = "邀请链接已过期，请联系合作伙伴重新发送邀请。"
    en = "The invitation link has expired; ask the partner to send the invitation again."


class InvitationUsedError(DomainError):
    """The link was answered before (COL-5.3.12)."""

    zh = "邀请链接已被使用，如需关联请联系合作伙伴重新发送邀请。"
    en = "The invitation link was used already; ask the partner to send a new one if need be."


class InvitationWithdrawnError(DomainError):
    """The partner has taken the invitation back."""

    zh = "合作伙伴已撤回该邀请。"
    en = "The partner has withdrawn this invitation."


class InvitationForAnotherError(DomainError):
    """The invitation names another customer."""

    zh = "该邀请不是发给您的，请使用被邀请的客户账号登录。"
    en = "This invitation is for another customer; sign in with the account that was invited."


class CustomerSignInRequiredError(DomainError):
    """A link or QR code says nothing of who holds it, so the customer signs in."""

    zh = "请使用客户账号登录后再接受邀请。"
    en = "Sign in with the customer's account to answer this invitation."
    remedy = Remedy.CORRECT_INPUT
    cbc = "CBC.0154"
