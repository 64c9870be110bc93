"""A signal is delivered separately to each waiting case."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("wait_id", sa.Uuid()))
    op.create_foreign_key("fk_messages_wait_id", "messages", "waits", ["wait_id"], ["id"])
    op.create_index("ix_messages_wait", "messages", ["wait_id"], postgresql_where=sa.text("status = 'kept'"))


def downgrade() -> None:
    op.drop_column("messages", "wait_id")
