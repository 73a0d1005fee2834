"""Rows of people and tools: accounts, roles, sessions, client applications and their tokens."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, col

from models.kernel.access import Actor, Side
from models.kernel.reads import Filter, Listing, Many, One, SortKey, relate
from models.kernel.record import Aggregate, Record, nobody, word_type
from models.kernel.values import Instant, Uid
from models.kernel.words import Lang, Word
from models.partner import PartnerOrganisation
from models.rights import Preset, Right


def applies(actor: Actor) -> bool:
    """Tell whether somebody's company has not joined yet, so that neither side's people are his to see (PL-16)."""
    return actor.side is Side.PARTNER and actor.partner_id is None


class Account(Aggregate, table=True):
    """Somebody who signs in (账号); to be the main account (主账号) is a property of an account, not a role."""

    __tablename__ = "account"
    prefix: ClassVar[str] = "acc"
    zh: ClassVar[str] = "账号"
    en: ClassVar[str] = "Account"
    listing: ClassVar[Listing] = Listing(
        sorts={"name": SortKey("name"), "created_at": SortKey("created_at")},
        default=(("name", False),),
        filters={
            "name": Filter("name", "text"),
            "active": Filter("active"),
            "own_organisation": Filter(clause=lambda asking, _: own_organisation(asking.actor)),
        },
    )

    login: str = Field(max_length=64, unique=True)
    name: str = Field(max_length=64)
    title: str = Field(default="", max_length=64)
    email: str | None = Field(default=None, max_length=254)
    mobile: str | None = Field(default=None, max_length=32)
    password_hash: str = Field(max_length=200)
    side: Side = Field(sa_type=word_type(Side))
    partner_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="partner_organisation.id", index=True)
    customer_id: UUID | None = Field(default=None, sa_type=Uid, index=True)
    office_id: str | None = Field(default=None, max_length=32)
    is_main: bool = False
    director_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="account.id", index=True)
    must_change_password: bool = True
    failed_attempts: int = 0
    locked_until: dt.datetime | None = Field(default=None, sa_type=Instant)
    active: bool = True
    lang: str = Field(default="zh", max_length=2)
    last_login_at: dt.datetime | None = Field(default=None, sa_type=Instant)

    __table_args__ = (
        sa.Index(
            "uq_account_main_of_partner",
            "partner_id",
            unique=True,
            sqlite_where=sa.text("is_main"),
            postgresql_where=sa.text("is_main"),
        ),
    )

    @property
    def language(self) -> Lang:
        """Say in which language the account is spoken to."""
        return "en" if self.lang == "en" else "zh"

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Oneself, one's own organisation, Huawei's staff, and for Huawei the partners that one may see.

        Of Huawei's staff the windows show others no more than id, name and title.
        """
        if actor.side is Side.SYSTEM or actor.may(Right.ACCOUNT_MANAGE):
            return sa.true()
        clauses: list[sa.ColumnElement[bool]] = [col(cls.id) == actor.id]
        if not applies(actor):
            clauses.append(col(cls.side) == Side.HUAWEI)
        if actor.partner_id is not None:
            clauses.append(col(cls.partner_id) == actor.partner_id)
        if actor.customer_id is not None:
            clauses.append(col(cls.customer_id) == actor.customer_id)
        if actor.may(Right.PARTNER_READ_ALL):
            clauses.append(col(cls.partner_id).is_not(None))
        elif actor.may(Right.PARTNER_READ_PARTNERS):
            clauses.append(col(cls.partner_id).in_(actor.partners))
        return sa.or_(*clauses)


class Role(Aggregate, table=True):
    """A set of permissions under a name (角色): preset for every installation, or an organisation's own."""

    __tablename__ = "role"
    prefix: ClassVar[str] = "rol"
    zh: ClassVar[str] = "角色"
    en: ClassVar[str] = "Role"
    listing: ClassVar[Listing] = Listing(sorts={"created_at": SortKey("created_at")}, default=(("created_at", False),))

    preset: Preset | None = Field(default=None, sa_type=word_type(Preset), unique=True)
    side: Side = Field(sa_type=word_type(Side))
    partner_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="partner_organisation.id", index=True)
    name_zh: str = Field(max_length=64)
    name_en: str = Field(max_length=64)
    permissions: list[str] = Field(default_factory=list, sa_type=sa.JSON)

    @property
    def code(self) -> str:
        """Name the role for programs: the preset's code, or the role's id."""
        return self.preset.value if self.preset is not None else self.public_id

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """The presets and own roles of one's organisation; whoever manages accounts sees every preset too."""
        preset = col(cls.preset).is_not(None)
        if actor.side is Side.SYSTEM or actor.may(Right.ROLE_MANAGE):
            return sa.or_(preset, col(cls.side) == Side.HUAWEI)
        if applies(actor):
            return sa.false()
        if actor.side is Side.PARTNER and actor.partner_id is not None:
            own = sa.or_(preset, col(cls.partner_id) == actor.partner_id)
            return sa.and_(col(cls.side) == Side.PARTNER, own)
        return col(cls.side) == actor.side


