"""Process drafts, their files and the latest check of each."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sketches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Uuid()),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_sketches_unit_id"),
        sa.ForeignKeyConstraint(["version_id"], ["definition_versions.id"], name="fk_sketches_version_id"),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name="fk_sketches_made_by"),
        sa.ForeignKeyConstraint(["updated_by"], ["users.id"], name="fk_sketches_updated_by"),
        sa.PrimaryKeyConstraint("id", name="pk_sketches"),
    )
    op.create_index("ix_sketches_unit_id_updated_at", "sketches", ["unit_id", "updated_at"])
    op.create_table(
        "sketch_files",
        sa.Column("sketch_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sketch_id"], ["sketches.id"], name="fk_sketch_files_sketch_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sketch_id", "name", name="pk_sketch_files"),
    )
    op.create_table(
        "sketch_checks",
        sa.Column("sketch_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("report", JSONB()),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["sketch_id"], ["sketches.id"], name="fk_sketch_checks_sketch_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["users.id"], name="fk_sketch_checks_asked_by"),
        sa.PrimaryKeyConstraint("sketch_id", name="pk_sketch_checks"),
    )


def downgrade() -> None:
    op.drop_table("sketch_checks")
    op.drop_table("sketch_files")
    op.drop_table("sketches")
