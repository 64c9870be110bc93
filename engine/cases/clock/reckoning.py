"""When the term of a clock ends, when it is nearly over, and when its next step is due."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from engine.cases import working_time
from engine.cases.clock.rows import Clock
from engine.deadlines import (
    Count,
    Course,
    NoHolidays,
    Pauses,
    Untimely,
    close_of_next_day,
    due,
    end_after,
    lost_days,
    nearly_over,
    term,
)
from engine.organisation import calendars
from engine.organisation.calendars import Effective
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict


def reckon(uow: UnitOfWork, unit_id: UUID, clock: Clock, *, floor: datetime | None = None) -> Clock:
    """Returns a clock with the instants that follow from its other columns.

    `floor`: its term is counted again at this instant, after a change of the calendar, and ends not before
    the close of the next working day. Raises Conflict if the calendar lacks a year, or the end is too far
    away.
    """
    try:
        return _reckon(calendars.of_unit(uow, unit_id), clock, floor)
    except Untimely as error:
        raise _refusal(error) from error


def recount(uow: UnitOfWork, unit_id: UUID, clock: Clock) -> Clock:
    """Returns a clock counted again, after a change of the calendar perhaps. Raises Conflict.

    If its end moves, it is not before the close of the next working day.
    """
    found = reckon(uow, unit_id, clock)
    if found.due_at is None or found.due_at == clock.due_at or found.due_at >= _nearest(uow, unit_id):
        return found
    return reckon(uow, unit_id, clock, floor=uow.now)


def after_outages(uow: UnitOfWork, unit_id: UUID, clock: Clock, outages: Pauses) -> Clock:
    """Returns a running clock whose term is longer by the office days that outages took from its end.

    It is the same if they left office time on its last day. Raises Conflict.
    """
    while clock.started_at is not None and clock.due_at is not None:
        known = [date.fromisoformat(day) for day in clock.outage_days or ()]
        try:
            calendar = calendars.of_unit(uow, unit_id).calendar
            course = Course(calendar, clock.started_at, clock.due_at, clock.spans)
            lost = lost_days(course, outages, known)
        except Untimely as error:
            raise _refusal(error) from error
        if len(lost) == len(known):
            break
        days = [day.isoformat() for day in sorted(lost)]
        clock = reckon(uow, unit_id, replace(clock, outage_days=days))
    return clock


def _nearest(uow: UnitOfWork, unit_id: UUID) -> datetime:
    """Returns the earliest end of a term that moves now. Raises Conflict."""
    try:
        return close_of_next_day(calendars.of_unit(uow, unit_id).calendar, uow.now)
    except Untimely as error:
        raise _refusal(error) from error


def _refusal(error: Untimely) -> Conflict:
    if isinstance(error, NoHolidays):
        return working_time.missing(error.year)
    # Such as 10,000 hours where an office works an hour a week.
    return Conflict("The end of the term lies too far away.", code="term-too-far")


def at_stage(clock: Clock, stage: str) -> Clock:
    """Returns a clock that was just counted, after a step."""
    found = replace(clock, stage=stage)
    return replace(found, next_at=_next(found))


def reckon_open(uow: UnitOfWork, unit_id: UUID, clock: Clock) -> Clock:
    """Returns a clock that runs only from now on: silence doesn't decide before the next working day is over.

    Raises Conflict.
    """
    found = reckon(uow, unit_id, clock)
    if found.due_at is None or found.due_at > uow.now:
        return found
    return reckon(uow, unit_id, clock, floor=uow.now)


def resumed(
    uow: UnitOfWork, unit_id: UUID, clock: Clock, pauses: Sequence[Sequence[str | None]]
) -> tuple[Clock, datetime | None]:
    """Returns a clock that runs again after pauses; and its end without the last one by today's calendar.

    The latter is None unless the calendar has changed since its term was counted: the clock then ends not
    before the close of the next working day. Raises Conflict.
    """
    former = replace(clock, state="running", pauses=clock.pauses[: len(pauses) - 1])
    again = reckon(uow, unit_id, former).due_at
    # One that was extended during the pause still has the end without the extension.
    plain = reckon(uow, unit_id, replace(former, extension=None)).due_at
    moved = clock.due_at not in (again, plain)
    after = replace(clock, state="running", pauses=pauses)
    if moved:
        return reckon(uow, unit_id, after, floor=uow.now), again
    return reckon_open(uow, unit_id, after), None


def _reckon(found: Effective, clock: Clock, floor: datetime | None) -> Clock:
    calendar = found.calendar
    if clock.state == "pending":
        accepted = None
        # One that could not be started waits for a person, not for an acceptance.
        if clock.accept_within is not None and not clock.reasons and clock.started_at is None:
            accepted = due(Count(calendar, clock.filed_at, "office", clock.spans), term(clock.accept_within))
        return replace(clock, next_at=accepted)
    if not clock.runs or clock.started_at is None or clock.term is None:
        return replace(clock, next_at=None)
    if clock.state == "paused":
        return replace(clock, next_at=None)
    count = Count(calendar, clock.started_at, "office", clock.spans)
    end = due(count, term(clock.term))
    if clock.extension is not None:
        end = due(replace(count, start=end), term(clock.extension))
    lowest, lost = clock.floor_at, len(clock.outage_days or ())
    if floor is not None and end_after(calendar, end, lost) < (nearest := close_of_next_day(calendar, floor)):
        lowest = max(lowest or nearest, nearest)
    end = end_after(calendar, max(end, lowest or end), lost)
    found_at = replace(
        clock,
        due_at=end,
        warn_at=nearly_over(count, term(clock.term), end),
        floor_at=lowest,
        calendar=found.version,
    )
    if clock.norm is not None:
        found_at = replace(found_at, norm_at=due(count, term(clock.norm)))
    return replace(found_at, next_at=_next(found_at))


def _next(clock: Clock) -> datetime | None:
    """Returns when the next step of a clock that isn't paused is due; none while it awaits its release."""
    if clock.awaits_release:
        return None
    match clock.stage:
        case "none":
            return clock.warn_at
        case "warned":
            return clock.due_at
        case "breached" if clock.decides:
            return clock.released_at if clock.awaiting_at is not None else clock.due_at
    return None