class AccountRole(Record, table=True):
    """One role of one account (账号角色)."""

    __tablename__ = "account_role"
    prefix: ClassVar[str] = "acr"
    relations: ClassVar[dict[str, Any]] = {"role": One(Role, "role_id")}

    account_id: UUID = Field(sa_type=Uid, foreign_key="account.id")
    role_id: UUID = Field(sa_type=Uid, foreign_key="role.id", index=True)

    __table_args__ = (sa.UniqueConstraint("account_id", "role_id", name="uq_account_role_account_id_role_id"),)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Roles are seen with the account, within one's own side only: Huawei's staff show others no roles."""
        seen = sa.select(col(Account.id)).where(Account.visible_to(actor))
        if actor.side not in (Side.HUAWEI, Side.SYSTEM):
            seen = seen.where(col(Account.side) == actor.side)
        return col(cls.account_id).in_(seen)


class SignInFailure(Record, table=True):
    """A failed attempt to sign in (登录失败记录), kept for as long as it counts; login and address as keyed hashes."""

    __tablename__ = "sign_in_failure"
    prefix: ClassVar[str] = "sif"

    at: dt.datetime = Field(sa_type=Instant, index=True)
    login_hash: str = Field(max_length=64, index=True)
    address_hash: str = Field(max_length=64, index=True)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """No window shows them."""
        return nobody()


class BackOfficeSession(Record, table=True):
    """A person's visit to the back-office (后台会话); the cookie's token is kept as a hash only."""

    __tablename__ = "back_office_session"
    prefix: ClassVar[str] = "bos"

    account_id: UUID = Field(sa_type=Uid, foreign_key="account.id", index=True)
    token_hash: str = Field(max_length=64, unique=True)
    started_at: dt.datetime = Field(sa_type=Instant)
    last_seen_at: dt.datetime = Field(sa_type=Instant)
    expires_at: dt.datetime = Field(sa_type=Instant, index=True)
    ended_at: dt.datetime | None = Field(default=None, sa_type=Instant)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """One's own; whoever manages accounts sees all, to end them."""
        if actor.may(Right.ACCOUNT_MANAGE):
            return sa.true()
        return col(cls.account_id) == actor.id


class ApiSession(Record, table=True):
    """A person's session in a portal frontend (门户会话): one row for the whole family of its refresh tokens."""

    __tablename__ = "api_session"
    prefix: ClassVar[str] = "ses"

    account_id: UUID = Field(sa_type=Uid, foreign_key="account.id", index=True)
    family_hash: str = Field(max_length=64)
    refresh_hash: str = Field(max_length=64)
    started_at: dt.datetime = Field(sa_type=Instant)
    refreshed_at: dt.datetime = Field(sa_type=Instant)
    expires_at: dt.datetime = Field(sa_type=Instant, index=True)
    ended_at: dt.datetime | None = Field(default=None, sa_type=Instant)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """One's own; whoever manages accounts sees all, to end them."""
        if actor.may(Right.ACCOUNT_MANAGE):
            return sa.true()
        return col(cls.account_id) == actor.id


def _of_client_managers(actor: Actor, side: Any, partner_id: Any) -> sa.ColumnElement[bool]:
    if actor.side is Side.SYSTEM or actor.may(Right.ACCOUNT_MANAGE):
        return sa.true()
    if actor.may(Right.CLIENT_MANAGE) and actor.partner_id is not None:
        return sa.and_(side == Side.PARTNER, partner_id == actor.partner_id)
    return nobody()


class ClientMode(Word):
    """What a client application may ask (调用模式), from the loosest to the strictest."""

    OPEN = "OPEN", "开放：任意查询（开发用）", "Open: any operation, for development"
    APQ = "APQ", "自动持久化查询（前端用）", "Automatic persisted queries, for frontends"
    SAFELIST = "SAFELIST", "白名单：已登记的操作，按标识或原文", "Safelist: registered operations, by id or by text"
    ID_ONLY = "ID_ONLY", "仅按标识调用已登记的操作", "Registered operations by id only"

    @property
    def runs_anything(self) -> bool:
        """Tell whether operations that nobody admitted may run."""
        return self in (ClientMode.OPEN, ClientMode.APQ)

    def looser_than(self, other: ClientMode) -> bool:
        """Tell whether it allows more than another."""
        order = list(ClientMode)
        return order.index(self) < order.index(other)


