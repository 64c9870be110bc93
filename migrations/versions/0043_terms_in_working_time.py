"""Tasks and timers record the term in working time from which they are computed, and the calendar."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("tasks", "waits"):
        op.add_column(table, sa.Column("term", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("calendar", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("term_end_at", sa.DateTime(timezone=True), nullable=True))
    open_tasks, open_waits = "status = 'open' AND term IS NOT NULL", "closed_at IS NULL AND term IS NOT NULL"
    op.create_index("ix_tasks_term", "tasks", ["id"], postgresql_where=sa.text(open_tasks))
    op.create_index("ix_waits_term", "waits", ["id"], postgresql_where=sa.text(open_waits))


def downgrade() -> None:
    for table in ("waits", "tasks"):
        op.drop_index(f"ix_{table}_term", table)
        op.drop_column(table, "term_end_at")
        op.drop_column(table, "calendar")
        op.drop_column(table, "term")
