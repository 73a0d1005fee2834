"""Indexes of what one's own journal and customers are found by, and of columns that few rows fill."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b60d0a7c35e2"
down_revision: str | Sequence[str] | None = "3fb4410b355b"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# In an index of the rows that have a value SQLite finds them; else it takes a column that few fill for no help.
OF_THE_GIVEN = (
    ("ix_journal_line_owner", "journal_line", ("owner_id", "at", "id")),
    ("ix_journal_line_bd", "journal_line", ("bd_id", "at", "id")),
    ("ix_opportunity_account", "opportunity", ("account_name",)),
    ("ix_opportunity_credit_code", "opportunity", ("credit_code",)),
    ("ix_customer_credit_code", "customer", ("credit_code",)),
    ("ix_customer_owner_id", "customer", ("owner_id",)),
    ("ix_customer_bd_id", "customer", ("bd_id",)),
)
NEW = ("ix_journal_line_owner", "ix_journal_line_bd")


def upgrade() -> None:
    op.create_index("ix_journal_line_actor", "journal_line", ["actor_id", "at", "id"])
    for name, table, columns in OF_THE_GIVEN:
        if name not in NEW:
            op.drop_index(name, table_name=table)
        given = sa.text(f"{columns[0]} IS NOT NULL")
        op.create_index(name, table, list(columns), sqlite_where=given, postgresql_where=given)


def downgrade() -> None:
    op.drop_index("ix_journal_line_actor", table_name="journal_line")
    for name, table, columns in OF_THE_GIVEN:
        op.drop_index(name, table_name=table)
        if name not in NEW:
            op.create_index(name, table, list(columns))
