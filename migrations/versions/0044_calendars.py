"""Calendars of units: versions, closures, and orders to calculate deadlines again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0044"
down_revision = "0041"
branch_labels = None
depends_on = None

NEVER_CHANGES = """
CREATE FUNCTION calendar_versions_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A version of a calendar never changes: % on calendar_versions is refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER calendar_versions_never_change BEFORE UPDATE OR DELETE ON calendar_versions
    FOR EACH ROW EXECUTE FUNCTION calendar_versions_never_change();
ALTER TABLE calendar_versions ENABLE ALWAYS TRIGGER calendar_versions_never_change;
"""


INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_calendars()
    _create_closures()


def _create_calendars() -> None:
    op.create_table(
        "calendars",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_calendars_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_calendars"),
        sa.UniqueConstraint("key", name="uq_calendars_key"),
    )
    op.create_table(
        "calendar_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("calendar_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date()),
        sa.Column("document", JSONB(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("created_by", sa.Uuid()),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendars.id"], name="fk_calendar_versions_calendar_id"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_calendar_versions_created_by"),
        sa.PrimaryKeyConstraint("id", name="pk_calendar_versions"),
        sa.UniqueConstraint("calendar_id", "number", name="uq_calendar_versions_calendar_id_number"),
    )
    op.execute(NEVER_CHANGES)
    op.create_table(
        "unit_calendars",
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("calendar_id", sa.Uuid(), nullable=False),
        sa.Column("set_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendars.id"], name="fk_unit_calendars_calendar_id"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_unit_calendars_unit_id"),
        sa.PrimaryKeyConstraint("unit_id", name="pk_unit_calendars"),
    )
    op.create_index("ix_unit_calendars_calendar_id", "unit_calendars", ["calendar_id"])


def _create_closures() -> None:
    op.create_table(
        "closures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("declared_by", sa.Uuid(), nullable=False),
        sa.Column("declared_at", INSTANT, nullable=False),
        sa.Column("revoked_by", sa.Uuid()),
        sa.Column("revoked_at", INSTANT),
        sa.ForeignKeyConstraint(["declared_by"], ["users.id"], name="fk_closures_declared_by"),
        sa.ForeignKeyConstraint(["revoked_by"], ["users.id"], name="fk_closures_revoked_by"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_closures_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_closures"),
    )
    op.create_index("ix_closures_unit_id", "closures", ["unit_id"])
    op.create_table(
        "recalculations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("ordered_by", sa.Uuid(), nullable=False),
        sa.Column("ordered_at", INSTANT, nullable=False),
        sa.Column("done_at", INSTANT),
        sa.Column("changed", sa.Integer()),
        sa.Column("failed", sa.Integer()),
        sa.ForeignKeyConstraint(["ordered_by"], ["users.id"], name="fk_recalculations_ordered_by"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_recalculations_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recalculations"),
    )


def downgrade() -> None:
    for name in ("recalculations", "closures", "unit_calendars", "calendar_versions", "calendars"):
        op.drop_table(name)
    op.execute("DROP FUNCTION calendar_versions_never_change()")
