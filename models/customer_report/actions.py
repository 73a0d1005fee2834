"""Reporting a customer, and taking a report back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from models.customer.standing import Known
from models.customer_report.checks import (
    customer_obstacles,
    form_violations,
    known_of_all,
    matches,
    partner_obstacles,
    review_causes,
)
from models.customer_report.lifecycle import REPORT
from models.customer_report.record import CustomerReport
from models.customer_report.refusals import ReviewStatementRequiredError
from models.customer_report.words import ReportStatus
from models.kernel.errors import NotFoundError, refuse
from models.kernel.journal import Operation
from models.kernel.values import normalised_company_name
from models.kernel.work import Work
from models.partner import PartnerOrganisation
from models.reference import office_for
from models.rights import Right

REPORT_CUSTOMER: Final = Operation(
    "customer_report.report", "报备客户", "Report the customer", "csbchannelsalesCustomer", "reportCustomer"
)
FORM: Final = (
    *("company_name", "credit_code", "account_name", "contact_name", "mobile", "email", "industry", "province"),
    "statement",
)


async def report(work: Work, values: Mapping[str, Any]) -> CustomerReport:
    """Report a prospect: it holds at once, or waits for a review where Huawei knows it already.

    Everything that stands against it is told at once, and no other partner in it (COL-5.2.6, COL-5.2.8). The
    partner's row is held meanwhile, so that reports made at one moment are counted one after the other (COL-5.2.3).
    """
    work.actor.require(Right.CUSTOMER_REPORT)
    if unknown := set(values) - set(FORM):
        raise TypeError(f"a report has no {', '.join(sorted(unknown))}")
    if work.actor.partner_id is None:
        raise NotFoundError()
    partner = await work.get(PartnerOrganisation, work.actor.partner_id)
    given = {name: (values.get(name) or "").strip() or None for name in FORM}
    wrong = [*form_violations(given), *await partner_obstacles(work, partner.id)]
    customers = await matches(work, given) if given["company_name"] else []
    known = await known_of_all(work, customers) if customers else Known()
    wrong += await customer_obstacles(work, partner.id, given, customers, known) if given["company_name"] else []
    causes = await review_causes(work, known)
    if causes and not given["statement"] and not wrong:
        wrong.append(ReviewStatementRequiredError(path="statement", causes=causes))
    refuse(wrong)
    meant = customers[0] if customers else None
    province = given["province"]
    made = CustomerReport(
        **given,
        partner_id=partner.id,
        customer_id=meant.id if meant else None,
        status=ReportStatus.PENDING_REVIEW if causes else ReportStatus.REPORTED,
        normalised_name=normalised_company_name(given["company_name"] or ""),
        review_causes=[str(cause) for cause in causes],
        reported_at=None if causes else work.now,
        account_manager_id=work.actor.id if work.actor.may(Right.CUSTOMER_READ_MANAGED) else None,
        office_id=(meant.office_id if meant else None) or (office_for(province).code if province else None),
        owner_id=meant.owner_id if meant else None,
        bd_id=meant.bd_id if meant else None,
        submitted_by=work.actor.id,
        created_at=work.now,
        updated_at=work.now,
    )
    await REPORT.begin(work, made, REPORT_CUSTOMER, after={name: given[name] for name in FORM if given[name]})
    await work.flush()
    return made


async def void(work: Work, id: UUID, *, version: int | None = None) -> CustomerReport:
    """Take a report back that holds; others may report the customer then."""
    work.actor.require(Right.CUSTOMER_REPORT)
    found = await work.get(CustomerReport, id, version=version)
    await REPORT.fire(work, found, "void")
    return found
