"""What whoever holds a link does before having an account: open it, be verified, register; once, and in time."""

from __future__ import annotations

import datetime as dt
import hmac
import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from models.customer import email_violations, mobile_violations
from models.entry.lifecycle import ENTRY
from models.entry.links import INVITEE
from models.entry.policies import CODES_PER_ADDRESS, FINISH_HOURS, MOST_REGISTRATIONS
from models.entry.record import EntryCode, PartnerEntry
from models.entry.refusals import (
    EntryLapsedError,
    EntryLinkExpiredError,
    EntryLinkForgedError,
    EntryLinkUsedError,
    EntryNotVerifiedError,
    EntryWithdrawnError,
    MobileRegisteredError,
)
from models.entry.words import HOLDING, UNREGISTERED, EntryStatus
from models.identity import Account, LoginTakenError, hash_password, open_applicant
from models.identity.rules import check_login, check_password, check_text
from models.kernel.errors import DomainError, FieldRequiredError, refuse
from models.kernel.journal import Operation
from models.kernel.work import Clock, Store, Work, run_write, utc_now
from models.notice.telling import enqueue
from models.verification import (
    CODE_MINUTES,
    MOST_AN_HOUR,
    MOST_TRIES,
    PAUSE_SECONDS,
    PURPOSE,
    TooManyVerificationCodesError,
    VerificationCodeEndedError,
    VerificationCodeTooSoonError,
    VerificationCodeWrongError,
    code_from,
)

SEND_CODE: Final = Operation("entry.send_code", "发送入驻验证码", "Send a code", "partnerEntry", "sendVerificationCode")
FAIL_CODE: Final = Operation("entry.fail_code", "入驻验证码错误", "Wrong code", "partnerEntry", "checkVerificationCode")
LETTER: Final = "entry_code"
HOUR: Final = dt.timedelta(hours=1)
KEPT: Final = dt.timedelta(days=2)
ENDED: Final[dict[EntryStatus, type[DomainError]]] = {
    EntryStatus.EXPIRED: EntryLinkExpiredError,
    EntryStatus.LAPSED: EntryLapsedError,
    EntryStatus.WITHDRAWN: EntryWithdrawnError,
}


@dataclass(frozen=True)
class Registration:
    """What somebody registers with (注册信息)."""

    login: str
    name: str
    password: str


async def opened(work: Work, id: UUID) -> PartnerEntry:
    """Find the entry that a link speaks of, and remember when it was first looked at (PL-16)."""
    entry = await _of_link(work, id)
    if entry.status is EntryStatus.INVITED:
        await ENTRY.fire(work, entry, "open", values={"opened_at": work.now})
    return entry


async def request_code(work: Work, id: UUID, *, mobile: str, email: str, address: str = "") -> EntryCode:
    """Send a code to the mailbox of whoever holds a link; one that was sent before by the link serves no more.

    Whether the mobile number has an account already is told only to whoever gives the code back (PL-16).
    """
    entry = await opened(work, id)
    mobile, email = mobile.strip(), email.strip()
    refuse(_unreachable(mobile, email))
    sent: list[EntryCode] = await work.every(
        select(EntryCode)
        .where(EntryCode.entry_id == entry.id, col(EntryCode.sent_at) > work.now - HOUR)
        .order_by(col(EntryCode.sent_at).desc(), col(EntryCode.id).desc())
    )
    pause, most = await work.policy(PAUSE_SECONDS), await work.policy(MOST_AN_HOUR)
    if sent and (wait := sent[0].sent_at + dt.timedelta(seconds=pause) - work.now) > dt.timedelta():
        raise VerificationCodeTooSoonError(seconds=math.ceil(wait.total_seconds()))
    if len(sent) >= most:
        raise TooManyVerificationCodesError(maximum=most)
    address_hash = f"{work.sealed('entry-address', address):064x}"
    most = await work.policy(CODES_PER_ADDRESS)
    from_there = select(EntryCode.id).where(
        EntryCode.address_hash == address_hash, col(EntryCode.sent_at) > work.now - HOUR
    )
    if await work.count(from_there) >= most:
        raise TooManyVerificationCodesError(maximum=most)
    for old in sent:
        old.ended_at = old.ended_at or work.now
    made = work.add(
        EntryCode(
            entry_id=entry.id,
            mobile=plain_mobile(mobile),
            email=email,
            address_hash=address_hash,
            sent_at=work.now,
            expires_at=work.now + dt.timedelta(minutes=await work.policy(CODE_MINUTES)),
        )
    )
    await work.flush()
    await enqueue(work, [(entry.issued_by, LETTER, made.id, made.id.hex)])
    work.note(SEND_CODE, entry, internal=True)
    return made


