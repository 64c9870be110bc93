"""Documents that only the office sees, delegations that a second person confirms, senders of messages.

Documents that exist remain visible to applicants and portals; delegations that exist count as confirmed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "documents", sa.Column("shared", sa.Boolean(), nullable=False, server_default=sa.text("true"))
    )
    op.alter_column("documents", "shared", server_default=None)
    op.add_column(
        "delegations", sa.Column("take_over", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
    op.add_column("delegations", sa.Column("confirmed_by", sa.Uuid(), nullable=True))
    op.add_column("delegations", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(
        "fk_delegations_confirmed_by_users", "delegations", "users", ["confirmed_by"], ["id"]
    )
    op.add_column("messages", sa.Column("sent_by", sa.Uuid(), nullable=True))
    op.execute("UPDATE delegations SET confirmed_by = created_by, confirmed_at = created_at")


def downgrade() -> None:
    op.drop_column("messages", "sent_by")
    # One that nobody has confirmed was never in effect.
    op.execute("DELETE FROM delegations WHERE confirmed_at IS NULL")
    for name in ("confirmed_at", "confirmed_by", "take_over"):
        op.drop_column("delegations", name)
    op.drop_column("documents", "shared")
