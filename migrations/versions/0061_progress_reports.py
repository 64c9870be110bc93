"""Progress reports, their actions, and the history of these."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
NEVER_CHANGE = """
CREATE FUNCTION signed_reports_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A signed report never changes: % on progress_reports is refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER signed_reports_never_change BEFORE UPDATE OR DELETE ON progress_reports
    FOR EACH ROW WHEN (OLD.signed_at IS NOT NULL) EXECUTE FUNCTION signed_reports_never_change();
CREATE TRIGGER signed_reports_are_not_truncated BEFORE TRUNCATE ON progress_reports
    FOR EACH STATEMENT EXECUTE FUNCTION signed_reports_never_change();
CREATE FUNCTION reports_begin_as_drafts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A report begins as a draft: a signed one is never inserted in progress_reports'
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER reports_begin_as_drafts BEFORE INSERT ON progress_reports FOR EACH ROW
    WHEN (num_nonnulls(NEW.signed_by, NEW.signed_at, NEW.signer_names, NEW.content, NEW.digest) > 0)
    EXECUTE FUNCTION reports_begin_as_drafts();
ALTER TABLE progress_reports ENABLE ALWAYS TRIGGER reports_begin_as_drafts;
ALTER TABLE progress_reports ENABLE ALWAYS TRIGGER signed_reports_never_change;
ALTER TABLE progress_reports ENABLE ALWAYS TRIGGER signed_reports_are_not_truncated;
CREATE FUNCTION report_action_changes_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The history of actions is append-only: % on report_action_changes is refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER report_action_changes_are_append_only BEFORE UPDATE OR DELETE ON report_action_changes
    FOR EACH ROW EXECUTE FUNCTION report_action_changes_are_append_only();
CREATE TRIGGER report_action_changes_are_not_truncated BEFORE TRUNCATE ON report_action_changes
    FOR EACH STATEMENT EXECUTE FUNCTION report_action_changes_are_append_only();
ALTER TABLE report_action_changes ENABLE ALWAYS TRIGGER report_action_changes_are_append_only;
ALTER TABLE report_action_changes ENABLE ALWAYS TRIGGER report_action_changes_are_not_truncated;
"""


def upgrade() -> None:
    _create_reports()
    _create_actions()
    op.execute(NEVER_CHANGE)


def _create_reports() -> None:
    op.create_table(
        "progress_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("summary", sa.Text()),
        sa.Column("comments", JSONB(), nullable=False),
        sa.Column("writers", ARRAY(sa.Uuid()), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("signed_by", sa.Uuid()),
        sa.Column("signed_at", INSTANT),
        sa.Column("signer_names", JSONB()),
        sa.Column("content", sa.Text()),
        sa.Column("digest", sa.Text()),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_progress_reports_unit_id_units"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_progress_reports_created_by_users"),
        sa.ForeignKeyConstraint(["signed_by"], ["users.id"], name="fk_progress_reports_signed_by_users"),
        sa.PrimaryKeyConstraint("id", name="pk_progress_reports"),
        sa.UniqueConstraint(
            "unit_id", "first", "last", "edition", name="uq_progress_reports_unit_id_first_last_edition"
        ),
    )
    op.create_index("ix_progress_reports_last_unit_id", "progress_reports", ["last", "unit_id"])


def _create_actions() -> None:
    op.create_table(
        "report_actions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("cause", JSONB()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT),
        sa.ForeignKeyConstraint(
            ["report_id"], ["progress_reports.id"], name="fk_report_actions_report_id_progress_reports"
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_report_actions_unit_id_units"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_report_actions_owner_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_report_actions"),
    )
    op.create_index("ix_report_actions_report_id", "report_actions", ["report_id"])
    op.create_index(
        *("ix_report_actions_open", "report_actions", ["unit_id", "due"]),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index("ix_report_actions_unit_id_closed_at", "report_actions", ["unit_id", "closed_at"])
    op.create_table(
        "report_action_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("facts", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["action_id"], ["report_actions.id"], name="fk_report_action_changes_action_id_report_actions"
        ),
        sa.ForeignKeyConstraint(["by"], ["users.id"], name="fk_report_action_changes_by_users"),
        sa.PrimaryKeyConstraint("id", name="pk_report_action_changes"),
    )
    op.create_index("ix_report_action_changes_action_id", "report_action_changes", ["action_id"])


def downgrade() -> None:
    for table in ("report_action_changes", "report_actions", "progress_reports"):
        op.drop_table(table)
    op.execute("DROP FUNCTION report_action_changes_are_append_only()")
    op.execute("DROP FUNCTION signed_reports_never_change()")
    op.execute("DROP FUNCTION reports_begin_as_drafts()")
