"""Pages of partner organisations and of their memberships in PCE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from admin.balance import KEEPING, YUAN
from admin.customer import staff
from admin.pages.fields import Column
from admin.pages.finding import Find
from admin.pages.inputs import Input, with_options
from admin.pages.records import Edit, RecordPages, Related, Section
from admin.pages.steps import Given, Step
from admin.viewer import Viewer
from admin.words import spoken
from models.kernel.reads import Reader
from models.kernel.work import Work
from models.partner import (
    PartnerKind,
    PartnerLevel,
    PartnerOrganisation,
    Path,
    PathStage,
    Plan,
    join_plan,
    set_path_stage,
    update_partner,
)
from models.pce import PceMembership, PceStatus
from models.reference import OFFICES, PROVINCES
from models.rights import Right


async def _edit(work: Work, id: UUID, values: Mapping[str, Any], version: int) -> Any:
    return await update_partner(work, id, values, version=version)


async def _set_stage(work: Work, id: UUID, given: Given) -> Any:
    await work.get(PartnerOrganisation, id, version=given.version)
    return await set_path_stage(work, id, given.values["path"], given.values["stage"])


async def _join_plan(work: Work, id: UUID, given: Given) -> Any:
    await work.get(PartnerOrganisation, id, version=given.version)
    return await join_plan(work, id, given.values["plan"])


async def _plans(_work: Work, _record: Any) -> list[tuple[str, str]]:
    # PCE has a process of its own.
    return [(plan.value, plan.label(spoken())) for plan in Plan if plan is not Plan.PCE]


class PartnerPages(RecordPages):
    """The pages of partner organisations (伙伴组织)."""

    model = PartnerOrganisation
    path: ClassVar[str] = "partners"
    title: ClassVar[str] = "partners"
    icon: ClassVar[str] = "ti ti-affiliate"
    rights = (Right.PARTNER_READ_ALL, Right.PARTNER_READ_PARTNERS)
    heading = Column("name")
    columns = (
        Column("name", opens=True, wide=True),
        Column("kind"),
        Column("level", badge=True),
        Column("core_map"),
        Column("office_id"),
        Column("pdm.name"),
        Column("enterprise_verified"),
        Column("frozen"),
        Column("created_at"),
    )
    finds = (
        Find("name"),
        Find("kind", "choice", words=PartnerKind),
        Find("level", "choice", words=PartnerLevel),
        Find("office", "choice", reference=OFFICES),
        Find("core_map", "flag"),
        Find("frozen", "flag"),
    )
    sections = (
        Section(
            "facts",
            (
                Column("name"),
                Column("name_en"),
                Column("credit_code"),
                Column("kind"),
                Column("level", badge=True),
                Column("core_map"),
                Column("enterprise_verified"),
                Column("frozen"),
                Column("province"),
                Column("office_id"),
                Column("pdm.name"),
                Column("distributor.name"),
                Column("created_at"),
                Column("updated_at"),
            ),
        ),
    )
    lists = (
        Related(
            "balance_entries",
            "balance_entries",
            (
                Column("number", opens=True),
                Column("happened_at"),
                Column("kind", badge=True),
                Column("amount", currency=YUAN),
                Column("amount_after", currency=YUAN),
                Column("customer.company_name"),
                Column("by_name"),
            ),
            first=10,
        ),
        Related(
            "pce_memberships",
            "pce_memberships",
            (Column("status", badge=True), Column("joined_at"), Column("exited_at")),
        ),
        Related("paths", "paths", (Column("path"), Column("stage"), Column("joined_at"))),
        Related("plans", "plans", (Column("plan"), Column("joined_at"))),
        Related(
            "offerings",
            "offerings",
            (
                Column("name"),
                Column("kind"),
                Column("services", wide=True),
                Column("listed"),
                Column("counts_for_assessment"),
            ),
        ),
        Related("verification_settings", "verification_settings", (Column("enabled"), Column("updated_at"))),
    )
    steps = {
        **KEEPING,
        "set_path_stage": Step(
            _set_stage,
            (
                Input("path", "choice", required=True, words=Path),
                Input("stage", "choice", required=True, words=PathStage),
            ),
            zh="设置路径阶段",
            en="Set the stage of a path",
            permission=Right.PARTNER_PLACE,
        ),
        "join_plan": Step(
            _join_plan,
            (Input("plan", "choice", required=True, options=()),),
            options={"plan": _plans},
            zh="加入伙伴计划",
            en="Join a plan",
            permission=Right.PARTNER_MANAGE,
        ),
    }
    editing = Edit(
        _edit,
        (
            Input("name", required=True, longest=128, row_type="PartnerOrganisation"),
            Input("name_en", longest=128),
            Input("credit_code", longest=18),
            Input("kind", "choice", required=True, words=PartnerKind, row_type="PartnerOrganisation"),
            Input("level", "choice", required=True, words=PartnerLevel),
            Input("province", "choice", reference=PROVINCES),
            Input("office_id", "choice", reference=OFFICES),
            Input("pdm_id", "person"),
            Input("core_map", "flag"),
            Input("enterprise_verified", "flag"),
            Input("frozen", "flag"),
        ),
    )

    async def with_choices(
        self, viewer: Viewer, reader: Reader, record: Any, inputs: tuple[Input, ...]
    ) -> tuple[Input, ...]:
        """Offer Huawei's people as PDM."""
        people = await staff(viewer.looking(reader.session))
        return tuple(with_options(one, people) if one.kind == "person" else one for one in inputs)


class MembershipPages(RecordPages):
    """The pages of memberships in PCE (共拓计划成员)."""

    model = PceMembership
    path: ClassVar[str] = "memberships"
    title: ClassVar[str] = "memberships"
    icon: ClassVar[str] = "ti ti-heart-handshake"
    rights = (Right.PARTNER_READ_ALL, Right.PARTNER_READ_PARTNERS)
    heading = Column("partner.name")
    status = "status"
    columns = (
        Column("id", opens=True),
        Column("partner.name"),
        Column("status", badge=True),
        Column("agreement_version"),
        Column("agreed_at"),
        Column("joined_at"),
        Column("exited_at"),
    )
    finds = (Find("status", "choice", words=PceStatus),)
    sections = (
        Section(
            "facts",
            (
                Column("partner.name"),
                Column("status", badge=True),
                Column("office_id"),
                Column("agreement_version"),
                Column("agreed_at"),
                Column("joined_at"),
                Column("exited_at"),
                Column("exit_reason", wide=True),
                Column("verdict_reason", wide=True),
            ),
        ),
    )
