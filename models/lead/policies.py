"""The numbers of leads, as dated policy rows."""

from __future__ import annotations

from models.kernel.policy import Policy

MOST_AT_ONCE = Policy("lead.most_dispatched_at_once", 100, "单次批量派发线索上限", "Leads that one call may dispatch")
MOST_ROWS = Policy("lead.import_most_rows", 5000, "一次导入线索的最多行数", "Leads that one import may bring")
