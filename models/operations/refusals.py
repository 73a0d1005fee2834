"""What keeps operations from being published, admitted or retired."""

from __future__ import annotations

from models.kernel.errors import DomainError


class ManifestFormatError(DomainError):
    """What was sent is no list of operations in a form that is known."""

    zh = "无法识别的操作清单：{problem}。"
    en = "This is no list of operations that can be read: {problem}."
    cbc = "CBC.0100"


class TooManyDocumentsError(DomainError):
    """One upload has a bound."""

    zh = "一次最多上传 {maximum} 个操作，当前 {count} 个。"
    en = "One upload holds at most {maximum} operations; this one has {count}."
    cbc = "CBC.0100"


class TooManyWaitingError(DomainError):
    """A tool does not flood the queue."""

    zh = "该客户端应用待审核的操作最多 {maximum} 个，当前 {count} 个，请等待审核后再上传。"
    en = "At most {maximum} operations of a tool wait for admission; there would be {count}. Wait for the review."
    cbc = "CBC.0155"


class IdNotAllowedError(DomainError):
    """An id is a short text without spaces."""

    zh = "操作标识无效：须为 1 至 {maximum} 个可见字符，不含空格。"
    en = "The id is not valid: it has 1 to {maximum} visible characters and no space."
    cbc = "CBC.0100"


class ForgedIdError(DomainError):
    """An id that claims to be a hash of the text must be one."""

    zh = "标识“{id}”看似原文的 {algorithm} 哈希值，但与原文不符。"
    en = "The id “{id}” looks like the {algorithm} hash of the text, but is not."
    cbc = "CBC.0100"


class IdTakenError(DomainError):
    """An id never points to another text."""

    zh = "标识“{id}”已对应另一段操作原文，标识一经发布不能改指。"
    en = "The id “{id}” stands for another text already; an id never changes its text."
    cbc = "CBC.0155"


class LabelTakenError(DomainError):
    """A version is published once."""

    zh = "版本“{label}”已发布且内容不同，请使用新的版本号。"
    en = "The version “{label}” was published with other content; give the new one another label."
    cbc = "CBC.0155"


class DocumentInvalidError(DomainError):
    """A document that does not hold against the schema."""

    zh = "操作“{name}”未通过校验：{problem}"
    en = "The operation “{name}” is not valid: {problem}"
    cbc = "CBC.0100"


class OneOperationError(DomainError):
    """A document holds one operation."""

    zh = "每段原文须恰好包含一个操作，“{name}”包含 {count} 个。"
    en = "A document holds exactly one operation; “{name}” has {count}."
    cbc = "CBC.0100"


class SeveralChangesError(DomainError):
    """A document of a partner's tool makes at most one business change."""

    zh = "伙伴工具的每个操作至多做一项业务变更，“{name}”包含 {count} 项。"
    en = "An operation of a partner's tool makes at most one business change; “{name}” makes {count}."
    cbc = "CBC.0155"


class RetireDateError(DomainError):
    """A version is retired now or later, never in the past."""

    zh = "停用时间不能早于当前时间。"
    en = "The time of retirement must not lie in the past."
    cbc = "CBC.0100"


class AlreadyRetiredError(DomainError):
    """What is retired stays so."""

    zh = "该版本已停用，不能恢复，请重新发布新版本。"
    en = "The version is retired and cannot be taken back; publish a new one."
    cbc = "CBC.0155"


class StillInForceError(DomainError):
    """What is admitted and has not run out needs no new review."""

    zh = "该操作的准入仍然有效，无需重新申请。"
    en = "The operation is admitted and has not run out; there is nothing to ask for."
    cbc = "CBC.0155"


class AdmissionPeriodError(DomainError):
    """An admission ends, and not too far away."""

    zh = "准入到期时间须晚于当前时间，且不超过 {days} 天。"
    en = "The admission must end in the future, within {days} days."
    cbc = "CBC.0100"


class GrantNotAllowedError(DomainError):
    """Only fields that the document reads and that the partner could reveal are read plainly, and only by a query."""

    zh = "不能授予明文读取：{grants}。只能授予该查询所读取、且伙伴主账号可查看的字段。"
    en = "{grants} cannot be granted; only fields that the query reads and the partner's main account may reveal."
    cbc = "CBC.0151"
