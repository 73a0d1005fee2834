"""What must hold for accounts, roles and passwords, and the policy numbers behind it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any, Final

from sqlalchemy import event

from models.identity.record import Account, Role
from models.kernel.access import Side
from models.kernel.errors import DomainError, FieldRequiredError, LengthError, Remedy, ValueNotAllowedError
from models.kernel.policy import Policy
from models.rights import PRESETS, Preset, Right, every_permission

LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{2,63}")
SHORTEST_PASSWORD: Final = 12
LONGEST_PASSWORD: Final = 128
FEWEST_LETTERS: Final = 5
MOST_ROLES: Final = 3

FAILURES_PER_LOGIN = Policy(
    "sign_in.failures_per_login", 5, "同一登录名在时间窗口内允许的失败次数", "Failed sign-ins of one login in a window"
)
FAILURES_PER_ADDRESS = Policy(
    "sign_in.failures_per_address",
    30,
    "同一地址在时间窗口内允许的失败次数",
    "Failed sign-ins from one address in a window",
)
WINDOW_MINUTES = Policy(
    "sign_in.window_minutes", 15, "登录失败计数窗口（分钟）", "Window of failed sign-ins, in minutes"
)
LOCK_AFTER = Policy("sign_in.lock_after", 10, "连续失败多少次后锁定账号", "Failures in a row that lock an account")
LOCK_MINUTES = Policy(
    "sign_in.lock_minutes", 60, "账号锁定时长（分钟）", "How long an account stays locked, in minutes"
)
RESET_LINK_HOURS = Policy("account.reset_link_hours", 24, "重置链接有效期（小时）", "Life of a reset link, in hours")
TOKEN_DAYS = Policy("api_token.longest_days", 365, "访问令牌最长有效期（天）", "Longest life of an API token, in days")

MEMBER_PRESETS: Final = (Preset.ADM, Preset.DIR, Preset.MGR, Preset.FIN, Preset.OPS)
# Whoever holds one of these decides over others' rights; no custom role and no tool passes them on.
KEPT_BACK: Final = frozenset({Right.MEMBER_MANAGE, Right.CLIENT_MANAGE, Right.ACCOUNT_MANAGE, Right.ROLE_MANAGE})


class OpenModeError(DomainError):
    """In production no tool is opened for whatever it likes to ask."""

    zh = "生产环境不允许将客户端应用设为开放模式。"
    en = "In production no client application may be set to the open mode."
    cbc = "CBC.0151"


class ModeNotAllowedError(DomainError):
    """Only ecosystem operations let a partner's tool run operations that nobody admitted."""

    zh = "将伙伴客户端应用放宽为“{mode}”须由生态运营操作。"
    en = "Only ecosystem operations may set a partner's client application to “{mode}”."
    remedy = Remedy.CONTACT_SUPPORT
    cbc = "CBC.0151"


class RoleCountError(DomainError):
    """A member has one to three roles."""

    zh = "每个成员须有 1 至 {maximum} 个角色，当前 {count} 个。"
    en = "A member has 1 to {maximum} roles; this would be {count}."


class AdministratorAloneError(DomainError):
    """The system administrator has no other role."""

    zh = "系统管理员角色不能与其他角色同时分配。"
    en = "The role of system administrator cannot be combined with another."


class ManagerAndDirectorError(DomainError):
    """Account manager and director exclude each other."""

    zh = "客户经理与客户经理主管角色不能同时分配。"
    en = "Account manager and account manager director cannot be combined."


class RoleNotOfOrganisationError(DomainError):
    """The role belongs to another side or organisation."""

    zh = "角色“{role}”不能分配给该账号。"
    en = "The role “{role}” cannot be given to this account."


class MainAccountFixedError(DomainError):
    """The main account has no roles and is not deactivated by members."""

    zh = "主账号的权限固定，不能分配角色，也不能由成员停用。"
    en = "The rights of the main account are fixed; it takes no roles and members cannot deactivate it."


class OwnAccountError(DomainError):
    """Nobody changes the rights of his own account."""

    zh = "不能修改自己的角色，也不能停用自己的账号。"
    en = "You cannot change the roles of your own account or deactivate it."


