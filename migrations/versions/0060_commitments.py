"""Commitments of agencies with their versions and explanations, and the register of services.

New, empty tables. Versions and explanations can only be added.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


APPEND_ONLY = """
CREATE FUNCTION commitments_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'What was committed and explained is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
"""
TRIGGER = """
CREATE TRIGGER {table}_are_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION commitments_are_append_only();
CREATE TRIGGER {table}_are_not_truncated BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION commitments_are_append_only();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_are_append_only;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_are_not_truncated;
"""
KEPT = ("commitment_versions", "commitment_explanations")


def upgrade() -> None:
    op.create_table(
        "commitments",
        *_columns(sa.Uuid(), "id", "unit_id"),
        sa.Column("version", sa.Integer(), nullable=False),
        *_columns(sa.Text(), "metric"),
        sa.Column("definition", sa.Text()),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("withdrawn_by", sa.Uuid()),
        sa.Column("withdrawn_at", _AT),
        sa.Column("withdrawn_for", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_commitments"),
        _key("commitments", "unit_id", "units", "id"),
        _key("commitments", "definition", "definitions", "key"),
        _key("commitments", "withdrawn_by", "users", "id"),
    )
    op.create_index("ix_commitments_unit_id", "commitments", ["unit_id"])
    op.create_index(
        "uq_commitments_open",
        "commitments",
        ["unit_id", "metric", sa.text("coalesce(definition, '')"), "due"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    _make_versions()
    op.create_table(
        "commitment_explanations",
        *_columns(sa.Uuid(), "id", "commitment_id"),
        sa.Column("version", sa.Integer(), nullable=False),
        *_columns(sa.Text(), "state", "cause", "text"),
        *_columns(sa.Uuid(), "explained_by"),
        *_columns(_AT, "explained_at"),
        sa.PrimaryKeyConstraint("id", name="pk_commitment_explanations"),
        _key("commitment_explanations", "commitment_id", "commitments", "id"),
        _key("commitment_explanations", "explained_by", "users", "id"),
    )
    op.create_index("ix_commitment_explanations_commitment_id", "commitment_explanations", ["commitment_id"])
    op.execute(APPEND_ONLY)
    for table in KEPT:
        op.execute(TRIGGER.format(table=table))
    _make_register()


def _make_versions() -> None:
    op.create_table(
        "commitment_versions",
        *_columns(sa.Uuid(), "commitment_id"),
        sa.Column("number", sa.Integer(), nullable=False),
        *_columns(sa.Text(), "text_fa", "text_en", "legal_basis", "metric"),
        sa.Column("definition", sa.Text()),
        *_columns(sa.Numeric(), "target"),
        *_columns(sa.Text(), "calendar"),
        *_columns(sa.Date(), "since", "due"),
        sa.Column("reason", sa.Text()),
        *_columns(sa.Uuid(), "made_by"),
        *_columns(_AT, "made_at"),
        sa.PrimaryKeyConstraint("commitment_id", "number", name="pk_commitment_versions"),
        _key("commitment_versions", "commitment_id", "commitments", "id"),
        _key("commitment_versions", "definition", "definitions", "key"),
        _key("commitment_versions", "made_by", "users", "id"),
    )


def _make_register() -> None:
    op.create_table(
        "registered_services",
        *_columns(sa.Uuid(), "id", "unit_id"),
        *_columns(sa.Text(), "name_fa", "name_en"),
        sa.Column("yearly_volume", sa.Integer()),
        *_columns(sa.Text(), "reason", "text"),
        sa.Column("planned_for", sa.Date()),
        sa.Column("definition", sa.Text()),
        sa.Column("revision", sa.Integer(), nullable=False),
        *_columns(sa.Uuid(), "registered_by"),
        *_columns(_AT, "registered_at", "changed_at"),
        sa.Column("removed_at", _AT),
        sa.PrimaryKeyConstraint("id", name="pk_registered_services"),
        _key("registered_services", "unit_id", "units", "id"),
        _key("registered_services", "definition", "definitions", "key"),
        _key("registered_services", "registered_by", "users", "id"),
    )
    op.create_index(
        "uq_registered_services_name_fa",
        "registered_services",
        ["unit_id", "name_fa"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "uq_registered_services_definition",
        "registered_services",
        ["unit_id", "definition"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL AND definition IS NOT NULL"),
    )


_AT = sa.DateTime(timezone=True)


def _columns(kind: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _key(table: str, column: str, other: str, named: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.{named}"], name=f"fk_{table}_{column}_{other}")


def downgrade() -> None:
    for table in (
        "registered_services",
        "commitment_explanations",
        "commitment_versions",
        "commitments",
    ):
        op.drop_table(table)
    op.execute("DROP FUNCTION commitments_are_append_only()")
