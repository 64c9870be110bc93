"""Test runs: cases played by hand."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "trials",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("clock_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acts", postgresql.JSONB(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["definition_versions.id"], name="fk_trials_version_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_trials_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_trials"),
    )
    op.create_index("ix_trials_owner_id_version_id", "trials", ["owner_id", "version_id"])
    op.create_index("ix_trials_updated_at", "trials", ["updated_at"])


def downgrade() -> None:
    op.drop_table("trials")
