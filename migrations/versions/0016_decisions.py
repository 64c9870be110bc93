"""Legal decisions are stored with their tasks; cases record the channel of the application."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text()),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("grounds", postgresql.JSONB(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("appeal_id", sa.Uuid()),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_decisions_case_id"),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name="fk_decisions_task_id"),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name="fk_decisions_decided_by"),
        sa.ForeignKeyConstraint(["appeal_id"], ["cases.id"], name="fk_decisions_appeal_id"),
        sa.UniqueConstraint("task_id", name="uq_decisions_task_id"),
        sa.UniqueConstraint("appeal_id", name="uq_decisions_appeal_id"),
    )
    op.create_index("ix_decisions_case_id_id", "decisions", ["case_id", "id"])
    op.add_column("cases", sa.Column("channel", sa.Text()))


def downgrade() -> None:
    op.drop_column("cases", "channel")
    op.drop_table("decisions")
