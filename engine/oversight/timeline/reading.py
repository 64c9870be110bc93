"""The timeline of one case, for those who may read its log."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import BigInteger, bindparam, cast, extract, func, select

from engine import access, cases
from engine.models import Event
from engine.oversight.timeline import surroundings
from engine.platform.db import UnitOfWork
from engine.platform.prepared import Prepared
from engine.timeline import Surroundings, Timeline, ms_of, timeline, units_of

# The columns of the events that `engine.timeline` reads, in its order.
EVENT = (
    Event.seq,
    cast(func.floor(extract("epoch", Event.at) * 1000), BigInteger),
    *(Event.kind, Event.element, Event.task_id, Event.actor_role, Event.actor_unit, Event.facts),
)
_LOG = Prepared(select(*EVENT).where(Event.case_id == bindparam("case")).order_by(Event.seq))


@dataclass(frozen=True, slots=True)
class TimeSplit:
    """A case that the actor may see, and where its time went."""

    seen: cases.Seen
    timeline: Timeline


def of_case(uow: UnitOfWork, case_id: UUID, seen: cases.Seen | None = None) -> TimeSplit:
    """Returns where the time of a case went. `seen` is the case, if it was read before.

    Raises NotFound for cases that the actor may not see.
    """
    access.require(uow.actor, "events.read")
    found = cases.see(uow, case_id) if seen is None else seen
    case = found.case
    rows = uow.rows(_LOG, {"case": case_id})
    stops = surroundings.interruptions(uow, case.key, case.started_at)
    norms, norm = surroundings.norms_of(found.spec)
    around = Surroundings(
        case.unit,
        ms_of(uow.now),
        surroundings.offices(uow, units_of(rows, case.unit)),
        outages=stops.outages,
        suspensions=stops.suspensions,
        norms=norms,
        norm=norm,
        process=case.key,
    )
    return TimeSplit(found, timeline(rows, around))
