"""Application drafts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "applications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("answers", postgresql.JSONB(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_applications_user_id"),
        sa.ForeignKeyConstraint(["key"], ["definitions.key"], name="fk_applications_key"),
        sa.ForeignKeyConstraint(
            ["version_id"], ["definition_versions.id"], name="fk_applications_version_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_applications"),
    )
    op.create_index("ix_applications_user_id_key", "applications", ["user_id", "key"], unique=True)
    op.create_index("ix_applications_updated_at", "applications", ["updated_at"])


def downgrade() -> None:
    op.drop_table("applications")
