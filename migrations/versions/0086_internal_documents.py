"""Documents that only the office sees. What is there remains visible to applicants and portals."""

import sqlalchemy as sa
from alembic import op

revision = "0086"
down_revision = "0066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "documents", sa.Column("shared", sa.Boolean(), nullable=False, server_default=sa.text("true"))
    )


def downgrade() -> None:
    op.drop_column("documents", "shared")
