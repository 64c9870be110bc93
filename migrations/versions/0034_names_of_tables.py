"""Tables and columns have the names of the glossary: candidate groups, migrations, drafts, test runs."""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_TABLES = (
    ("pools", "candidate_groups"),
    ("pool_roles", "candidate_group_roles"),
)
# With the new name of the table.
_COLUMNS = (
    ("candidate_group_roles", "pool_id", "candidate_group_id"),
    ("tasks", "pool_id", "candidate_group_id"),
    ("tasks", "home_pool_id", "home_candidate_group_id"),
)
# Keys and checks: the index of a primary key is renamed with it.
_CONSTRAINTS = (
    ("candidate_groups", "pk_pools", "pk_candidate_groups"),
    ("candidate_groups", "fk_pools_delegation_id", "fk_candidate_groups_delegation_id"),
    ("candidate_group_roles", "pk_pool_roles", "pk_candidate_group_roles"),
    ("candidate_group_roles", "fk_pool_roles_pool_id", "fk_candidate_group_roles_candidate_group_id"),
    ("candidate_group_roles", "fk_pool_roles_unit_id", "fk_candidate_group_roles_unit_id"),
    ("tasks", "fk_tasks_pool_id", "fk_tasks_candidate_group_id"),
    ("tasks", "fk_tasks_home_pool_id", "fk_tasks_home_candidate_group_id"),
)
_INDEXES = (
    ("ix_pools_definition", "ix_candidate_groups_definition"),
    ("ix_pool_roles_unit_id_role", "ix_candidate_group_roles_unit_id_role"),
    ("ix_tasks_pool", "ix_tasks_candidate_group"),
)


def upgrade() -> None:
    # Names only: no row is read or written. Each table is locked for milliseconds.
    for old, new in _TABLES:
        op.rename_table(old, new)
    for table, old, new in _COLUMNS:
        op.alter_column(table, old, new_column_name=new)
    for table, old, new in _CONSTRAINTS:
        _rename_constraint(table, old, new)
    for old, new in _INDEXES:
        _rename_index(old, new)


def downgrade() -> None:
    for old, new in _INDEXES:
        _rename_index(new, old)
    for table, old, new in _CONSTRAINTS:
        _rename_constraint(table, new, old)
    for table, old, new in _COLUMNS:
        op.alter_column(table, new, new_column_name=old)
    for old, new in _TABLES:
        op.rename_table(new, old)


def _rename_constraint(table: str, old: str, new: str) -> None:
    op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}")


def _rename_index(old: str, new: str) -> None:
    op.execute(f"ALTER INDEX {old} RENAME TO {new}")
