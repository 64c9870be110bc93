"""Changes of running cases that a second person confirms."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_proposals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("change", JSONB(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_case_proposals"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_proposals_case_id_cases"),
        sa.ForeignKeyConstraint(["proposed_by"], ["users.id"], name="fk_case_proposals_proposed_by_users"),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name="fk_case_proposals_decided_by_users"),
    )
    op.create_index("ix_case_proposals_case_id_id", "case_proposals", ["case_id", "id"])
    is_open = sa.text("status = 'open'")
    op.create_index("ix_case_proposals_open", "case_proposals", ["expires_at"], postgresql_where=is_open)


def downgrade() -> None:
    op.drop_table("case_proposals")
