"""What can be done about people and tools."""

from __future__ import annotations

from typing import Any

import strawberry

from models import identity as domain
from resolvers.context import Info
from resolvers.identity.inputs import (
    ClientCloseInput,
    ClientCreateInput,
    ClientSetModeInput,
    MemberCreateInput,
    MemberDeactivateInput,
    MemberDirectorSetInput,
    MemberInput,
    MemberRolesSetInput,
    MemberUnlockInput,
    PasswordChangeInput,
    PasswordResetInput,
    RoleCreateInput,
    RoleDeleteInput,
    RoleUpdateInput,
    SessionCreateInput,
    SessionEndInput,
    SessionRefreshInput,
    TokenCreateInput,
    TokenRevokeInput,
)
from resolvers.identity.types import (
    ClientPayload,
    DonePayload,
    MemberPayload,
    RolePayload,
    Session,
    SessionPayload,
    TokenPayload,
)
from resolvers.mutation import act, patch
from resolvers.scalars import uid


def _account(value: strawberry.ID | None, path: str = "id") -> Any:
    return None if value is None else uid(value, domain.Account.prefix, path)


def _roles(values: list[strawberry.ID]) -> list[Any]:
    return [uid(value, domain.Role.prefix, "roles") for value in values]


def _begin(info: Info) -> Any:
    terms = info.context.extra["session_terms"]
    return lambda work, account: domain.begin_session(work, account, terms)


