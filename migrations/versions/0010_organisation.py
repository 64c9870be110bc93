"""Agencies and units, memberships with roles, and the candidate group of each task.

Existing data belongs to the root unit, where its people keep their roles.
"""

from uuid import UUID, uuid5

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ROOT = "00000000-0000-7000-8000-000000000000"
POOLS = UUID("6f5cf4b1-6f6b-5d7b-9a53-0d7a2c1f7a10")
OPEN = "status = 'open'"
DUE = sa.text("coalesce(due_at, 'infinity'::timestamptz)")


def upgrade() -> None:
    _units()
    _people()
    _pools()
    _belong()
    _tasks()


def _execute(statement: str) -> None:
    op.execute(sa.text(statement).bindparams(sa.bindparam("root", UUID(ROOT), sa.Uuid())))


def _units() -> None:
    op.create_table(
        "units",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Uuid()),
        sa.Column("region", sa.Text()),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_units"),
        sa.UniqueConstraint("key", name="uq_units_key"),
        sa.ForeignKeyConstraint(["parent_id"], ["units.id"], name="fk_units_parent_id"),
    )
    op.create_table(
        "unit_lines",
        sa.Column("ancestor_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("ancestor_id", "unit_id", name="pk_unit_lines"),
        sa.ForeignKeyConstraint(["ancestor_id"], ["units.id"], name="fk_unit_lines_ancestor_id"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_unit_lines_unit_id"),
    )
    op.create_index("ix_unit_lines_unit_id", "unit_lines", ["unit_id"])
    _execute(
        "INSERT INTO units (id, key, name, kind, created_at)"
        " VALUES (:root, 'root', 'همهٔ دستگاه‌ها | All agencies', 'agency', now())"
    )
    _execute("INSERT INTO unit_lines VALUES (:root, :root)")


def _people() -> None:
    op.add_column("users", sa.Column("person", sa.Text()))
    op.create_index("ix_users_person", "users", ["person"])
    op.create_table(
        "memberships",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("valid_from", INSTANT, nullable=False),
        sa.Column("valid_to", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_memberships"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_memberships_user_id"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_memberships_unit_id"),
    )
    op.create_index("ix_memberships_user_id", "memberships", ["user_id"])
    op.create_index("ix_memberships_unit_id", "memberships", ["unit_id"])
    _execute(
        "INSERT INTO memberships (id, user_id, unit_id, role, valid_from)"
        " SELECT gen_random_uuid(), id, :root, '*', created_at FROM users WHERE role <> 'portal'"
    )
    op.create_table(
        "substitutions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("absent_id", sa.Uuid(), nullable=False),
        sa.Column("substitute_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", INSTANT, nullable=False),
        sa.Column("valid_to", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_substitutions"),
        sa.ForeignKeyConstraint(["absent_id"], ["users.id"], name="fk_substitutions_absent_id"),
        sa.ForeignKeyConstraint(["substitute_id"], ["users.id"], name="fk_substitutions_substitute_id"),
    )
    op.create_index("ix_substitutions_absent_id", "substitutions", ["absent_id"])
    op.create_index("ix_substitutions_substitute_id", "substitutions", ["substitute_id"])


def _pools() -> None:
    op.create_table(
        "delegations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("elements", JSONB(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("delegate_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", INSTANT, nullable=False),
        sa.Column("valid_to", INSTANT),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("revoked_by", sa.Uuid()),
        sa.Column("revoked_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_delegations"),
        sa.ForeignKeyConstraint(["definition"], ["definitions.key"], name="fk_delegations_definition"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_delegations_unit_id"),
        sa.ForeignKeyConstraint(["delegate_id"], ["units.id"], name="fk_delegations_delegate_id"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_delegations_created_by"),
        sa.ForeignKeyConstraint(["revoked_by"], ["users.id"], name="fk_delegations_revoked_by"),
    )
    op.create_index("ix_delegations_definition", "delegations", ["definition"])
    op.create_table(
        "pools",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("delegation_id", sa.Uuid()),
        sa.PrimaryKeyConstraint("id", name="pk_pools"),
        sa.ForeignKeyConstraint(["delegation_id"], ["delegations.id"], name="fk_pools_delegation_id"),
    )
    op.create_index("ix_pools_definition", "pools", ["definition"])
    op.create_table(
        "pool_roles",
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pool_id", "unit_id", "role", name="pk_pool_roles"),
        sa.ForeignKeyConstraint(["pool_id"], ["pools.id"], name="fk_pool_roles_pool_id"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_pool_roles_unit_id"),
    )
    op.create_index("ix_pool_roles_unit_id_role", "pool_roles", ["unit_id", "role"])
    # For each definition: the group of all caseworkers, named as in engine/organisation/candidate_groups.py.
    connection = op.get_bind()
    for (key,) in connection.execute(sa.text("SELECT key FROM definitions")).all():
        pool = uuid5(POOLS, f"{ROOT}\n{key}\n caseworker")
        connection.execute(sa.text("INSERT INTO pools VALUES (:pool, :key)"), {"pool": pool, "key": key})
    _execute("INSERT INTO pool_roles SELECT id, :root, 'caseworker' FROM pools")


def _belong() -> None:
    for table in ("definitions", "cases"):
        op.add_column(table, sa.Column("unit_id", sa.Uuid()))
        target = sa.table(table, sa.column("unit_id", sa.Uuid()))
        op.execute(target.update().values(unit_id=UUID(ROOT)))
        op.alter_column(table, "unit_id", nullable=False)
        op.create_foreign_key(f"fk_{table}_unit_id", table, "units", ["unit_id"], ["id"])
    op.create_index("ix_definitions_unit_id", "definitions", ["unit_id"])
    op.create_index("ix_cases_unit_id_id", "cases", ["unit_id", "id"])
    op.add_column("cases", sa.Column("representative", sa.Text()))
    op.add_column("cases", sa.Column("appeal_of", sa.Uuid()))
    op.add_column("cases", sa.Column("secret", sa.LargeBinary()))
    op.create_foreign_key("fk_cases_appeal_of", "cases", "cases", ["appeal_of"], ["id"])
    op.create_index(
        "ix_cases_applicant",
        "cases",
        ["applicant", "id"],
        postgresql_where=sa.text("applicant IS NOT NULL"),
    )
    op.create_index(
        "ix_cases_appeal_of", "cases", ["appeal_of"], postgresql_where=sa.text("appeal_of IS NOT NULL")
    )


def _tasks() -> None:
    for name, kind in (
        ("kind", sa.Text()),
        ("pool_id", sa.Uuid()),
        ("home_pool_id", sa.Uuid()),
        ("assignment", sa.Text()),
        ("parent_id", sa.Uuid()),
        ("asked", JSONB(none_as_null=True)),
        ("draft", JSONB(none_as_null=True)),
        ("search", sa.Text()),
    ):
        op.add_column("tasks", sa.Column(name, kind))
    op.execute(
        "UPDATE tasks SET kind = 'step', search = '', pool_id = pools.id"
        " FROM cases, definition_versions, pools"
        " WHERE cases.id = tasks.case_id AND definition_versions.id = cases.version_id"
        " AND pools.definition = definition_versions.key"
    )
    op.alter_column("tasks", "kind", nullable=False)
    op.alter_column("tasks", "search", nullable=False)
    for column in ("pool_id", "home_pool_id"):
        op.create_foreign_key(f"fk_tasks_{column}", "tasks", "pools", [column], ["id"])
    op.create_foreign_key("fk_tasks_parent_id", "tasks", "tasks", ["parent_id"], ["id"])
    op.drop_index("ix_tasks_open", "tasks")
    op.drop_index("ix_tasks_open_assignee", "tasks")
    _index("pool", ["pool_id", sa.text("(assignee_id IS NOT NULL)"), DUE, "id"], OPEN)
    _index("assignee", ["assignee_id", DUE, "id"], f"{OPEN} AND assignee_id IS NOT NULL")
    _index("priority", ["pool_id", "priority", "id"], f"{OPEN} AND priority IS NOT NULL")
    _index("parent", ["parent_id"], "parent_id IS NOT NULL")
    _index("unassigned", ["id"], f"{OPEN} AND assignment IS NOT NULL AND assignee_id IS NULL")
    op.create_index(
        "ix_tasks_search",
        "tasks",
        [sa.text("to_tsvector('simple', search || ' p' || replace(pool_id::text, '-', ''))")],
        postgresql_using="gin",
        postgresql_where=sa.text(OPEN),
    )


def _index(name: str, columns: list[str | sa.TextClause], where: str) -> None:
    op.create_index(f"ix_tasks_{name}", "tasks", columns, postgresql_where=sa.text(where))


def downgrade() -> None:
    for name in ("search", "unassigned", "parent", "priority", "assignee", "pool"):
        op.drop_index(f"ix_tasks_{name}", "tasks")
    for name in ("search", "draft", "asked", "parent_id", "assignment", "home_pool_id", "pool_id", "kind"):
        op.drop_column("tasks", name)
    op.create_index("ix_tasks_open", "tasks", ["id"], postgresql_where=sa.text(OPEN))
    op.create_index("ix_tasks_open_assignee", "tasks", ["assignee_id", "id"], postgresql_where=sa.text(OPEN))
    op.drop_index("ix_cases_applicant", "cases")
    for name in ("secret", "appeal_of", "representative", "unit_id"):
        op.drop_column("cases", name)
    op.drop_column("definitions", "unit_id")
    for name in ("pool_roles", "pools", "delegations", "substitutions", "memberships"):
        op.drop_table(name)
    op.drop_column("users", "person")
    op.drop_table("unit_lines")
    op.drop_table("units")
