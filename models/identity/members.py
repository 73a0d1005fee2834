"""Actions on accounts: open one, give it roles and a director, unlock it, close it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, select

from models.identity.record import Account, AccountRole, ApiSession, BackOfficeSession, Role
from models.identity.rules import (
    DirectorNotAllowedError,
    LastAdministratorError,
    LoginTakenError,
    MainAccountFixedError,
    OwnAccountError,
    PeopleOnlyError,
    check_login,
    check_roles,
    check_text,
)
from models.kernel.access import Side
from models.kernel.errors import FieldRequiredError, NotFoundError, ValueNotAllowedError, refuse
from models.kernel.journal import Operation
from models.kernel.words import Lang
from models.kernel.work import Work
from models.partner import NotAPdmError, also_check_pdm
from models.rights import Preset, Right

OPENED: Final = Operation("account.create", "创建账号", "Open an account", "account", "createAccount")
JOINED: Final = Operation(
    "account.become_main", "成为主账号", "Become the main account", "account", "becomeMainAccount"
)
ROLES_SET: Final = Operation("account.set_roles", "分配角色", "Set roles", "account", "setAccountRoles")
DIRECTOR_SET: Final = Operation(
    "account.set_director", "指定客户经理主管", "Set the director", "account", "setAccountDirector"
)
DEACTIVATED: Final = Operation(
    "account.deactivate", "停用账号", "Deactivate an account", "account", "deactivateAccount"
)
REACTIVATED: Final = Operation(
    "account.reactivate", "启用账号", "Reactivate an account", "account", "reactivateAccount"
)
UNLOCKED: Final = Operation("account.unlock", "解锁账号", "Unlock an account", "account", "unlockAccount")


async def open_member(
    work: Work,
    *,
    login: str,
    name: str,
    password_hash: str,
    role_ids: Collection[UUID],
    title: str = "",
    email: str | None = None,
    mobile: str | None = None,
    director_id: UUID | None = None,
) -> Account:
    """Open an account for a member of one's own organisation, with an initial password (COL-7.1.13)."""
    _person(work)
    work.actor.require(Right.MEMBER_MANAGE)
    account = _account(work, login, name, password_hash, Side.PARTNER, title=title, email=email, mobile=mobile)
    account.partner_id = work.actor.partner_id
    return await _open(work, account, role_ids, director_id)


async def open_account(
    work: Work,
    *,
    login: str,
    name: str,
    password_hash: str,
    side: Side,
    role_ids: Collection[UUID] = (),
    partner_id: UUID | None = None,
    customer_id: UUID | None = None,
    office_id: str | None = None,
    is_main: bool = False,
    title: str = "",
    email: str | None = None,
    mobile: str | None = None,
    director_id: UUID | None = None,
    lang: Lang = "zh",
    must_change_password: bool = True,
) -> Account:
    """Open an account for anybody, as the platform administrator and the command line do."""
    work.actor.require(Right.ACCOUNT_MANAGE)
    account = _account(work, login, name, password_hash, side, title=title, email=email, mobile=mobile)
    account.partner_id, account.customer_id, account.office_id = partner_id, customer_id, office_id
    account.is_main, account.lang, account.must_change_password = is_main, lang, must_change_password
    refuse(_misplaced(account))
    return await _open(work, account, role_ids, director_id)


async def open_applicant(
    work: Work, *, login: str, name: str, password_hash: str, email: str, mobile: str, lang: Lang
) -> Account:
    """Open the account of somebody whose company has not joined yet; it may fill in its entry and nothing else.

    Whoever calls has seen that the person was invited and verified (PL-16).
    """
    account = _account(work, login, name, password_hash, Side.PARTNER, title="", email=email, mobile=mobile)
    account.lang, account.must_change_password = lang, False
    if await work.count(select(Account).where(col(Account.login) == account.login)):
        raise LoginTakenError(path="login", login=account.login)
    work.add(account)
    await work.flush()
    work.note(OPENED, account, after={"login": account.login, "side": account.side})
    return account


