"""The caseworker's desk: comments, and requests for opinions and corrections from a task."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "comments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid()),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("visible", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_comments_case_id"),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name="fk_comments_task_id"),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name="fk_comments_author_id"),
        sa.PrimaryKeyConstraint("id", name="pk_comments"),
    )
    op.create_index("ix_comments_case_id_id", "comments", ["case_id", "id"])
    op.add_column("tasks", sa.Column("asks", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index(
        "ix_tasks_asked_due",
        "tasks",
        ["due_at"],
        postgresql_where=sa.text("status = 'open' AND parent_id IS NOT NULL AND due_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_tasks_asked_due", "tasks")
    op.drop_column("tasks", "asks")
    op.drop_table("comments")
