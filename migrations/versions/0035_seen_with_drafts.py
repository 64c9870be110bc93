"""A draft of an answer remembers which values its form showed."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tasks", sa.Column("draft_seen", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("tasks", "draft_seen")
