"""What mutations on opportunities take."""

from __future__ import annotations

import enum
from typing import Any

import strawberry

from models import opportunity as domain
from models.customer import Customer
from models.identity import Account
from models.opportunity import (
    CancelReason,
    DeclineReason,
    Direction,
    LostReason,
    Origin,
    PreSalesActivity,
    RejectionReason,
    Stage,
    Status,
    Support,
)
from models.partner import PartnerOrganisation
from models.reference import CompanySize
from resolvers.mutation import Action, patch
from resolvers.scalars import Day, Instant, MoneyInput, uid


@strawberry.input(description="The form of COL-2.2; what is omitted stays as it is, null empties.")
class OpportunityForm:
    """The fields of an opportunity (机会点表单)."""

    name: strawberry.Maybe[str | None]
    company_name: strawberry.Maybe[str | None]
    credit_code: strawberry.Maybe[str | None]
    account_name: strawberry.Maybe[str | None]
    industry: strawberry.Maybe[str | None]
    sub_industry: strawberry.Maybe[str | None]
    province: strawberry.Maybe[str | None]
    city: strawberry.Maybe[str | None]
    address: strawberry.Maybe[str | None]
    website: strawberry.Maybe[str | None]
    company_size: strawberry.Maybe[CompanySize | None]
    contact_name: strawberry.Maybe[str | None]
    contact_title: strawberry.Maybe[str | None]
    contact_mobile: strawberry.Maybe[str | None]
    contact_email: strawberry.Maybe[str | None]
    consent_confirmed: strawberry.Maybe[bool]
    budget: strawberry.Maybe[str | None]
    authority: strawberry.Maybe[str | None]
    need: strawberry.Maybe[str | None]
    timeline: strawberry.Maybe[str | None]
    expected_amount: strawberry.Maybe[MoneyInput | None]
    expected_sign_date: strawberry.Maybe[Day | None]
    expected_go_live_date: strawberry.Maybe[Day | None]
    pre_sales_activities: strawberry.Maybe[list[PreSalesActivity] | None]
    offering_ids: strawberry.Maybe[list[strawberry.ID] | None]
    services: strawberry.Maybe[list[str] | None]
    support_needed: strawberry.Maybe[list[Support] | None]
    responsible_id: strawberry.Maybe[strawberry.ID | None]

    def values(self) -> dict[str, Any]:
        """Give what the caller gave, under the domain's names."""
        given = patch(self, *(name for name in domain.FORM if name != "currency"))
        if (money := given.get("expected_amount")) is not None:
            given |= {"expected_amount": money.amount, "currency": money.currency}
        if (person := given.get("responsible_id")) is not None:
            given["responsible_id"] = uid(person, Account.prefix, "responsible_id")
        return given


@strawberry.input
class OpportunityLineInput:
    """A product line (产品行)."""

    product: str
    service: str | None = None
    quantity: int = 1
    amount: MoneyInput | None = None

    def values(self) -> dict[str, Any]:
        """Give the line under the domain's names."""
        money = {"amount": self.amount.amount, "currency": self.amount.currency} if self.amount else {}
        return {"product": self.product, "service": self.service, "quantity": self.quantity, **money}


@strawberry.input(description="Save a draft: a new one, or the one with this id or external id.")
class OpportunitySaveDraftInput(Action):
    """A draft to be saved (保存草稿)."""

    form: OpportunityForm
    id: strawberry.ID | None = None
    version: int | None = None
    external_id: str | None = strawberry.field(
        default=None, description="The tool's own id, unique per client application: creates or updates its draft."
    )
    lines: list[OpportunityLineInput] | None = None


@strawberry.input
class OpportunityInput(Action):
    """A step on an opportunity, at the version that the caller read."""

    id: strawberry.ID
    version: int


@strawberry.input
class OpportunityCopyInput(Action):
    """A rejected opportunity to copy (复制为草稿)."""

    id: strawberry.ID


@strawberry.input(description="A reviewer's decision on an opportunity.")
class OpportunityDecideInput(OpportunityInput):
    """A decision (审批决定)."""

    reason_code: RejectionReason | None = None
    reason: str | None = None


@strawberry.input
class OpportunityRejectValidationInput(OpportunityDecideInput):
    """A rejection in validation (验证驳回); a duplicate says of what."""

    duplicate_of: strawberry.ID | None = None


@strawberry.input
class OpportunitySendBackInput(OpportunityInput):
    """A send-back for completion (退回补充)."""

    fields: list[str]
    reason: str | None = None


@strawberry.input
class OpportunityCancelInput(OpportunityInput):
    """A cancellation (取消)."""

    reason_code: CancelReason | None = None
    reason: str | None = None


@strawberry.input
class OpportunityWinInput(OpportunityInput):
    """Signing data (签单信息)."""

    amount: MoneyInput | None = None
    signed_on: Day | None = None
    contract_number: str | None = None
    consuming_account: str | None = None


@strawberry.input
class OpportunityLoseInput(OpportunityInput):
    """Why it was lost (丢单信息)."""

    lost_reason: LostReason | None = None
    competitor: str | None = None
    lost_on: Day | None = None
    note: str | None = None


