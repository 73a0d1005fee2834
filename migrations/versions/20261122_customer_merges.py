"""Customers that were merged, and what likely duplicates are found by."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from models.customer.likeness import core_name

revision: str = "d31f0c8a5b72"
down_revision: str | Sequence[str] | None = "7c41e0b9d2a6"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ALIKE = ("core_name", "credit_code", "mobile", "email")
KEPT = ("normalised_name", "account_name", "credit_code", "external_id")
AT_ONCE = 400


def _instant() -> sa.DateTime:
    return sa.DateTime(timezone=True).with_variant(sa.String(length=27), "sqlite")


def upgrade() -> None:
    op.add_column("customer", sa.Column("core_name", sa.String(length=128), nullable=True))
    _fill()
    for name in ALIKE:
        given = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_customer_partner_{name}",
            "customer",
            ["partner_id", name],
            sqlite_where=given,
            postgresql_where=given,
        )
    op.create_table(
        "customer_merge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.Column("updated_at", _instant(), nullable=False),
        sa.Column("survivor_id", sa.Uuid(), nullable=False),
        sa.Column("merged_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("company_name", sa.String(length=128), nullable=True),
        sa.Column("normalised_name", sa.String(length=128), nullable=True),
        sa.Column("account_name", sa.String(length=64), nullable=True),
        sa.Column("credit_code", sa.String(length=18), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("external_id", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("merged_at", _instant(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("by_name", sa.String(length=128), nullable=False),
        sa.Column("by_side", sa.String(length=40), nullable=False),
        sa.Column("taken", sa.JSON(), nullable=False),
        sa.Column("followed", sa.Integer(), nullable=False),
        sa.Column("undone_at", _instant(), nullable=True),
        sa.Column("undone_by_id", sa.Uuid(), nullable=True),
        sa.Column("undone_by_name", sa.String(length=128), nullable=True),
        sa.Column("undo_reason", sa.String(length=2000), nullable=True),
        sa.Column("merged_row", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("moved", sa.JSON(), nullable=False),
        sa.Column("set_aside", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["survivor_id"], ["customer.id"], name=op.f("fk_customer_merge_survivor_id_customer")),
        sa.ForeignKeyConstraint(
            ["partner_id"],
            ["partner_organisation.id"],
            name=op.f("fk_customer_merge_partner_id_partner_organisation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_merge")),
    )
    op.create_index("ix_customer_merge_survivor", "customer_merge", ["survivor_id", "id"])
    op.create_index("ix_customer_merge_partner", "customer_merge", ["partner_id", "merged_at", "id"])
    op.create_index("ix_customer_merge_at", "customer_merge", ["merged_at", "id"])
    standing = sa.text("undone_at IS NULL")
    op.create_index(
        "uq_customer_merge_merged",
        "customer_merge",
        ["merged_id"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )
    for name in KEPT:
        given = sa.text(f"undone_at IS NULL AND {name} IS NOT NULL")
        op.create_index(
            f"ix_customer_merge_{name}", "customer_merge", [name], sqlite_where=given, postgresql_where=given
        )


def _fill() -> None:
    """Write the core of every name that is there."""
    customer = sa.table("customer", sa.column("id", sa.Uuid()), sa.column("company_name"), sa.column("core_name"))
    connection = op.get_bind()
    write = (
        sa.update(customer)
        .where(customer.c.id == sa.bindparam("row", type_=sa.Uuid()))
        .values(core_name=sa.bindparam("core"))
    )
    page = sa.select(customer.c.id, customer.c.company_name).order_by(customer.c.id).limit(AT_ONCE)
    lines = connection.execute(page).all()
    while lines:
        cores = [{"row": id, "core": core} for id, name in lines if (core := core_name(name))]
        if cores:
            connection.execute(write, cores)
        lines = connection.execute(page.where(customer.c.id > lines[-1][0])).all()


def downgrade() -> None:
    op.drop_table("customer_merge")
    for name in ALIKE:
        op.drop_index(f"ix_customer_partner_{name}", table_name="customer")
    op.drop_column("customer", "core_name")
