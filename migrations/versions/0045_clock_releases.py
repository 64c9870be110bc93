"""Administrators release decisions by silence after an interruption. A new, empty table."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clock_releases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_by", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clock_releases"),
        sa.ForeignKeyConstraint(["seen_by"], ["users.id"], name="fk_clock_releases_seen_by_users"),
    )


def downgrade() -> None:
    op.drop_table("clock_releases")
