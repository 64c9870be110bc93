"""The event log can be searched by time."""

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_events_at", "events", ["at"], postgresql_using="brin")


def downgrade() -> None:
    op.drop_index("ix_events_at", "events")
