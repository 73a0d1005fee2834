"""Indexes of lists."""

from collections.abc import Sequence

from alembic import op

revision: str = "7c1d2f5ab9e4"
down_revision: str | Sequence[str] | None = "ee3686a76bcf"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Each list is read from an index in its own order, the id as the last tie-break included.
MADE = (
    ("ix_journal_line_at", "journal_line", ("at", "id")),
    ("ix_journal_line_subject", "journal_line", ("subject_id", "at", "id")),
    ("ix_journal_line_partner", "journal_line", ("partner_id", "at", "id")),
    ("ix_journal_line_office", "journal_line", ("office_id", "at", "id")),
    ("ix_customer_created", "customer", ("created_at", "id")),
    ("ix_customer_partner", "customer", ("partner_id", "created_at", "id")),
    ("ix_customer_office", "customer", ("office_id", "created_at", "id")),
    ("ix_opportunity_customer", "opportunity", ("customer_id", "created_at", "id")),
    ("ix_opportunity_given", "opportunity", ("partner_id", "origin", "customer_id")),
)
DROPPED = (
    ("ix_journal_line_subject", "journal_line", ("subject_id", "at")),
    ("ix_journal_line_partner", "journal_line", ("partner_id", "at")),
    ("ix_customer_partner_id", "customer", ("partner_id",)),
    ("ix_customer_office_id", "customer", ("office_id",)),
    ("ix_opportunity_customer_id", "opportunity", ("customer_id",)),
)


def upgrade() -> None:
    for name, table, _ in DROPPED:
        op.drop_index(name, table_name=table)
    for name, table, columns in MADE:
        op.create_index(name, table, list(columns))


def downgrade() -> None:
    for name, table, _ in MADE:
        op.drop_index(name, table_name=table)
    for name, table, columns in DROPPED:
        op.create_index(name, table, list(columns))
