"""Office days that outages took from terms, late tasks of the clock, and the units of candidate groups."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None

# A group is that of the cases of one unit: its tasks show which; without any, its roles.
_UNITS = """
UPDATE candidate_groups AS one SET unit_id = coalesce(
    (SELECT cases.unit_id FROM tasks JOIN cases ON cases.id = tasks.case_id
     WHERE tasks.candidate_group_id = one.id AND tasks.status = 'open' LIMIT 1),
    (SELECT cases.unit_id FROM tasks JOIN cases ON cases.id = tasks.case_id
     WHERE tasks.candidate_group_id = one.id AND tasks.closed_at IS NOT NULL LIMIT 1),
    (SELECT role.unit_id FROM candidate_group_roles AS role
     WHERE role.candidate_group_id = one.id ORDER BY role.unit_id LIMIT 1))
WHERE one.delegation_id IS NULL
"""


def upgrade() -> None:
    op.add_column("clocks", sa.Column("outage_days", JSONB()))
    op.create_index(
        "ix_clocks_breached", "clocks", ["case_id"], postgresql_where=sa.text("state = 'breached'")
    )
    late = sa.text("kind = 'escalation' AND status = 'open'")
    op.create_index("ix_tasks_escalation", "tasks", ["due_at"], postgresql_where=late)
    op.add_column("candidate_groups", sa.Column("unit_id", sa.Uuid()))
    op.create_foreign_key(
        "fk_candidate_groups_unit_id_units", "candidate_groups", "units", ["unit_id"], ["id"]
    )
    op.execute(_UNITS)


def downgrade() -> None:
    op.drop_column("candidate_groups", "unit_id")
    op.drop_index("ix_tasks_escalation", "tasks")
    op.drop_index("ix_clocks_breached", "clocks")
    op.drop_column("clocks", "outage_days")