@strawberry.input
class OpportunityDeliverInput(OpportunityInput):
    """A delivery (交付完成)."""

    delivered_on: Day | None = None


@strawberry.input
class OpportunityReasonInput(OpportunityInput):
    """A step that needs a reason."""

    reason: str | None = None


@strawberry.input
class OpportunityChangeOfferingInput(OpportunityInput):
    """Other offerings (修改Offering)."""

    offering_ids: list[strawberry.ID]


@strawberry.input
class OpportunityNoteInput(OpportunityInput):
    """An internal note (内部备注)."""

    text: str | None = None


@strawberry.input
class OpportunityOwnerCheckInput(Action):
    """What the customer told its owner (客户负责人核实)."""

    id: strawberry.ID
    exists: bool
    already_closed: bool
    has_budget: bool
    order_time: str | None = None
    remark: str | None = None


@strawberry.input
class OpportunityReportProgressInput(Action):
    """A progress update (进展更新); it appends, so it takes no version."""

    id: strawberry.ID
    stage: Stage
    win_probability: int
    details: str
    next_step: str | None = None
    expected_amount: MoneyInput | None = None
    expected_sign_date: Day | None = None
    note: str | None = None


@strawberry.input
class HoForm:
    """What Huawei's CRM knows of an opportunity (华为机会点)."""

    name: str
    company_name: str
    industry: str
    province: str
    need: str
    services: list[str]
    crm_created_at: Instant
    credit_code: str | None = None
    account_name: str | None = None
    sub_industry: str | None = None
    city: str | None = None
    address: str | None = None
    website: str | None = None
    contact_name: str | None = None
    contact_title: str | None = None
    contact_mobile: str | None = None
    contact_email: str | None = None
    timeline: str | None = None
    expected_amount: MoneyInput | None = None
    expected_sign_date: Day | None = None

    def values(self) -> dict[str, Any]:
        """Give what the caller gave, under the domain's names."""
        given = patch(self, *(name for name in domain.ho.HO_FIELDS if name != "currency"))
        if (money := given.get("expected_amount")) is not None:
            given |= {"expected_amount": money.amount, "currency": money.currency}
        return given


@strawberry.input
class HoCreateInput(Action):
    """An HO to create."""

    form: HoForm


@strawberry.input
class HoShareInput(OpportunityInput):
    """A sharing with a partner (共享给伙伴)."""

    partner_id: strawberry.ID


@strawberry.input
class HoOfferInput(Action):
    """An offer to look at."""

    id: strawberry.ID


@strawberry.input
class HoAcceptInput(HoOfferInput):
    """An acceptance (接受)."""

    confirmed: bool = False


@strawberry.input
class HoDeclineInput(HoOfferInput):
    """A refusal (拒绝)."""

    reason_code: DeclineReason | None = None
    reason: str | None = None


@strawberry.enum(description="What opportunities can be sorted by.")
class OpportunitySort(enum.Enum):
    """Sort keys (排序)."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    SUBMITTED_AT = "submitted_at"
    DUE_AT = "due_at"
    EXPECTED_AMOUNT = "expected_amount"
    EXPECTED_SIGN_DATE = "expected_sign_date"
    NAME = "name"


@strawberry.input
class OpportunityOrder:
    """One sort key with its direction."""

    by: OpportunitySort
    descending: bool = True


_IDS = {
    "partner": PartnerOrganisation.prefix,
    "customer": Customer.prefix,
    "responsible": Account.prefix,
    "owner": Account.prefix,
}


@strawberry.input(description="Conditions on opportunities; all of them hold.")
class OpportunityFilter:
    """Which opportunities (筛选条件)."""

    status: list[Status] | None = None
    stage: list[Stage] | None = None
    direction: Direction | None = None
    origin: Origin | None = None
    partner: strawberry.ID | None = None
    customer: strawberry.ID | None = None
    responsible: strawberry.ID | None = None
    owner: strawberry.ID | None = None
    office: list[str] | None = None
    province: list[str] | None = None
    industry: list[str] | None = None
    amount_from: MoneyInput | None = None
    amount_to: MoneyInput | None = None
    created_from: Instant | None = None
    created_before: Instant | None = None
    updated_from: Instant | None = None
    sign_from: Day | None = None
    sign_to: Day | None = None
    due_before: Instant | None = None
    text: str | None = None
    name: str | None = None
    company_name: str | None = None
    credit_code: str | None = None
    contact_mobile: str | None = None
    contact_email: str | None = None
    external_id: str | None = None
    import_id: strawberry.ID | None = None
    stale: bool | None = None
    has_duplicates: bool | None = None

    def as_filter(self) -> dict[str, Any]:
        """Give the conditions as the domain names them."""
        values = {name: value for name, value in vars(self).items() if value is not None}
        for name, prefix in _IDS.items():
            if name in values:
                values[name] = uid(values[name], prefix, name)
        if "import_id" in values:
            values["import_id"] = uid(values["import_id"], "imp", "import_id")
        return domain.tidied_filter(values)
