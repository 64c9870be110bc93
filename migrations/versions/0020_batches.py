"""Batches: one action on many tasks; and the tasks from which an opinion or correction was requested."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("acr", sa.Text()),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("answer", JSONB(none_as_null=True)),
        sa.Column("tasks", ARRAY(sa.Uuid()), nullable=False),
        sa.Column("results", JSONB(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_batches_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
    )
    op.create_index("ix_batches_owner_id_id", "batches", ["owner_id", "id"])
    op.create_index("ix_batches_made_at", "batches", ["made_at"])
    op.create_index(
        "ix_tasks_asks",
        "tasks",
        [
            "pool_id",
            sa.text("(assignee_id IS NOT NULL)"),
            sa.text("coalesce(due_at, 'infinity'::timestamptz)"),
            "id",
        ],
        postgresql_where=sa.text("status = 'open' AND asks"),
    )


def downgrade() -> None:
    op.drop_index("ix_tasks_asks", "tasks")
    op.drop_table("batches")
