"""What the catalogue shows of each version.

The command that migrates fills it for the current versions.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    words = postgresql.ARRAY(sa.Text())
    op.create_table(
        "catalogue_entries",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("startable", sa.Boolean(), nullable=False),
        sa.Column("parts", words, nullable=False),
        sa.Column("steps", sa.Integer()),
        sa.Column("audience", words, nullable=False),
        sa.Column("channels", words, nullable=False),
        sa.Column("life_events", words, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["definition_versions.id"],
            name=op.f("fk_catalogue_entries_version_id_definition_versions"),
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_catalogue_entries")),
    )


def downgrade() -> None:
    op.drop_table("catalogue_entries")
