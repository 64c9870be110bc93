"""Searching the event log across cases, with a stated purpose. Payloads are not part of the results."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, RowMapping, Select, literal, or_, select, tuple_
from sqlalchemy.orm import aliased

from engine import access
from engine.events import feed
from engine.identity import names
from engine.models import Case, Event, Unit, UnitLine, User
from engine.oversight.access_log import Opened
from engine.platform import persian
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid

PAGE = 50
LONGEST = timedelta(days=366)  # of the time that one search covers, without a case
USUAL = timedelta(days=30)
YEARS = range(1900, 2201)  # in which a search begins and ends
MAX_PURPOSE = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched for; None for any. `case` is a number or an id.

    `role` is the one in which the person acted. `unit` is theirs or the case's: what the engine did by itself
    has no unit of a person. It includes those below it.
    """

    case: str | None = None
    role: str | None = None
    unit: str | None = None
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None


_INNER = aliased(Unit)  # one of those below the unit

Place = tuple[int, UUID, int]  # of an event in the feed


def find(
    uow: UnitOfWork, wanted: Wanted, purpose: str | None, *, before: Place | None = None
) -> Sequence[RowMapping]:
    """Returns up to a page of the matching events of cases that the actor may see, the newest first, plus one
    if more follow.

    Without a case and a time: of the last 30 days. Raises Invalid without a purpose, or for a time longer
    than a year.
    """
    access.require(uow.actor, "audit.run")
    require_purpose(purpose)
    found = _events(uow).where(*_conditions(uow, wanted))
    if before is not None:
        given = (literal(before[0], BigInteger), literal(before[1]), literal(before[2]))
        found = found.where(tuple_(Event.transaction_id, Event.case_id, Event.seq) < tuple_(*given))
    order = (Event.transaction_id.desc(), Event.case_id.desc(), Event.seq.desc())
    rows = uow.connection.execute(found.order_by(*order).limit(PAGE + 1), access.seen_by(uow))
    return rows.mappings().all()


def opened(rows: Sequence[RowMapping], purpose: str) -> tuple[Opened, ...]:
    """Returns what the access log records of a page: the events of each of its cases."""
    cases = dict.fromkeys(row["case_id"] for row in rows)
    return tuple(Opened("events", case, purpose=purpose) for case in cases)


def require_purpose(purpose: str | None) -> str:
    """Returns the purpose. Raises Invalid if there is none, or one that nobody can read."""
    stated = " ".join((purpose or "").split())
    if not stated:
        fault = Fault("/purpose", "is required: why do you search the log?", "purpose")
        raise Invalid("State the purpose of the search.", [fault])
    if len(stated) > MAX_PURPOSE or not all(map(persian.printable, stated)):
        fault = Fault(
            "/purpose", "must have at most 200 printable characters", "maxLength", {"count": MAX_PURPOSE}
        )
        raise Invalid("The purpose can't be recorded.", [fault])
    return stated


def _events(uow: UnitOfWork) -> Select[Any]:
    actor = aliased(User)
    return (
        feed.facts(
            *(Event.transaction_id, Event.actor_role, Event.actor_unit, Event.actor_id),
            *(actor.name.label("actor"), names.of(actor).label("actor_name"), Unit.name.label("unit_name")),
        )
        .outerjoin(actor, actor.id == Event.actor_id)
        .outerjoin(Unit, Unit.key == Event.actor_unit)
        .where(access.visible_cases(uow.actor.role), feed.OFFERED)
    )


def _conditions(uow: UnitOfWork, wanted: Wanted) -> list[Any]:
    since, until = _times(uow, wanted)
    found: list[Any] = []
    if since is not None:
        found.append(Event.at >= since)
    if until is not None:
        found.append(Event.at <= until)
    if wanted.case is not None:
        found.append(_of_case(wanted.case))
    if wanted.role is not None:
        found.append(Event.actor_role == wanted.role)
    if wanted.kind is not None:
        found.append(Event.kind == wanted.kind)
    if wanted.unit is not None:
        found.append(
            or_(
                Event.actor_unit.in_(_below(wanted.unit).with_only_columns(_INNER.key)),
                Case.unit_id.in_(_below(wanted.unit)),
            )
        )
    return found


def _of_case(typed: str) -> Any:
    """Returns the condition of a case by its number, in any digits, or its id."""
    text = persian.digits(typed.strip())
    try:
        return or_(Case.number == text, Case.id == UUID(text))
    except ValueError:
        return Case.number == text


def _below(key: str) -> Select[Any]:
    """Returns the ids of a unit and of those below it."""
    return (
        select(_INNER.id)
        .join(UnitLine, UnitLine.unit_id == _INNER.id)
        .join(Unit, Unit.id == UnitLine.ancestor_id)
        .where(Unit.key == key)
        .correlate(None)
    )


def _times(uow: UnitOfWork, wanted: Wanted) -> tuple[datetime | None, datetime | None]:
    since, until = wanted.since, wanted.until
    for name, instant in (("since", since), ("until", until)):
        if instant is not None and instant.year not in YEARS:
            raise Invalid(
                "Search a time between the years 1900 and 2200.",
                [Fault(f"/{name}", "must be between the years 1900 and 2200", "search-years")],
            )
    if since is None and until is None and wanted.case is None:
        return uow.now - USUAL, None
    if since is not None and until is not None and until < since:
        raise Invalid(
            "The times are in the wrong order.", [Fault("/until", "is before /since", "period-order")]
        )
    if wanted.case is not None:
        return since, until
    since = since or (until or uow.now) - USUAL
    if (until or uow.now) - since > LONGEST:
        fault = Fault(
            "/since", "is more than a year before the end", "search-period", {"count": LONGEST.days}
        )
        raise Invalid("Search at most a year at once, or one case.", [fault])
    return since, until
