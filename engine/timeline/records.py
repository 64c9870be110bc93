"""What goes into a timeline and what comes out. Instants and lengths are whole milliseconds since 1970."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple, get_args

from engine.deadlines import Term
from engine.timeline.hours import ALWAYS, Hours, Offices
from engine.timeline.intervals import Interval

Bucket = Literal[
    "worked",
    "technical_failure",
    "other_agency",
    "in_queue",
    "with_applicant",
    "suspended",
    "scheduled_wait",
    "office_closed",
]
# In the order of precedence: the index of a bucket is its rank. Closed hours come out of two of them.
BUCKETS: tuple[Bucket, ...] = get_args(Bucket)
WORKED, TECHNICAL, AGENCY, QUEUE, APPLICANT, SUSPENDED, SCHEDULED, CLOSED = range(8)
PLAN = "plan"
INSTALLATION = "this_installation"  # the party of its own outages; no unit or party can have that key
THE_APPLICANT = "applicant"  # the party of waits for the applicant, as in `parvandeh:party`
# Incidents of a case as a whole that stop nothing: it continues, or has ended (engine.cases.NOTICES,
# CLOCK_FAILURES). The same code at an element stops that.
NOTICES = frozenset({"payment-mismatch", "payment-late", "no-statutory-term", "no-holidays"})

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class Event(NamedTuple):
    """An event of the log. `facts` is None for those of format 1. A plain tuple will do."""

    seq: int
    at: int
    kind: str
    element: str | None
    task_id: Any
    actor_role: str
    actor_unit: str | None
    facts: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a case's events don't say.

    `unit` is that of the case, `process` the key of its definition. `offices` finds the hours of a unit;
    those of the case's unit count where it finds none. `outages` are those of the installation, `suspensions`
    those of the case's definition. `norms` are those of elements, by path; `norm` is that of the process.
    It is paused while the case waits at one of `pauses`, and by opinions of other units for one of
    `opinions`.
    """

    unit: str
    now: int
    offices: Offices
    outages: Sequence[Interval] = ()
    suspensions: Sequence[Interval] = ()
    norms: Mapping[str, Term] = field(default_factory=dict)
    norm: Term | None = None
    pauses: frozenset[str] = frozenset()
    opinions: frozenset[str] = frozenset()
    process: str | None = None

    def hours(self, unit: str | None) -> Hours:
        """Returns the hours of a unit; of several, separated by commas, those of the first."""
        found = self.offices(unit.partition(",")[0]) if unit else None
        return found or self.offices(self.unit) or ALWAYS


class Segment(NamedTuple):
    """A part of a case's life, `[begin, end)`, in one bucket.

    `party` is the key of a unit or an awaited party, None if there is none or none is stated; of closed hours
    those of whom they were taken out, and of an outage `INSTALLATION`. `element` is the step, None if no
    single one is.
    """

    begin: int
    end: int
    bucket: Bucket
    party: str | None
    element: str | None


class Span(NamedTuple):
    """A time in which something is open, before precedence decides.

    Of one rank, that with the lowest `order` counts: the step that was opened first, but of scheduled waits
    the last, since events on the border of an activity are open before those in it.
    """

    begin: int
    end: int
    rank: int
    order: int
    party: str | None
    element: str | None


class Cause(NamedTuple):
    """A cause of a case's delay: who, at which step, in which bucket or `plan`, and how much of it."""

    party: str | None
    element: str | None
    bucket: str
    ms: int


def ms_of(instant: datetime) -> int:
    """Returns an aware datetime as milliseconds, rounded down."""
    return (instant - _EPOCH) // _MS


def instant_of(ms: int) -> datetime:
    """Returns milliseconds as an aware datetime."""
    return _EPOCH + ms * _MS


def ms_of_text(text: str) -> int:
    """Returns an instant in facts as milliseconds, rounded down."""
    return (datetime.fromisoformat(text) - _EPOCH) // _MS
