"""The preset roles, compared cell by cell with the written tables of who sees which field and who decides what."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.kernel.access import Actor, FieldRule, Outcome
from models.kernel.journal import JournalRight
from models.kernel.values import new_id
from models.rights import FIELD_GROUPS, PRESETS, Preset, Right

PAPER = Path(__file__).resolve().parents[2] / "shared" / "domain" / "field-permissions.md"
pytestmark = pytest.mark.skipif(not PAPER.exists(), reason="the paper field-permissions.md is not beside the checkout")

GROUPS = {
    ("Customer", "company name"): "customer.name",
    ("Customer", "account name, mobile, email, contacts"): "customer.contact",
    ("Customer", "credit code"): "customer.credit_code",
    ("Customer", "industry, region, association type and time, tags, manager"): "customer.profile",
    ("Customer", "consumption, performance"): "customer.consumption",
    ("Customer", "knowledge recommendations (after the notice is signed)"): "customer.knowledge",
    ("Customer", "balance, allocation, budget"): "customer.balance",
    # What a partner may allocate is a quota of money: who sees the one sees the other.
    ("Quota", "balance, ledger"): "partner.balance",
    ("Agreement", "signed text, time, signer"): "agreement.signature",
    ("Opportunity", "company name, contact"): "opportunity.customer",
    ("Opportunity", "BANT, amount, dates, offerings, services, support"): "opportunity.terms",
    ("Opportunity", "signed amount, contract number"): "opportunity.contract",
    ("Opportunity", "rejection reason, message to the partner"): "opportunity.verdict",
    ("Opportunity", "internal note, owner check, duplicate's other record, CRM time"): "opportunity.internal",
    ("Opportunity", "competitor, lost reason"): "opportunity.loss",
}
# These speak of data that no row holds yet, or (the offer) of a row type of its own.
LATER = {
    ("Opportunity", "the same, HO not yet accepted"),
}
SHOWN = {Outcome.PLAIN: "P", Outcome.MASKED_REVEALABLE: "M", Outcome.MASKED: "m", Outcome.REFUSED: "–"}
READS_OPPORTUNITIES = {right for right in Right if right.startswith("opportunity:read_")}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def table(heading: str, columns: int) -> dict[tuple[str, ...], dict[str, str]]:
    """Read a table of the paper: its rows by their first columns, each with its cells by role."""
    lines = PAPER.read_text(encoding="utf-8").partition(heading)[2].strip().splitlines()
    roles = cells(lines[0])[columns:]
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    noun = ""
    for line in lines[2:]:
        if not line.startswith("|"):
            break
        found = cells(line)
        noun = found[0] or noun
        key = (noun, *found[1:columns])
        rows[key] = dict(zip(roles, found[columns:], strict=True))
    return rows


def fields() -> dict[tuple[str, ...], dict[str, str]]:
    return table("## Fields\n", 2)


def decisions() -> dict[str, dict[str, str]]:
    return {key[0]: row for key, row in table("## Huawei's side: who decides what\n", 1).items()}


def somebody(role: Preset) -> Actor:
    return Actor(id=new_id(), name=role.en, side=role.side, permissions=PRESETS[role].permissions)


def test_each_row_on_customers_and_opportunities_is_ruled_here_or_named_as_later():
    written = {key for key in fields() if key[0] in ("Agreement", "Customer", "Opportunity", "Quota")}
    assert written == GROUPS.keys() | LATER
    assert set(GROUPS.values()) == set(FIELD_GROUPS)


@pytest.mark.parametrize("key", GROUPS, ids=lambda key: GROUPS[key])
def test_every_role_sees_of_a_field_what_the_paper_says(key: tuple[str, str]):
    row = fields()[key]
    rule = FieldRule(GROUPS[key])
    expected = {role: row[role] for role in row if role in Preset.__members__}
    # Who never has such a row gets nothing of its fields.
    shown = {role: cell or "–" for role, cell in expected.items()}
    assert {role: SHOWN[rule.outcome(somebody(Preset[role]))] for role in shown} == shown
    assert len(shown) == len(Preset) - 1


@pytest.mark.parametrize("role", [role for role in Preset if role is not Preset.SYS])
def test_whoever_never_has_an_opportunity_reads_none(role: Preset):
    """COL-7.1.12"""
    row = fields()["Opportunity", "BANT, amount, dates, offerings, services, support"]
    assert bool(PRESETS[role].permissions & READS_OPPORTUNITIES) == bool(row[role.value])


@pytest.mark.parametrize("role", [role for role in Preset if role not in (Preset.SYS, Preset.CUS)])
def test_the_journal_is_read_by_whom_the_paper_names(role: Preset):
    row = fields()["Journal", "lines of one's own organisation"]
    reads = any(right in PRESETS[role].permissions for right in JournalRight)
    assert ("P" if reads else "–") == row[role.value]


def test_the_platform_administrator_sees_no_business_field():
    granted = PRESETS[Preset.SYS].permissions
    assert not [one for one in granted if one.startswith(("customer", "opportunity", "journal"))]


def holders(right: Right) -> set[str]:
    return {role.value for role in Preset if right in PRESETS[role].permissions}


@pytest.mark.parametrize(
    ("decision", "cell", "right"),
    [
        ("PCE membership, exit", "decide", Right.PCE_DECIDE),
        ("PO audit; send back for completion; change the offering", "decide", Right.OPPORTUNITY_AUDIT),
        ("owner check of a PO", "record", Right.OPPORTUNITY_CHECK_OWNER),
        ("PO validation", "decide", Right.OPPORTUNITY_VALIDATE),
        ("cancel after validation; create, share, recall an HO", "decide", Right.OPPORTUNITY_CANCEL),
        ("cancel after validation; create, share, recall an HO", "decide", Right.OPPORTUNITY_CREATE_HO),
        ("cancel after validation; create, share, recall an HO", "decide", Right.OPPORTUNITY_RECALL_HO),
        ("cancel after validation; create, share, recall an HO", "", Right.OPPORTUNITY_SHARE_HO),
        ("confirm delivery, dispute it", "decide", Right.OPPORTUNITY_CONFIRM_DELIVERY),
        (
            "customer report (manual review); force-close an association request",
            "decide",
            Right.CUSTOMER_DECIDE_REPORT,
        ),
        ("admission of a tool's operations", "decide", Right.OPERATIONS_ADMIT),
        ("onboarding of a history by import", "do", Right.OPPORTUNITY_ONBOARD),
        ("onboarding of a history by import", "do", Right.CUSTOMER_ONBOARD),
        ("accounts, roles, settings, policy rows, holidays", "policy rows, holidays", Right.POLICY_EDIT),
        ("accounts, roles, settings, policy rows, holidays", "policy rows, holidays", Right.CALENDAR_EDIT),
        ("accounts, roles, settings, policy rows, holidays", "accounts, roles, settings", Right.ACCOUNT_MANAGE),
        ("accounts, roles, settings, policy rows, holidays", "accounts, roles, settings", Right.ROLE_MANAGE),
    ],
    ids=lambda value: value.value if isinstance(value, Right) else "",
)
def test_every_decision_is_taken_by_whom_the_paper_names(decision: str, cell: str, right: Right):
    row = decisions()[decision]
    assert holders(right) == {role for role, written in row.items() if written and written.startswith(cell)}
