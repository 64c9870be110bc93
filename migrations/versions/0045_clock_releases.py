"""Releases of decisions by silence, and how long the cases of each process took. New, empty tables."""

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
    op.create_table(
        "service_durations",
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("median_seconds", sa.Integer(), nullable=False),
        sa.Column("most_seconds", sa.Integer(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("definition", name="pk_service_durations"),
        sa.ForeignKeyConstraint(
            ["definition"], ["definitions.key"], name="fk_service_durations_definition_definitions"
        ),
    )


def downgrade() -> None:
    op.drop_table("service_durations")
    op.drop_table("clock_releases")
