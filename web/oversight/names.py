"""What things of the figures are called: units, processes, their steps, buckets and parties."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import RowMapping

from engine import definitions
from engine.design import publishing
from engine.models import DefinitionVersion
from engine.organisation import units
from engine.oversight.metrics import DelayCell
from engine.timeline import BUCKETS, INSTALLATION
from web import texts
from web.visit import Visit

APPLICANT = "applicant"  # the party of waits for the applicant
# A moment is counted for the first of these that applies; closed hours are taken out of two of them.
ORDER = BUCKETS[:-1]


class Known:
    """The units and processes that a visitor may choose: read once, for the form and for names."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self._versions: dict[str, Sequence[DefinitionVersion]] = {}

    @cached_property
    def units(self) -> Sequence[RowMapping]:
        """The visitor's open units."""
        return units.own(self.visit.uow)

    @cached_property
    def processes(self) -> Mapping[str, DefinitionVersion]:
        """The current version of each process, by key."""
        return {row.key: row for row in definitions.current(self.visit.uow)}

    def versions(self, key: str) -> Sequence[DefinitionVersion]:
        """Return the versions of a process, newest first. Raises NotFound."""
        if key not in self._versions:
            self._versions[key] = definitions.versions(self.visit.uow, key)
        return self._versions[key]

    def elements(self, version: DefinitionVersion) -> Mapping[str, str]:
        """Return the names of the steps of a version."""
        of = definitions.Version(
            version.id, version.key, version.number, version.digest, version.deployment_id
        )
        parts = definitions.spec(self.visit.uow.session, of).elements
        return {path: self.visit.reader.half(part.name) for path, part in parts.items()}


@dataclass(frozen=True, slots=True)
class Names:
    """Names in the reader's language, by key; a key without one is shown itself."""

    units: Mapping[str, str]
    processes: Mapping[str, str]
    elements: Mapping[str, Mapping[str, str]]

    def unit(self, key: str) -> str:
        """Return the name of a unit."""
        return self.units.get(key, key)

    def process(self, key: str) -> str:
        """Return the name of a process."""
        return self.processes.get(key, key)

    def step(self, definition: str, element: str) -> str:
        """Return the name of a step; of none, that it is the case as a whole."""
        if not element:
            return texts.say("oversight.whole-case")
        return self.elements.get(definition, {}).get(element) or element

    def party(self, key: str, bucket: str = "") -> str:
        """Return who had the case: a unit, or an awaited party; or that nobody is stated."""
        if key == APPLICANT or (not key and bucket == "with_applicant"):
            return texts.say("oversight.applicant")
        if key == INSTALLATION:
            return texts.say("oversight.installation")
        if not key:
            return texts.say("oversight.plan-party" if bucket == "plan" else "oversight.no-party")
        return self.unit(key)

    def cause(self, cell: DelayCell, definition: str) -> str:
        """Return a cause of delay in words."""
        what = "outage" if cell.party == INSTALLATION else cell.bucket
        party, step = self.party(cell.party, cell.bucket), self.step(definition, cell.element)
        return texts.say(f"oversight.cause.{what}", party=party, step=step)


def load(
    known: Known,
    *,
    of_units: Collection[str] = (),
    of_processes: Collection[str] = (),
    steps: Collection[tuple[str, str]] = (),
) -> Names:
    """Return the names of these; of a step by its process and id, in the newest version that has it.

    Reads only what isn't known.
    """
    uow, reader, processes = known.visit.uow, known.visit.reader, set(of_processes)
    # A step of several units has their keys, separated by commas.
    keys = {key for one in of_units for key in one.split(",") if key}
    found = {row["key"]: row["name"] for row in known.units}
    if others := keys - found.keys() - {APPLICANT, INSTALLATION}:
        found |= units.names(uow, others)
    called = {key: row.name for key, row in known.processes.items() if key in processes}
    if others := processes - called.keys():
        called |= publishing.names(uow, others)
    return Names(
        {one: reader.both([reader.half(found.get(key, key)) for key in one.split(",")]) for one in of_units},
        {key: reader.half(name) for key, name in called.items()},
        _elements(known, steps),
    )


def _elements(known: Known, steps: Collection[tuple[str, str]]) -> Mapping[str, Mapping[str, str]]:
    wanted: dict[str, set[str]] = defaultdict(set)
    for key, element in steps:
        if element:
            wanted[key].add(element)
    found: dict[str, dict[str, str]] = {}
    for key, elements in wanted.items():
        current = known.processes.get(key)
        names = found[key] = dict(known.elements(current)) if current else {}
        # Others are of earlier versions, or of a process that was withdrawn.
        for version in known.versions(key) if elements - names.keys() else ():
            if elements - names.keys():
                names |= {one: name for one, name in known.elements(version).items() if one not in names}
    return found


def service_class(code: str) -> str:
    """Return the name of a class of services; of none, that it has none."""
    return texts.say(f"words.service-class.{code}") if code else texts.say("oversight.no-class")


def bucket(name: str) -> str:
    """Return the name of a bucket."""
    return texts.say(f"words.bucket.{name}")