class ClientApplication(Aggregate, table=True):
    """A tool that calls the API on an organisation's behalf (客户端应用)."""

    __tablename__ = "client_application"
    prefix: ClassVar[str] = "app"
    zh: ClassVar[str] = "客户端应用"
    en: ClassVar[str] = "Client application"

    name: str = Field(max_length=64)
    purpose: str = Field(default="", max_length=500)
    side: Side = Field(sa_type=word_type(Side))
    partner_id: UUID | None = Field(default=None, sa_type=Uid, foreign_key="partner_organisation.id", index=True)
    created_by_id: UUID = Field(sa_type=Uid, foreign_key="account.id")
    mode: ClientMode = Field(default=ClientMode.ID_ONLY, sa_type=word_type(ClientMode))
    active: bool = True

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Those of one's own organisation, for whoever manages them or publishes for them.

        Whoever admits or audits operations sees every one; a tool that may publish sees itself.
        """
        if actor.may(Right.OPERATIONS_READ_ALL):
            return sa.true()
        if actor.may(Right.OPERATIONS_PUBLISH) and actor.partner_id is not None:
            own = sa.and_(col(cls.side) == Side.PARTNER, col(cls.partner_id) == actor.partner_id)
            return own if actor.client_id is None else sa.and_(own, col(cls.id) == actor.client_id)
        return _of_client_managers(actor, col(cls.side), col(cls.partner_id))


class ApiToken(Record, table=True):
    """A tool's key (访问令牌): kept as a hash, shown by its last four, with scopes and an expiry.

    One that is `tied` runs the admitted operations of its application and nothing else, whatever the mode.
    """

    __tablename__ = "api_token"
    prefix: ClassVar[str] = "tok"
    zh: ClassVar[str] = "访问令牌"
    en: ClassVar[str] = "API token"
    relations: ClassVar[dict[str, Any]] = {
        "client": One(ClientApplication, "client_id"),
        "issuer": One(Account, "issuer_id"),
    }

    client_id: UUID = Field(sa_type=Uid, foreign_key="client_application.id", index=True)
    issuer_id: UUID = Field(sa_type=Uid, foreign_key="account.id", index=True)
    side: Side = Field(sa_type=word_type(Side))
    partner_id: UUID | None = Field(default=None, sa_type=Uid)
    name: str = Field(max_length=64)
    token_hash: str = Field(max_length=64, unique=True)
    last_four: str = Field(max_length=4)
    scopes: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    tied: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    created_at: dt.datetime = Field(sa_type=Instant)
    expires_at: dt.datetime = Field(sa_type=Instant)
    revoked_at: dt.datetime | None = Field(default=None, sa_type=Instant)
    last_used_at: dt.datetime | None = Field(default=None, sa_type=Instant)

    @classmethod
    def visible_to(cls, actor: Actor) -> sa.ColumnElement[bool]:
        """Those of one's own organisation's tools, for whoever manages them."""
        return _of_client_managers(actor, col(cls.side), col(cls.partner_id))


relate(Account, "partner", One(PartnerOrganisation, "partner_id"))
relate(Account, "director", One(Account, "director_id"))
relate(PartnerOrganisation, "pdm", One(Account, "pdm_id"))
relate(Account, "roles", Many(AccountRole, "account_id"))
relate(ClientApplication, "tokens", Many(ApiToken, "client_id"))
relate(ClientApplication, "partner", One(PartnerOrganisation, "partner_id"))
relate(ClientApplication, "created_by", One(Account, "created_by_id"))


def own_organisation(actor: Actor) -> sa.ColumnElement[bool]:
    """Select the accounts of the organisation that somebody belongs to; the platform administrator's is all of them."""
    if actor.side is Side.SYSTEM or actor.may(Right.ACCOUNT_MANAGE):
        return sa.true()
    own = col(Account.side) == actor.side
    if actor.side is Side.PARTNER:
        return sa.and_(own, col(Account.partner_id) == actor.partner_id)
    if actor.side is Side.CUSTOMER:
        return sa.and_(own, col(Account.customer_id) == actor.customer_id)
    return own


def shows_details(actor: Actor, side: str) -> bool:
    """Tell whether more than id, name and title of an account is shown; of Huawei's staff to Huawei's side only."""
    return side != Side.HUAWEI or actor.side in (Side.HUAWEI, Side.SYSTEM)
