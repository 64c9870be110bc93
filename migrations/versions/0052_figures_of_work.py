"""Who worked at a step, also by version, unit, class and kind; when a term ended. Empties all figures."""

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
KEY = ("period", "step_unit", "role", "definition", "element", "person")


def upgrade() -> None:
    _empty()
    for name, kind in ADDED:
        op.add_column("step_workers", sa.Column(name, kind, nullable=False))
    _key([*KEY[:4], "version", "unit", "service_class", "element", "kind", "person"])
    op.add_column("case_figures", sa.Column("stopped_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    _empty()
    op.drop_column("case_figures", "stopped_at")
    _key([*KEY])
    for name, _ in ADDED:
        op.drop_column("step_workers", name)


def _key(columns: list[str]) -> None:
    op.drop_constraint("pk_step_workers", "step_workers")
    op.create_primary_key("pk_step_workers", "step_workers", columns)


def _empty() -> None:
    """A worker then begins again with the first event of the log."""
    op.execute(f"TRUNCATE {', '.join(TABLES)}")
    op.execute("UPDATE cursors SET transaction_id = 0 WHERE name = 'figures'")
