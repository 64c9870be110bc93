"""Clocks of cases with a statutory term. A new, empty table."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "clocks",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("filed_at", INSTANT, nullable=False),
        sa.Column("term", sa.Text()),
        sa.Column("extension", sa.Text()),
        sa.Column("started_at", INSTANT),
        sa.Column("due_at", INSTANT),
        sa.Column("warn_at", INSTANT),
        sa.Column("norm", sa.Text()),
        sa.Column("norm_at", INSTANT),
        sa.Column("floor_at", INSTANT),
        sa.Column("stopped_at", INSTANT),
        sa.Column("reasons", JSONB(), nullable=False),
        sa.Column("pauses", JSONB(), nullable=False),
        sa.Column("on_silence", sa.Text(), nullable=False),
        sa.Column("reassigns", sa.Boolean(), nullable=False),
        sa.Column("accept_within", sa.Text()),
        sa.Column("calendar", sa.Text()),
        sa.Column("next_at", INSTANT),
        sa.Column("woken_at", INSTANT),
        sa.Column("awaiting_at", INSTANT),
        sa.Column("released_at", INSTANT),
        sa.PrimaryKeyConstraint("case_id", name="pk_clocks"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_clocks_case_id_cases"),
        postgresql_with={"fillfactor": "80"},
    )
    due = sa.text("next_at IS NOT NULL AND woken_at IS NULL")
    op.create_index("ix_clocks_next", "clocks", ["next_at"], postgresql_where=due)
    awaiting = sa.text("awaiting_at IS NOT NULL")
    op.create_index("ix_clocks_awaiting", "clocks", ["awaiting_at"], postgresql_where=awaiting)


def downgrade() -> None:
    op.drop_table("clocks")
