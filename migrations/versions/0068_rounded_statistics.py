"""Published statistics are rounded by a key, and rest on what was counted."""

from secrets import token_bytes

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None

TRIGGER = """
CREATE TRIGGER publication_keys_never_change BEFORE UPDATE OR DELETE ON publication_keys
    FOR EACH ROW EXECUTE FUNCTION publications_never_change();
CREATE TRIGGER publication_keys_are_not_truncated BEFORE TRUNCATE ON publication_keys
    FOR EACH STATEMENT EXECUTE FUNCTION publications_never_change();
ALTER TABLE publication_keys ENABLE ALWAYS TRIGGER publication_keys_never_change;
ALTER TABLE publication_keys ENABLE ALWAYS TRIGGER publication_keys_are_not_truncated;
"""


def upgrade() -> None:
    op.add_column("published_figures", sa.Column("counted", postgresql.JSONB(), nullable=True))
    keys = op.create_table(
        "publication_keys",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_publication_keys_one")),
        sa.PrimaryKeyConstraint("id", name="pk_publication_keys"),
    )
    op.execute(sa.insert(keys).values(id=1, secret=token_bytes(32)))
    op.execute(TRIGGER)


def downgrade() -> None:
    op.drop_table("publication_keys")
    op.drop_column("published_figures", "counted")
