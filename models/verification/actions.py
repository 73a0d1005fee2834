"""Having codes asked for, asking for one, and giving it back."""

from __future__ import annotations

import datetime as dt
import hmac
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from models.customer import Customer
from models.identity import Account
from models.kernel.access import Side
from models.kernel.errors import NotFoundError, PermissionDeniedError, ValueNotAllowedError
from models.kernel.journal import Operation
from models.kernel.record import Record
from models.kernel.values import mask_email
from models.kernel.work import Work
from models.notice.telling import enqueue
from models.partner import PartnerOrganisation
from models.rights import Right
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

LETTER: Final = "verification_code"
PURPOSE: Final = "verification"
DIGITS: Final = 6
HOUR: Final = dt.timedelta(hours=1)
KEPT: Final = dt.timedelta(days=1)
SWITCH: Final = Operation(
    "verification.switch", "开关操作验证码", "Switch verification codes", "partnerOrganisation", "setVerification"
)
REQUEST: Final = Operation(
    "verification.request", "获取验证码", "Ask for a verification code", "verificationCode", "sendVerificationCode"
)
FAIL: Final = Operation(
    "verification.fail", "验证码错误", "Wrong verification code", "verificationCode", "checkVerificationCode"
)


def code_from(number: int) -> str:
    """Write a sealed number as a code of six digits."""
    return f"{number % 10**DIGITS:0{DIGITS}}"


async def switch(work: Work, *, enabled: bool) -> VerificationSetting:
    """Have codes asked for, or no longer: the administrator decides it, for his own partner (COL-5.12)."""
    work.actor.require(Right.VERIFICATION_SWITCH)
    if work.actor.partner_id is None:
        raise NotFoundError()
    partner = await work.get(PartnerOrganisation, work.actor.partner_id)
    if enabled and partner.kind not in kinds_with_codes():
        raise VerificationNotOfferedError(path="enabled", kind=partner.kind)
    found = await _setting(work, partner.id)
    if found is None:
        found = work.add(
            VerificationSetting(partner_id=partner.id, version=0, created_at=work.now, updated_at=work.now)
        )
    if found.enabled is not enabled or found.version == 0:
        work.note(SWITCH, partner, before={"codes": found.enabled}, after={"codes": enabled})
        found.enabled = enabled
        found.version += 1
        found.updated_at = work.now
    return found


async def operations_of(work: Work) -> list[tuple[VerifiedOperation, bool]]:
    """List the operations of whoever asks that may need a code, and whether each needs one with his partner."""
    actor = work.actor
    partner_id = actor.partner_id
    if actor.customer_id is not None:
        partner_id = await work.first(select(Customer.partner_id).where(Customer.id == actor.customer_id))
    return [
        (one, partner_id is not None and await codes_of(work, partner_id, one))
        for one in verified_operations().values()
        if one.open_to(actor)
    ]


async def asks_for_code(work: Work, operation: VerifiedOperation, target: Record) -> bool:
    """Tell whether an operation on this asks whoever acts for a code (COL-5.12): off until a partner switches it on."""
    if work.actor.side is not operation.side:
        return False
    partner_id = work.actor.partner_id if operation.side is Side.PARTNER else target.belonging().partner_id
    if partner_id is None:
        return False
    return await codes_of(work, partner_id, operation)


async def codes_of(work: Work, partner_id: UUID, operation: VerifiedOperation) -> bool:
    """Tell whether a partner has codes asked for with an operation, and is of a kind that may."""
    found = await work.first(
        select(PartnerOrganisation.kind)
        .join(VerificationSetting, col(VerificationSetting.partner_id) == col(PartnerOrganisation.id))
        .where(PartnerOrganisation.id == partner_id, col(VerificationSetting.enabled).is_(True))
    )
    return found is not None and found in operation.kinds


def operation_named(code: str) -> VerifiedOperation:
    """Find an operation that may ask for a code, or refuse."""
    operation = verified_operations().get(code)
    if operation is None:
        raise ValueNotAllowedError(path="operation", value=code[:64])
    return operation


async def address_of(work: Work) -> str | None:
    """Give the address to which codes of whoever asks go, as much of it as a page may show."""
    email = await work.first(select(Account.email).where(Account.id == work.actor.id))
    return mask_email(email) if email else None


