"""What is unusual in a case, and the world in which it happens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from demo.history.offices import SECOND, Actor, Office, Span


@dataclass(frozen=True, slots=True)
class Plan:
    """What is unusual in a case.

    `late` has the hours by which an element takes longer than its norm: of office time for a task, else of
    time. `flags` are what an auditor should find. `official` is the one who decides.
    """

    outcome: str
    late: Mapping[str, float] = field(default_factory=dict)
    corrections: int = 0
    corrected_on_last_day: bool = False
    opinion: str | None = None  # the key of the unit that is asked
    suspended: bool = False
    retried: bool = False
    silent: bool = False
    flags: frozenset[str] = frozenset()
    official: Actor | None = None
    stars: int | None = None
    unrecorded: bool = False  # the applicant states a visit that no official has recorded
    unplanned: str | None = None  # the reason of a visit that no step planned


@dataclass(frozen=True, slots=True)
class World:
    """The units by key, who acts where nobody does, and when the installation did not run."""

    offices: Mapping[str, Office]
    system: Actor
    portal: Actor
    outages: Sequence[Span] = ()
    delegations: Mapping[tuple[str, str], str] = field(default_factory=dict)  # by element and delegate

    def up(self, at: int) -> int:
        """Return an instant, or the end of the outage in which it lies."""
        for begin, end in self.outages:
            if begin <= at < end:
                return end + SECOND
        return at
