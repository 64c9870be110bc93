"""What changes figures of ended cases without an event of theirs: outages, calendars and rates.

The administration log says so, often afterwards. The rows of the cases concerned then know no event, and are
computed again.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, tzinfo
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from engine.models import CaseFigures, Cursor, OrganisationKind, OrganisationRecord, Unit, UnitLine
from engine.platform.db import UnitOfWork, table

CURSOR = "figures_administration"  # the number of the last entry that was considered
MOST = 100  # entries that one call considers
# From when on, by the entry's payload; None: it concerns all cases of its unit and those below.
KINDS: Mapping[OrganisationKind, str | None] = {
    "installation.outage": "from_at",
    "calendar.changed": "valid_from",
    "calendar.closure": "first",
    "calendar.reopened": "first",
    "calendar.chosen": None,
    "rate.set": "valid_from",
    "rate.removed": "valid_from",
}
_C, _RECORD = table(CaseFigures), OrganisationRecord
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
)


def has_new(uow: UnitOfWork) -> bool:
    """Returns whether there are entries that were not considered yet."""
    return uow.connection.execute(_NEW.limit(1)).first() is not None


def consider(uow: UnitOfWork) -> int:
    """Marks the rows of cases that new entries concern. Returns how many entries there were."""
    rows = uow.connection.execute(_NEW.limit(MOST)).all()
    for _, kind, unit_id, payload in rows:
        marked = update(_C).where(*_concerned(kind, unit_id, payload, uow.now.tzinfo or UTC))
        uow.connection.execute(marked.values(seq=0))
    if rows:
        moved = update(Cursor).where(Cursor.name == CURSOR).values(transaction_id=rows[-1].seq)
        uow.connection.execute(moved)
    return len(rows)


def _concerned(
    kind: OrganisationKind, unit_id: UUID | None, payload: Mapping[str, Any], zone: tzinfo
) -> Sequence[ColumnElement[bool]]:
    name = KINDS[kind]
    found: list[ColumnElement[bool]] = [_C.c.ended_at.is_not(None)]
    if name is not None:
        found.append(_C.c.ended_at >= _instant(payload[name], zone))
    elif unit_id is not None:
        below = select(Unit.key).join(UnitLine, UnitLine.unit_id == Unit.id)
        found.append(_C.c.unit.in_(below.where(UnitLine.ancestor_id == unit_id)))
    return found


def _instant(text: str, zone: tzinfo) -> datetime:
    """Returns an instant, or the beginning of a day."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else datetime.combine(found.date(), time.min, zone)
