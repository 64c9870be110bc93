"""Foundation: accounts, deployed definitions, cases with their tasks and incidents, and the event log."""

from functools import partial

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Instant = partial(sa.DateTime, timezone=True)

# `*<>` compares byte by byte, since `json` has no equality. The columns erased by the update aren't compared.
APPEND_ONLY = """
CREATE FUNCTION events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kept events;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        kept := OLD;
        kept.payload := NULL;
        kept.salt := NULL;
        IF NOT (kept *<> NEW) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'The event log is append-only: % on events is refused', TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Only payload and salt can be erased: set both to NULL.';
END
$$;
CREATE TRIGGER events_are_append_only BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION events_are_append_only();
CREATE TRIGGER events_are_not_truncated BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION events_are_append_only();
ALTER TABLE events ENABLE ALWAYS TRIGGER events_are_append_only;
ALTER TABLE events ENABLE ALWAYS TRIGGER events_are_not_truncated;
"""


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("case_numbers")))
    _users()
    _tokens()
    _idempotency_keys()
    _definitions()
    _deployments()
    _deployment_files()
    _definition_versions()
    _cases()
    _tasks()
    _incidents()
    _events()


def downgrade() -> None:
    op.drop_table("events")
    op.execute("DROP FUNCTION events_are_append_only()")
    for table in ("incidents", "tasks", "cases"):
        op.drop_table(table)
    op.drop_constraint("fk_definitions_current_version_id", "definitions", type_="foreignkey")
    for table in ("definition_versions", "deployment_files", "deployments", "definitions"):
        op.drop_table(table)
    for table in ("idempotency_keys", "tokens", "users"):
        op.drop_table(table)
    op.execute(sa.schema.DropSequence(sa.Sequence("case_numbers")))


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("name", name="uq_users_name"),
    )


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant()),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tokens_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("digest", name="uq_tokens_digest"),
    )
    op.create_index("ix_tokens_user_id", "tokens", ["user_id"])


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("headers", JSONB()),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_idempotency_keys_user_id"),
        sa.PrimaryKeyConstraint("user_id", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])


def _definitions() -> None:
    op.create_table(
        "definitions",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("current_version_id", sa.Uuid()),
        sa.PrimaryKeyConstraint("key", name="pk_definitions"),
    )


def _deployments() -> None:
    op.create_table(
        "deployments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("calls", JSONB(), nullable=False),
        sa.Column("report", JSONB(), nullable=False),
        sa.Column("deployed_by", sa.Uuid(), nullable=False),
        sa.Column("deployed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["deployed_by"], ["users.id"], name="fk_deployments_deployed_by"),
        sa.PrimaryKeyConstraint("id", name="pk_deployments"),
    )
    op.create_index("ix_deployments_digest", "deployments", ["digest"])


def _deployment_files() -> None:
    op.create_table(
        "deployment_files",
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployments.id"], name="fk_deployment_files_deployment_id"
        ),
        sa.PrimaryKeyConstraint("deployment_id", "name", name="pk_deployment_files"),
    )


def _definition_versions() -> None:
    op.create_table(
        "definition_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("published_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployments.id"], name="fk_definition_versions_deployment_id"
        ),
        sa.ForeignKeyConstraint(["key"], ["definitions.key"], name="fk_definition_versions_key"),
        sa.PrimaryKeyConstraint("id", name="pk_definition_versions"),
    )
    op.create_index(
        "ix_definition_versions_key_number", "definition_versions", ["key", "number"], unique=True
    )
    op.create_foreign_key(
        "fk_definitions_current_version_id",
        "definitions",
        "definition_versions",
        ["current_version_id"],
        ["id"],
    )


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("applicant", sa.Text()),
        sa.Column("business_key", sa.Text()),
        sa.Column("data", JSONB(), nullable=False),
        sa.Column("state", sa.LargeBinary()),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("log_length", sa.Integer(), nullable=False),
        sa.Column("log_hash", sa.LargeBinary(), nullable=False),
        sa.Column("started_by", sa.Uuid(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant()),
        sa.ForeignKeyConstraint(["started_by"], ["users.id"], name="fk_cases_started_by"),
        sa.ForeignKeyConstraint(["version_id"], ["definition_versions.id"], name="fk_cases_version_id"),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.UniqueConstraint("number", name="uq_cases_number"),
        # Every command rewrites the row: free space on the page avoids index updates.
        postgresql_with={
            "fillfactor": "70",
            "autovacuum_vacuum_scale_factor": "0.05",
            "autovacuum_analyze_scale_factor": "0.05",
        },
    )
    op.create_index("ix_cases_started_by_id", "cases", ["started_by", "id"])
    op.create_index("ix_cases_status_id", "cases", ["status", "id"])
    op.create_index("ix_cases_version_id_id", "cases", ["version_id", "id"])


def _tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("element", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("assignee_id", sa.Uuid()),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant()),
        sa.ForeignKeyConstraint(["assignee_id"], ["users.id"], name="fk_tasks_assignee_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_tasks_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
    )
    op.create_index("ix_tasks_case_id", "tasks", ["case_id"])
    op.create_index("ix_tasks_open", "tasks", ["id"], postgresql_where=sa.text("status = 'open'"))
    op.create_index(
        "ix_tasks_open_assignee", "tasks", ["assignee_id", "id"], postgresql_where=sa.text("status = 'open'")
    )


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("element", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("resolved_at", Instant()),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_incidents_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
    )
    op.create_index("ix_incidents_case_id", "incidents", ["case_id"])
    op.create_index("ix_incidents_open", "incidents", ["id"], postgresql_where=sa.text("status = 'open'"))


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("element", sa.Text()),
        sa.Column("task_id", sa.Uuid()),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("actor_unit", sa.Text()),
        sa.Column("purpose", sa.Text()),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column(
            "transaction_id",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
            nullable=False,
        ),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("payload_hash", sa.LargeBinary()),
        sa.Column("payload", sa.JSON(none_as_null=True)),
        sa.Column("salt", sa.LargeBinary()),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_events_case_id"),
        sa.PrimaryKeyConstraint("case_id", "seq", name="pk_events"),
    )
    op.execute(APPEND_ONLY)
