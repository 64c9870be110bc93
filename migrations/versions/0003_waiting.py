"""What cases wait for, calls to other systems, stored messages, subscriptions to the log."""

from functools import partial

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Instant = partial(sa.DateTime, timezone=True)


def upgrade() -> None:
    _cursors()
    _webhooks()
    _deliveries()
    _calls()
    _messages()
    _waits()
    op.add_column("cases", sa.Column("running_key", sa.Text()))
    op.create_unique_constraint("uq_cases_running_key", "cases", ["running_key"])
    op.add_column("definitions", sa.Column("suspended_at", Instant()))
    op.create_index("ix_events_transaction_id_case_id_seq", "events", ["transaction_id", "case_id", "seq"])
    op.add_column(
        "incidents", sa.Column("attempts", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    op.alter_column("incidents", "attempts", server_default=None)
    op.add_column("incidents", sa.Column("call_id", sa.Uuid()))


def downgrade() -> None:
    op.drop_column("incidents", "call_id")
    op.drop_column("incidents", "attempts")
    op.drop_index("ix_events_transaction_id_case_id_seq", table_name="events")
    op.drop_column("definitions", "suspended_at")
    op.drop_constraint("uq_cases_running_key", "cases", type_="unique")
    op.drop_column("cases", "running_key")
    for name in ("waits", "messages", "calls", "deliveries", "webhooks", "cursors"):
        op.drop_table(name)


def _cursors() -> None:
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_cursors"),
    )


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text()),
        sa.Column("kinds", JSONB(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("disabled_at", Instant()),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_webhooks_created_by"),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("failure", sa.Text()),
        sa.Column("closed_at", Instant()),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name="fk_deliveries_webhook_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
    )
    op.create_index(
        "ix_deliveries_dead", "deliveries", ["webhook_id", "id"], postgresql_where=sa.text("status = 'dead'")
    )
    op.create_index(
        "ix_deliveries_waiting", "deliveries", ["due_at"], postgresql_where=sa.text("status = 'waiting'")
    )
    op.create_index(
        "ix_deliveries_webhook_id_case_id_seq", "deliveries", ["webhook_id", "case_id", "seq"], unique=True
    )


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("element", sa.Text(), nullable=False),
        sa.Column("connector", sa.Text()),
        sa.Column("topic", sa.Text()),
        sa.Column("operation", sa.Text()),
        sa.Column("request", JSONB(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("worker", sa.Text()),
        sa.Column("lease_until", Instant()),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("failure", sa.Text()),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant()),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_calls_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
    )
    op.create_index("ix_calls_case_id", "calls", ["case_id"])
    op.create_index("ix_calls_open", "calls", ["topic", "id"], postgresql_where=sa.text("status = 'open'"))


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("correlation", sa.Text(), nullable=False),
        sa.Column("data", JSONB(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("thrown_by", sa.Uuid()),
        sa.Column("thrown_element", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant()),
        sa.ForeignKeyConstraint(["thrown_by"], ["cases.id"], name="fk_messages_thrown_by"),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
    )
    op.create_index(
        "ix_messages_expiry", "messages", ["expires_at"], postgresql_where=sa.text("status = 'kept'")
    )
    op.create_index(
        "ix_messages_kept", "messages", ["name", "correlation"], postgresql_where=sa.text("status = 'kept'")
    )


def _waits() -> None:
    op.create_table(
        "waits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid()),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.Uuid()),
        sa.Column("element", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("correlation", sa.Text()),
        sa.Column("due_at", Instant()),
        sa.Column("woken_at", Instant()),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant()),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_waits_case_id"),
        sa.ForeignKeyConstraint(["version_id"], ["definition_versions.id"], name="fk_waits_version_id"),
        sa.PrimaryKeyConstraint("id", name="pk_waits"),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("ix_waits_case_id", "waits", ["case_id"])
    op.create_index(
        "ix_waits_due",
        "waits",
        ["due_at"],
        postgresql_where=sa.text("kind = 'timer' AND closed_at IS NULL AND woken_at IS NULL"),
    )
    op.create_index(
        "ix_waits_named",
        "waits",
        ["kind", "name", "correlation"],
        postgresql_where=sa.text("closed_at IS NULL AND kind IN ('message', 'signal')"),
    )
