"""Documents of cases, with versions."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("newest", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_documents_case_id"),
        sa.ForeignKeyConstraint(["added_by"], ["users.id"], name="fk_documents_added_by"),
    )
    op.create_index("ix_documents_case_id_id", "documents", ["case_id", "id"])
    op.create_table(
        "document_versions",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Uuid()),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("document_id", "number", name="pk_document_versions"),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name="fk_document_versions_document_id"),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name="fk_document_versions_task_id"),
        sa.ForeignKeyConstraint(["uploaded_by"], ["users.id"], name="fk_document_versions_uploaded_by"),
    )
    op.create_index("ix_document_versions_sha256", "document_versions", ["sha256"])


def downgrade() -> None:
    op.drop_table("document_versions")
    op.drop_table("documents")
