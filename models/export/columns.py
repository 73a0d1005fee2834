"""What an export of each kind holds: its rows, its columns, and who may ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from models.consumption import CONSUMPTION, ConsumptionDetail, ConsumptionSummary, PerformanceDetail
from models.customer import Customer
from models.export.words import ExportKind
from models.kernel.access import Actor, Outcome
from models.kernel.journal import JournalLine, JournalRight
from models.kernel.reads import One, Wanted
from models.kernel.record import Record, rules_of
from models.kernel.values import MinorUnits
from models.kernel.words import Lang, Word
from models.labels import field_label
from models.opportunity import Opportunity, PreSalesActivity, Support
from models.reference import INDUSTRIES, OFFICES, PROVINCES, SERVICES, SUB_INDUSTRIES
from models.rights import Right

# What codes mean that stand in plain text columns.
MEANINGS: Final[dict[str, Mapping[str, Any] | type[Word]]] = {
    "industry": INDUSTRIES,
    "sub_industry": SUB_INDUSTRIES,
    "province": PROVINCES,
    "office_id": OFFICES,
    "services": SERVICES,
    "demand_tags": SERVICES,
    "pre_sales_activities": PreSalesActivity,
    "support_needed": Support,
}


@dataclass(frozen=True)
class Exported:
    """A kind of export: whose rows, which columns, and the rights that it takes, one of `reads` and all of `needs`."""

    model: type[Record]
    columns: tuple[str, ...]
    reads: tuple[str, ...]
    needs: tuple[str, ...] = ()

    def open_to(self, actor: Actor) -> bool:
        """Tell whether somebody may export these rows."""
        return (
            actor.may(Right.EXPORT)
            and all(actor.may(one) for one in self.needs)
            and any(actor.may(one) for one in self.reads)
        )

    def wanted(self, columns: Sequence[str], lang: Lang) -> Wanted:
        """Say what the chosen columns need of a row."""
        own: set[str] = set()
        related: dict[str, set[str]] = {}
        for name in columns:
            relation, _, field = name.rpartition(".")
            if relation:
                related.setdefault(relation, set()).add(field)
            else:
                own.update(_BEHIND.get(self.model, {}).get(name, (name,)))
                if isinstance(self.column_type(name), MinorUnits):
                    own.add("currency")
        own = {f"operation_{lang}" if name == "operation" else name for name in own}
        return Wanted.of(*own, **{name: Wanted.of(*fields) for name, fields in sorted(related.items())})

    def column_type(self, name: str) -> Any:
        """Give the type of a column of the rows themselves."""
        return self.model.__table__.c[name].type  # type: ignore[attr-defined]

    def heading(self, name: str, lang: Lang, actor: Actor) -> str:
        """Name a column; of one that its reader may not see, the heading says so."""
        relation, _, field = name.rpartition(".")
        # Of a related row's name, the relation says what it is.
        label = field_label(relation if relation and field == "name" else field, lang, self.target(name).__name__)
        if self._refused(name, actor):
            return f"{label}（无权查看）" if lang == "zh" else f"{label} (not visible to you)"
        return label

    def told(self, actor: Actor) -> list[str]:
        """List the columns that somebody may see, masked ones included."""
        return [name for name in self.columns if not self._refused(name, actor)]

    def _refused(self, name: str, actor: Actor) -> bool:
        rule = rules_of(self.target(name)).get(name.rpartition(".")[2])
        return rule is not None and rule.outcome(actor) is Outcome.REFUSED

    def target(self, name: str) -> type[Record]:
        """Give the row type that a column's values belong to."""
        relation = self.model.relations.get(name.partition(".")[0]) if "." in name else None
        return relation.target if isinstance(relation, One) else self.model


_BEHIND: Final[dict[type[Record], dict[str, tuple[str, ...]]]] = {
    JournalLine: {"subject_id": ("subject_id", "subject_kind")},
}

# Rows and fields of consumption are seen by the same people, whose role says so.
_READS_CONSUMPTION: Final = (f"{CONSUMPTION.group}:plain",)

