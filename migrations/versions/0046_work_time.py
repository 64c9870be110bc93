"""Work time that is being measured, and indexes of the events that note it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

NOTED = sa.text("kind = 'work.noted'")


def upgrade() -> None:
    op.create_table(
        "work_stretches",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text()),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sources", ARRAY(sa.Text()), nullable=False),
        sa.Column("earlier", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "user_id", name="pk_work_stretches"),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index("ix_work_stretches_case_id", "work_stretches", ["case_id"])
    op.create_index("ix_events_work_of_person", "events", ["actor_id", "at"], postgresql_where=NOTED)
    op.create_index("ix_events_work_of_unit", "events", ["actor_unit", "at"], postgresql_where=NOTED)


def downgrade() -> None:
    op.drop_index("ix_events_work_of_unit", table_name="events")
    op.drop_index("ix_events_work_of_person", table_name="events")
    op.drop_table("work_stretches")
