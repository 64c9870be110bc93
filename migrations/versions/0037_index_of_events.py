"""The feed reads by transaction only: its events are few, and the index stores one key for all of them."""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_events_transaction_id", "events", ["transaction_id"])
    op.drop_index("ix_events_transaction_id_case_id_seq", table_name="events")


def downgrade() -> None:
    op.create_index("ix_events_transaction_id_case_id_seq", "events", ["transaction_id", "case_id", "seq"])
    op.drop_index("ix_events_transaction_id", table_name="events")
