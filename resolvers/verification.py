"""Verification codes in GraphQL: which operations ask for one, switching that on or off, and asking for a code."""

from __future__ import annotations

from typing import Any

import strawberry

from models import verification as domain
from models.kernel.record import Record
from models.kernel.values import instant_text
from models.kernel.work import Work
from resolvers.context import Info
from resolvers.fields import Node, node
from resolvers.mutation import Action, Payload, act, answers, keyed
from resolvers.scalars import Instant, uid


@node(domain.VerificationSetting, description="Whether a partner has verification codes asked for.")
class VerificationSetting(Node):
    """A switch (验证码开关)."""

    enabled: bool
    version: int
    updated_at: Instant


@strawberry.type(description="An operation of the viewer's that may ask for a code.")
class VerifiedOperation:
    """An operation (需验证码的操作)."""

    operation: str
    label_zh: str
    label_en: str
    code_required: bool = strawberry.field(description="Whether the viewer's partner has a code asked for with it.")


@strawberry.input
class VerificationSwitchInput(Action):
    """Whether codes are asked for from now on."""

    enabled: bool


@strawberry.input
class VerificationCodeRequestInput(Action):
    """What is to be done, as `verifiedOperations` names it, and to what."""

    operation: str
    target: strawberry.ID = strawberry.field(description="The id of the record that the operation is done to.")


@strawberry.type
@answers(setting=domain.VerificationSetting)
class VerificationSettingPayload(Payload):
    """What switching answers."""

    setting: VerificationSetting | None = None


@strawberry.type(description="The code itself goes by mail and is told nowhere else.")
class VerificationCodePayload(Payload):
    """What asking for a code answers."""

    sent_to: str | None = strawberry.field(default=None, description="The viewer's own address, masked.")
    expires_at: Instant | None = None


@strawberry.type
class VerificationQuery:
    """What can be asked about codes."""

    @strawberry.field(description="The viewer's operations that may ask for a code, and whether each does now.")
    async def verified_operations(self, info: Info) -> list[VerifiedOperation] | None:
        """List operations."""
        async with info.context.reading() as reader:
            work = Work(reader.session, reader.actor, reader.now, journal_key=b"")
            found = await domain.operations_of(work)
        return [
            VerifiedOperation(operation=one.code, label_zh=one.zh, label_en=one.en, code_required=required)
            for one, required in found
        ]


@strawberry.type
class VerificationMutation:
    """What is done about codes."""

    @strawberry.mutation(description="Have codes asked for, or no longer; the partner's administrator decides it.")
    async def verification_switch(
        self, info: Info, input: VerificationSwitchInput
    ) -> VerificationSettingPayload | None:
        """Switch codes on or off."""
        return await act(
            info,
            input,
            lambda work: domain.switch(work, enabled=input.enabled),
            VerificationSettingPayload,
            "setting",
        )

    @strawberry.mutation(
        description="Have a code sent for one operation on one record; give it back as its verificationCode."
    )
    async def verification_code_request(
        self, info: Info, input: VerificationCodeRequestInput
    ) -> VerificationCodePayload | None:
        """Ask for a code."""
        target = uid(input.target, domain.operation_named(input.operation).model.prefix, "target")
        told: dict[str, Any] = {}

        async def action(work: Work) -> list[Record]:
            made = await domain.request_code(work, input.operation, target)
            told["expires_at"] = Instant(instant_text(made.expires_at))
            told["sent_to"] = await domain.address_of(work)
            return [made]

        if input.validate_only:
            await info.context.act(action, dry=True)
            return VerificationCodePayload()
        ids, replayed = await keyed(info, input, action)
        return VerificationCodePayload(ids=tuple(ids), replayed=replayed, **({} if replayed else told))
