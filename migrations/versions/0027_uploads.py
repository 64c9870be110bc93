"""Uploads that a worker checks and deploys; their check moves to its own queue."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_MOVE = "UPDATE procrastinate_jobs SET queue_name = '{}' WHERE task_name = 'check_sketch' AND status = 'todo'"


def upgrade() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("unit_named", sa.Boolean(), nullable=False),
        sa.Column("sketch_id", sa.Uuid()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("result", JSONB()),
        sa.Column("uploaded_by", sa.Uuid(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_uploads_unit_id"),
        sa.ForeignKeyConstraint(
            ["sketch_id"], ["sketches.id"], name="fk_uploads_sketch_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["uploaded_by"], ["users.id"], name="fk_uploads_uploaded_by"),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
    )
    op.create_index("ix_uploads_sketch_id", "uploads", ["sketch_id"])
    op.create_index("ix_uploads_uploaded_by", "uploads", ["uploaded_by"])
    op.create_table(
        "upload_files",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.id"], name="fk_upload_files_upload_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("upload_id", "name", name="pk_upload_files"),
    )
    op.execute(_MOVE.format("checks"))


def downgrade() -> None:
    op.execute(_MOVE.format("calls"))
    op.execute("DELETE FROM procrastinate_jobs WHERE task_name = 'deploy_upload'")
    op.drop_table("upload_files")
    op.drop_table("uploads")
