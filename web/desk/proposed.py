"""The changes of a case that wait for a second person, as its page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine import access, cases
from engine.cases import proposals
from engine.cases.proposals import ProposalView
from web.desk.data import Datum, Labels
from web.visit import Visit


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposed change: each variable with the values after and, unless it had none, before it."""

    proposal: ProposalView
    changes: Sequence[tuple[Datum, Datum | None]]


def proposed(visit: Visit, seen: cases.Seen, labels: Labels) -> Sequence[Proposed]:
    """Return the open proposals of a case, for those who may decide on them."""
    if not access.allows(visit.uow.actor, "cases.change") or seen.case.status != "active":
        return ()
    return [Proposed(one, _changes(one, labels)) for one in proposals.open_of_case(visit.uow, seen)]


def _changes(one: ProposalView, labels: Labels) -> Sequence[tuple[Datum, Datum | None]]:
    before = {datum.name: datum for datum in labels.data(one.change.get("before", {}))}
    return [(datum, before.get(datum.name)) for datum in labels.data(one.change.get("data", {}))]
