"""Red flags: patterns in the logs, their cases, and questions about them."""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_flags()
    _create_questions()


def _create_flags() -> None:
    op.create_table(
        "flags",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("numerator", "base", "usual_numerator", "usual_base")
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("raised_at", INSTANT, nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=True),
        sa.Column("conclusion_text", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_flags_unit_id_units"),
        sa.ForeignKeyConstraint(["subject_id"], ["users.id"], name="fk_flags_subject_id_users"),
        sa.ForeignKeyConstraint(["closed_by"], ["users.id"], name="fk_flags_closed_by_users"),
        sa.PrimaryKeyConstraint("id", name="pk_flags"),
        sa.UniqueConstraint(
            *("pattern", "unit_id", "definition", "period", "subject_id"),
            name="uq_flags_pattern_unit_id_definition_period_subject_id",
        ),
    )
    op.create_index("ix_flags_unit_id_id", "flags", ["unit_id", "id"])
    op.create_table(
        "flag_cases",
        sa.Column("flag_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["flag_id"], ["flags.id"], name="fk_flag_cases_flag_id_flags"),
        sa.PrimaryKeyConstraint("flag_id", "case_id", name="pk_flag_cases"),
    )
    op.create_table(
        "flag_searches",
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("searched_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("period", name="pk_flag_searches"),
    )


def _create_questions() -> None:
    op.create_table(
        "flag_questions",
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in ("id", "flag_id", "asked_id", "asked_by")),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["flag_id"], ["flags.id"], name="fk_flag_questions_flag_id_flags"),
        sa.ForeignKeyConstraint(["asked_id"], ["users.id"], name="fk_flag_questions_asked_id_users"),
        sa.ForeignKeyConstraint(["asked_by"], ["users.id"], name="fk_flag_questions_asked_by_users"),
        sa.PrimaryKeyConstraint("id", name="pk_flag_questions"),
    )
    op.create_index("ix_flag_questions_flag_id", "flag_questions", ["flag_id"])
    op.create_index("ix_flag_questions_asked_id", "flag_questions", ["asked_id"])
    op.create_index(
        "uq_flag_questions_open",
        "flag_questions",
        ["flag_id", "asked_id"],
        unique=True,
        postgresql_where=sa.text("answered_at IS NULL AND ended_at IS NULL"),
    )


def downgrade() -> None:
    for name in ("flag_searches", "flag_questions", "flag_cases", "flags"):
        op.drop_table(name)
