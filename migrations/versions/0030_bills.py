"""Bills of cases."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "bills",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("element", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(19, 4), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text()),
        sa.Column("due_on", sa.Date()),
        sa.Column("link", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("paid_at", INSTANT),
        sa.Column("closed_at", INSTANT),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("paid_amount", sa.Text(), nullable=False),
        sa.Column("paid_currency", sa.Text(), nullable=False),
        sa.Column("late_at", INSTANT),
        sa.Column("late_amount", sa.Numeric(19, 4)),
        sa.Column("late_currency", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_bills"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_bills_case_id_cases"),
        sa.UniqueConstraint("reference", name="uq_bills_reference"),
    )
    op.create_index("ix_bills_case_id", "bills", ["case_id"])


def downgrade() -> None:
    op.drop_table("bills")
