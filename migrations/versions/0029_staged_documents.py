"""Files are uploaded before their case begins; a document records the form field that it answers."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staged_documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_staged_documents_owner_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_staged_documents"),
    )
    for columns in (["owner_id", "place"], ["expires_at"], ["place"], ["sha256"]):
        op.create_index(f"ix_staged_documents_{'_'.join(columns)}", "staged_documents", columns)
    op.create_table(
        "staged_parts",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["staged_documents.id"],
            name="fk_staged_parts_document_id_staged_documents",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("document_id", "start", name="pk_staged_parts"),
    )
    op.add_column("documents", sa.Column("field", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("documents", "field")
    op.drop_table("staged_parts")
    op.drop_table("staged_documents")
