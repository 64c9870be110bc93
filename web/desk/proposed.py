"""The changes of a case that wait for a second person, as its page shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine import access, cases
from engine.cases import proposals
from engine.cases.proposals import ProposalView
from web.desk.data import Datum, Labels
from web.desk.story import names
from web.visit import Visit


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposed change: each variable with the values after and, unless it had none, before it.

    `left` and `started` are the names of the steps that a modification leaves, and before which it continues;
    `place` is that of the step to which the variables belong, if it isn't the case.
    """

    proposal: ProposalView
    changes: Sequence[tuple[Datum, Datum | None]]
    left: Sequence[str]
    started: Sequence[str]
    place: str | None


def proposed(visit: Visit, seen: cases.Seen, labels: Labels) -> Sequence[Proposed]:
    """Return the open proposals of a case, for those who may decide on them."""
    if not access.allows(visit.uow.actor, "cases.change") or seen.case.status != "active":
        return ()
    called = names(visit.reader, seen.spec)
    return [_proposed(one, labels, called) for one in proposals.open_of_case(visit.uow, seen)]


def _proposed(one: ProposalView, labels: Labels, called: Mapping[str, str]) -> Proposed:
    left, started = (
        [called.get(path) or path for path in one.change.get(name) or ()]
        for name in ("cancel", "start_before")
    )
    path = one.change.get("path")
    return Proposed(one, _changes(one, labels), left, started, path and (called.get(path) or path))


def _changes(one: ProposalView, labels: Labels) -> Sequence[tuple[Datum, Datum | None]]:
    before = {datum.name: datum for datum in labels.data(one.change.get("before", {}))}
    return [(datum, before.get(datum.name)) for datum in labels.data(one.change.get("data", {}))]
