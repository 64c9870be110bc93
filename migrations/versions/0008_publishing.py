"""Versions are drafts, published or retired, and record who did it; a definition can be disabled."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

VERSIONS = "definition_versions"
PEOPLE = ((VERSIONS, "published_by"), (VERSIONS, "retired_by"), ("definitions", "disabled_by"))


def upgrade() -> None:
    op.add_column("definitions", sa.Column("disabled_at", sa.DateTime(timezone=True)))
    op.add_column("definitions", sa.Column("disabled_by", sa.Uuid()))
    op.add_column(VERSIONS, sa.Column("status", sa.Text(), server_default="published", nullable=False))
    op.alter_column(VERSIONS, "status", server_default=None)
    op.add_column(VERSIONS, sa.Column("published_by", sa.Uuid()))
    op.add_column(VERSIONS, sa.Column("retired_at", sa.DateTime(timezone=True)))
    op.add_column(VERSIONS, sa.Column("retired_by", sa.Uuid()))
    op.alter_column(VERSIONS, "published_at", nullable=True)
    # Before this release, deploying a version published it.
    op.execute("""
        UPDATE definition_versions SET published_by = deployments.deployed_by
        FROM deployments WHERE deployments.id = definition_versions.deployment_id
    """)
    for table, column in PEOPLE:
        op.create_foreign_key(f"fk_{table}_{column}", table, "users", [column], ["id"])
    op.create_index(
        "uq_definition_versions_draft",
        VERSIONS,
        ["key"],
        unique=True,
        postgresql_where=sa.text("status = 'draft'"),
    )


def downgrade() -> None:
    # The previous release only has published versions, of which the newest is current. Others never ran.
    op.execute("DELETE FROM definition_versions WHERE published_at IS NULL")
    op.execute("""
        UPDATE definitions SET current_version_id = (
            SELECT id FROM definition_versions AS versions
            WHERE versions.key = definitions.key ORDER BY number DESC LIMIT 1
        )
    """)
    op.drop_index("uq_definition_versions_draft", VERSIONS)
    op.alter_column(VERSIONS, "published_at", nullable=False)
    for name in ("retired_by", "retired_at", "published_by", "status"):
        op.drop_column(VERSIONS, name)
    for name in ("disabled_by", "disabled_at"):
        op.drop_column("definitions", name)
