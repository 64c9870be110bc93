"""Tasks have candidates, an assignee and a due date, as in the diagram."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tasks", sa.Column("due_at", sa.DateTime(timezone=True)))
    op.add_column("tasks", sa.Column("follow_up_at", sa.DateTime(timezone=True)))
    op.add_column("tasks", sa.Column("priority", sa.Integer()))
    op.add_column("tasks", sa.Column("people", JSONB(none_as_null=True)))


def downgrade() -> None:
    for name in ("people", "priority", "follow_up_at", "due_at"):
        op.drop_column("tasks", name)
