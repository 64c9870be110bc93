"""What changes figures of cases without an event of theirs: outages, calendars, rates, units, suspensions.

The administration log says so, often afterwards. The rows of the cases concerned then know no event, and are
computed again.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, tzinfo
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Engine, and_, func, literal_column, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from engine.models import (
    CaseFigures,
    Cursor,
    Delegation,
    OrganisationKind,
    OrganisationRecord,
    StepFigures,
    Unit,
    UnitLine,
)
from engine.organisation import calendars
from engine.platform.db import UnitOfWork, table

CURSOR = "figures_administration"  # the number of the last entry that was considered
MOST = 20_000  # rows that one transaction marks: as long as it runs, nobody reads newer events
# From when on, by the entry's payload; None: it concerns all cases of its unit and those below, and all
# others that had a step there.
KINDS: Mapping[OrganisationKind, str | None] = {
    "installation.outage": "from_at",
    "calendar.changed": "valid_from",
    "calendar.closure": "first",
    "calendar.reopened": "first",
    "calendar.chosen": None,
    "unit.made": None,  # until now its key was that of a party without office hours
    "unit.changed": None,
    "definition.suspended": None,  # open cases of it
    "definition.resumed": None,
    "rate.set": "valid_from",
    "rate.removed": "valid_from",
}
_C, _S, _RECORD = table(CaseFigures), table(StepFigures), OrganisationRecord
_STALE: ColumnElement[bool] = _C.c.seq == literal_column("0")


def prepare(uow: UnitOfWork) -> None:
    """Considers entries from now on, unless it did before."""
    last = select(func.coalesce(func.max(_RECORD.seq), 0)).scalar_subquery()
    written = insert(Cursor).values(name=CURSOR, transaction_id=last)
    uow.connection.execute(written.on_conflict_do_nothing())


def stale(uow: UnitOfWork, most: int) -> Sequence[UUID]:
    """Returns cases whose rows are to be computed again."""
    return uow.connection.execute(select(_C.c.case_id).where(_STALE).limit(most)).scalars().all()


_LAST = select(Cursor.transaction_id).where(Cursor.name == CURSOR).scalar_subquery()
_NEW = (
    select(_RECORD.seq, _RECORD.kind, _RECORD.unit_id, _RECORD.payload)
    .where(_RECORD.kind.in_(KINDS), _RECORD.seq > _LAST)
    .order_by(_RECORD.seq)
    .limit(1)
)
# Up to which entry the calendars are current that this process remembers.
_current: WeakKeyDictionary[Engine, int] = WeakKeyDictionary()


def has_new(uow: UnitOfWork) -> bool:
    """Returns whether there are entries that were not considered yet."""
    return uow.connection.execute(_NEW).first() is not None


def consider(uow: UnitOfWork) -> int:
    """Marks rows of cases that the next entry concerns, not too many of them. Returns how many, and one.

    The entry is considered when all of them are marked.
    """
    entry = uow.connection.execute(_NEW).first()
    if entry is None:
        return 0
    number, kind, unit_id, payload = entry
    marked = 0
    if _matters(kind, payload):
        concerned = _concerned(kind, unit_id, payload, uow.now.tzinfo or UTC)
        chosen = select(_C.c.case_id).where(~_STALE, *concerned).limit(MOST)
        marked = uow.connection.execute(update(_C).where(_C.c.case_id.in_(chosen)).values(seq=0)).rowcount
    if marked < MOST:
        moved = update(Cursor).where(Cursor.name == CURSOR).values(transaction_id=number)
        uow.connection.execute(moved)
    return marked + 1


def _matters(kind: OrganisationKind, payload: Mapping[str, Any]) -> bool:
    return (kind != "unit.changed" or "parent" in payload) and payload.get("of") != "capacity"


def forget_calendars(uow: UnitOfWork) -> None:
    """Forgets the calendars that this process remembers, if there was an entry since it has read them.

    They are a minute old at most; but cases that were marked because of a new one are computed at once.
    """
    engine = uow.connection.engine
    considered = uow.connection.execute(select(_LAST)).scalar_one() or 0
    if _current.get(engine) != considered:
        calendars.forget()
        _current[engine] = considered


def _concerned(
    kind: OrganisationKind, unit_id: UUID | None, payload: Mapping[str, Any], zone: tzinfo
) -> Sequence[ColumnElement[bool]]:
    name = KINDS[kind]
    if kind.startswith("definition."):
        return [_C.c.ended_at.is_(None), _C.c.definition == payload.get("definition")]
    # Of open cases, the end of a norm is counted by the calendar.
    open_too = kind.startswith(("calendar.", "unit."))
    found: list[ColumnElement[bool]] = [_with_open(_C.c.ended_at.is_not(None), open_too)]
    if name is not None:
        since = _instant(payload.get(name), zone)
        found += [] if since is None else [_with_open(_C.c.ended_at >= since, open_too)]
    elif unit_id is not None and kind != "unit.changed":  # it may have other rates now, anywhere
        found.append(_had_work(unit_id))
    return found


def _with_open(ended: ColumnElement[bool], open_too: bool) -> ColumnElement[bool]:
    return or_(ended, and_(_C.c.ended_at.is_(None), _C.c.due_at.is_not(None))) if open_too else ended


def _had_work(unit_id: UUID) -> ColumnElement[bool]:
    """Returns whether a case is, or had a step, in a unit or below it."""
    line, delegate = aliased(UnitLine), aliased(UnitLine)
    keys = select(Unit.key).join(line, line.unit_id == Unit.id).where(line.ancestor_id == unit_id)
    first = func.split_part(_S.c.step_unit, ",", 1)  # of several parties
    delegated = (
        select(Delegation.definition)
        .join(delegate, delegate.unit_id == Delegation.delegate_id)
        .where(delegate.ancestor_id == unit_id)
    )
    return or_(
        _C.c.unit.in_(keys),
        _C.c.case_id.in_(select(_S.c.case_id).where(first.in_(keys))),
        _C.c.definition.in_(delegated),  # a step that was returned doesn't say who had it before
    )


def _instant(text: Any, zone: tzinfo) -> datetime | None:
    """Returns an instant, or the beginning of a day; None, if it is neither: all cases are concerned."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None else datetime.combine(found.date(), time.min, zone)
