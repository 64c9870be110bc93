"""An index for failed jobs among all that are done."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_procrastinate_jobs_failed ON procrastinate_jobs (id) WHERE status = 'failed'")


def downgrade() -> None:
    op.execute("DROP INDEX ix_procrastinate_jobs_failed")
