"""Verification codes (操作验证码): six digits by mail, asked for with some operations where the partner has it so.

An action asks for one in one line, after it holds the row (anywhere in its transaction: a refusal undoes all of it):
`ALLOCATE = VerifiedOperation("balance.allocate", "拨款", "Allocate", Customer, Right.X, distributor=True)` beside it,
then `await needs_code(work, ALLOCATE, customer, verification_code)` in it, with the `verificationCode` of its input.
A customer's operation says `side=Side.CUSTOMER` and its row has the `partner_id` whose switch counts. Of a batch the
target is the partner organisation, one code for all. People ask with `verificationCodeRequest(operation, target)`.
"""

from models.verification import letter
from models.verification.actions import (
    FAIL,
    LETTER,
    PURPOSE,
    REQUEST,
    SWITCH,
    address_of,
    asks_for_code,
    code_from,
    codes_of,
    forget_old,
    needs_code,
    operation_named,
    operations_of,
    request_code,
    switch,
)
from models.verification.operations import VerifiedOperation, kinds_with_codes, verified_operations
from models.verification.policies import CODE_MINUTES, MOST_AN_HOUR, MOST_TRIES, PAUSE_SECONDS
from models.verification.record import VerificationCode, VerificationSetting
from models.verification.refusals import (
    NoAddressForCodesError,
    TooManyVerificationCodesError,
    VerificationCodeEndedError,
    VerificationCodeRequiredError,
    VerificationCodeTooSoonError,
    VerificationCodeWrongError,
    VerificationNotNeededError,
    VerificationNotOfferedError,
)

__all__ = [
    "CODE_MINUTES",
    "FAIL",
    "LETTER",
    "MOST_AN_HOUR",
    "MOST_TRIES",
    "PAUSE_SECONDS",
    "PURPOSE",
    "REQUEST",
    "SWITCH",
    "NoAddressForCodesError",
    "TooManyVerificationCodesError",
    "VerificationCode",
    "VerificationCodeEndedError",
    "VerificationCodeRequiredError",
    "VerificationCodeTooSoonError",
    "VerificationCodeWrongError",
    "VerificationNotNeededError",
    "VerificationNotOfferedError",
    "VerificationSetting",
    "VerifiedOperation",
    "address_of",
    "asks_for_code",
    "code_from",
    "codes_of",
    "forget_old",
    "kinds_with_codes",
    "letter",
    "needs_code",
    "operation_named",
    "operations_of",
    "request_code",
    "switch",
    "verified_operations",
]
