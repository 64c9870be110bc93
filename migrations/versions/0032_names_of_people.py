"""People have full names in both scripts, e-mail, phone, and their own language and calendar."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_COLUMNS = ("full_name_fa", "full_name_en", "email", "phone", "language", "calendar")


def upgrade() -> None:
    # Nullable and without a default: the table isn't rewritten, and its lock lasts for milliseconds.
    for name in _COLUMNS:
        op.add_column("users", sa.Column(name, sa.Text(), nullable=True))
    op.execute("UPDATE users SET full_name_fa = 'سامانه', full_name_en = 'The system' WHERE name = 'system'")


def downgrade() -> None:
    for name in reversed(_COLUMNS):
        op.drop_column("users", name)
