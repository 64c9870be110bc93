"""Deliveries are leased while they are sent, and found by subscription."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WAITING = sa.text("status = 'waiting'")


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("lease_until", sa.DateTime(timezone=True)))
    op.drop_index("ix_deliveries_waiting", table_name="deliveries")
    op.create_index("ix_deliveries_waiting", "deliveries", ["webhook_id", "due_at"], postgresql_where=WAITING)
    op.create_index(
        "ix_deliveries_order", "deliveries", ["webhook_id", "case_id", "seq"], postgresql_where=WAITING
    )
    op.create_index(
        "ix_deliveries_leased",
        "deliveries",
        ["webhook_id"],
        postgresql_where=sa.text("lease_until IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_deliveries_leased", table_name="deliveries")
    op.drop_index("ix_deliveries_order", table_name="deliveries")
    op.drop_index("ix_deliveries_waiting", table_name="deliveries")
    op.create_index("ix_deliveries_waiting", "deliveries", ["due_at"], postgresql_where=WAITING)
    op.drop_column("deliveries", "lease_until")
