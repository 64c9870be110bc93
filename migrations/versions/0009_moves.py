"""Running cases can be migrated to another version of their definition."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "moves",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("from_version_id", sa.Uuid(), nullable=False),
        sa.Column("to_version_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("planned_by", sa.Uuid(), nullable=False),
        sa.Column("planned_at", INSTANT, nullable=False),
        sa.Column("started_by", sa.Uuid()),
        sa.Column("started_at", INSTANT),
        sa.Column("finished_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_moves"),
        sa.ForeignKeyConstraint(["key"], ["definitions.key"], name="fk_moves_key"),
        sa.ForeignKeyConstraint(
            ["from_version_id"], ["definition_versions.id"], name="fk_moves_from_version_id"
        ),
        sa.ForeignKeyConstraint(["to_version_id"], ["definition_versions.id"], name="fk_moves_to_version_id"),
        sa.ForeignKeyConstraint(["planned_by"], ["users.id"], name="fk_moves_planned_by"),
        sa.ForeignKeyConstraint(["started_by"], ["users.id"], name="fk_moves_started_by"),
    )
    op.create_index(
        "ix_moves_open",
        "moves",
        ["key"],
        unique=True,
        postgresql_where=sa.text("status IN ('planning', 'planned', 'moving')"),
    )
    op.create_table(
        "moved_cases",
        sa.Column("move_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("obstacles", JSONB(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("move_id", "case_id", name="pk_moved_cases"),
        sa.ForeignKeyConstraint(["move_id"], ["moves.id"], name="fk_moved_cases_move_id"),
    )
    op.create_index(
        "ix_moved_cases_movable",
        "moved_cases",
        ["case_id", "move_id"],
        postgresql_where=sa.text("status = 'movable'"),
    )
    op.create_index("ix_moved_cases_move_id_status_case_id", "moved_cases", ["move_id", "status", "case_id"])


def downgrade() -> None:
    op.drop_table("moved_cases")
    op.drop_table("moves")
