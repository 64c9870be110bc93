"""How long the cases of each process took. A new, empty table."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
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
