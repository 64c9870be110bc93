"""Cases have a subject for lists, and the parties that their process names."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Nullable and without a default: the table isn't rewritten, and its lock lasts for milliseconds.
    # Running cases get both with their next step.
    op.add_column("cases", sa.Column("subject", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("parties", ARRAY(sa.Text()), nullable=True))


def downgrade() -> None:
    op.drop_column("cases", "parties")
    op.drop_column("cases", "subject")
