"""When terms of cases did not run, in their figures, which also know the end of norms.

Empties all figures.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

TABLES = (
    *("case_figures", "step_figures", "delay_causes", "period_figures", "step_period_figures"),
    *("step_workers", "cause_period_figures", "duration_bins"),
)


def upgrade() -> None:
    _empty()
    pauses = sa.Column("pauses", postgresql.ARRAY(sa.DateTime(timezone=True)))
    op.add_column("case_figures", pauses)


def downgrade() -> None:
    _empty()
    op.drop_column("case_figures", "pauses")


def _empty() -> None:
    """A worker then begins again with the first event of the log."""
    op.execute(f"TRUNCATE {', '.join(TABLES)}")
    op.execute("UPDATE cursors SET transaction_id = 0 WHERE name = 'figures'")
