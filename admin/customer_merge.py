"""Merges of customers, and what of a customer's page belongs to them: its timeline and the form that merges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from admin.pages.fields import MEANINGS, Column
from admin.pages.finding import Find
from admin.pages.inputs import Input
from admin.pages.records import RecordPages, Related, Section
from admin.pages.steps import Given, Step
from admin.words import spoken
from models import customer_merge as domain
from models.customer import Customer, CustomerMerge
from models.customer_merge import MergeField
from models.kernel.errors import FieldRequiredError
from models.kernel.reads import Reader, Wanted
from models.kernel.work import Work
from models.rights import Right

MEANINGS["taken"] = MergeField


async def _merge(work: Work, id: UUID, given: Given) -> Any:
    if given.values["other"] is None:
        raise FieldRequiredError(path="other")
    other = await work.get(Customer, UUID(given.values["other"]))
    return await domain.merge(
        work,
        id,
        other.id,
        versions=(given.version, other.version),
        take=[MergeField[field] for field in given.values["take"] or ()],
        reason=given.values["reason"],
    )


async def _likely(work: Work, record: Any) -> Sequence[tuple[str, str]]:
    """Offer what looks like the customer, each with the reasons; names stand as the viewer reads them."""
    reader = Reader(work.session, work.actor, work.now)
    found = (await domain.of_customer(reader, record.id)).others
    rows = await reader.by_ids(Customer, [one.customer_id for one in found], Wanted.of("company_name")) if found else {}
    return [
        (
            str(one.customer_id),
            f"{row.company_name or row.id} · "  # type: ignore[attr-defined]
            f"{'、'.join(reason.label(spoken()) for reason in one.reasons)} · {one.score}%",
        )
        for one in found
        if (row := rows.get(one.customer_id)) is not None
    ]


async def _unmerge(work: Work, id: UUID, given: Given) -> Any:
    return await domain.unmerge(work, id, version=given.version, reason=given.values["reason"])


MERGE = Step(
    _merge,
    (
        Input("other", "choice", row_type="CustomerMerge"),
        Input("take", "many", words=MergeField, row_type="CustomerMerge"),
        Input("reason", "area", required=True, longest=2000),
    ),
    options={"other": _likely},
    zh="合并重复客户",
    en="Merge a duplicate into it",
    permission=Right.CUSTOMER_MERGE,
)
TIMELINE = Related(
    "timeline",
    "customer_timeline",
    (
        Column("at"),
        Column("kind"),
        Column("report.status", badge=True),
        Column("invitation.status", badge=True),
        Column("association_event.event"),
        Column("association_request.status", badge=True),
        Column("opportunity.name"),
        Column("opportunity.status", badge=True, label="status"),
        Column("deal_registration.status", badge=True),
        Column("consumption.bill_cycle"),
        Column("freeze.status", badge=True),
        Column("merge.by_name"),
    ),
)
MERGES = Related(
    "merges",
    "customer_merges",
    (
        Column("company_name", opens=True),
        Column("merged_at"),
        Column("by_name"),
        Column("taken", wide=True),
        Column("followed"),
        Column("reason"),
        Column("undone_at"),
    ),
)


class CustomerMergePages(RecordPages):
    """The pages of merges (客户合并)."""

    model = CustomerMerge
    path: ClassVar[str] = "customer-merges"
    title: ClassVar[str] = "customer_merges"
    icon: ClassVar[str] = "ti ti-arrows-join"
    group: ClassVar[str] = "group_records"
    rights = (
        Right.CUSTOMER_READ_ALL,
        Right.CUSTOMER_READ_OFFICE,
        Right.CUSTOMER_READ_OWNED,
        Right.CUSTOMER_READ_PARTNERS,
    )
    heading = Column("company_name")
    columns = (
        Column("company_name", opens=True),
        Column("survivor.company_name"),
        Column("partner.name"),
        Column("merged_at"),
        Column("by_name"),
        Column("followed"),
        Column("undone_at"),
    )
    finds = (Find("undone", "flag", label="undone_at"),)
    sections = (
        Section(
            "section_merge",
            (
                Column("company_name"),
                Column("survivor.company_name"),
                Column("partner.name"),
                Column("merged_at"),
                Column("by_name"),
                Column("taken", wide=True),
                Column("followed"),
                Column("reason", wide=True),
            ),
        ),
        Section(
            "section_undone",
            (Column("undone_at"), Column("undone_by_name"), Column("undo_reason", wide=True)),
            optional=True,
        ),
    )
    steps = {
        "unmerge": Step(
            _unmerge,
            (Input("reason", "area", required=True, longest=2000),),
            zh="撤销合并",
            en="Take the merge back",
            permission=Right.CUSTOMER_MERGE,
            applies=lambda _actor, record: record.undone_at is None,
            colour="danger",
        )
    }