class LastAdministratorError(DomainError):
    """The organisation would be left without a system administrator."""

    zh = "不能移除最后一个系统管理员，请先指定另一位。"
    en = "This is the last system administrator; appoint another first."


class DirectorNotAllowedError(DomainError):
    """The person named is no account manager director of the organisation, or the member is no account manager."""

    zh = "只能为客户经理指定本组织有效的客户经理主管。"
    en = "Only an account manager takes a director, and only an active one of the same organisation."


class PresetRoleFixedError(DomainError):
    """Preset roles come with the installation."""

    zh = "预置角色“{role}”不能修改或删除。"
    en = "The preset role “{role}” cannot be changed or deleted."


class RoleInUseError(DomainError):
    """The role still has members."""

    zh = "该角色下还有 {count} 个成员，不能删除。"
    en = "The role still has {count} members; it cannot be deleted."


class RoleNameTakenError(DomainError):
    """Another role of the organisation has the name."""

    zh = "角色名称“{name}”已存在。"
    en = "There is a role named “{name}” already."


class PermissionNotGrantableError(DomainError):
    """A custom role may grant only what the preset roles of its side grant to members."""

    zh = "自定义角色不能授予以下权限：{permissions}。"
    en = "A custom role cannot grant: {permissions}."


class MainAccountOnlyError(DomainError):
    """Opportunities are for the main account."""

    zh = "机会点管理仅对主账号开放，不能通过角色授予：{permissions}。"
    en = "Opportunities are open to the main account only; no role grants: {permissions}."


class LoginTakenError(DomainError):
    """Another account has the login."""

    zh = "登录名“{login}”已被使用。"
    en = "The login “{login}” is taken."


class LoginFormatError(DomainError):
    """The login has characters that none may have."""

    zh = "登录名须为 3 至 64 个小写字母、数字或 . _ @ -，并以字母或数字开头。"
    en = "A login has 3 to 64 lower-case letters, digits or . _ @ - and begins with a letter or a digit."


class LoginFixedError(DomainError):
    """The login of an account does not change."""

    zh = "账号名创建后不能修改。"
    en = "The login cannot be changed after the account was created."


class PasswordTooSimpleError(DomainError):
    """The password is easily guessed."""

    zh = "密码过于简单：不能包含登录名，且至少使用 {letters} 个不同的字符。"
    en = "The password is too simple: leave out the login and use at least {letters} different characters."


class PasswordUnchangedError(DomainError):
    """The new password is the old one."""

    zh = "新密码不能与原密码相同。"
    en = "The new password must differ from the present one."


class WrongCredentialsError(DomainError):
    """Login and password do not open an account; which of them is at fault stays unsaid."""

    zh = "登录名或密码不正确，或账号已锁定或停用。"
    en = "The login or the password is wrong, or the account is locked or not active."


class SignInThrottledError(DomainError):
    """Too many failed attempts."""

    zh = "登录失败次数过多，请在 {minutes} 分钟后重试。"
    en = "Too many failed attempts to sign in; try again in {minutes} minutes."
    remedy = Remedy.RETRY


class ResetLinkNotValidError(DomainError):
    """The link was used, has expired, or is none of ours."""

    zh = "重置链接无效、已使用或已过期，请重新申请。"
    en = "The reset link is not valid, was used or has expired; ask for a new one."


class RefreshTokenReusedError(DomainError):
    """A refresh token was used twice, so somebody may have copied it."""

    zh = "刷新令牌已被使用过，会话已结束，请重新登录。"
    en = "The refresh token was used before, so the session was ended; sign in again."


class PeopleOnlyError(DomainError):
    """A tool tried what only a person may do."""

    zh = "此操作只能由本人登录后进行，不能使用访问令牌。"
    en = "Only a person who is signed in may do this, not an API token."
    cbc = "CBC.0151"


class ScopeNotAllowedError(DomainError):
    """A token may not do what its issuer may not."""

    zh = "访问令牌不能包含以下权限：{permissions}。"
    en = "The token cannot have: {permissions}."


class TokenLifetimeError(DomainError):
    """The expiry lies in the past or too far ahead."""

    zh = "有效期须为 1 至 {days} 天。"
    en = "A token lives 1 to {days} days."


