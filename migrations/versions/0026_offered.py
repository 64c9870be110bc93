"""The public catalogue lists chosen definitions; those that were in it remain."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("definitions", sa.Column("offered_at", sa.DateTime(timezone=True)))
    op.add_column("definitions", sa.Column("offered_by", sa.Uuid()))
    op.create_foreign_key("fk_definitions_offered_by", "definitions", "users", ["offered_by"], ["id"])
    op.execute(
        "UPDATE definitions SET offered_at = now() "
        "WHERE disabled_at IS NULL AND current_version_id IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_column("definitions", "offered_by")
    op.drop_column("definitions", "offered_at")
