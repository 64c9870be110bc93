"""Drafts by API, of several services and of persons for whom a portal acts; one open case of a person."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

# Name, type and default of each new column.
ADDED = (
    ("on_behalf_of", sa.Text(), ""),
    ("further", ARRAY(sa.Text()), "{}"),
    ("further_version_ids", ARRAY(sa.Uuid()), "{}"),
    ("revision", sa.Integer(), "1"),
)
OWNED = ["user_id", "on_behalf_of", "key", "further"]


def upgrade() -> None:
    for name, kind, default in ADDED:
        op.add_column("applications", sa.Column(name, kind, nullable=False, server_default=default))
    op.add_column("applications", sa.Column("full_name", sa.Text()))
    op.add_column("applications", sa.Column("proved_at", sa.DateTime(timezone=True)))
    op.drop_index("ix_applications_user_id_key", "applications")
    op.create_index("ix_applications_owner", "applications", OWNED, unique=True)
    op.add_column("cases", sa.Column("single_key", sa.LargeBinary()))
    unended = sa.text("single_key IS NOT NULL AND status IN ('active', 'suspended')")
    op.create_index("ix_cases_single_key", "cases", ["single_key"], unique=True, postgresql_where=unended)
    op.create_table(
        "submitted_applications",
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("draft_id", "case_id", name=op.f("pk_submitted_applications")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_submitted_applications_case_id_cases")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_submitted_applications_user_id_users")
        ),
    )
    for name in ("case_id", "submitted_at"):
        op.create_index(f"ix_submitted_applications_{name}", "submitted_applications", [name])
    op.create_table(
        "awaited_outputs",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("field", "type", "name")),
        sa.Column("producer_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "field", name=op.f("pk_awaited_outputs")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_awaited_outputs_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["producer_id"], ["cases.id"], name=op.f("fk_awaited_outputs_producer_id_cases")
        ),
    )
    op.create_index("ix_awaited_outputs_producer_id", "awaited_outputs", ["producer_id"])


def downgrade() -> None:
    """Deletes the drafts that the former tables can't hold."""
    op.drop_table("awaited_outputs")
    op.drop_table("submitted_applications")
    op.drop_index("ix_cases_single_key", "cases")
    op.drop_column("cases", "single_key")
    op.execute("DELETE FROM applications WHERE on_behalf_of <> '' OR further <> '{}'")
    op.drop_index("ix_applications_owner", "applications")
    for name in ("full_name", "proved_at", *(name for name, *_ in ADDED)):
        op.drop_column("applications", name)
    op.create_index("ix_applications_user_id_key", "applications", ["user_id", "key"], unique=True)
