"""The words in which invitations are described."""

from __future__ import annotations

from models.kernel.words import Word


class InvitationChannel(Word):
    """By which way an invitation reaches the customer (邀请方式)."""

    ONLINE = "ONLINE", "线上邀请（邮件）", "Online, by mail"
    OFFLINE = "OFFLINE", "线下邀请（链接或二维码）", "Offline, by link or QR code"


class InvitationTag(Word):
    """Which tag a link carries (标签类型)."""

    GENERIC = "GENERIC", "通用链接", "Generic"
    CUSTOM = "CUSTOM", "自定义标签", "Custom tag"
    ACTIVITY = "ACTIVITY", "活动标签", "Activity tag"


class InvitationStatus(Word):
    """Where an invitation stands (邀请状态)."""

    SENT = "SENT", "待接受", "Waiting for an answer"
    ACCEPTED = "ACCEPTED", "已接受", "Accepted"
    REFUSED = "REFUSED", "已拒绝", "Refused"
    EXPIRED = "EXPIRED", "已过期", "Expired"
    WITHDRAWN = "WITHDRAWN", "已撤回", "Withdrawn"
