"""What things of the figures are called: units, processes, their steps, buckets and parties."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from engine import definitions
from engine.design import publishing
from engine.organisation import units
from engine.timeline import BUCKETS
from web import texts
from web.visit import Visit

APPLICANT = "applicant"  # the party of waits for the applicant
# A moment is counted for the first of these that applies; closed hours are taken out of two of them.
ORDER = BUCKETS[:-1]


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
        if not key:
            return texts.say("oversight.plan-party" if bucket == "plan" else "oversight.no-party")
        return self.unit(key)


def load(
    visit: Visit,
    *,
    of_units: Collection[str] = (),
    of_processes: Collection[str] = (),
    steps: bool = False,
) -> Names:
    """Return the names of these, with `steps` those of the processes' steps in their current version."""
    reader, processes = visit.reader, set(of_processes)
    # A step of several units has their keys, separated by commas.
    keys = {key for one in of_units for key in one.split(",") if key}
    found = units.names(visit.uow, keys) if keys else {}
    called = publishing.names(visit.uow, processes) if processes else {}
    return Names(
        {one: reader.both([reader.half(found.get(key, key)) for key in one.split(",")]) for one in of_units},
        {key: reader.half(name) for key, name in called.items()},
        _elements(visit, processes) if steps and processes else {},
    )


def _elements(visit: Visit, processes: Collection[str]) -> Mapping[str, Mapping[str, str]]:
    session = visit.uow.session
    found = {}
    for key, current in definitions.currents(session).items():
        if key in processes:
            spec = definitions.spec(session, current)
            found[key] = {path: visit.reader.half(part.name) for path, part in spec.elements.items()}
    return found


def service_class(code: str) -> str:
    """Return the name of a class of services; of none, that it has none."""
    return texts.say(f"words.service-class.{code}") if code else texts.say("oversight.no-class")


def bucket(name: str) -> str:
    """Return the name of a bucket."""
    return texts.say(f"words.bucket.{name}")
