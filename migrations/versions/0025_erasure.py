"""Cases whose personal data was erased, and stored files that are still to be deleted for this."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "erased_files",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_erased_files"),
    )


def downgrade() -> None:
    op.drop_table("erased_files")
    op.drop_column("cases", "erased_at")
