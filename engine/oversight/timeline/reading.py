"""The timeline of one case, for those who may read its log."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, cast, literal_column, null, select, text, union_all

from engine import access, cases
from engine.models import Event, OrganisationRecord
from engine.oversight.timeline import surroundings
from engine.oversight.timeline.surroundings import STOPPED, ms_column
from engine.platform.db import UnitOfWork
from engine.platform.prepared import Prepared
from engine.timeline import Event as Logged
from engine.timeline import Surroundings, Timeline, instant_of, ms_of, timeline, units_of

_RECORD = OrganisationRecord
# The columns of the events that `engine.timeline` reads, in its order.
EVENT = (
    Event.seq,
    ms_column(Event.at),
    *(Event.kind, Event.element, Event.task_id, Event.actor_role, Event.actor_unit, Event.facts),
)
# Events, then what stopped the process from the administration log: one statement for both.
_OF_CASE, _OF_ALL = 0, 1
_STOP = (_RECORD.seq, ms_column(_RECORD.at), _RECORD.kind, *(null() for _ in EVENT[3:7]))
_LOG = Prepared(
    union_all(
        select(literal_column(str(_OF_CASE)), *EVENT).where(Event.case_id == bindparam("case")),
        select(literal_column(str(_OF_ALL)), *_STOP, cast(_RECORD.payload, Event.facts.type)).where(STOPPED),
    ).order_by(text("1, 2"))
)


@dataclass(frozen=True, slots=True)
class TimeSplit:
    """A case that the actor may see, where its time went, and its log."""

    seen: cases.Seen
    timeline: Timeline
    log: Sequence[Logged]


def of_case(uow: UnitOfWork, case_id: UUID, seen: cases.Seen | None = None) -> TimeSplit:
    """Returns where the time of a case went. `seen` is the case, if it was read before.

    Raises NotFound for cases that the actor may not see.
    """
    access.require(uow.actor, "events.read")
    found = cases.see(uow, case_id) if seen is None else seen
    case = found.case
    given = {"case": case_id, "definition": case.key, "since": case.started_at}
    logged = uow.rows(_LOG, given)
    rows = [Logged(*row[1:]) for row in logged if row[0] == _OF_CASE]
    records = [(row[3], instant_of(row[2]), row[8]) for row in logged if row[0] == _OF_ALL]
    stops = surroundings.interruptions_of(records, case.key, uow.now)
    around = Surroundings(
        case.unit,
        ms_of(uow.now),
        surroundings.offices(uow, units_of(rows, case.unit)),
        outages=stops.outages,
        suspensions=stops.suspensions,
        process=case.key,
        **surroundings.norms_of(found.spec)._asdict(),
    )
    return TimeSplit(found, timeline(rows, around), rows)
