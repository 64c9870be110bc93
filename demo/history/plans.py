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
    stalled: float = 0  # hours of office time before the decision in which nothing is open
    turns: int = 0  # of a loop, after the first one
    withdrawn: bool = False  # by the applicant, while it should be decided
    called: str | None = None  # why the applicant called by telephone
    corrected_visit: str | None = None  # what was wrong in a recorded one: `reason`, or that it took place


@dataclass(frozen=True, slots=True)
class Migration:
    """A migration of the running cases of a version to the next one, which began at an instant."""

    id: str
    at: int
    source: str  # ids of versions
    target: str


@dataclass(frozen=True, slots=True)
class World:
    """The units by key, who acts where nobody does, and when nothing happened.

    `portal` applies for those without an account, `service` sends what other agencies reply,
    `administrator` repairs and suspends. `outages` are when the installation did not run, `suspensions` when
    a process was suspended, `delegations` are by element and delegate, `migrations` by process.
    """

    offices: Mapping[str, Office]
    system: Actor
    portal: Actor
    service: Actor
    administrator: Actor
    outages: Sequence[Span] = ()
    delegations: Mapping[tuple[str, str], str] = field(default_factory=dict)
    suspensions: Mapping[str, Sequence[Span]] = field(default_factory=dict)
    migrations: Mapping[str, Migration] = field(default_factory=dict)

    def up(self, at: int, service: str = "") -> int:
        """Return an instant, or the end of the outage or suspension of the process in which it lies."""
        for begin, end in (*self.outages, *self.suspensions.get(service, ())):
            if begin <= at < end:
                return end + SECOND
        return at
