"""What lists show of the time for a task: the mark of its case's statutory term, and the remaining time."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, select

from engine.deadlines import Untimely, working_time_between
from engine.models import CaseClock, Task
from engine.organisation import calendars
from engine.platform.db import UnitOfWork

# `near`: nearly over, `over` (without a decision yet), or `paused`; None: nothing yet, or no term.
TERM_MARK = (
    select(
        case(
            (CaseClock.state == "paused", "paused"),
            (CaseClock.state == "breached", "over"),
            (and_(CaseClock.state == "running", CaseClock.stage == "warned"), "near"),
        )
    )
    .where(CaseClock.case_id == Task.case_id)
    .scalar_subquery()
)


def remaining(uow: UnitOfWork, rows: Sequence[Mapping[Any, Any]]) -> Mapping[UUID, int | None]:
    """Returns the seconds of office hours until tasks are due, by the calendars of their cases' units.

    None for a task that isn't open or has no due time, or whose calendar lacks a year.
    """
    timed = [row for row in rows if row["status"] == "open" and row["due_at"] is not None]
    known = calendars.of_units(uow, {row["unit_id"] for row in timed})
    found: dict[UUID, int | None] = {}
    for row in timed:
        try:
            left = working_time_between(known[row["unit_id"]].calendar, uow.now, row["due_at"])
            found[row["id"]] = int(left.total_seconds())
        except Untimely:
            found[row["id"]] = None
    return found
