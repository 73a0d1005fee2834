"""Persisted operations, and what client applications may ask."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "ed74656274e4"
down_revision: str | Sequence[str] | None = "b60d0a7c35e2"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "operation_document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=False
        ),
        sa.Column("submitted_by", sa.Uuid(), nullable=True),
        sa.Column("last_decider", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("external_id", sa.String(length=256), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("cost", sa.Integer(), nullable=False),
        sa.Column("analysis", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("grants", sa.JSON(), nullable=False),
        sa.Column(
            "admitted_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=True
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=True),
        sa.Column("verdict_reason", sa.String(length=2000), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client_application.id"], name=op.f("fk_operation_document_client_id_client_application")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation_document")),
        sa.UniqueConstraint("client_id", "sha256", name="uq_operation_document_text"),
    )
    with op.batch_alter_table("operation_document", schema=None) as batch_op:
        batch_op.create_index("ix_operation_document_client", ["client_id", "created_at", "id"], unique=False)
        batch_op.create_index("ix_operation_document_name", ["client_id", "name", "admitted_at"], unique=False)

    op.create_table(
        "operation_manifest",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=False
        ),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("format", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("published_by", sa.Uuid(), nullable=False),
        sa.Column("published_by_name", sa.String(length=128), nullable=False),
        sa.Column("retire_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client_application.id"], name=op.f("fk_operation_manifest_client_id_client_application")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation_manifest")),
        sa.UniqueConstraint("client_id", "label", name="uq_operation_manifest_label"),
    )
    with op.batch_alter_table("operation_manifest", schema=None) as batch_op:
        batch_op.create_index("ix_operation_manifest_client", ["client_id", "created_at", "id"], unique=False)

    op.create_table(
        "operation_document_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=256), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["client_application.id"],
            name=op.f("fk_operation_document_key_client_id_client_application"),
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["operation_document.id"],
            name=op.f("fk_operation_document_key_document_id_operation_document"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation_document_key")),
        sa.UniqueConstraint("client_id", "key", name="uq_operation_document_key"),
    )
    with op.batch_alter_table("operation_document_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_operation_document_key_document_id"), ["document_id"], unique=False)

    op.create_table(
        "operation_document_usage",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "last_seen_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=False
        ),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("within_5", sa.Integer(), nullable=False),
        sa.Column("within_10", sa.Integer(), nullable=False),
        sa.Column("within_25", sa.Integer(), nullable=False),
        sa.Column("within_50", sa.Integer(), nullable=False),
        sa.Column("within_100", sa.Integer(), nullable=False),
        sa.Column("within_250", sa.Integer(), nullable=False),
        sa.Column("within_500", sa.Integer(), nullable=False),
        sa.Column("within_1000", sa.Integer(), nullable=False),
        sa.Column("within_2500", sa.Integer(), nullable=False),
        sa.Column("within_5000", sa.Integer(), nullable=False),
        sa.Column("slower", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["operation_document.id"],
            name=op.f("fk_operation_document_usage_document_id_operation_document"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation_document_usage")),
        sa.UniqueConstraint("document_id", "day", name="uq_operation_document_usage"),
    )
    op.create_table(
        "operation_manifest_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("manifest_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.String(length=256), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["operation_document.id"],
            name=op.f("fk_operation_manifest_entry_document_id_operation_document"),
        ),
        sa.ForeignKeyConstraint(
            ["manifest_id"],
            ["operation_manifest.id"],
            name=op.f("fk_operation_manifest_entry_manifest_id_operation_manifest"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation_manifest_entry")),
        sa.UniqueConstraint("manifest_id", "external_id", name="uq_operation_manifest_entry"),
    )
    with op.batch_alter_table("operation_manifest_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_operation_manifest_entry_document_id"), ["document_id"], unique=False)

    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tied", sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table("client_application", schema=None) as batch_op:
        batch_op.add_column(sa.Column("mode", sa.String(length=40), nullable=True))
    # The tools that there are go on as they did; whoever manages them tightens them.
    client = sa.table("client_application", sa.column("mode", sa.String()))
    op.execute(client.update().values(mode="OPEN"))
    with op.batch_alter_table("client_application", schema=None) as batch_op:
        batch_op.alter_column("mode", existing_type=sa.String(length=40), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("client_application", schema=None) as batch_op:
        batch_op.drop_column("mode")

    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.drop_column("tied")

    with op.batch_alter_table("operation_manifest_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_operation_manifest_entry_document_id"))

    op.drop_table("operation_manifest_entry")
    op.drop_table("operation_document_usage")
    with op.batch_alter_table("operation_document_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_operation_document_key_document_id"))

    op.drop_table("operation_document_key")
    with op.batch_alter_table("operation_manifest", schema=None) as batch_op:
        batch_op.drop_index("ix_operation_manifest_client")

    op.drop_table("operation_manifest")
    with op.batch_alter_table("operation_document", schema=None) as batch_op:
        batch_op.drop_index("ix_operation_document_name")
        batch_op.drop_index("ix_operation_document_client")

    op.drop_table("operation_document")
