"""The access log: who opened which case, and why."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# As for `events` (0001): `*<>` compares byte by byte, and the columns erased by the update aren't compared.
APPEND_ONLY = """
CREATE FUNCTION access_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kept access_log;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        kept := OLD;
        kept.payload := NULL;
        kept.salt := NULL;
        IF NOT (kept *<> NEW) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'The access log is append-only: % on access_log is refused', TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Only payload and salt can be erased: set both to NULL.';
END
$$;
CREATE TRIGGER access_log_is_append_only BEFORE UPDATE OR DELETE ON access_log
    FOR EACH ROW EXECUTE FUNCTION access_log_is_append_only();
CREATE TRIGGER access_log_is_not_truncated BEFORE TRUNCATE ON access_log
    FOR EACH STATEMENT EXECUTE FUNCTION access_log_is_append_only();
ALTER TABLE access_log ENABLE ALWAYS TRIGGER access_log_is_append_only;
ALTER TABLE access_log ENABLE ALWAYS TRIGGER access_log_is_not_truncated;
"""


def upgrade() -> None:
    op.create_table(
        "access_heads",
        sa.Column("reader_id", sa.Uuid(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["reader_id"], ["users.id"], name="fk_access_heads_reader_id"),
        sa.PrimaryKeyConstraint("reader_id", name="pk_access_heads"),
        # Each record rewrites the row: free space on the page avoids index updates.
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "access_log",
        sa.Column("reader_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid()),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("actor_unit", sa.Text()),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("payload_hash", sa.LargeBinary()),
        sa.Column("payload", sa.JSON(none_as_null=True)),
        sa.Column("salt", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("reader_id", "seq", name="pk_access_log"),
    )
    op.create_index("ix_access_log_case_id_id", "access_log", ["case_id", "id"])
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    op.drop_table("access_log")
    op.execute("DROP FUNCTION access_log_is_append_only()")
    op.drop_table("access_heads")
