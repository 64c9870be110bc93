"""How alembic connects to the database: one transaction, one migration at a time, no waiting for locks."""

import os

from alembic import context
from sqlalchemy import create_engine, pool, text

from engine.models import Base

given = context.config.attributes.get("url") or context.get_x_argument(as_dictionary=True).get("url")
engine = create_engine(given or os.environ["DATABASE_URL"], poolclass=pool.NullPool)

with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_server_default=True,
        # The queue's tables are procrastinate's own.
        include_name=lambda name, kind, _: kind != "table" or not (name or "").startswith("procrastinate_"),
    )
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('parvandeh migrations'))"))
        connection.execute(
            text("SET LOCAL lock_timeout = '5s'")
        )  # a waiting ALTER blocks everything after it
        context.run_migrations()
