"""Case numbers are permuted by a key; those assigned so far are not assigned again."""

from secrets import token_bytes

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None

NUMBERING = """
UPDATE installation SET number_key = :key,
    numbers_from = (SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM case_numbers)
"""


def upgrade() -> None:
    op.add_column("installation", sa.Column("number_key", sa.LargeBinary(), nullable=True))
    op.add_column("installation", sa.Column("numbers_from", sa.BigInteger(), nullable=True))
    op.execute(sa.text(NUMBERING).bindparams(key=token_bytes(32)))
    op.alter_column("installation", "number_key", nullable=False)
    op.alter_column("installation", "numbers_from", nullable=False)


def downgrade() -> None:
    op.drop_column("installation", "numbers_from")
    op.drop_column("installation", "number_key")
