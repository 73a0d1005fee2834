"""Private lines of the journal."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "3fb4410b355b"
down_revision: str | Sequence[str] | None = "22c2c24bd1d9"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


DRAFTS = ("opportunity.save_draft", "opportunity.delete_draft", "opportunity.copy_to_draft")


def upgrade() -> None:
    with op.batch_alter_table("journal_line") as batch_op:
        batch_op.add_column(sa.Column("private", sa.Boolean(), server_default=sa.false(), nullable=False))
    line = sa.table("journal_line", sa.column("operation", sa.String()), sa.column("private", sa.Boolean()))
    op.execute(line.update().where(line.c.operation.in_(DRAFTS)).values(private=sa.true()))


def downgrade() -> None:
    with op.batch_alter_table("journal_line") as batch_op:
        batch_op.drop_column("private")
