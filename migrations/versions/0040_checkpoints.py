"""Checkpoints of the logs: signed, chained, sent out; and the runs that take and verify them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

APPEND_ONLY = """
CREATE FUNCTION checkpoints_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Checkpoints are append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER checkpoints_are_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION checkpoints_are_append_only();
CREATE TRIGGER checkpoints_are_not_truncated BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION checkpoints_are_append_only();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER checkpoints_are_append_only;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER checkpoints_are_not_truncated;
"""


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_installation"),
    )
    op.execute("INSERT INTO installation DEFAULT VALUES")
    _make_checkpoints()
    op.create_table(
        "checkpoint_sendings",
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("failure", sa.Text()),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["number"], ["checkpoints.number"], name="fk_checkpoint_sendings_number"),
        sa.PrimaryKeyConstraint("number", "target", name="pk_checkpoint_sendings"),
    )
    for name, column, status in (("waiting", "due_at", "waiting"), ("failed", "number", "failed")):
        where = sa.text(f"status = '{status}'")
        op.create_index(
            f"ix_checkpoint_sendings_{name}", "checkpoint_sendings", [column], postgresql_where=where
        )
    op.create_table(
        "audit_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger()),
        sa.Column("result", JSONB(none_as_null=True)),
        sa.ForeignKeyConstraint(["requested_by"], ["users.id"], name="fk_audit_runs_requested_by"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_runs"),
    )
    op.create_index(
        "uq_audit_runs_open",
        "audit_runs",
        ["kind"],
        unique=True,
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index("ix_audit_runs_kind_id", "audit_runs", ["kind", "id"])


def _make_checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("signatures", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_checkpoints"),
    )
    op.create_table(
        "checkpoint_leaves",
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log", "subject_id", "number", name="pk_checkpoint_leaves"),
    )
    for number, table in enumerate(("checkpoints", "checkpoint_leaves")):
        statements = APPEND_ONLY.format(table=table)
        op.execute(statements if number == 0 else statements[statements.index("CREATE TRIGGER") :])


def downgrade() -> None:
    for table in ("audit_runs", "checkpoint_sendings", "checkpoint_leaves", "checkpoints", "installation"):
        op.drop_table(table)
    op.execute("DROP FUNCTION checkpoints_are_append_only()")
