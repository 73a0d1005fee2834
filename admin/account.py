"""Pages of accounts and roles, for whoever manages them."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import col, select
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from admin.pages.fields import Column, beijing
from admin.pages.finding import Find
from admin.pages.inputs import Input
from admin.pages.records import RecordPages, Related, Section
from admin.pages.steps import Foreseen, Given, Step
from admin.viewer import viewer_of
from admin.words import say, spoken
from models.identity import Account, Role
from models.identity.members import deactivate, reactivate, roles_of, set_roles, unlock
from models.identity.sign_in import make_reset_link
from models.kernel.access import Outcome
from models.kernel.values import parse_public_id
from models.kernel.work import Work
from models.operations import Affected, effects_on_member
from models.rights import Right


async def _roles(work: Work, account: Account) -> list[tuple[str, str]]:
    found = await work.every(
        select(Role)
        .where(Role.side == account.side, col(Role.partner_id).is_(None) | (col(Role.partner_id) == account.partner_id))
        .order_by(col(Role.created_at), col(Role.id))
    )
    return [(role.public_id, role.name_zh if spoken() == "zh" else role.name_en) for role in found]


async def _set_roles(work: Work, id: UUID, given: Given) -> Any:
    chosen = [parse_public_id(one)[1] for one in given.values["roles"]]
    return await set_roles(work, id, chosen, version=given.version)


async def _foreseen(work: Work, id: UUID, given: Given) -> Foreseen | None:
    found = await effects_on_member(work, id, [parse_public_id(one)[1] for one in given.values["roles"]])
    return Foreseen(say("roles_foreseen"), tuple(_line(one) for one in found)) if found else None


def _line(one: Affected) -> str:
    document, seen = one.of.document, one.of.usage.last_seen_at
    whose = " / ".join(part for part in (one.of.partner, one.of.client.name) if part)
    return say(
        "roles_foreseen_line",
        operation=f"{whose}: {document.name or document.external_id[:12]}",
        used=say("roles_foreseen_used", calls=one.of.usage.calls, seen=beijing(seen))
        if seen
        else say("usage_never").lower(),
        fields=say("roles_foreseen_and").join(
            f"{effect.field} {_shown(effect.before)} → {_shown(effect.after)}" for effect in one.effects
        ),
    )


def _shown(outcome: Outcome | None) -> str:
    return (outcome or Outcome.PLAIN).label(spoken())


async def _deactivate(work: Work, id: UUID, given: Given) -> Any:
    return await deactivate(work, id, version=given.version)


async def _reactivate(work: Work, id: UUID, given: Given) -> Any:
    return await reactivate(work, id, version=given.version)


async def _unlock(work: Work, id: UUID, given: Given) -> Any:
    return await unlock(work, id)


async def _held(work: Work, account: Account) -> list[str]:
    return [role.public_id for role in await roles_of(work, account)]


class AccountPages(RecordPages):
    """The pages of accounts (账号)."""

    model = Account
    path: ClassVar[str] = "accounts"
    title: ClassVar[str] = "accounts"
    icon: ClassVar[str] = "ti ti-users"
    group: ClassVar[str] = "group_system"
    rights = (Right.ACCOUNT_MANAGE,)
    heading = Column("name")
    columns = (
        Column("login", opens=True),
        Column("name"),
        Column("title"),
        Column("side"),
        Column("partner.name"),
        Column("office_id"),
        Column("is_main"),
        Column("active"),
        Column("last_login_at"),
    )
    sections = (
        Section(
            "facts",
            (
                Column("login"),
                Column("name"),
                Column("title"),
                Column("side"),
                Column("partner.name"),
                Column("office_id"),
                Column("email"),
                Column("mobile"),
                Column("is_main"),
                Column("active"),
                Column("must_change_password"),
                Column("locked_until"),
                Column("last_login_at"),
                Column("created_at"),
            ),
        ),
    )
    finds = (Find("name"), Find("active", "flag"))
    lists = (
        Related("roles", "roles", (Column("role.name_zh", label="roles"), Column("role.name_en", label="name_en"))),
    )
    steps = {
        "set_roles": Step(
            _set_roles,
            (Input("roles", "many", options=()),),
            options={"roles": _roles},
            zh="分配角色",
            en="Set roles",
            permission=Right.ACCOUNT_MANAGE,
            applies=lambda _actor, account: not account.is_main,
            held={"roles": _held},
            foresee=_foreseen,
        ),
        "unlock": Step(
            _unlock,
            zh="解锁",
            en="Unlock",
            permission=Right.ACCOUNT_MANAGE,
            applies=lambda _actor, account: account.locked_until is not None,
        ),
        "deactivate": Step(
            _deactivate,
            zh="停用",
            en="Deactivate",
            permission=Right.ACCOUNT_MANAGE,
            applies=lambda _actor, account: account.active,
            colour="danger",
        ),
        "reactivate": Step(
            _reactivate,
            zh="启用",
            en="Reactivate",
            permission=Right.ACCOUNT_MANAGE,
            applies=lambda _actor, account: not account.active,
        ),
    }

    detail_template = "account.html"

    def lay(self) -> None:
        """Add the route that makes a reset link."""
        super().lay()
        self.site.post("/accounts/{id}/reset-link", self.make_link, "account-reset-link")

    async def make_link(self, request: Request, form: FormData) -> Response:
        """Make a link that sets a new password once, and show it once."""
        viewer, id_ = viewer_of(request), self.id_of(request)
        link = await viewer.act(lambda work: make_reset_link(work, id_, key=viewer.house.terms.reset_key))
        address = f"{request.url.scheme}://{request.url.netloc}{self.site.base_url}/reset/{link}"
        return await self.detail(request, reset_link=address)


class RolePages(RecordPages):
    """The pages of roles (角色)."""

    model = Role
    path: ClassVar[str] = "roles"
    title: ClassVar[str] = "roles"
    icon: ClassVar[str] = "ti ti-shield-check"
    group: ClassVar[str] = "group_system"
    rights = (Right.ROLE_MANAGE,)
    heading = Column("name_zh")
    columns = (Column("name_zh", opens=True), Column("name_en"), Column("side"), Column("updated_at"))
    sections = (
        Section(
            "facts",
            (
                Column("name_zh"),
                Column("name_en"),
                Column("side"),
                Column("permissions", wide=True),
                Column("updated_at"),
            ),
        ),
    )
