"""Conflicts of interest: declared relations, recusals."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "relations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("declared_by", sa.Uuid(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_relations"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_relations_user_id"),
        sa.ForeignKeyConstraint(["declared_by"], ["users.id"], name="fk_relations_declared_by"),
    )
    op.create_index(
        "ix_relations_user_id", "relations", ["user_id"], postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "recusals",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "user_id", name="pk_recusals"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_recusals_case_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_recusals_user_id"),
    )


def downgrade() -> None:
    op.drop_table("recusals")
    op.drop_table("relations")