async def become_main(work: Work, account_id: UUID, partner_id: UUID) -> Account:
    """Make an applicant's account the main account of the partner that it has become (PL-16)."""
    account: Account = await work.first(select(Account).where(col(Account.id) == account_id).with_for_update())
    account.partner_id, account.is_main = partner_id, True
    _touch(work, account)
    work.note(JOINED, account, before={"is_main": False}, after={"is_main": True}, partner_id=partner_id)
    return account


async def set_roles(
    work: Work,
    account_id: UUID,
    role_ids: Collection[UUID],
    *,
    version: int | None = None,
    new_director_id: UUID | None = None,
) -> Account:
    """Give a member exactly these roles; they hold from the next request (COL-7.1.1 to 7.1.3, 7.1.14).

    Where a director stops being one, his managers get the new director named, or none until one is set (COL-7.1.6).
    """
    account = await _managed(work, account_id, version)
    if account.id == work.actor.id:
        raise OwnAccountError()
    before = await roles_of(work, account)
    roles = await _roles(work, role_ids)
    refuse(check_roles(account, roles))
    if _has(before, Preset.ADM) and not _has(roles, Preset.ADM):
        await _keep_an_administrator(work, account)
    kept = {role.id for role in before} & {role.id for role in roles}
    if len(kept) == len(before) == len(roles):
        return account
    await work.session.execute(
        sa.delete(AccountRole).where(col(AccountRole.account_id) == account.id, col(AccountRole.role_id).not_in(kept))
    )
    for role in roles:
        if role.id not in kept:
            work.add(AccountRole(account_id=account.id, role_id=role.id))
    if _has(before, Preset.DIR) and not _has(roles, Preset.DIR):
        await _hand_over_managers(work, account, new_director_id)
    if not _has(roles, Preset.MGR):
        account.director_id = None
    _touch(work, account)
    codes = {"roles": sorted(role.code for role in before)}, {"roles": sorted(role.code for role in roles)}
    work.note(ROLES_SET, account, before=codes[0], after=codes[1])
    return account


async def roles_to_weigh(work: Work, account_id: UUID, role_ids: Collection[UUID]) -> tuple[Account, list[Role]]:
    """Find a member and the roles that somebody considers to give it; what he may not give is refused."""
    _require_management(work)
    account = await work.first(select(Account).where(col(Account.id) == account_id, Account.visible_to(work.actor)))
    if account is None or not _is_managed(work, account):
        raise NotFoundError()
    roles = await _roles(work, role_ids)
    refuse(check_roles(account, roles))
    return account, roles


async def set_director(
    work: Work, account_id: UUID, director_id: UUID | None, *, version: int | None = None
) -> Account:
    """Put an account manager under a director of the same organisation (COL-7.1.6)."""
    account = await _managed(work, account_id, version)
    await _direct(work, account, await roles_of(work, account), director_id)
    return account


async def deactivate(
    work: Work, account_id: UUID, *, version: int | None = None, new_director_id: UUID | None = None
) -> Account:
    """Close an account: its sessions end at once, its tokens too; the row stays for the journal's sake."""
    account = await _managed(work, account_id, version)
    if account.id == work.actor.id:
        raise OwnAccountError()
    if account.is_main and not work.actor.may(Right.ACCOUNT_MANAGE):
        raise MainAccountFixedError()
    if not account.active:
        return account
    roles = await roles_of(work, account)
    if _has(roles, Preset.ADM):
        await _keep_an_administrator(work, account)
    account.active = False
    if _has(roles, Preset.DIR):
        await _hand_over_managers(work, account, new_director_id)
    await end_sessions(work, account.id)
    _touch(work, account)
    work.note(DEACTIVATED, account, before={"active": True}, after={"active": False})
    return account


