"""Exports and saved filters."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "9278a32981e8"
down_revision: str | Sequence[str] | None = "52321d440297"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "export_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("format", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_by", sa.String(length=32), nullable=True),
        sa.Column(
            "lease_until", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=True
        ),
        sa.Column("location", sa.String(length=200), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("rights", sa.String(length=64), nullable=True),
        sa.Column(
            "finished_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=True
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=True),
        sa.Column("failure", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["requested_by"], ["account.id"], name=op.f("fk_export_record_requested_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_record")),
    )
    with op.batch_alter_table("export_record", schema=None) as batch_op:
        batch_op.create_index("ix_export_record_requester", ["requested_by", "created_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_export_record_status"), ["status"], unique=False)

    op.create_table(
        "saved_filter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_saved_filter_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filter")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_saved_filter_account_id_name")),
    )


def downgrade() -> None:
    op.drop_table("saved_filter")
    with op.batch_alter_table("export_record", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_export_record_status"))
        batch_op.drop_index("ix_export_record_requester")

    op.drop_table("export_record")
