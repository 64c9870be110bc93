"""Values by which cases are found, and indexes for the filters of cases and closed tasks."""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

# Of cases, and whether they are indexed only where they aren't NULL. Equal values share the room in an index
# that the id would take.
INDEXED = {"business_key": True, "started_at": False, "ended_at": True, "outcome": True}
OF_CLOSED = {"candidate_group_id": ["candidate_group_id", "closed_at"], "assignee_id": ["assignee_id"]}


def upgrade() -> None:
    op.create_table(
        "case_values",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(collation="C")),
        sa.Column("number", sa.Numeric()),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_values_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "name", name=op.f("pk_case_values")),
    )
    for column in ("text", "number"):
        op.create_index(
            f"ix_case_values_{column}",
            "case_values",
            ["definition", "name", column, "case_id"],
            postgresql_include=["unit_id"],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    for column, partial in INDEXED.items():
        where = sa.text(f"{column} IS NOT NULL") if partial else None
        op.create_index(f"ix_cases_{column}", "cases", [column], postgresql_where=where)
    # Most cases are completed, so reading all of them finds those soon; and most have no key.
    op.drop_index("ix_cases_status_id", "cases")
    rare = sa.text("status <> 'completed'")
    op.create_index("ix_cases_status_id", "cases", ["status", "id"], postgresql_where=rare)
    op.drop_constraint("uq_cases_running_key", "cases")
    keyed = sa.text("running_key IS NOT NULL")
    op.create_index("uq_cases_running_key", "cases", ["running_key"], unique=True, postgresql_where=keyed)
    for name, columns in OF_CLOSED.items():
        where = sa.text(f"closed_at IS NOT NULL AND {name} IS NOT NULL")
        op.create_index(f"ix_tasks_closed_{name}", "tasks", columns, postgresql_where=where)
    # `migrate` then stores the values of the cases that are there, and removes this.
    op.execute(
        "INSERT INTO cursors (name, transaction_id) SELECT 'case_values', 0 WHERE EXISTS (SELECT FROM cases)"
    )


def downgrade() -> None:
    op.execute("DELETE FROM cursors WHERE name = 'case_values'")
    for column in OF_CLOSED:
        op.drop_index(f"ix_tasks_closed_{column}", "tasks")
    op.drop_index("ix_cases_status_id", "cases")
    op.create_index("ix_cases_status_id", "cases", ["status", "id"])
    op.drop_index("uq_cases_running_key", "cases")
    op.create_unique_constraint("uq_cases_running_key", "cases", ["running_key"])
    for column in INDEXED:
        op.drop_index(f"ix_cases_{column}", "cases")
    op.drop_table("case_values")
