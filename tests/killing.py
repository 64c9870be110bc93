"""A process that does what is due in clocks and is killed amid it: `python -m tests.killing URL`.

For each line `CASE COUNT` it forks a child, which kills itself (kill -9) before its COUNT-th exchange with
the database, and answers `killed` or `done`. With the count 0 it does the step itself: from then on, its
children have all statements compiled, as a worker that has run for a while.
"""

import os
import signal
import sys
from datetime import datetime
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy.orm import Session

from engine import cases
from engine.identity import accounts
from engine.platform.db import Database, UnitOfWork


def run(database: Database, case_id: UUID, count: int) -> None:
    """Do one step, and die before the exchange with this number."""
    left, wait = count, psycopg.Connection.wait

    def counted(connection: Any, *arguments: Any, **named: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return wait(connection, *arguments, **named)

    with database.transaction() as session:  # the connection is open by now
        session.connection()
    cast(Any, psycopg.Connection).wait = counted  # every exchange passes here
    do(database, case_id, alone=count % 2 == 0)


def do(database: Database, case_id: UUID, *, alone: bool = True) -> None:
    """Do one step: as its job does it, or as the sweep does."""

    def step(session: Session, now: datetime) -> None:
        uow = UnitOfWork(session, accounts.system(session, now), now)
        cases.do_due(uow, case_id) if alone else cases.do_due_clocks(uow, 1)

    database.run(step)


def main(url: str) -> None:
    """Answer each line."""
    database = Database(url, zone=ZoneInfo("Asia/Tehran"))
    for line in sys.stdin:
        case, count = line.split()
        if count == "0":
            do(database, UUID(case))
            database.dispose()  # a child opens its own connection
            answer = "done"
        else:
            answer = _forked(database, UUID(case), int(count))
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _forked(database: Database, case_id: UUID, count: int) -> str:
    child = os.fork()
    if child == 0:
        run(database, case_id, count)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return "killed" if os.WIFSIGNALED(status) else "done"


if __name__ == "__main__":
    main(sys.argv[1])
