"""When the workers last ran, by which outages are found; how far applications come, without persons."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True)),
        sa.Column("differs_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("name", name="pk_heartbeats"),
        # Each beat rewrites the row: free space on the page avoids index updates.
        postgresql_with={"fillfactor": "50"},
    )
    op.execute("INSERT INTO heartbeats VALUES ('workers', NULL, NULL)")
    op.create_table(
        "application_counts",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["key"], ["definitions.key"], name="fk_application_counts_key"),
        sa.PrimaryKeyConstraint("key", "day", "version", "stage", "step", name="pk_application_counts"),
        # Applications of a day update the same rows.
        postgresql_with={"fillfactor": "50"},
    )
    # The furthest step that was counted. Drafts from before are counted from their present step on.
    op.add_column("applications", sa.Column("reached", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE applications SET reached = step")


def downgrade() -> None:
    op.drop_column("applications", "reached")
    op.drop_table("application_counts")
    op.drop_table("heartbeats")
