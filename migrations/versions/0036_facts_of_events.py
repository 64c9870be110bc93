"""Events have facts: chained, never personal and never erased. Those of earlier releases have none."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("facts", JSONB(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("events", "facts")
