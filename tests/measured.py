"""Work time in logs, for tests of what is shown of it."""

from datetime import timedelta
from typing import Any

from engine import cases, tasks
from engine.cases import work_notes
from engine.models import WorkStretch
from engine.platform.db import Actor, Database, UnitOfWork
from tests import factories


def a_stretch(
    database: Database,
    person: Actor,
    unit: str,
    *,
    minutes: int,
    days: int,
    data: dict[str, Any] | None = None,
) -> None:
    """Put a stretch of a person's work, so many days ago, into the log of a new case of `p`."""
    view = factories.a_case(database, person, data=data)
    length = timedelta(minutes=minutes)

    def note(uow: UnitOfWork) -> None:
        began = uow.now - timedelta(days=days)
        (row,) = tasks.of_case(uow, view.id)
        own = {"task_id": row["id"], "user_id": person.id, "case_id": view.id, "unit": unit}
        uow.session.add(WorkStretch(**own, from_at=began, to_at=began + length, sources=["page"], earlier=[]))
        uow.session.flush()
        then = UnitOfWork(uow.session, uow.actor, began + length)
        work_notes.note_all(then, cases.lock(uow, view.id))

    factories.as_actor(database, person, note)
