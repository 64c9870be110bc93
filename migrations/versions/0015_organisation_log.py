"""The log of changes in the organisation."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

APPEND_ONLY = """
CREATE FUNCTION organisation_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The log of the organisation is append-only: % on organisation_log is refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER organisation_log_is_append_only BEFORE UPDATE OR DELETE ON organisation_log
    FOR EACH ROW EXECUTE FUNCTION organisation_log_is_append_only();
CREATE TRIGGER organisation_log_is_not_truncated BEFORE TRUNCATE ON organisation_log
    FOR EACH STATEMENT EXECUTE FUNCTION organisation_log_is_append_only();
ALTER TABLE organisation_log ENABLE ALWAYS TRIGGER organisation_log_is_append_only;
ALTER TABLE organisation_log ENABLE ALWAYS TRIGGER organisation_log_is_not_truncated;
"""


def upgrade() -> None:
    op.create_table(
        "organisation_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid()),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name="fk_organisation_log_actor_id"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_organisation_log_unit_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_organisation_log_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_organisation_log"),
    )
    op.create_index("ix_organisation_log_unit_id_id", "organisation_log", ["unit_id", "id"])
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    op.drop_table("organisation_log")
    op.execute("DROP FUNCTION organisation_log_is_append_only()")
