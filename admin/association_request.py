"""Pages of requests to un-link and to switch: Huawei looks on, and closes one where it must."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from admin.pages.fields import Column
from admin.pages.finding import Find
from admin.pages.records import RecordPages, Section
from admin.pages.steps import Given, Step
from models import association_request as domain
from models.association_request import AssociationRequest, AssociationRequestKind, AssociationRequestStatus
from models.customer import AssociationType
from models.kernel.access import Side
from models.kernel.work import Work
from models.rights import Right


async def _force_close(work: Work, id: UUID, given: Given) -> Any:
    return await domain.force_close(work, id, reason=given.reason or "", version=given.version)


class AssociationRequestPages(RecordPages):
    """The pages of requests (关联变更申请)."""

    model = AssociationRequest
    path: ClassVar[str] = "association-requests"
    title: ClassVar[str] = "association_requests"
    icon: ClassVar[str] = "ti ti-unlink"
    group: ClassVar[str] = "group_records"
    rights = (
        Right.CUSTOMER_READ_ALL,
        Right.CUSTOMER_READ_OFFICE,
        Right.CUSTOMER_READ_OWNED,
        Right.CUSTOMER_READ_PARTNERS,
    )
    heading = Column("company_name")
    status = "status"
    columns = (
        Column("company_name", opens=True),
        Column("partner_name"),
        Column("kind"),
        Column("filed_side"),
        Column("from_type"),
        Column("to_type"),
        Column("status", badge=True),
        Column("due_at"),
        Column("created_at"),
    )
    finds = (
        Find("company_name"),
        Find("status", "choice", words=AssociationRequestStatus),
        Find("kind", "choice", words=AssociationRequestKind),
        Find("filed_side", "choice", words=Side),
        Find("to_type", "choice", words=AssociationType),
        Find("created_from", "from_day", label="created_at"),
        Find("created_to", "to_day", label="created_at"),
    )
    sections = (
        Section(
            "section_request",
            (
                Column("customer.company_name"),
                Column("partner_name"),
                Column("kind"),
                Column("from_type"),
                Column("to_type"),
                Column("status", badge=True),
                Column("filed_side"),
                Column("filed_by_name"),
                Column("created_at"),
                Column("reason", wide=True),
            ),
        ),
        Section(
            "section_outcome",
            (
                Column("answered_by_name"),
                Column("ended_at"),
                Column("answer_reason", wide=True),
            ),
        ),
    )
    steps = {"force_close": Step(_force_close)}
