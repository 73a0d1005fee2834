"""Agreements that customers sign: versions that ecosystem operations publish, and who has signed which."""

from models.agreement.actions import (
    AgreementNotForCustomersError,
    AgreementNotTickedError,
    AgreementOutdatedError,
    AgreementSignedAlreadyError,
    AgreementVersionTakenError,
    NotACustomerError,
    newest,
    publish,
    put_signature,
    sign,
    state_for,
)
from models.agreement.record import (
    AgreementKind,
    AgreementSignature,
    AgreementState,
    AgreementVersion,
    newest_id,
    who_signed,
)

__all__ = [
    "AgreementKind",
    "AgreementNotForCustomersError",
    "AgreementNotTickedError",
    "AgreementOutdatedError",
    "AgreementSignature",
    "AgreementSignedAlreadyError",
    "AgreementState",
    "AgreementVersion",
    "AgreementVersionTakenError",
    "NotACustomerError",
    "newest",
    "newest_id",
    "publish",
    "put_signature",
    "sign",
    "state_for",
    "who_signed",
]
