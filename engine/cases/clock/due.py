"""What runs before a command on a case whose clock is due.

`clock_steps` registers it: it uses the writer of cases, which uses the lock, which raises `due_first`.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from engine.identity import accounts
from engine.platform.db import UnitOfWork
from engine.platform.errors import Prerequisite

Steps = Callable[[UnitOfWork, UUID], object]
_registered: list[Steps] = []


def register(step: Steps) -> Steps:
    """Registers what does the due step of a case's clock."""
    _registered.append(step)
    return step


def due_first(case_id: UUID, at: datetime) -> Prerequisite:
    """Returns the error that has the step of a case's clock done that is due at an instant.

    It is done as the installation itself.
    """

    def command(session: Session, now: datetime) -> None:
        uow = UnitOfWork(session, accounts.system(session, now), max(now, at))
        for step in _registered:
            step(uow, case_id)

    return Prerequisite(command)
