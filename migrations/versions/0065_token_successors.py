"""Tokens that replace others."""

import sqlalchemy as sa
from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tokens", sa.Column("replaces", sa.Uuid(), nullable=True))
    op.create_foreign_key("fk_tokens_replaces_tokens", "tokens", "tokens", ["replaces"], ["id"])
    op.create_index(
        "uq_tokens_replaces",
        "tokens",
        ["replaces"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("uq_tokens_replaces", "tokens")
    op.drop_constraint("fk_tokens_replaces_tokens", "tokens")
    op.drop_column("tokens", "replaces")