async def verify(work: Work, id: UUID, code: str) -> tuple[PartnerEntry, EntryCode]:
    """Take the code back: whoever gives it is verified, and has 24 hours to register, within the link's time (PL-16).

    Each try is counted in a transaction of its own, so that a refusal does not undo the count. A link that was
    verified before is verified anew without getting more time.
    """
    entry = await opened(work, id)
    given = "".join(unicodedata.normalize("NFKC", code).split())
    if not given:
        raise FieldRequiredError(path="code")
    work.beforehand(f"entry/{entry.id}", lambda own: _count(own, id, given))
    found = await _open_code(work, entry.id)
    if found is None:
        raise VerificationCodeEndedError(path="code")
    if not _fits(work, found, given):
        left = max(await work.policy(MOST_TRIES) - found.attempts, 0)
        raise VerificationCodeWrongError(path="code", left=left)
    refuse([await _registered(work, found.mobile, entry.id)])
    found.ended_at = found.verified_at = work.now
    found.attempts = 0
    entry.mobile, entry.email = found.mobile, found.email
    if entry.status is EntryStatus.LINK_OPENED:
        within = work.now + dt.timedelta(hours=await work.policy(FINISH_HOURS))
        told = {"verified_at": work.now, "finish_by": min(within, entry.valid_until)}
        await ENTRY.fire(work, entry, "verify", values=told)
    return entry, found


async def register(
    store: Store, id: UUID, code_id: UUID, given: Registration, *, clock: Clock = utc_now, request_id: str | None = None
) -> PartnerEntry:
    """Register the applicant's account, once a link: everything that stands against it is told at once (PL-16).

    `code_id` is the code that whoever registers has given back; its mobile number and mailbox become the account's.
    """
    async with store.reader() as session:
        look = Work(session, INVITEE, clock(), journal_key=store.journal_key)
        found = await look.first(select(PartnerEntry).where(PartnerEntry.id == id))
        await _verified(look, _still_open(look, found), code_id)
    wrong = [*check_password(given.password, given.login.strip().casefold())]
    password_hash = "" if wrong else await hash_password(given.password)

    async def deed(work: Work) -> PartnerEntry:
        # Before anything is read, since it starts the transaction anew.
        work.beforehand(f"entry-register/{id}", lambda own: _count_registration(own, id, code_id))
        return await open_by_link(work, id, code_id, given.login, given.name, password_hash, wrong=wrong)

    return await run_write(store, INVITEE, deed, clock=clock, request_id=request_id)


async def open_by_link(
    work: Work,
    id: UUID,
    code_id: UUID,
    login: str,
    name: str,
    password_hash: str,
    *,
    wrong: Sequence[DomainError] = (),
) -> PartnerEntry:
    """Open the account of whoever was verified by a link, with a password that was looked at before (PL-16)."""
    entry = await _of_link(work, id)
    code = await _verified(work, entry, code_id)
    login, name = login.strip().casefold(), " ".join(name.split())
    taken = await work.first(select(Account.id).where(Account.login == login))
    refuse(
        [
            *check_login(login),
            LoginTakenError(path="login", login=login) if taken else None,
            *check_text("name", name, 64, needed=True),
            *wrong,
            await _registered(work, code.mobile, entry.id),
        ]
    )
    account = await open_applicant(
        work,
        login=login,
        name=name,
        password_hash=password_hash,
        email=code.email,
        mobile=code.mobile,
        lang="en" if entry.language == "en" else "zh",
    )
    entry.mobile, entry.email = code.mobile, code.email
    entry.contact_name, entry.contact_email = name, code.email
    entry.company_name, entry.account_id = entry.invited_name, account.id
    told = {"account": account.login}
    await ENTRY.fire(work, entry, "register", values={"registered_at": work.now}, note=told)
    return entry


