"""The administrator's pages: retrying many incidents, and the health of connectors."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("ordered_by", sa.Uuid(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["key"], ["definitions.key"], name="fk_retries_key"),
        sa.ForeignKeyConstraint(["ordered_by"], ["users.id"], name="fk_retries_ordered_by"),
        sa.PrimaryKeyConstraint("id", name="pk_retries"),
    )
    op.create_index("ix_retries_ordered_by_id", "retries", ["ordered_by", "id"])
    op.create_table(
        "retried_incidents",
        sa.Column("retry_id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["retry_id"], ["retries.id"], name="fk_retried_incidents_retry_id"),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="fk_retried_incidents_incident_id"),
        sa.PrimaryKeyConstraint("retry_id", "incident_id", name="pk_retried_incidents"),
    )
    op.create_index(
        "ix_retried_incidents_turn",
        "retried_incidents",
        ["incident_id"],
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index("ix_retried_incidents_retry_id_status", "retried_incidents", ["retry_id", "status"])
    op.create_index(
        "ix_calls_closed",
        "calls",
        ["connector", "status", "closed_at"],
        postgresql_where=sa.text("connector IS NOT NULL AND closed_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_calls_closed", "calls")
    op.drop_table("retried_incidents")
    op.drop_table("retries")
