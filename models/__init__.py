"""The domain: words, rows, rules, transitions and actions of each noun; importing it loads every table."""

from models import (
    approval,
    customer,
    draft_import,
    export,
    file,
    identity,
    notice,
    onboarding,
    operations,
    opportunity,
    partner,
    pce,
    settings,
)
from models.kernel import replay

__all__ = [
    "approval",
    "customer",
    "draft_import",
    "export",
    "file",
    "identity",
    "notice",
    "onboarding",
    "operations",
    "opportunity",
    "partner",
    "pce",
    "replay",
    "settings",
]