async def request_code(work: Work, operation_code: str, target_id: UUID) -> VerificationCode:
    """Send a code to whoever asks, by mail; one that was sent before for the same serves no more.

    The account's row is held meanwhile, so that requests made at one moment are counted one after the other.
    """
    operation = operation_named(operation_code)
    if not operation.open_to(work.actor):
        raise PermissionDeniedError(permission=operation.right)
    target: Any = await work.get(operation.model, target_id)
    if not await asks_for_code(work, operation, target):
        raise VerificationNotNeededError(path="operation")
    account = await work.first(select(Account).where(Account.id == work.actor.id).with_for_update())
    if account is None or not account.email or work.actor.client_id is not None:
        raise NoAddressForCodesError()
    sent = await work.every(
        select(VerificationCode)
        .where(VerificationCode.account_id == account.id, col(VerificationCode.made_at) > work.now - HOUR)
        .order_by(col(VerificationCode.made_at).desc(), col(VerificationCode.id).desc())
    )
    pause, most = await work.policy(PAUSE_SECONDS), await work.policy(MOST_AN_HOUR)
    if sent and (wait := sent[0].made_at + dt.timedelta(seconds=pause) - work.now) > dt.timedelta():
        raise VerificationCodeTooSoonError(seconds=int(wait.total_seconds()) + 1)
    if len(sent) >= most:
        raise TooManyVerificationCodesError(maximum=most)
    for old in sent:
        if (old.operation, old.target_id) == (operation.code, target.id) and old.replaced_at is None:
            old.replaced_at = work.now
    made = work.add(
        VerificationCode(
            account_id=account.id,
            operation=operation.code,
            target_id=target.id,
            made_at=work.now,
            expires_at=work.now + dt.timedelta(minutes=await work.policy(CODE_MINUTES)),
        )
    )
    await work.flush()
    await enqueue(work, [(account.id, LETTER, made.id, made.id.hex)])
    work.note(REQUEST, target, changes={"for": operation.code})
    return made


async def needs_code(work: Work, operation: VerifiedOperation, target: Record, given: str | None) -> None:
    """See that whoever acts has given the code that was sent to him for this; it is used up with the deed (COL-5.12).

    Asks for nothing where the partner has no codes asked for. Each try is counted in a transaction of its own, before
    the deed, so that refusals do not undo the count and guesses at one moment do not share one.
    """
    if not await asks_for_code(work, operation, target):
        return
    given = (given or "").strip()
    if not given:
        raise VerificationCodeRequiredError(path="verificationCode")

    target_id = target.id

    async def count(own: Work) -> None:
        await _try(own, operation, target_id, given)

    work.beforehand(f"{operation.code}/{target.id}", count)
    found = await _open_code(work, operation, target.id)
    if found is None:
        raise VerificationCodeEndedError(path="verificationCode")
    if not _fits(work, found, given):
        left = max(await work.policy(MOST_TRIES) - found.tries, 0)
        raise VerificationCodeWrongError(path="verificationCode", left=left)
    found.spent_at = work.now


async def forget_old(work: Work) -> int:
    """Delete codes that could long not be used any more, 500 at a time."""
    old = await work.every(select(VerificationCode).where(col(VerificationCode.made_at) <= work.now - KEPT).limit(500))
    for code in old:
        await work.remove(code)
    return len(old)


async def _try(work: Work, operation: VerifiedOperation, target_id: UUID, given: str) -> None:
    found = await _open_code(work, operation, target_id)
    if found is None or found.tries >= await work.policy(MOST_TRIES):
        raise VerificationCodeEndedError(path="verificationCode")
    found.tries += 1
    if not _fits(work, found, given):
        target = await work.first(select(operation.model).where(col(operation.model.id) == target_id))
        work.note(FAIL, target, changes={"for": operation.code, "try": found.tries})


async def _open_code(work: Work, operation: VerifiedOperation, target_id: UUID) -> VerificationCode | None:
    found: VerificationCode | None = await work.first(
        select(VerificationCode)
        .where(
            VerificationCode.account_id == work.actor.id,
            VerificationCode.operation == operation.code,
            VerificationCode.target_id == target_id,
            col(VerificationCode.spent_at).is_(None),
            col(VerificationCode.replaced_at).is_(None),
            col(VerificationCode.expires_at) > work.now,
        )
        .order_by(col(VerificationCode.made_at).desc(), col(VerificationCode.id).desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found


def _fits(work: Work, code: VerificationCode, given: str) -> bool:
    expected = code_from(work.sealed(PURPOSE, code.id.hex))
    return hmac.compare_digest(expected.encode(), given.encode())


async def _setting(work: Work, partner_id: UUID) -> VerificationSetting | None:
    found: VerificationSetting | None = await work.first(
        select(VerificationSetting).where(VerificationSetting.partner_id == partner_id).with_for_update()
    )
    return found
