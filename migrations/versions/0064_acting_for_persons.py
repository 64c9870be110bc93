"""The end of a representation, tokens that must say for whom they act, and for whom a file was uploaded."""

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("representation_ended_at", sa.DateTime(timezone=True)))
    op.add_column("staged_documents", sa.Column("on_behalf_of", sa.Text()))
    op.add_column(
        "tokens", sa.Column("requires_behalf", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    op.drop_column("tokens", "requires_behalf")
    op.drop_column("staged_documents", "on_behalf_of")
    op.drop_column("cases", "representation_ended_at")
