"""A process that does what is due in clocks and is killed amid it: `python -m tests.killing URL`.

For each line `CASE COUNT` it forks a child, which kills itself (kill -9) before its COUNT-th exchange with
the database, and answers `killed` or `done`.
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


def run(url: str, case_id: UUID, count: int) -> None:
    """Do one step, and die before the exchange with this number."""
    database = Database(url, zone=ZoneInfo("Asia/Tehran"))
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
    alone = count % 2 == 0  # as its job does it; else as the sweep does

    def step(session: Session, now: datetime) -> None:
        uow = UnitOfWork(session, accounts.system(session, now), now)
        cases.do_due(uow, case_id) if alone else cases.do_due_clocks(uow, 1)

    database.run(step)


def main(url: str) -> None:
    """Answer each line."""
    for line in sys.stdin:
        case, count = line.split()
        child = os.fork()
        if child == 0:
            run(url, UUID(case), int(count))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write("killed\n" if os.WIFSIGNALED(status) else "done\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
