"""What the cases of a batch need besides their events: office hours, norms, and what stopped everything."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import ROUND_HALF_UP
from uuid import UUID

from sqlalchemy import select

from engine import definitions
from engine.definitions import Version
from engine.models import DefinitionVersion, OrganisationRecord
from engine.oversight import costs, timeline
from engine.oversight.costs import Rates, cost_of
from engine.oversight.projection.rows import Logged, Service
from engine.oversight.timeline import Interruptions, Norms
from engine.platform.db import UnitOfWork
from engine.timeline import Offices, Surroundings, ms_of, units_of

Interval = tuple[int, int]
RIALS = "IRR"
COUNTED = frozenset({"task.created", "call.made", "work.noted"})  # kinds of events
_NO_UNIT = "root"  # of events of format 1, which don't say the unit


@dataclass(slots=True)
class Batch:
    """What is known around the cases of a batch. Read by `read`."""

    now: int
    offices: Offices
    versions: Mapping[UUID, Version]
    norms: Mapping[UUID, Norms]
    stops: Mapping[str, Interruptions]
    rates: Rates
    classes: Mapping[str, Sequence[tuple[int, str]]]
    zone: tzinfo

    def cost(self, events: Sequence[Logged]) -> int | None:
        """Returns what a case cost in rials; None: not measured, or in other currencies."""
        if not self.rates.dated:
            return None
        counted = (
            costs.Logged(one.kind, one.task_id, one.actor_id, one.actor_unit, one.facts)
            for one in events
            if one.kind in COUNTED and one.facts is not None
        )
        found = cost_of(counted, self.rates, self.zone)
        known = found.measured and not found.amounts.keys() - {RIALS}
        # Half a rial is one, as SQL rounds it.
        return int(found.amounts[RIALS].to_integral_value(ROUND_HALF_UP)) if known else None

    def of(self, events: Sequence[Logged]) -> tuple[Service, Surroundings]:
        """Returns the service of a case, and what is around it."""
        version = self.versions[events[-1].version_id]
        stops, norms = self.stops[version.key], self.norms[version.id]
        begin, end = events[0].at, events[-1].at
        around = Surroundings(
            (events[0].facts or {}).get("unit", _NO_UNIT),
            self.now,
            self.offices,
            outages=_during(stops.outages, begin, end),
            # Those that began with others of the batch, before this case, are none of its own.
            # One after its last event pauses an open case, too.
            suspensions=[one for one in _during(stops.suspensions, begin, self.now) if one[0] >= begin],
            process=version.key,
            **norms._asdict(),
        )
        return Service(version.key, version.number, self._class_of(version.key, begin)), around

    def _class_of(self, definition: str, at: int) -> str:
        """Returns the class of a service at an instant; empty if it had none."""
        found = ""
        for since, name in self.classes.get(definition, ()):
            if since > at:
                break
            found = name
        return found


def read(uow: UnitOfWork, logs: Mapping[UUID, Sequence[Logged]]) -> Batch:
    """Reads what is around cases with these events."""
    ids = {events[-1].version_id for events in logs.values()}
    found = select(*definitions.VERSION).where(DefinitionVersion.id.in_(ids))
    versions = {row.id: Version(*row) for row in uow.connection.execute(found)}
    specs = {number: definitions.spec(uow.session, version) for number, version in versions.items()}
    norms = {number: timeline.norms_of(spec) for number, spec in specs.items()}
    units = {unit for events in logs.values() for unit in units_of(events, _NO_UNIT)}
    first: dict[str, int] = {}
    for events in logs.values():
        key = versions[events[-1].version_id].key
        first[key] = min(first.get(key, events[0].at), events[0].at)
    stops = {
        key: timeline.interruptions(uow, key, datetime.fromtimestamp(at / 1000, UTC))
        for key, at in first.items()
    }
    zone, rates = uow.now.tzinfo or UTC, costs.read_rates(uow)
    offices, classes = timeline.offices(uow, units), _classes(uow)
    return Batch(ms_of(uow.now), offices, versions, norms, stops, rates, classes, zone)


def _classes(uow: UnitOfWork) -> Mapping[str, Sequence[tuple[int, str]]]:
    """Returns since when which service has which class, as the administration log has it."""
    entry = OrganisationRecord
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    chosen = select(entry.at, entry.payload).where(entry.kind == "service.classed").order_by(entry.seq)
    for at, payload in uow.connection.execute(chosen):
        found[payload["definition"]].append((ms_of(at), payload.get("class") or ""))
    return found


def _during(intervals: Sequence[Interval], begin: int, end: int) -> Sequence[Interval]:
    return [one for one in intervals if one[0] < end and one[1] > begin] if intervals else ()
