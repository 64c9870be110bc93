"""Terms that a calendar counts: that of the unit whose case it is, and what happens without its holidays."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from engine.bpmn import Failure, Spec
from engine.identity import accounts
from engine.organisation import calendars
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict


def counted(uow: UnitOfWork, unit_id: UUID, spec: Spec) -> Spec:
    """Returns a process whose terms are counted by the calendar of a unit."""
    return replace(spec, calendar=lambda: calendars.of_unit(uow, unit_id).calendar)


def require_counted(uow: UnitOfWork, failures: Sequence[Failure]) -> None:
    """Raises Conflict if a person's command needs the holidays of a year that the calendar doesn't have.

    If the engine or another system continues the case, the failure becomes an incident.
    """
    if uow.actor.role == "service" or uow.actor.name == accounts.SYSTEM:
        return
    for failure in failures:
        if failure.year is not None:
            raise missing(failure.year)


def missing(year: int) -> Conflict:
    """Returns the refusal of a command that needs the holidays of a year."""
    detail = f"The calendar has no holidays for the year {year}. Ask an administrator to enter them."
    return Conflict(detail, code="no-holidays", calendar={"year": year})


def columns(uow: UnitOfWork, unit_id: UUID, term: str | None) -> dict[str, Any]:
    """Returns the columns of a task or timer that say how its due time was computed; none without a term."""
    if term is None:
        return {}
    return {"term": term, "calendar": calendars.of_unit(uow, unit_id).version}
