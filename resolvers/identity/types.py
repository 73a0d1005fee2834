"""How people and tools look in GraphQL, and what actions on them answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import strawberry

from models import identity as domain
from models.identity import ClientMode
from resolvers.context import Info
from resolvers.fields import Connection, Node, computed, listed, many, node, one
from resolvers.mutation import Payload, answers
from resolvers.scalars import Instant
from resolvers.words import publish

publish(ClientMode)


def _detail(name: str, description: str | None = None) -> Any:
    """Declare a field that is null where no more than id, name and title of an account is shown."""

    def of(row: Mapping[str, Any], reader: Any) -> Any:
        return row[name] if domain.shows_details(reader.actor, row["side"]) else None

    return computed(name, "side", of=of, description=description)


@node(domain.Role, description="A set of permissions under a name: preset, or an organisation's own.")
class Role(Node):
    """A role (角色)."""

    preset: str | None
    name_zh: str
    name_en: str
    permissions: list[str]
    version: int


@node(domain.AccountRole, name="MemberRole", description="One role of one account.")
class MemberRole(Node):
    """A role that an account has (账号角色)."""

    role: Role | None = one()


@node(
    domain.Account,
    name="Account",
    description="Somebody who signs in. Of Huawei's staff others are shown id, name and title only; the rest is null.",
)
class Account(Node):
    """An account (账号)."""

    name: str
    title: str
    is_main: bool
    partner_id: strawberry.ID | None
    version: int
    login: str | None = _detail("login")
    email: str | None = _detail("email")
    mobile: str | None = _detail("mobile")
    active: bool | None = _detail("active")
    must_change_password: bool | None = _detail("must_change_password", "The initial password was not changed yet.")
    locked_until: Instant | None = _detail("locked_until", "Locked out by failed attempts until then.")
    last_login_at: Instant | None = _detail("last_login_at")
    director: Account | None = one("The director of an account manager; null where he needs one.")

    @strawberry.field(metadata=many("roles"))
    def roles(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[MemberRole]:
        """List the roles that the account has."""
        found: Connection[MemberRole] = listed(self, info)
        return found


@node(domain.ClientApplication, description="A tool that calls the API on an organisation's behalf.")
class ClientApplication(Node):
    """A client application (客户端应用)."""

    name: str
    purpose: str
    mode: ClientMode
    active: bool
    created_at: Instant
    version: int
    created_by: Account | None = one()

    @strawberry.field(metadata=many("tokens"))
    def tokens(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[ApiToken]:
        """List the tokens of the tool, the newest first."""
        found: Connection[ApiToken] = listed(self, info)
        return found


@node(domain.ApiToken, description="A tool's key; its secret is shown once, when it is issued.")
class ApiToken(Node):
    """An API token (访问令牌)."""

    name: str
    last_four: str
    scopes: list[str]
    tied: bool
    created_at: Instant
    expires_at: Instant
    revoked_at: Instant | None
    last_used_at: Instant | None
    issuer: Account | None = one()
    client: ClientApplication | None = one()


@strawberry.type(description="Who is asking, and what he may do.")
class Viewer:
    """Whoever asks (当前用户)."""

    account: Account | None
    roles: list[str] = strawberry.field(
        description="Codes of preset roles, ids of own ones, MAIN for the main account."
    )
    permissions: list[str]
    partner_id: strawberry.ID | None
    language: str
    is_tool: bool
    token_scopes: list[str] = strawberry.field(description="The scopes that a token issued by the viewer may have.")


@strawberry.type(description="A portal frontend's session: keep the tokens out of reach of scripts where you can.")
class Session:
    """The tokens of a session (会话凭证)."""

    session_id: strawberry.ID
    access_token: str = strawberry.field(description="Send it as `Authorization: Bearer …`.")
    access_expires_at: Instant
    refresh_token: str = strawberry.field(description="Good for one sessionRefresh; used twice it ends the session.")
    refresh_expires_at: Instant
    must_change_password: bool = strawberry.field(description="Until passwordChange nothing else is allowed.")

    @classmethod
    def of(cls, issued: domain.IssuedSession) -> Session:
        """Write an issued session for the wire."""
        return cls(
            session_id=strawberry.ID(issued.public_id),
            access_token=issued.access_token,
            access_expires_at=issued.access_expires_at,  # type: ignore[arg-type]
            refresh_token=issued.refresh_token,
            refresh_expires_at=issued.refresh_expires_at,  # type: ignore[arg-type]
            must_change_password=issued.must_change_password,
        )


@strawberry.type
class SessionPayload:
    """What signing in answers."""

    session: Session | None = None


@strawberry.type
class DonePayload:
    """What an action answers that leaves nothing to show."""

    done: bool = True


@strawberry.type
@answers(member=domain.Account)
class MemberPayload(Payload):
    """What an action on a member answers."""

    member: Account | None = None
    initial_password: str | None = strawberry.field(
        default=None, description="Of a new member, this once: it must be changed at the first sign-in."
    )


@strawberry.type
@answers(role=domain.Role)
class RolePayload(Payload):
    """What an action on a role answers; after roleDelete the role is null."""

    role: Role | None = None


@strawberry.type
@answers(client=domain.ClientApplication)
class ClientPayload(Payload):
    """What an action on a client application answers."""

    client: ClientApplication | None = None


@strawberry.type
@answers(token=domain.ApiToken)
class TokenPayload(Payload):
    """What an action on a token answers."""

    token: ApiToken | None = None
    secret: str | None = strawberry.field(default=None, description="The token itself, this once.")