async def reactivate(work: Work, account_id: UUID, *, version: int | None = None) -> Account:
    """Open a closed account again, with the roles that it had."""
    account = await _managed(work, account_id, version)
    if not account.active:
        account.active = True
        _touch(work, account)
        work.note(REACTIVATED, account, before={"active": False}, after={"active": True})
    return account


async def unlock(work: Work, account_id: UUID) -> Account:
    """Let somebody sign in again who was locked out by failed attempts."""
    account = await _managed(work, account_id, None)
    if account.failed_attempts or account.locked_until:
        before = {"failed_attempts": account.failed_attempts, "locked_until": account.locked_until}
        account.failed_attempts, account.locked_until = 0, None
        work.note(UNLOCKED, account, before=before, after={"failed_attempts": 0, "locked_until": None})
    return account


async def choose_language(work: Work, lang: Lang) -> Account:
    """Choose the language in which one is spoken to."""
    _person(work)
    account = await work.get(Account, work.actor.id)
    if lang not in ("zh", "en"):
        raise ValueNotAllowedError(path="lang", value=lang)
    account.lang = lang
    return account


async def roles_of(work: Work, account: Account) -> list[Role]:
    """List the roles that an account has now."""
    return await work.every(
        select(Role)
        .join(AccountRole, col(AccountRole.role_id) == col(Role.id))
        .where(col(AccountRole.account_id) == account.id)
        .order_by(col(AccountRole.id))
    )


async def end_sessions(work: Work, account_id: UUID) -> None:
    """End every session of an account, in the back-office and in portals."""
    for kind in (BackOfficeSession, ApiSession):
        await work.session.execute(
            sa.update(kind)
            .where(col(kind.account_id) == account_id, col(kind.ended_at).is_(None))
            .values(ended_at=work.now)
        )


def _person(work: Work) -> None:
    if work.actor.client_id is not None:
        raise PeopleOnlyError()


def _touch(work: Work, account: Account) -> None:
    account.version += 1
    account.updated_at = work.now


def _has(roles: Sequence[Role], preset: Preset) -> bool:
    return any(role.preset is preset for role in roles)


def _account(
    work: Work, login: str, name: str, password_hash: str, side: Side, *, title: str, email: Any, mobile: Any
) -> Account:
    login, name, title = login.strip().casefold(), name.strip(), title.strip()
    email, mobile = (email or "").strip() or None, (mobile or "").strip() or None
    refuse(
        [
            *check_login(login),
            *check_text("name", name, 64, needed=True),
            *check_text("title", title, 64),
            *check_text("email", email, 254),
            *check_text("mobile", mobile, 32),
        ]
    )
    return Account(
        login=login,
        name=name,
        title=title,
        email=email,
        mobile=mobile,
        password_hash=password_hash,
        side=side,
        created_at=work.now,
        updated_at=work.now,
    )


def _misplaced(account: Account) -> Any:
    whose = {Side.PARTNER: "partner_id", Side.CUSTOMER: "customer_id"}
    for side, column in whose.items():
        value = getattr(account, column)
        if (account.side is side) != (value is not None):
            path = "partnerId" if side is Side.PARTNER else "customerId"
            yield FieldRequiredError(path=path) if value is None else ValueNotAllowedError(path=path, value=value)
    if account.side is Side.SYSTEM:
        yield ValueNotAllowedError(path="side", value=account.side)
    if account.is_main and account.side is not Side.PARTNER:
        yield ValueNotAllowedError(path="isMain", value=account.is_main)


async def _open(work: Work, account: Account, role_ids: Collection[UUID], director_id: UUID | None) -> Account:
    roles = await _roles(work, role_ids)
    refuse(check_roles(account, roles))
    if await work.count(select(Account).where(col(Account.login) == account.login)):
        raise LoginTakenError(path="login", login=account.login)
    work.add(account)
    await work.flush()
    for role in roles:
        work.add(AccountRole(account_id=account.id, role_id=role.id))
    work.note(
        OPENED,
        account,
        after={
            "login": account.login,
            "side": account.side,
            "is_main": account.is_main or None,
            "roles": sorted(role.code for role in roles),
        },
    )
    if director_id is not None:
        await _direct(work, account, roles, director_id)
    return account


