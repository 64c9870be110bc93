"""When the workers last ran, by which outages are found."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
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


def downgrade() -> None:
    op.drop_table("heartbeats")
