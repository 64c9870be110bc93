"""The order of the inbox by remaining office time, where offices have different calendars.

Within one calendar it is that of the due times, along which the indexes are read. So the first tasks of each
calendar are read, and merged by the office time that is left until they are due.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    DateTime,
    Integer,
    ScalarSelect,
    Select,
    Uuid,
    bindparam,
    column,
    func,
    literal,
    select,
    tuple_,
)

from engine import access
from engine.deadlines import OfficeTime, office_time
from engine.models import ROOT, CandidateGroup, Delegation, Task, UnitLine
from engine.organisation import calendars
from engine.platform.db import UnitOfWork
from engine.tasks.inbox_conditions import NEVER, SERVED

FROM = "from_"  # begins the names of what a page has as its beginning: one for each calendar
_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)


class Placed(NamedTuple):
    """A task's place in the order: the office time that is left, in microseconds; without one, last."""

    left: float
    served: datetime | None
    id: UUID

    @property
    def key(self) -> tuple[float, float, UUID]:
        """What the order compares."""
        return self.left, self.served.timestamp() if self.served else 0.0, self.id


@dataclass(frozen=True, slots=True)
class WorkingOrder:
    """The calendars of an installation that has several, at an instant. Each has a number, from 0 on."""

    now: datetime
    offices: calendars.Offices
    times: Sequence[OfficeTime]

    @property
    def count(self) -> int:
        """How many calendars there are."""
        return len(self.times)

    def parameters(self) -> dict[str, Any]:
        """Returns the parameters of `groups_by_calendar`."""
        units, heights, numbers = zip(*self.offices.places, strict=True)
        return {"office_units": list(units), "office_heights": list(heights), "office_numbers": list(numbers)}

    def place(self, number: int, served: datetime | None, task_id: UUID) -> Placed:
        """Returns the place of a task whose unit has the calendar with this number."""
        if served is None:
            return Placed(float("inf"), None, task_id)
        time = self.times[number]
        return Placed(time.until(served) - time.until(self.now), served, task_id)

    def first(self, rows: Iterable[Any], count: int) -> list[Placed]:
        """Returns the first places of rows of calendar, due time and id."""
        return sorted((self.place(*row) for row in rows), key=lambda one: one.key)[:count]

    def after(self, last: Placed) -> dict[str, Any]:
        """Returns where the tasks after a place begin in each calendar, as parameters."""
        given: dict[str, Any] = {}
        for number, time in enumerate(self.times):
            at, beyond = last.served, last.id
            if last.served is not None:
                worked = int(last.left) + time.until(self.now)
                low, high = time.first(worked), time.last(worked)
                if last.served < low:
                    at, beyond = low, _FIRST
                elif last.served > high:
                    at, beyond = high, _LAST
            given |= {f"{FROM}{number}": at, f"id_{FROM}{number}": beyond}
        return given


def find(uow: UnitOfWork) -> WorkingOrder | None:
    """Returns the order; None if all units have the same calendar, and so the order of due times."""
    return _order(uow, calendars.offices(uow))


def known(uow: UnitOfWork) -> WorkingOrder | None:
    """Returns the same without a statement; None also if this process doesn't know yet.

    Statements that read lists therefore also say whether there may be several calendars.
    """
    offices = calendars.known_offices(uow)
    return None if offices is None else _order(uow, offices)


def _order(uow: UnitOfWork, offices: calendars.Offices) -> WorkingOrder | None:
    if len(offices.calendars) < 2:
        return None
    month = uow.now.date().replace(day=1)
    return WorkingOrder(uow.now, offices, [office_time(one, month) for one in offices.calendars])


def begins(given: Iterable[str]) -> list[Any]:
    """Returns the due time and id after which a page begins, in one calendar, if it is named."""
    instant = DateTime(timezone=True)
    return [
        tuple_(func.coalesce(bindparam(name, type_=instant), NEVER), bindparam(f"id_{name}", type_=Uuid))
        for name in given
        if name.startswith(FROM)
    ]


def number_of_group() -> ScalarSelect[int]:
    """Returns the number of the calendar of a candidate group: of its unit, or the nearest one above it."""
    arrays = (("office_units", Uuid), ("office_heights", Integer), ("office_numbers", Integer))
    offices = (
        func.unnest(*(bindparam(name, type_=ARRAY(kind)) for name, kind in arrays))
        .table_valued(column("unit", Uuid), column("height", Integer), column("number", Integer))
        .render_derived(name="offices")
    )
    delegating = (
        select(Delegation.unit_id)
        .where(Delegation.id == CandidateGroup.delegation_id)
        .correlate(CandidateGroup)
        .scalar_subquery()
    )
    unit = func.coalesce(CandidateGroup.unit_id, delegating, literal(ROOT, Uuid))
    return (
        select(offices.c.number)
        .join(UnitLine, UnitLine.ancestor_id == offices.c.unit)
        .where(UnitLine.unit_id == unit)
        .order_by(offices.c.height.desc())
        .limit(1)
        .correlate(CandidateGroup)
        .scalar_subquery()
    )


def groups_by_calendar(own: Select[Any]) -> CTE:
    """Returns these candidate groups, each with the number of its calendar."""
    found = select(CandidateGroup.id, number_of_group().label("number")).where(CandidateGroup.id.in_(own))
    return found.cte("by_calendar")


def find_place(uow: UnitOfWork, order: WorkingOrder, task_id: UUID, known: Any) -> Placed | None:
    """Returns the place of a task that fulfils a condition; None without it."""
    found = (
        select(number_of_group(), func.nullif(SERVED, NEVER), Task.id)
        .join(CandidateGroup, CandidateGroup.id == Task.candidate_group_id)
        .where(Task.id == task_id, known)
    )
    values = {**order.parameters(), **access.seen_by(uow)}
    row = uow.connection.execute(found, values).one_or_none()
    return None if row is None else order.place(*row)
