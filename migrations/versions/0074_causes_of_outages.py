"""Outages of the installation are a party of causes of delay.

Empties all figures.
"""

from alembic import op

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None

TABLES = (
    *("case_figures", "step_figures", "delay_causes", "period_figures", "step_period_figures"),
    *("step_workers", "cause_period_figures", "duration_bins"),
)


def upgrade() -> None:
    _empty()


def downgrade() -> None:
    _empty()


def _empty() -> None:
    """A worker then begins again with the first event of the log."""
    op.execute(f"TRUNCATE {', '.join(TABLES)}")
    op.execute("UPDATE cursors SET transaction_id = 0 WHERE name = 'figures'")
