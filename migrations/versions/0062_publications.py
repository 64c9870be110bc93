"""Published statistics: editions of closed months, which never change."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

NEVER_CHANGES = """
CREATE FUNCTION publications_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Published statistics never change: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
"""
TRIGGER = """
CREATE TRIGGER {table}_never_change BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION publications_never_change();
CREATE TRIGGER {table}_are_not_truncated BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION publications_never_change();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_never_change;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_are_not_truncated;
"""
TABLES = ("published_figures", "publications")


def upgrade() -> None:
    op.create_table(
        "publications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["published_by"], ["users.id"], name="fk_publications_published_by_users"),
        sa.PrimaryKeyConstraint("id", name="pk_publications"),
    )
    op.create_index(
        "ix_publications_first_calendar_edition",
        "publications",
        ["first", "calendar", "edition"],
        unique=True,
    )
    op.create_table(
        "published_figures",
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publications.id"], name="fk_published_figures_publication_id_publications"
        ),
        sa.PrimaryKeyConstraint("publication_id", "unit", "service", name="pk_published_figures"),
    )
    op.create_index(
        "ix_published_figures_service_publication_id", "published_figures", ["service", "publication_id"]
    )
    op.execute(NEVER_CHANGES)
    for table in TABLES:
        op.execute(TRIGGER.format(table=table))


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.execute("DROP FUNCTION publications_never_change()")
