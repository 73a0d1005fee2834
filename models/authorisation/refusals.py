"""What can stand against an authorisation, as named refusals."""

from __future__ import annotations

from models.kernel.errors import DomainError


class CommitmentNotAcceptedError(DomainError):
    """The partner accepts the commitment letter at its first request (COL-5.11.2)."""

    zh = "首次申请客户授权前，请先阅读并接受最新版《代客授权承诺函》（{newest}）。"
    en = "Before its first request the partner reads and accepts the commitment letter ({newest})."


class AuthorisationOpenError(DomainError):
    """One authorisation is asked for or held at a time (COL-5.11)."""

    zh = "该客户的授权状态为“{status}”，无需重复申请。"
    en = "The customer's authorisation is “{status}”; there is nothing to ask for."
    cbc = "CBC.0155"


class AuthorisationEndedWithAssociationError(DomainError):
    """A customer answers the partner whose customer in resale it is (COL-5.11)."""

    zh = "您与该伙伴的代售关联已结束，授权申请失效。"
    en = "You are no longer this partner's customer in resale; the request is void."
    cbc = "CBC.0155"
