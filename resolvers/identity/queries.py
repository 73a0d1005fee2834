"""What can be asked about people and tools."""

from __future__ import annotations

from typing import Any

import strawberry

from models import identity as domain
from models.kernel.values import public_id
from models.partner import PartnerOrganisation
from resolvers.context import Info, searched
from resolvers.fields import Connection, search
from resolvers.identity.inputs import MemberFilter
from resolvers.identity.types import Account, ClientApplication, Role, Viewer
from resolvers.lookahead import LookAhead


@strawberry.type
class IdentityQuery:
    """What can be asked about people and tools."""

    @strawberry.field(description="Who is asking; null for strangers.")
    async def viewer(self, info: Info) -> Viewer | None:
        """Tell who is asking."""
        actor = info.context.viewer
        if actor is None:
            return None
        async with info.context.reading() as reader:
            account = await reader.one(domain.Account, actor.id, LookAhead(info).inside(domain.Account, "account"))
        partner = actor.partner_id and public_id(PartnerOrganisation.prefix, actor.partner_id)
        return Viewer(
            account=account,  # type: ignore[arg-type]
            roles=list(actor.roles),
            permissions=sorted(actor.permissions),
            partner_id=strawberry.ID(partner) if partner else None,
            language=actor.lang,
            is_tool=actor.client_id is not None,
            token_scopes=sorted(domain.scopes_for(actor)),
        )

    @strawberry.field(
        metadata=search(domain.Account, filter=MemberFilter), description="The people of one's own organisation."
    )
    async def members(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        filter: MemberFilter | None = None,
    ) -> Connection[Account] | None:
        """List the people of one's own organisation."""
        arguments = {"first": first, "after": after, "last": last, "before": before, "filter": filter}
        found: Any = await searched(info, arguments)
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=search(domain.Role), description="The preset roles of one's side, and the organisation's own."
    )
    async def roles(self, info: Info, first: int | None = None, after: str | None = None) -> Connection[Role] | None:
        """List the roles that a member can have."""
        found: Any = await searched(info, {"first": first, "after": after})
        return found  # type: ignore[no-any-return]

    @strawberry.field(
        metadata=search(domain.ClientApplication),
        description="The tools of one's own organisation, for whoever manages them.",
    )
    async def clients(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[ClientApplication] | None:
        """List the tools of one's own organisation."""
        found: Any = await searched(info, {"first": first, "after": after})
        return found  # type: ignore[no-any-return]
