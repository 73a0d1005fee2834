"""What a change of a role would do to the operations of tools, in GraphQL, before anybody makes it."""

from __future__ import annotations

import strawberry

from models import operations as domain
from models.identity import Account, Role
from models.kernel.access import Outcome
from models.kernel.values import instant_text
from models.kernel.work import Work
from resolvers.context import Info
from resolvers.scalars import Instant, uid
from resolvers.words import publish

strawberry.enum(Outcome, name="RuledOutcome")
publish(Outcome)


@strawberry.type(description="What a tool gets of a ruled field now, and what it would get.")
class RuledFieldEffect:
    """A change of what is shown (字段影响)."""

    field: str
    before: Outcome
    after: Outcome


@strawberry.type(description="A document that a tool runs, with the ruled fields that it would gain or lose.")
class RoleChangeEffect:
    """A document that a change of a role touches (受影响操作)."""

    client_id: strawberry.ID
    client_name: str
    partner_name: str | None
    document_id: strawberry.ID
    document_name: str | None
    external_id: str
    calls: int = strawberry.field(description="How often it ran in the last 30 days.")
    last_seen_at: Instant | None
    fields: list[RuledFieldEffect]

    @classmethod
    def of(cls, affected: domain.Affected) -> RoleChangeEffect:
        """Write it for the wire."""
        one = affected.of
        seen = one.usage.last_seen_at
        return cls(
            client_id=strawberry.ID(one.client.public_id),
            client_name=one.client.name,
            partner_name=one.partner,
            document_id=strawberry.ID(one.document.public_id),
            document_name=one.document.name,
            external_id=one.document.external_id,
            calls=one.usage.calls,
            last_seen_at=Instant(instant_text(seen)) if seen else None,
            fields=[
                RuledFieldEffect(field=effect.field, before=effect.before, after=effect.after)
                for effect in affected.effects
                if effect.before is not None and effect.after is not None
            ],
        )


@strawberry.type
class RoleEffectsQuery:
    """What can be asked before a role is changed."""

    @strawberry.field(
        description="Which admitted operations of tools would gain or lose ruled fields if a role granted these "
        "permissions; without any it is taken away, from one member where `member` names one. "
        "For whoever manages roles: the own organisation's tools, for the platform administrator all."
    )
    async def role_change_effects(
        self,
        info: Info,
        role: strawberry.ID,
        permissions: list[str] | None = None,
        member: strawberry.ID | None = None,
    ) -> list[RoleChangeEffect] | None:
        """Say what would change; nothing does."""
        role_id = uid(role, Role.prefix, "role")
        member_id = uid(member, Account.prefix, "member") if member else None
        async with info.context.reading() as reader:
            found = await domain.effects_of_role(
                reader.session, info.context.actor, role_id, permissions, reader.now, member_id=member_id
            )
        return [RoleChangeEffect.of(one) for one in found]

    @strawberry.field(
        description="Which admitted operations of tools would gain or lose ruled fields if a member had exactly these "
        "roles, as memberRolesSet gives them. For whoever sets the member's roles."
    )
    async def member_roles_effects(
        self, info: Info, member: strawberry.ID, roles: list[strawberry.ID]
    ) -> list[RoleChangeEffect] | None:
        """Say what would change; nothing does."""
        member_id = uid(member, Account.prefix, "member")
        role_ids = [uid(role, Role.prefix, "roles") for role in roles]
        async with info.context.reading() as reader:
            work = Work(reader.session, reader.actor, reader.now, journal_key=b"")
            found = await domain.effects_on_member(work, member_id, role_ids)
        return [RoleChangeEffect.of(one) for one in found]


__all__ = ["RoleEffectsQuery"]
