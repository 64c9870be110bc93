"""Who worked at a step, also by version, unit, class and kind; when a term ended; wider indexes.

Empties all figures.
"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

TABLES = (
    *("case_figures", "step_figures", "delay_causes", "period_figures", "step_period_figures"),
    *("step_workers", "cause_period_figures", "duration_bins"),
)
ADDED = (("version", sa.Integer()), ("unit", sa.Text()), ("service_class", sa.Text()), ("kind", sa.Text()))
_CELL = "definition version unit service_class"
_STEP = f"{_CELL} element kind step_unit role"
_CLOSED = "closed_at closed_period unit service_class kind"
# Table, columns and what is included, by index.
INCLUDED = {
    "ix_case_figures_life": ("case_figures", "ended_period life_ms", f"ended_at {_CELL}"),
    "ix_case_figures_life_of_unit": (
        *("case_figures", "definition unit life_ms", "ended_at version service_class"),
    ),
    "ix_case_figures_ended": (
        *("case_figures", "ended_at case_id"),
        f"{_CELL} late ending effect silent visits_planned visits_actual stars send_backs appealed upheld"
        " cost",
    ),
    "ix_case_figures_started": ("case_figures", "started_at case_id", f"{_CELL} channel"),
    "ix_step_figures_wait": ("step_figures", "definition version element wait_ms", _CLOSED),
    "ix_step_figures_work": ("step_figures", "definition version element work_ms", _CLOSED),
    "ix_step_figures_opened": ("step_figures", "opened_at", _STEP),
    "ix_step_figures_closed": (
        *("step_figures", "closed_at"),
        f"{_STEP} done wait_ms wait_bin work_ms work_bin send_backs",
    ),
}
_AT, _DONE = "unit service_class element kind", "done wait_ms wait_bin work_ms work_bin send_backs"
OF_VERSION = {
    "ix_step_figures_version_opened": ("definition version opened_at", _AT),
    "ix_step_figures_version_closed": ("definition version closed_at", f"{_AT} {_DONE}"),
}
KEY = ("period", "step_unit", "role", "definition", "element", "person")


def upgrade() -> None:
    _empty()
    for name, kind in ADDED:
        op.add_column("step_workers", sa.Column(name, kind, nullable=False))
    _key([*KEY[:4], "version", "unit", "service_class", "element", "kind", "person"])
    op.add_column("case_figures", sa.Column("stopped_at", sa.DateTime(timezone=True)))
    _index(included=True)
    stock = sa.text("tstzrange(started_at, ended_at, '(]'::text)")
    op.create_index("ix_case_figures_stock", "case_figures", [stock], postgresql_using="gist")
    for name, (columns, more) in OF_VERSION.items():
        op.create_index(name, "step_figures", columns.split(), postgresql_include=more.split())
    for table in ("case_figures", "step_figures"):
        op.execute(f"ALTER TABLE {table} SET (autovacuum_vacuum_insert_scale_factor = 0.02)")


def downgrade() -> None:
    _empty()
    for table in ("case_figures", "step_figures"):
        op.execute(f"ALTER TABLE {table} RESET (autovacuum_vacuum_insert_scale_factor)")
    op.drop_index("ix_case_figures_stock")
    for name in OF_VERSION:
        op.drop_index(name)
    _index(included=False)
    op.drop_column("case_figures", "stopped_at")
    _key([*KEY])
    for name, _ in ADDED:
        op.drop_column("step_workers", name)


def _index(*, included: bool) -> None:
    for name, (table, columns, more) in INCLUDED.items():
        op.drop_index(name)
        where = sa.text("ended_at IS NOT NULL") if name == "ix_case_figures_ended" else None
        op.create_index(
            name,
            table,
            columns.split(),
            postgresql_where=where,
            postgresql_include=more.split() if included else None,
        )


def _key(columns: list[str]) -> None:
    op.drop_constraint("pk_step_workers", "step_workers")
    op.create_primary_key("pk_step_workers", "step_workers", columns)


def _empty() -> None:
    """A worker then begins again with the first event of the log."""
    op.execute(f"TRUNCATE {', '.join(TABLES)}")
    op.execute("UPDATE cursors SET transaction_id = 0 WHERE name = 'figures'")
