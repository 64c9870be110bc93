"""Commitments that hold from a day on: versions say which kind they are; those of before are to be reached.

A constant default: no row is written, and versions stay append-only.
"""

import sqlalchemy as sa
from alembic import op

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None


def upgrade() -> None:
    kind = sa.Column("kind", sa.Text(), nullable=False, server_default="reach-by")
    op.add_column("commitment_versions", kind)
    op.alter_column("commitment_versions", "kind", server_default=None)


def downgrade() -> None:
    op.drop_column("commitment_versions", "kind")
