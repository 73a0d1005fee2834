"""The words in which deal registrations are described."""

from __future__ import annotations

from models.kernel.words import Word


class RegistrationStatus(Word):
    """Where a deal registration stands (商机报备状态)."""

    DRAFT = "DRAFT", "草稿", "Draft"
    REGISTERED = "REGISTERED", "已报备", "Registered"


class BillingMode(Word):
    """How the customer would pay for cloud resources (计费模式)."""

    SUBSCRIPTION = "SUBSCRIPTION", "包年/包月", "Yearly or monthly"
    ON_DEMAND = "ON_DEMAND", "按需计费", "Pay per use"
    MIXED = "MIXED", "包年/包月与按需", "Both"
