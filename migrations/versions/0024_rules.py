"""DMN decisions that can be evaluated by themselves."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deployment_decisions",
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("inputs", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployments.id"], name="fk_deployment_decisions_deployment_id"
        ),
        sa.PrimaryKeyConstraint("deployment_id", "file", "place", name="pk_deployment_decisions"),
    )


def downgrade() -> None:
    op.drop_table("deployment_decisions")
