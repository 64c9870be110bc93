"""Owners of webhooks, and what distinguishes an outage from an event that a receiver never accepts.

A webhook belongs to who made it; if that account was deactivated since, to the oldest active administrator of
all units. Both columns of failures begin empty: an outage during the upgrade is noticed at its next failure.
"""

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
OWNERS = """
UPDATE webhooks SET owner_id = coalesce(
    (SELECT id FROM users WHERE id = webhooks.created_by AND deactivated_at IS NULL),
    (SELECT users.id FROM users JOIN memberships ON memberships.user_id = users.id
     WHERE users.role = 'administrator' AND users.deactivated_at IS NULL
       AND memberships.unit_id = '00000000-0000-7000-8000-000000000000'
       AND memberships.valid_from <= now() AND (memberships.valid_to IS NULL OR memberships.valid_to > now())
     ORDER BY users.created_at, users.id LIMIT 1),
    webhooks.created_by)
"""


def upgrade() -> None:
    op.add_column("webhooks", sa.Column("owner_id", sa.Uuid(), nullable=True))
    op.execute(OWNERS)
    op.alter_column("webhooks", "owner_id", nullable=False)
    op.create_foreign_key("fk_webhooks_owner_id_users", "webhooks", "users", ["owner_id"], ["id"])
    op.add_column("webhooks", sa.Column("failing_since", INSTANT, nullable=True))
    op.add_column("deliveries", sa.Column("failed_at", INSTANT, nullable=True))


def downgrade() -> None:
    op.drop_column("deliveries", "failed_at")
    for name in ("failing_since", "owner_id"):
        op.drop_column("webhooks", name)
