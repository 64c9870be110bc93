"""Entries of the administration log are found by kind: outages, restored backups, suspended definitions."""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_organisation_log_kind_seq", "organisation_log", ["kind", "seq"])


def downgrade() -> None:
    op.drop_index("ix_organisation_log_kind_seq", table_name="organisation_log")
