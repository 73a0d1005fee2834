"""Leads with their follow-ups, deal registrations with their progress."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c29ef4b5207b"
down_revision: str | Sequence[str] | None = "958d90882d06"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "deal_registration",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=False
        ),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("report_id", sa.Uuid(), nullable=True),
        sa.Column("manager_id", sa.Uuid(), nullable=True),
        sa.Column("office_id", sa.String(length=32), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("bd_id", sa.Uuid(), nullable=True),
        sa.Column("company_name", sa.String(length=128), nullable=True),
        sa.Column("account_name", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("task_id", sa.String(length=64), nullable=True),
        sa.Column("requirement", sa.String(length=1000), nullable=True),
        sa.Column("services", sa.JSON(), nullable=False),
        sa.Column("contact_name", sa.String(length=64), nullable=True),
        sa.Column("contact_mobile", sa.String(length=32), nullable=True),
        sa.Column("contact_email", sa.String(length=254), nullable=True),
        sa.Column("expected_amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("expected_sign_date", sa.Date(), nullable=True),
        sa.Column("revenue_starts_on", sa.Date(), nullable=True),
        sa.Column("term_months", sa.Integer(), nullable=True),
        sa.Column("billing_mode", sa.String(length=40), nullable=True),
        sa.Column(
            "registered_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=True
        ),
        sa.Column("stage", sa.String(length=40), nullable=True),
        sa.Column("win_probability", sa.Integer(), nullable=True),
        sa.Column(
            "last_progress_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "customer_id IS NOT NULL OR report_id IS NOT NULL", name=op.f("ck_deal_registration_about_somebody")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_deal_registration_customer_id_customer")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["customer_report.id"], name=op.f("fk_deal_registration_report_id_customer_report")
        ),
        sa.ForeignKeyConstraint(["manager_id"], ["account.id"], name=op.f("fk_deal_registration_manager_id_account")),
        sa.ForeignKeyConstraint(
            ["partner_id"],
            ["partner_organisation.id"],
            name=op.f("fk_deal_registration_partner_id_partner_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_registration")),
    )
    with op.batch_alter_table("deal_registration", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deal_registration_bd_id"), ["bd_id"], unique=False)
        batch_op.create_index("ix_deal_registration_created", ["created_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deal_registration_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deal_registration_manager_id"), ["manager_id"], unique=False)
        batch_op.create_index("ix_deal_registration_office", ["office_id", "created_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deal_registration_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index("ix_deal_registration_partner", ["partner_id", "created_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deal_registration_report_id"), ["report_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deal_registration_task_id"), ["task_id"], unique=False)

    op.create_table(
        "deal_progress",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deal_registration_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("by_name", sa.String(length=128), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("win_probability", sa.Integer(), nullable=False),
        sa.Column("technical_exchange", sa.String(length=1000), nullable=True),
        sa.Column("test_status", sa.String(length=1000), nullable=True),
        sa.Column("details", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(
            ["deal_registration_id"],
            ["deal_registration.id"],
            name=op.f("fk_deal_progress_deal_registration_id_deal_registration"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_progress")),
    )
    with op.batch_alter_table("deal_progress", schema=None) as batch_op:
        batch_op.create_index("ix_deal_progress_registration", ["deal_registration_id", "at"], unique=False)

    op.create_table(
        "lead",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=False
        ),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("office_id", sa.String(length=32), nullable=True),
        sa.Column("follower_id", sa.Uuid(), nullable=True),
        sa.Column("campaign_name", sa.String(length=128), nullable=True),
        sa.Column("company_name", sa.String(length=128), nullable=True),
        sa.Column("customer_name", sa.String(length=128), nullable=True),
        sa.Column("account_name", sa.String(length=64), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("mobile", sa.String(length=32), nullable=True),
        sa.Column("customer_type", sa.String(length=40), nullable=False),
        sa.Column("industry", sa.String(length=40), nullable=True),
        sa.Column("province", sa.String(length=8), nullable=True),
        sa.Column("level", sa.String(length=40), nullable=True),
        sa.Column("requirement", sa.String(length=1000), nullable=True),
        sa.Column(
            "dispatched_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=True
        ),
        sa.Column(
            "last_follow_up_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=True
        ),
        sa.Column(
            "next_follow_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=True
        ),
        sa.Column("close_reason", sa.String(length=40), nullable=True),
        sa.Column("converted_opportunity_id", sa.Uuid(), nullable=True),
        sa.Column("converted_deal_registration_id", sa.Uuid(), nullable=True),
        sa.Column("import_key", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "converted_opportunity_id IS NULL OR converted_deal_registration_id IS NULL",
            name=op.f("ck_lead_one_target"),
        ),
        sa.ForeignKeyConstraint(
            ["converted_deal_registration_id"],
            ["deal_registration.id"],
            name=op.f("fk_lead_converted_deal_registration_id_deal_registration"),
        ),
        sa.ForeignKeyConstraint(["follower_id"], ["account.id"], name=op.f("fk_lead_follower_id_account")),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partner_organisation.id"], name=op.f("fk_lead_partner_id_partner_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead")),
        sa.UniqueConstraint("converted_deal_registration_id", name=op.f("uq_lead_converted_deal_registration_id")),
        sa.UniqueConstraint("converted_opportunity_id", name=op.f("uq_lead_converted_opportunity_id")),
        sa.UniqueConstraint("partner_id", "import_key", name=op.f("uq_lead_partner_id_import_key")),
    )
    with op.batch_alter_table("lead", schema=None) as batch_op:
        batch_op.create_index(
            "ix_lead_account_name",
            ["account_name"],
            unique=False,
            sqlite_where=sa.text("account_name IS NOT NULL"),
            postgresql_where=sa.text("account_name IS NOT NULL"),
        )
        batch_op.create_index("ix_lead_created", ["created_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_lead_follower_id"), ["follower_id"], unique=False)
        batch_op.create_index(
            "ix_lead_next_follow_at",
            ["next_follow_at"],
            unique=False,
            sqlite_where=sa.text("next_follow_at IS NOT NULL"),
            postgresql_where=sa.text("next_follow_at IS NOT NULL"),
        )
        batch_op.create_index("ix_lead_office", ["office_id", "created_at", "id"], unique=False)
        batch_op.create_index("ix_lead_partner", ["partner_id", "created_at", "id"], unique=False)
        batch_op.create_index("ix_lead_partner_status", ["partner_id", "status", "created_at", "id"], unique=False)

    op.create_table(
        "lead_follow_up",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("by_name", sa.String(length=128), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column(
            "next_follow_at", sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_lead_follow_up_lead_id_lead")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_follow_up")),
    )
    with op.batch_alter_table("lead_follow_up", schema=None) as batch_op:
        batch_op.create_index("ix_lead_follow_up_lead", ["lead_id", "at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("lead_follow_up", schema=None) as batch_op:
        batch_op.drop_index("ix_lead_follow_up_lead")

    op.drop_table("lead_follow_up")
    with op.batch_alter_table("lead", schema=None) as batch_op:
        batch_op.drop_index("ix_lead_partner_status")
        batch_op.drop_index("ix_lead_partner")
        batch_op.drop_index("ix_lead_office")
        batch_op.drop_index(
            "ix_lead_next_follow_at",
            sqlite_where=sa.text("next_follow_at IS NOT NULL"),
            postgresql_where=sa.text("next_follow_at IS NOT NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_lead_follower_id"))
        batch_op.drop_index("ix_lead_created")
        batch_op.drop_index(
            "ix_lead_account_name",
            sqlite_where=sa.text("account_name IS NOT NULL"),
            postgresql_where=sa.text("account_name IS NOT NULL"),
        )

    op.drop_table("lead")
    with op.batch_alter_table("deal_progress", schema=None) as batch_op:
        batch_op.drop_index("ix_deal_progress_registration")

    op.drop_table("deal_progress")
    with op.batch_alter_table("deal_registration", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deal_registration_task_id"))
        batch_op.drop_index(batch_op.f("ix_deal_registration_report_id"))
        batch_op.drop_index("ix_deal_registration_partner")
        batch_op.drop_index(batch_op.f("ix_deal_registration_owner_id"))
        batch_op.drop_index("ix_deal_registration_office")
        batch_op.drop_index(batch_op.f("ix_deal_registration_manager_id"))
        batch_op.drop_index(batch_op.f("ix_deal_registration_customer_id"))
        batch_op.drop_index("ix_deal_registration_created")
        batch_op.drop_index(batch_op.f("ix_deal_registration_bd_id"))

    op.drop_table("deal_registration")