async def forget_old(work: Work) -> int:
    """Delete codes that nobody can register by any more, 500 at a time."""
    old = await work.every(select(EntryCode).where(col(EntryCode.sent_at) <= work.now - KEPT).limit(500))
    for code in old:
        await work.remove(code)
    return len(old)


def plain_mobile(number: str) -> str:
    """Write a mobile number in its eleven digits."""
    return number.removeprefix("+86").lstrip(" -")


async def _of_link(work: Work, id: UUID) -> PartnerEntry:
    entry: PartnerEntry | None = await work.first(
        select(PartnerEntry).where(PartnerEntry.id == id).with_for_update().execution_options(populate_existing=True)
    )
    return _still_open(work, entry)


def _still_open(work: Work, entry: PartnerEntry | None) -> PartnerEntry:
    """See that a link still leads to an account: not used, not over, not taken back (PL-16)."""
    if entry is None:
        raise EntryLinkForgedError(path="link")
    if (over := ENDED.get(entry.status)) is not None:
        raise over(path="link")
    if entry.status is EntryStatus.VERIFIED:
        if entry.finish_by is not None and entry.finish_by <= work.now:
            raise EntryLapsedError(path="link")
    elif entry.status not in UNREGISTERED:
        raise EntryLinkUsedError(path="link")
    if entry.valid_until <= work.now:
        raise EntryLinkExpiredError(path="link")
    return entry


async def _verified(work: Work, entry: PartnerEntry, code_id: UUID) -> EntryCode:
    """Find the code by which whoever registers was verified; it must be one of this very link."""
    code: EntryCode | None = await work.first(
        select(EntryCode).where(EntryCode.id == code_id, EntryCode.entry_id == entry.id)
    )
    if code is None or code.verified_at is None or entry.status is not EntryStatus.VERIFIED:
        raise EntryNotVerifiedError(path="proof")
    return code


async def _registered(work: Work, mobile: str, entry_id: UUID) -> MobileRegisteredError | None:
    """Tell of a mobile number that has an account already, or is about to have one (PL-16)."""
    written = (mobile, f"+86{mobile}", f"+86 {mobile}", f"+86-{mobile}")
    accounts = select(Account.id).where(col(Account.mobile).in_(written))
    entries = select(PartnerEntry.id).where(
        PartnerEntry.mobile == mobile, col(PartnerEntry.status).in_(HOLDING), PartnerEntry.id != entry_id
    )
    if await work.first(accounts) or await work.first(entries):
        return MobileRegisteredError(path="mobile")
    return None


async def _count(work: Work, id: UUID, given: str) -> None:
    entry = await _of_link(work, id)
    found = await _open_code(work, entry.id)
    if found is None or found.attempts >= await work.policy(MOST_TRIES):
        raise VerificationCodeEndedError(path="code")
    found.attempts += 1
    if not _fits(work, found, given):
        work.note(FAIL_CODE, entry, internal=True, changes={"try": found.attempts})


async def _count_registration(work: Work, entry_id: UUID, code_id: UUID) -> None:
    entry = await _of_link(work, entry_id)
    code = await _verified(work, entry, code_id)
    if code.attempts >= await work.policy(MOST_REGISTRATIONS):
        raise EntryNotVerifiedError(path="proof")
    code.attempts += 1


async def _open_code(work: Work, entry_id: UUID) -> EntryCode | None:
    found: EntryCode | None = await work.first(
        select(EntryCode)
        .where(EntryCode.entry_id == entry_id, col(EntryCode.ended_at).is_(None), col(EntryCode.expires_at) > work.now)
        .order_by(col(EntryCode.sent_at).desc(), col(EntryCode.id).desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found


def _fits(work: Work, code: EntryCode, given: str) -> bool:
    return hmac.compare_digest(code_from(work.sealed(PURPOSE, code.id.hex)).encode(), given.encode())


def _unreachable(mobile: str, email: str) -> Iterator[DomainError]:
    for name, text in (("mobile", mobile), ("email", email)):
        if not text:
            yield FieldRequiredError(path=name)
    yield from mobile_violations(mobile, "mobile")
    yield from email_violations(email, "email")
