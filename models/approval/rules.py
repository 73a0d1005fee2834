"""What holds for every decision, whatever its kind: separation of duties, claims, one verdict."""

from __future__ import annotations

from collections.abc import Iterator

from models.kernel.errors import DomainError, Remedy
from models.kernel.lifecycle import Move
from models.kernel.policy import Policy

CLAIM_MINUTES = Policy("approval.claim_minutes", 30, "审批认领时长（分钟）", "How long a claim lasts, in minutes")


class SelfApprovalError(DomainError):
    """Nobody decides what he submitted (RV-01)."""

    zh = "不能审批自己提交的记录。"
    en = "You submitted this yourself; somebody else must decide."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0150"


class SameDeciderError(DomainError):
    """Nobody takes two steps in a row of one record (RV-01)."""

    zh = "上一环节由您处理，本环节须由其他人处理。"
    en = "You decided the step before this one; somebody else must decide this one."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0150"


class AlreadyDecidedError(DomainError):
    """Somebody was quicker: the entry is closed."""

    zh = "该审批已处理，请查看最新状态。"
    en = "This has been decided already; look at its present state."
    remedy = Remedy.RETRY
    cbc = "CBC.0155"


class ClaimedByAnotherError(DomainError):
    """Another reviewer holds the entry."""

    zh = "该审批已被其他审批人认领，认领有效期至 {until}。"
    en = "Another reviewer has claimed this until {until}."
    remedy = Remedy.RETRY
    cbc = "CBC.0155"


class NotClaimedByYouError(DomainError):
    """Only whoever holds an entry gives it back."""

    zh = "您未认领该审批。"
    en = "You do not hold this entry."


class FieldNotNamedError(DomainError):
    """A send-back says which fields are to be completed."""

    zh = "请指定需要补充的字段。"
    en = "Name the fields to be completed."


def not_own_submission(move: Move) -> Iterator[DomainError]:
    """Nobody decides what he submitted (RV-01)."""
    if move.record.submitted_by == move.actor.id:
        yield SelfApprovalError()


def not_previous_decider(move: Move) -> Iterator[DomainError]:
    """Whoever decided the step before does not decide this one (RV-01)."""
    if move.record.last_decider == move.actor.id:
        yield SameDeciderError()
