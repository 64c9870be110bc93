"""Cost rates and capacities of units. A new, empty table."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unit_rates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.Column("currency", sa.Text()),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_unit_rates"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_unit_rates_unit_id_units"),
        sa.ForeignKeyConstraint(["set_by"], ["users.id"], name="fk_unit_rates_set_by_users"),
        sa.UniqueConstraint(
            "unit_id", "role", "kind", "valid_from", name="uq_unit_rates_unit_id_role_kind_valid_from"
        ),
    )


def downgrade() -> None:
    op.drop_table("unit_rates")