EXPORTED: Final[dict[ExportKind, Exported]] = {
    ExportKind.OPPORTUNITIES: Exported(
        Opportunity,
        (
            *("id", "name", "direction", "status", "stage", "win_probability", "company_name", "credit_code"),
            *("account_name", "industry", "sub_industry", "province", "city", "address", "website", "company_size"),
            *("contact_name", "contact_title", "contact_mobile", "contact_email", "budget", "authority", "need"),
            *("timeline", "expected_amount", "currency", "expected_sign_date", "expected_go_live_date"),
            *("pre_sales_activities", "offering_ids", "services", "demand_tags", "support_needed"),
            *("counts_for_assessment", "partner.name", "responsible.name", "owner.name", "bd.name", "office_id"),
            *("submitted_at", "audit_approved_at", "validated_at", "due_at", "rejection_reason"),
            *("message_to_partner", "internal_note", "crm_created_at", "accepted_at", "next_step"),
            *("last_progress_at", "signed_amount", "signed_on", "contract_number", "consuming_account"),
            *("delivered_on", "delivery_confirmed_at", "lost_reason", "competitor", "lost_note", "lost_on"),
            *("cancel_reason", "origin", "external_id", "created_at", "updated_at"),
        ),
        reads=(
            Right.OPPORTUNITY_READ_OWN,
            Right.OPPORTUNITY_READ_PARTNERS,
            Right.OPPORTUNITY_READ_OFFICE,
            Right.OPPORTUNITY_READ_CUSTOMERS,
            Right.OPPORTUNITY_READ_ALL,
        ),
    ),
    ExportKind.CUSTOMERS: Exported(
        Customer,
        (
            *("id", "company_name", "account_name", "huawei_account_id", "credit_code", "mobile", "email"),
            *("customer_type", "verified_status", "customer_level", "frozen", "industry", "sub_industry"),
            *("province", "city", "address", "company_size", "website", "association_type", "associated_on", "tags"),
            *("account_manager.name", "partner.name", "office_id", "owner.name", "bd.name", "origin"),
            *("external_id", "created_at", "updated_at"),
        ),
        reads=(
            Right.CUSTOMER_READ_OWN,
            Right.CUSTOMER_READ_PARTNERS,
            Right.CUSTOMER_READ_OFFICE,
            Right.CUSTOMER_READ_OWNED,
            Right.CUSTOMER_READ_ALL,
        ),
        needs=(Right.CUSTOMER_EXPORT,),
    ),
    ExportKind.JOURNAL: Exported(
        JournalLine,
        (
            *("at", "actor_name", "actor_side", "operation", "resource_type", "event", "subject_kind", "subject_id"),
            *("from_status", "to_status", "reason_code", "reason", "changes", "request_id"),
        ),
        reads=tuple(JournalRight),
    ),
    ExportKind.CONSUMPTION: Exported(
        ConsumptionSummary,
        (
            *("bill_cycle", "view", "customer.company_name", "customer.account_name", "association_type"),
            *("account_manager.name", "partner.name", "line_count", "official_amount", "discount_amount"),
            *("amount_due", "performance_amount", "currency"),
        ),
        reads=_READS_CONSUMPTION,
    ),
    ExportKind.CONSUMPTION_DETAILS: Exported(
        ConsumptionDetail,
        (
            *("line_id", "bill_cycle", "consumed_at", "customer.company_name", "customer.account_name"),
            *("association_type", "account_manager.name", "partner.name", "bill_detail_type", "charging_mode"),
            *("service_type_code", "service_type_name", "resource_type_name", "specification", "region_name"),
            *("trade_id", "resource_id", "resource_name", "official_amount", "discount_amount", "amount_due"),
            "currency",
        ),
        reads=_READS_CONSUMPTION,
    ),
    ExportKind.PERFORMANCE: Exported(
        PerformanceDetail,
        (
            *("bill_cycle", "consumed_at", "customer.company_name", "customer.account_name", "association_type"),
            *("account_manager.name", "partner.name", "bill_detail_type", "charging_mode", "service_type_name"),
            *("trade_id", "amount_due", "performance_amount", "currency"),
        ),
        reads=_READS_CONSUMPTION,
    ),
}


def exported_by(actor: Actor) -> list[ExportKind]:
    """List what somebody may export: customers by administrators only on the partner's side (COL-5.7.9)."""
    return [kind for kind, exported in EXPORTED.items() if exported.open_to(actor)]
