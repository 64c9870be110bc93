"""People and units that another system maintains."""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provisioned",
        sa.Column("system_id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("given_name", sa.Text(), nullable=True),
        sa.Column("family_name", sa.Text(), nullable=True),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["system_id"], ["users.id"], name="fk_provisioned_system_id_users"),
        sa.PrimaryKeyConstraint("system_id", "resource_id", name="pk_provisioned"),
    )
    op.create_index(
        "ix_provisioned_system_id_external_id",
        "provisioned",
        ["system_id", "external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL AND removed_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("provisioned")
