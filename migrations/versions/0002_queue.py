"""The job queue: procrastinate 3.10's own tables and functions, as it ships them."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# By kind, in an order in which each can be dropped: functions of triggers after their tables.
DROP = """
DROP TABLE procrastinate_periodic_defers, procrastinate_events, procrastinate_jobs, procrastinate_workers
    CASCADE;
DO $$
DECLARE
    name regprocedure;
BEGIN
    FOR name IN
        SELECT oid FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'procrastinate\\_%'
    LOOP
        EXECUTE format('DROP FUNCTION %s', name);
    END LOOP;
END
$$;
DROP TYPE IF EXISTS procrastinate_job_to_defer_v1;
DROP TYPE procrastinate_job_status, procrastinate_job_event_type;
"""


def upgrade() -> None:
    _run(SchemaManager.get_schema())


def downgrade() -> None:
    _run(DROP)


def _run(script: str) -> None:
    """Run it with the driver itself: SQLAlchemy would interpret the percent signs as parameters."""
    connection = op.get_bind().connection.driver_connection
    assert connection is not None  # noqa: S101  # narrows the type
    connection.execute(script)