@event.listens_for(Account.login, "set", active_history=True)
def _keep_login(account: Account, new: str, old: Any, *_: Any) -> None:
    """Keep the login as it was created (COL-7.1.8)."""
    if isinstance(old, str) and new != old:
        raise LoginFixedError(path="login")


def check_roles(account: Account, roles: Collection[Role]) -> Iterable[DomainError]:
    """Name what is wrong with a set of roles: number, combination, and whose they are.

    COL-7.1.1, COL-7.1.2, COL-7.1.3.
    """
    if account.is_main:
        if roles:
            yield MainAccountFixedError(path="roles")
        return
    if not 1 <= len(roles) <= MOST_ROLES:
        yield RoleCountError(path="roles", maximum=MOST_ROLES, count=len(roles))
    presets = {role.preset for role in roles}
    if Preset.ADM in presets and len(roles) > 1:
        yield AdministratorAloneError(path="roles")
    if {Preset.MGR, Preset.DIR} <= presets:
        yield ManagerAndDirectorError(path="roles")
    for role in roles:
        own = role.preset is not None or role.partner_id == account.partner_id
        if role.side is not account.side or not own:
            yield RoleNotOfOrganisationError(path="roles", role=role_name(role))


def check_known(permissions: Collection[str]) -> Iterable[DomainError]:
    """Name the permissions that there are not."""
    return [ValueNotAllowedError(path="permissions", value=one) for one in sorted({*permissions} - every_permission())]


def check_grants(side: Side, permissions: Collection[str]) -> Iterable[DomainError]:
    """Name what a custom role may not grant: more than the presets of its side, or opportunities (COL-7.1.12)."""
    asked = frozenset(permissions)
    about_opportunities = frozenset(one for one in asked if one.startswith("opportunity"))
    if side is Side.PARTNER and about_opportunities:
        yield MainAccountOnlyError(path="permissions", permissions=sorted(about_opportunities))
        asked -= about_opportunities
    if beyond := asked - grantable(side):
        yield PermissionNotGrantableError(path="permissions", permissions=sorted(beyond))


def grantable(side: Side) -> frozenset[str]:
    """List what a custom role of this side may grant."""
    presets = MEMBER_PRESETS if side is Side.PARTNER else [preset for preset in Preset if preset.side is side]
    # Of a partner's people only the administrators export the customer list (COL-5.7.9).
    kept_back = KEPT_BACK | ({Right.CUSTOMER_EXPORT} if side is Side.PARTNER else frozenset())
    return frozenset().union(*(PRESETS[preset].permissions for preset in presets)) - kept_back


def check_login(login: str) -> Iterable[DomainError]:
    """Name what is wrong with a login."""
    if not LOGIN.fullmatch(login):
        yield LoginFormatError(path="login")


def check_password(password: str, login: str, *, path: str = "password") -> Iterable[DomainError]:
    """Name what is wrong with a password: its length, or that it is easily guessed."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        yield LengthError(path=path, minimum=SHORTEST_PASSWORD, maximum=LONGEST_PASSWORD, length=len(password))
    elif _named_in(login, password.casefold()) or len(set(password)) < FEWEST_LETTERS:
        yield PasswordTooSimpleError(path=path, letters=FEWEST_LETTERS)


def _named_in(login: str, password: str) -> bool:
    mailbox = login.partition("@")[0]
    return login in password or (len(mailbox) > 3 and mailbox in password)


def check_text(name: str, text: str | None, longest: int, *, needed: bool = False) -> Iterable[DomainError]:
    """Name what is wrong with a plain text of an input."""
    length = len((text or "").strip())
    if needed and not length:
        yield FieldRequiredError(path=name)
    elif length > longest:
        yield LengthError(path=name, minimum=int(needed), maximum=longest, length=length)


def role_name(role: Role) -> Any:
    """Give a role's name in both languages, as refusals speak it."""
    return _BothNames(role.name_zh, role.name_en)


class _BothNames(str):
    zh: str
    en: str

    def __new__(cls, zh: str, en: str) -> _BothNames:
        names = super().__new__(cls, en)
        names.zh, names.en = zh, en
        return names
