"""Decisions by silence are legal decisions, too: without a task and a decider, with the silent units."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

_CHECK = "(silent_units IS NULL) = (task_id IS NOT NULL AND decided_by IS NOT NULL)"


def upgrade() -> None:
    op.add_column("decisions", sa.Column("silent_units", postgresql.ARRAY(sa.Text()), nullable=True))
    op.alter_column("decisions", "task_id", nullable=True)
    op.alter_column("decisions", "decided_by", nullable=True)
    op.create_check_constraint(op.f("ck_decisions_by_person_or_silence"), "decisions", _CHECK)


def downgrade() -> None:
    op.drop_constraint(op.f("ck_decisions_by_person_or_silence"), "decisions")
    op.execute("DELETE FROM decisions WHERE silent_units IS NOT NULL")
    op.alter_column("decisions", "decided_by", nullable=False)
    op.alter_column("decisions", "task_id", nullable=False)
    op.drop_column("decisions", "silent_units")
