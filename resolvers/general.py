"""What belongs to no single noun: any object by its id, the eye, picklists and the codes of refusals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import strawberry

from models import deal_registration, lead, opportunity
from models.kernel.values import public_id
from models.kernel.words import Word
from models.kernel.work import Work
from models.reference import INDUSTRIES, OFFICES, PROVINCES, SERVICES, SUB_INDUSTRIES, CompanySize
from models.reveal import reveal
from models.rights import Preset
from resolvers.context import Info, given
from resolvers.fields import Node, by_id, definition, node_types
from resolvers.refusals import Refusal, every_refusal
from resolvers.scalars import InvalidIdError, uid

PICKLISTS: Mapping[str, Any] = {
    "cancelReason": opportunity.CancelReason,
    "companySize": CompanySize,
    "dealBillingMode": deal_registration.BillingMode,
    "dealRegistrationStatus": deal_registration.RegistrationStatus,
    "declineReason": opportunity.DeclineReason,
    "industry": INDUSTRIES,
    "leadCloseReason": lead.LeadCloseReason,
    "leadLevel": lead.LeadLevel,
    "leadSource": lead.LeadSource,
    "leadStatus": lead.LeadStatus,
    "lostReason": opportunity.LostReason,
    "office": OFFICES,
    "opportunityDirection": opportunity.Direction,
    "opportunityStage": opportunity.Stage,
    "opportunityStatus": opportunity.Status,
    "preSalesActivity": opportunity.PreSalesActivity,
    "province": PROVINCES,
    "rejectionReason": opportunity.RejectionReason,
    "role": Preset,
    "service": SERVICES,
    "subIndustry": SUB_INDUSTRIES,
    "support": opportunity.Support,
}


@strawberry.type(description="One value of a picklist, in both languages.")
class PicklistEntry:
    """A value to choose (选项)."""

    code: str
    label_zh: str
    label_en: str


@strawberry.type(description="A closed list of values to choose from.")
class Picklist:
    """A list of values (码表)."""

    name: str
    entries: list[PicklistEntry]


@strawberry.type
class GeneralQuery:
    """What belongs to no single noun."""

    @strawberry.field(metadata=by_id(None), description="Any object by its id; null where the viewer sees none.")
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:
        """Find any object."""
        found: Any = await given(info, id)
        return found  # type: ignore[no-any-return]

    @strawberry.field(description="Closed lists with labels in Chinese and English; all of them without a name.")
    def picklists(self, names: list[str] | None = None) -> list[Picklist]:
        """List values to choose from."""
        return [
            Picklist(name=name, entries=list(_entries(PICKLISTS[name])))
            for name in PICKLISTS
            if names is None or name in names
        ]

    @strawberry.field(description="Every code of a refusal, with its sentences and what the caller can do.")
    def refusals(self) -> list[Refusal]:
        """List the codes of refusals."""
        return every_refusal()


def _entries(listed: Any) -> Iterable[PicklistEntry]:
    members: Iterable[Any] = listed if isinstance(listed, type) and issubclass(listed, Word) else listed.values()
    for entry in members:
        code = entry.value if isinstance(entry, Word) else entry.code
        yield PicklistEntry(code=code, label_zh=entry.zh, label_en=entry.en)


@strawberry.input(description="Show one masked field of up to 100 rows; Huawei's staff say why.")
class RevealInput:
    """A look behind the mask (查看明文)."""

    type: str
    field: str
    ids: list[strawberry.ID]
    reason: str | None = None


@strawberry.type
class RevealedValue:
    """A plain value of one row."""

    id: strawberry.ID
    value: str | None


@strawberry.type
class RevealPayload:
    """What was asked to be shown."""

    values: list[RevealedValue]


@strawberry.type
class GeneralMutation:
    """What belongs to no single noun."""

    @strawberry.mutation(description="Reveal one field of the rows on a page; one journal line a call (COL-2.8.3).")
    async def reveal(self, info: Info, input: RevealInput) -> RevealPayload | None:
        """Reveal a masked field."""
        model = next((row for row, cls in node_types().items() if definition(cls).name == input.type), None)
        if model is None:
            raise InvalidIdError(path="type", value=input.type[:80])
        ids = [uid(id, model.prefix, "ids") for id in input.ids]
        (field,) = opportunity.named_fields([input.field])

        async def look(work: Work) -> dict[Any, Any]:
            return await reveal(work, model, field, ids, input.reason)

        shown = await info.context.act(look)
        return RevealPayload(
            values=[
                RevealedValue(
                    id=strawberry.ID(public_id(model.prefix, id)), value=None if value is None else str(value)
                )
                for id, value in shown.items()
            ]
        )


__all__ = ["GeneralMutation", "GeneralQuery"]
