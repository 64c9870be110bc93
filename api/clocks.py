"""The statutory term of a case, and decisions by silence that await an administrator."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import Field

from api.command import Reply, command
from api.shapes import Body, CaseId, CaseNumber, DefinitionKey, HandlingUnit, Instant, Request, Text
from engine import cases
from engine.cases import ClockView, ExtensionReason
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("clocks", __name__, tag="Clocks")


class PauseReason(Body):
    """Why the term is paused."""

    side: str
    """Who is awaited: `applicant`, `agency` (another one) or `office` (of the case)."""
    code: str
    """What is awaited: `wait` (a step that pauses the term), `correction`, `opinion` or `suspension`."""


class Pause(Body):
    """A time in which the term did not run."""

    from_at: Instant
    """When the pause began."""
    to_at: Instant | None
    """When it ended; null while it lasts."""


class ClockBody(Body):
    """The statutory term of a case."""

    case: CaseId
    state: Literal["none", "pending", "running", "paused", "stopped", "breached", "deemed"]
    """State of the term."""
    term: str | None = None
    """The term, such as `P20D` or `P5WD` (working days); null before it starts."""
    extension: str | None = None
    """The term by which it was extended; null if it wasn't."""
    started_at: Instant | None = None
    """When the term began; null before that."""
    due_at: Instant | None = None
    """End of the term, also if it is past; while it is paused, the end as of the pause."""
    warn_at: Instant | None = None
    """When four fifths of the term are over; null if it doesn't run."""
    stopped_at: Instant | None = None
    """When a decision, a withdrawal or the end of the case stopped it; null before that."""
    remaining_seconds: int | None = None
    """Seconds of office hours until the end; null if it doesn't run."""
    paused: PauseReason | None = None
    """Why it is paused; null if it isn't."""
    paused_since: Instant | None = None
    """Since when it is paused; null if it isn't."""
    pauses: list[Pause] = Field(default_factory=list)
    """The pauses, oldest first."""
    on_silence: str | None = None
    """What the law makes of silence at the end: `grant`, `refuse`, `escalate` (to a supervisor) or `none`."""
    awaits_release: bool = False
    """Whether silence has decided, and an administrator has yet to release it: a backup was restored, or the
    clock was wrong.
    """
    outage_days: list[date] = Field(default_factory=list)
    """The office days that outages took from the end of the term, and by which it moved."""
    calendar: str | None = None
    """Calendar and version by which the term is counted, such as `iran/3`; null if it needs none."""


class ExtendClock(Request):
    """An extension of the term."""

    reason: ExtensionReason
    """Why it is extended."""
    term: Text | None = None
    """The term by which it is extended, such as `P10D`; by default its own length."""


@command(blueprint.get("/cases/<uuid:case_id>/clock"), answer=ClockBody, refusals=(404,))
def show(uow: UnitOfWork, case_id: UUID) -> Reply:
    """Read the statutory term of a case

    `state` is `none` for a service without a statutory term. The access is recorded in the access log of the
    case.
    """
    return Reply(_body(cases.view_clock(uow, case_id)), opened=Opened("case", case_id))


@command(
    blueprint.post("/cases/<uuid:case_id>/clock/extend"),
    body=ExtendClock,
    answer=ClockBody,
    refusals=(404, 409),
)
def extend(uow: UnitOfWork, case_id: UUID, body: ExtendClock) -> Reply:
    """Extend the statutory term of a case, once

    409 if it was extended before, has ended or hasn't begun. For administrators and caseworkers.
    """
    found = cases.extend(uow, case_id, reason=body.reason, term=body.term)
    return Reply(_body(found))


def _body(found: ClockView) -> ClockBody:
    clock = found.clock
    if clock is None:
        return ClockBody(case=found.case_id, state="none")
    names = ("term", "extension", "due_at", "warn_at", "stopped_at", "on_silence", "calendar")
    awaited = clock.awaited if clock.state == "paused" else None
    return ClockBody(
        case=found.case_id,
        state=clock.state,
        started_at=None if clock.state == "pending" else clock.started_at,
        remaining_seconds=found.remaining,
        paused=None if awaited is None else PauseReason(**awaited),
        paused_since=clock.paused_since,
        pauses=[Pause(from_at=_instant(begin), to_at=_instant(end)) for begin, end in clock.pauses],
        awaits_release=clock.awaits_release,
        outage_days=[date.fromisoformat(day) for day in clock.outage_days or ()],
        **{name: getattr(clock, name) for name in names},
    )


def _instant(text: str | None) -> Any:
    return None if text is None else datetime.fromisoformat(text)


class Deemed(Body):
    """A decision by silence that awaits release."""

    case: CaseId
    case_number: CaseNumber
    definition: DefinitionKey
    unit: HandlingUnit
    due_at: Instant
    """End of the statutory term."""
    on_silence: str
    """What silence decides: `grant` or `refuse`."""
    awaiting_at: Instant
    """Since when it awaits release."""


class DeemedPage(Body):
    """The decisions by silence that await release; at most a thousand."""

    items: list[Deemed]
    """The decisions, those that have waited longest first."""


class ReleaseDeemed(Request):
    """Which decisions by silence to release."""

    cases: list[UUID] | None = Field(default=None, max_length=1000)
    """Ids of the cases; by default all in your units that await release."""


class Released(Body):
    """How many decisions by silence were released."""

    released: int
    """How many decisions by silence were released."""


@command(blueprint.get("/deemed-decisions"), answer=DeemedPage)
def list_deemed(uow: UnitOfWork) -> Reply:
    """List the decisions by silence that await release

    After a restored backup or a jump of the clock, none is made in the cases that were open then, before an
    administrator of their units has seen this list. For administrators.
    """
    rows = cases.list_awaiting(uow)
    return Reply(DeemedPage(items=[_deemed(row) for row in rows]))


def _deemed(row: Any) -> Deemed:
    names = ("case_number", "definition", "unit", "due_at", "on_silence", "awaiting_at")
    return Deemed(case=row["case_id"], **{name: row[name] for name in names})


@command(blueprint.post("/deemed-decisions/release"), body=ReleaseDeemed, answer=Released)
def release_deemed(uow: UnitOfWork, body: ReleaseDeemed) -> Reply:
    """Release decisions by silence

    From then on the decisions have effect, and applicants can appeal them. For administrators of the units of
    the cases; others are ignored.
    """
    return Reply(Released(released=cases.release(uow, body.cases)))
