"""Data that applicants have fetched from other agencies, and their consents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _make_consents()
    _make_evidence()
    _make_values()
    for table, *columns in (
        ("consents", "person", "id"),
        ("consents", "draft_id"),
        ("consents", "case_id"),
        ("evidence", "draft_id", "id"),
        ("evidence", "person", "requested_at"),
        ("evidence", "user_id", "requested_at"),
        ("evidence", "case_id"),
        ("evidence", "consent_id"),
        ("evidence_values", "draft_id"),
        ("evidence_values", "expires_at"),
    ):
        op.create_index("_".join(("ix", table, *columns)), table, columns)
    unanswered = sa.text("state IN ('requested', 'preview')")
    op.create_index("ix_evidence_open", "evidence", ["state"], postgresql_where=unanswered)


def _make_consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_texts("person", "service", "type", "connector", "operation", "person_field"),
        *_texts("text_version", "text_hash", "text", "language"),
        sa.Column("given_at", AT, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("revoked_at", AT),
        sa.Column("refused_at", AT),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_consents_user_id_users")),
    )


def _make_evidence() -> None:
    op.create_table(
        "evidence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid()),
        *_texts("person"),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        *_texts("service", "type", "connector", "operation"),
        sa.Column("consent_id", sa.Uuid()),
        *_texts("state"),
        sa.Column("failure", sa.Text()),
        sa.Column("requested_at", AT, nullable=False),
        *(sa.Column(name, AT) for name in ("answered_at", "closed_at", "valid_until")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_evidence_user_id_users")),
        sa.ForeignKeyConstraint(
            *(["consent_id"], ["consents.id"]),
            ondelete="SET NULL",
            name=op.f("fk_evidence_consent_id_consents"),
        ),
    )


def _make_values() -> None:
    op.create_table(
        "evidence_values",
        sa.Column("evidence_id", sa.Uuid(), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("values", JSONB(), nullable=False),
        sa.Column("asked", JSONB(), nullable=False),
        sa.Column("expires_at", AT),
        sa.PrimaryKeyConstraint("evidence_id", name=op.f("pk_evidence_values")),
        sa.ForeignKeyConstraint(
            *(["evidence_id"], ["evidence.id"]),
            ondelete="CASCADE",
            name=op.f("fk_evidence_values_evidence_id_evidence"),
        ),
        sa.ForeignKeyConstraint(
            *(["draft_id"], ["applications.id"]),
            ondelete="CASCADE",
            name=op.f("fk_evidence_values_draft_id_applications"),
        ),
    )


def downgrade() -> None:
    for table in ("evidence_values", "evidence", "consents"):
        op.drop_table(table)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]
