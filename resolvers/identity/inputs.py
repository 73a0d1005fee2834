"""What actions on people and tools take."""

from __future__ import annotations

from typing import Any

import strawberry

from models.identity import ClientMode
from resolvers.mutation import Action


@strawberry.input
class SessionCreateInput:
    """Login and password."""

    login: str
    password: str


@strawberry.input
class SessionRefreshInput:
    """The refresh token of a session."""

    refresh_token: str


@strawberry.input
class SessionEndInput:
    """The session to end."""

    session_id: strawberry.ID


@strawberry.input
class PasswordChangeInput:
    """The present and the new password."""

    present: str
    new: str


@strawberry.input
class PasswordResetInput:
    """The token of a reset link and the new password."""

    token: str
    password: str


@strawberry.input
class MemberCreateInput(Action):
    """A new member with one to three roles."""

    login: str
    name: str
    roles: list[strawberry.ID]
    title: str = ""
    email: str | None = None
    mobile: str | None = None
    director: strawberry.ID | None = None


@strawberry.input
class MemberRolesSetInput(Action):
    """The roles that a member shall have, all of them."""

    id: strawberry.ID
    version: int
    roles: list[strawberry.ID]
    new_director: strawberry.ID | None = strawberry.field(
        default=None, description="Who takes over the managers of a director who is one no longer."
    )


@strawberry.input
class MemberDirectorSetInput(Action):
    """The director of an account manager; null leaves him without one."""

    id: strawberry.ID
    version: int
    director: strawberry.ID | None


@strawberry.input
class MemberInput(Action):
    """A member, as the caller read him."""

    id: strawberry.ID
    version: int


@strawberry.input
class MemberDeactivateInput(MemberInput):
    """The member who leaves, and who takes over the managers whose director he was."""

    new_director: strawberry.ID | None = None


@strawberry.input
class MemberUnlockInput(Action):
    """A member who was locked out by failed attempts."""

    id: strawberry.ID


@strawberry.input
class RoleCreateInput(Action):
    """A role of one's own organisation."""

    name_zh: str
    name_en: str | None = None
    permissions: list[str]


@strawberry.input
class RoleUpdateInput(Action):
    """What changes of a role; what is left out stays."""

    id: strawberry.ID
    version: int
    name_zh: strawberry.Maybe[str]
    name_en: strawberry.Maybe[str]
    permissions: strawberry.Maybe[list[str]]


@strawberry.input
class RoleDeleteInput(Action):
    """A role without members."""

    id: strawberry.ID
    version: int


@strawberry.input
class ClientCreateInput(Action):
    """A tool of one's own organisation."""

    name: str
    purpose: str = ""
    mode: ClientMode = strawberry.field(
        default=ClientMode.ID_ONLY,
        description="For a partner's tool, ecosystem operations alone give a mode that runs what nobody admitted.",
    )


@strawberry.input
class ClientSetModeInput(Action):
    """What a tool may ask from now on."""

    id: strawberry.ID
    version: int
    mode: ClientMode


@strawberry.input
class ClientCloseInput(Action):
    """A tool that is used no more."""

    id: strawberry.ID
    version: int


@strawberry.input
class TokenCreateInput(Action):
    """A token of a tool, with scopes and a life in days."""

    client: strawberry.ID
    name: str
    scopes: list[str]
    days: int = 90
    tied: bool = strawberry.field(
        default=False, description="It runs the admitted operations of its tool and nothing else, whatever the mode."
    )


@strawberry.input
class TokenRevokeInput(Action):
    """A token to end."""

    id: strawberry.ID


@strawberry.input
class MemberFilter:
    """Which members."""

    name: str | None = None
    active: bool | None = None

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions that were set, within one's own organisation."""
        return {**vars(self), "own_organisation": True}
