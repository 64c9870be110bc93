"""The classes of services, and the order of the inbox that depends on them."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

TAKEN = sa.text("(assignee_id IS NOT NULL)")
SERVED = sa.text("coalesce(least(serve_by, due_at), 'infinity'::timestamptz)")
DUE = sa.text("coalesce(due_at, 'infinity'::timestamptz)")


def upgrade() -> None:
    for name in ("service_class", "serve_within"):
        op.add_column("definitions", sa.Column(name, sa.Text()))
    op.add_column("tasks", sa.Column("serve_by", sa.DateTime(timezone=True)))
    _build(SERVED)
    due = sa.text("status = 'open' AND due_at IS NOT NULL")
    op.create_index("ix_tasks_due", "tasks", ["candidate_group_id", TAKEN, "due_at"], postgresql_where=due)


def downgrade() -> None:
    op.drop_index("ix_tasks_due", table_name="tasks")
    _build(DUE)
    op.drop_column("tasks", "serve_by")
    for name in ("serve_within", "service_class"):
        op.drop_column("definitions", name)


def _build(order: sa.TextClause) -> None:
    """Builds the indexes of the inbox with this order."""
    for name in ("ix_tasks_candidate_group", "ix_tasks_assignee", "ix_tasks_asks"):
        op.drop_index(name, table_name="tasks")
    is_open = "status = 'open'"
    group = ["candidate_group_id", TAKEN, order, "id"]
    op.create_index("ix_tasks_candidate_group", "tasks", group, postgresql_where=sa.text(is_open))
    op.create_index("ix_tasks_asks", "tasks", group, postgresql_where=sa.text(f"{is_open} AND asks"))
    assigned = sa.text(f"{is_open} AND assignee_id IS NOT NULL")
    op.create_index("ix_tasks_assignee", "tasks", ["assignee_id", order, "id"], postgresql_where=assigned)
