"""Tables and columns have the names of the glossary: candidate groups, migrations, drafts, test runs."""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_TABLES = (
    ("pools", "candidate_groups"),
    ("pool_roles", "candidate_group_roles"),
    ("moves", "case_migrations"),
    ("moved_cases", "migrated_cases"),
    ("sketches", "process_drafts"),
    ("sketch_files", "process_draft_files"),
    ("sketch_checks", "process_draft_checks"),
    ("trials", "test_runs"),
)
# With the new name of the table.
_COLUMNS = (
    ("candidate_group_roles", "pool_id", "candidate_group_id"),
    ("tasks", "pool_id", "candidate_group_id"),
    ("tasks", "home_pool_id", "home_candidate_group_id"),
    ("migrated_cases", "move_id", "migration_id"),
    ("process_draft_files", "sketch_id", "draft_id"),
    ("process_draft_checks", "sketch_id", "draft_id"),
    ("test_runs", "sketch_id", "draft_id"),
    ("uploads", "sketch_id", "draft_id"),
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
    ("case_migrations", "pk_moves", "pk_case_migrations"),
    ("case_migrations", "fk_moves_key", "fk_case_migrations_key"),
    ("case_migrations", "fk_moves_from_version_id", "fk_case_migrations_from_version_id"),
    ("case_migrations", "fk_moves_to_version_id", "fk_case_migrations_to_version_id"),
    ("case_migrations", "fk_moves_planned_by", "fk_case_migrations_planned_by"),
    ("case_migrations", "fk_moves_started_by", "fk_case_migrations_started_by"),
    ("migrated_cases", "pk_moved_cases", "pk_migrated_cases"),
    ("migrated_cases", "fk_moved_cases_move_id", "fk_migrated_cases_migration_id"),
    ("process_drafts", "pk_sketches", "pk_process_drafts"),
    ("process_drafts", "fk_sketches_unit_id", "fk_process_drafts_unit_id"),
    ("process_drafts", "fk_sketches_version_id", "fk_process_drafts_version_id"),
    ("process_drafts", "fk_sketches_made_by", "fk_process_drafts_made_by"),
    ("process_drafts", "fk_sketches_updated_by", "fk_process_drafts_updated_by"),
    ("process_draft_files", "pk_sketch_files", "pk_process_draft_files"),
    ("process_draft_files", "fk_sketch_files_sketch_id", "fk_process_draft_files_draft_id"),
    ("process_draft_checks", "pk_sketch_checks", "pk_process_draft_checks"),
    ("process_draft_checks", "fk_sketch_checks_sketch_id", "fk_process_draft_checks_draft_id"),
    ("process_draft_checks", "fk_sketch_checks_asked_by", "fk_process_draft_checks_asked_by"),
    ("test_runs", "pk_trials", "pk_test_runs"),
    ("test_runs", "ck_trials_subject", "ck_test_runs_subject"),
    ("test_runs", "fk_trials_version_id", "fk_test_runs_version_id"),
    ("test_runs", "fk_trials_sketch_id", "fk_test_runs_draft_id"),
    ("test_runs", "fk_trials_owner_id", "fk_test_runs_owner_id"),
    ("uploads", "fk_uploads_sketch_id", "fk_uploads_draft_id"),
)
_INDEXES = (
    ("ix_pools_definition", "ix_candidate_groups_definition"),
    ("ix_pool_roles_unit_id_role", "ix_candidate_group_roles_unit_id_role"),
    ("ix_tasks_pool", "ix_tasks_candidate_group"),
    ("ix_moves_open", "ix_case_migrations_open"),
    ("ix_moved_cases_movable", "ix_migrated_cases_movable"),
    ("ix_moved_cases_move_id_status_case_id", "ix_migrated_cases_migration_id_status_case_id"),
    ("ix_sketches_unit_id_updated_at", "ix_process_drafts_unit_id_updated_at"),
    ("ix_trials_owner_id_version_id", "ix_test_runs_owner_id_version_id"),
    ("ix_trials_sketch_id_owner_id", "ix_test_runs_draft_id_owner_id"),
    ("ix_trials_updated_at", "ix_test_runs_updated_at"),
    ("ix_uploads_sketch_id", "ix_uploads_draft_id"),
)


def upgrade() -> None:
    # Names only: no row is read or written. Each table is locked for milliseconds. NOT NULL constraints have
    # names from PostgreSQL 18 on; these remain as they are, since nothing refers to them.
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
