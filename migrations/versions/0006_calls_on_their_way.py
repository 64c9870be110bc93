"""A call records whether a job for it is queued."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("woken_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_calls_due",
        "calls",
        ["due_at"],
        postgresql_where=sa.text("status = 'open' AND connector IS NOT NULL AND woken_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_calls_due", table_name="calls")
    op.drop_column("calls", "woken_at")