@strawberry.type
class IdentityMutation:
    """What can be done about people and tools."""

    @strawberry.mutation(description="Sign in. After too many failures login or address are closed for a while.")
    async def session_create(self, info: Info, input: SessionCreateInput) -> SessionPayload | None:
        """Sign in."""
        context = info.context
        given = domain.Credentials(input.login, input.password, context.extra.get("address", ""))
        issued = await domain.sign_in(
            context.store, given, _begin(info), clock=context.clock, request_id=context.request_id
        )
        return SessionPayload(session=Session.of(issued))

    @strawberry.mutation(description="Exchange the refresh token for new tokens, once.")
    async def session_refresh(self, info: Info, input: SessionRefreshInput) -> SessionPayload | None:
        """Stay signed in."""
        context = info.context
        terms = context.extra["session_terms"]
        issued = await domain.refresh_session(
            context.store, input.refresh_token, terms, clock=context.clock, request_id=context.request_id
        )
        return SessionPayload(session=Session.of(issued))

    @strawberry.mutation(description="Sign out: access and refresh token of the session end at once.")
    async def session_end(self, info: Info, input: SessionEndInput) -> DonePayload | None:
        """Sign out."""
        session_id = uid(input.session_id, domain.ApiSession.prefix, "sessionId")
        await info.context.act(lambda work: domain.end_session(work, session_id))
        return DonePayload()

    @strawberry.mutation(description="Change one's own password; every session ends and a new one begins.")
    async def password_change(self, info: Info, input: PasswordChangeInput) -> SessionPayload | None:
        """Change one's own password."""
        context = info.context
        issued = await domain.change_password(
            context.store,
            context.actor,
            input.present,
            input.new,
            _begin(info),
            address=context.extra.get("address", ""),
            clock=context.clock,
            request_id=context.request_id,
        )
        return SessionPayload(session=Session.of(issued))

    @strawberry.mutation(description="Set a new password by the token of a reset link, once.")
    async def password_reset(self, info: Info, input: PasswordResetInput) -> DonePayload | None:
        """Set a new password by a reset link."""
        context = info.context
        await domain.reset_password(
            context.store,
            input.token,
            input.password,
            key=context.extra["session_terms"].reset_key,
            clock=context.clock,
            request_id=context.request_id,
        )
        return DonePayload()

    @strawberry.mutation(description="Open an account for a member of one's own organisation.")
    async def member_create(self, info: Info, input: MemberCreateInput) -> MemberPayload | None:
        """Open an account for a member."""
        password = domain.initial_password()
        given = {
            "login": input.login,
            "name": input.name,
            "title": input.title,
            "email": input.email,
            "mobile": input.mobile,
            "role_ids": _roles(input.roles),
            "director_id": _account(input.director, "director"),
            "password_hash": await domain.hash_password(password),
        }
        answer = await act(info, input, lambda work: domain.open_member(work, **given), MemberPayload, "member")
        answer.initial_password = password if answer.member is not None and not answer.replayed else None
        return answer

    @strawberry.mutation(description="Give a member exactly these roles; they hold from his next request.")
    async def member_roles_set(self, info: Info, input: MemberRolesSetInput) -> MemberPayload | None:
        """Set a member's roles."""
        account, roles = _account(input.id), _roles(input.roles)
        more = {"version": input.version, "new_director_id": _account(input.new_director, "newDirector")}
        return await act(
            info, input, lambda work: domain.set_roles(work, account, roles, **more), MemberPayload, "member"
        )

    @strawberry.mutation(description="Put an account manager under a director.")
    async def member_director_set(self, info: Info, input: MemberDirectorSetInput) -> MemberPayload | None:
        """Set an account manager's director."""
        account, director = _account(input.id), _account(input.director, "director")
        return await act(
            info,
            input,
            lambda work: domain.set_director(work, account, director, version=input.version),
            MemberPayload,
            "member",
        )

    @strawberry.mutation(description="Close a member's account; his sessions and tokens end at once.")
    async def member_deactivate(self, info: Info, input: MemberDeactivateInput) -> MemberPayload | None:
        """Close a member's account."""
        account = _account(input.id)
        more = {"version": input.version, "new_director_id": _account(input.new_director, "newDirector")}
        return await act(info, input, lambda work: domain.deactivate(work, account, **more), MemberPayload, "member")

    @strawberry.mutation(description="Open a member's closed account again.")
    async def member_reactivate(self, info: Info, input: MemberInput) -> MemberPayload | None:
        """Open a member's closed account again."""
        account = _account(input.id)
        return await act(
            info, input, lambda work: domain.reactivate(work, account, version=input.version), MemberPayload, "member"
        )

    @strawberry.mutation(description="Let a member sign in again who was locked out by failed attempts.")
    async def member_unlock(self, info: Info, input: MemberUnlockInput) -> MemberPayload | None:
        """Unlock a member's account."""
        account = _account(input.id)
        return await act(info, input, lambda work: domain.unlock(work, account), MemberPayload, "member")

    @strawberry.mutation(description="Add a role of one's own organisation.")
    async def role_create(self, info: Info, input: RoleCreateInput) -> RolePayload | None:
        """Add an own role."""
        given: dict[str, Any] = {"name_zh": input.name_zh, "name_en": input.name_en, "permissions": input.permissions}
        return await act(info, input, lambda work: domain.create_role(work, **given), RolePayload, "role")

    @strawberry.mutation(description="Change an own role; it holds from the next request of whoever has it.")
    async def role_update(self, info: Info, input: RoleUpdateInput) -> RolePayload | None:
        """Change an own role."""
        role, given = uid(input.id, domain.Role.prefix), patch(input, "name_zh", "name_en", "permissions")
        return await act(
            info,
            input,
            lambda work: domain.update_role(work, role, version=input.version, **given),
            RolePayload,
            "role",
        )

    @strawberry.mutation(description="Delete an own role that has no members.")
    async def role_delete(self, info: Info, input: RoleDeleteInput) -> RolePayload | None:
        """Delete an own role."""
        role = uid(input.id, domain.Role.prefix)
        return await act(
            info, input, lambda work: domain.delete_role(work, role, version=input.version), RolePayload, "role"
        )

    @strawberry.mutation(description="Register a tool of one's own organisation.")
    async def client_create(self, info: Info, input: ClientCreateInput) -> ClientPayload | None:
        """Register a tool."""
        return await act(
            info,
            input,
            lambda work: domain.create_client(
                work,
                name=input.name,
                purpose=input.purpose,
                mode=input.mode,
                production=info.context.extra.get("production", False),
            ),
            ClientPayload,
            "client",
        )

    @strawberry.mutation(description="Say what a tool may ask, from its next call on.")
    async def client_set_mode(self, info: Info, input: ClientSetModeInput) -> ClientPayload | None:
        """Switch a tool's mode."""
        client = uid(input.id, domain.ClientApplication.prefix)
        return await act(
            info,
            input,
            lambda work: domain.set_mode(
                work,
                client,
                input.mode,
                production=info.context.extra.get("production", False),
                version=input.version,
            ),
            ClientPayload,
            "client",
        )

    @strawberry.mutation(description="Close a tool; its tokens end at once.")
    async def client_close(self, info: Info, input: ClientCloseInput) -> ClientPayload | None:
        """Close a tool."""
        client = uid(input.id, domain.ClientApplication.prefix)
        return await act(
            info, input, lambda work: domain.close_client(work, client, version=input.version), ClientPayload, "client"
        )

    @strawberry.mutation(description="Issue a token of a tool; its secret is answered this once.")
    async def token_create(self, info: Info, input: TokenCreateInput) -> TokenPayload | None:
        """Issue a token."""
        client = uid(input.client, domain.ClientApplication.prefix, "client")
        secrets: list[str] = []

        async def issue(work: Any) -> domain.ApiToken:
            issued = await domain.issue_token(
                work, client, name=input.name, scopes=input.scopes, days=input.days, tied=input.tied
            )
            secrets.append(issued.secret)
            return issued.token

        answer = await act(info, input, issue, TokenPayload, "token")
        answer.secret = secrets[-1] if secrets and answer.token is not None else None
        return answer

    @strawberry.mutation(description="Revoke a token; it ends at once.")
    async def token_revoke(self, info: Info, input: TokenRevokeInput) -> TokenPayload | None:
        """Revoke a token."""
        token = uid(input.id, domain.ApiToken.prefix)
        return await act(info, input, lambda work: domain.revoke_token(work, token), TokenPayload, "token")