async def _managed(work: Work, account_id: UUID, version: int | None) -> Account:
    """Fetch an account that the actor manages: one of his organisation, or any for the platform administrator."""
    _person(work)
    _require_management(work)
    account = await work.get(Account, account_id, version=version)
    if not _is_managed(work, account):
        raise NotFoundError()
    return account


def _require_management(work: Work) -> None:
    if not work.actor.may(Right.ACCOUNT_MANAGE):
        work.actor.require(Right.MEMBER_MANAGE)


def _is_managed(work: Work, account: Account) -> bool:
    return work.actor.may(Right.ACCOUNT_MANAGE) or account.partner_id == work.actor.partner_id


async def _roles(work: Work, role_ids: Collection[UUID]) -> list[Role]:
    wanted = set(role_ids)
    seen = sa.true() if work.actor.may(Right.ACCOUNT_MANAGE) else Role.visible_to(work.actor)
    found = await work.every(select(Role).where(col(Role.id).in_(wanted), seen).order_by(col(Role.id)))
    if len(found) != len(wanted):
        raise NotFoundError(path="roles")
    return found


async def _keep_an_administrator(work: Work, account: Account) -> None:
    """Refuse to take away an organisation's last system administrator (COL-7.1.14)."""
    # All of them are held, so that two who remove each other at the same moment do not both succeed.
    others = await work.every(
        select(Account)
        .join(AccountRole, col(AccountRole.account_id) == col(Account.id))
        .join(Role, col(Role.id) == col(AccountRole.role_id))
        .where(
            col(Account.partner_id).is_not_distinct_from(account.partner_id),
            col(Account.active).is_(True),
            col(Role.preset) == Preset.ADM,
        )
        .order_by(col(Account.id))
        .with_for_update(of=Account)
    )
    if all(other.id == account.id for other in others):
        raise LastAdministratorError(path="roles")


async def _hand_over_managers(work: Work, director: Account, successor_id: UUID | None) -> None:
    managers = await work.every(
        select(Account).where(col(Account.director_id) == director.id).order_by(col(Account.id)).with_for_update()
    )
    for manager in managers:
        await _direct(work, manager, await roles_of(work, manager), successor_id)


async def _direct(work: Work, manager: Account, roles: Sequence[Role], director_id: UUID | None) -> None:
    if director_id is not None:
        director = await work.first(
            select(Account)
            .join(AccountRole, col(AccountRole.account_id) == col(Account.id))
            .join(Role, col(Role.id) == col(AccountRole.role_id))
            .where(
                col(Account.id) == director_id,
                col(Account.partner_id) == manager.partner_id,
                col(Account.active).is_(True),
                col(Role.preset) == Preset.DIR,
            )
        )
        if director is None or not _has(roles, Preset.MGR):
            raise DirectorNotAllowedError(path="directorId")
    if manager.director_id != director_id:
        before = {"director_id": manager.director_id}
        manager.director_id = director_id
        _touch(work, manager)
        work.note(DIRECTOR_SET, manager, before=before, after={"director_id": director_id})


async def can_be_pdm(work: Work, account_id: UUID) -> NotAPdmError | None:
    """Tell what stands against an account as a partner's PDM: it must be active and look after partners."""
    account = await work.first(
        select(Account).where(
            col(Account.id) == account_id, col(Account.active).is_(True), col(Account.side) == Side.HUAWEI
        )
    )
    granted = {one for role in await roles_of(work, account) for one in role.permissions} if account else set()
    return None if Right.PARTNER_READ_PARTNERS in granted else NotAPdmError(path="pdmId")


also_check_pdm(can_be_pdm)
