"""The statutory term of a case, and decisions by silence that await an administrator."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import Field

from api.command import Reply, command
from api.shapes import Body, Instant, Request, Text
from engine import cases
from engine.cases import ClockView, ExtensionReason
from engine.oversight.access_log import Opened
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("clocks", __name__, tag="Clocks")


class PauseReason(Body):
    """Who is awaited, and for what."""

    side: str
    code: str


class Pause(Body):
    """A time in which the term did not run; without `to_at` it continues."""

    from_at: Instant
    to_at: Instant | None


class ClockBody(Body):
    """The statutory term of a case. `state` is `none` for a service without one.

    `due_at` is the end of the term, also if it is past. While it is paused, it is the end as of the pause.
    `remaining_seconds` are office hours; null if it doesn't run. `awaits_release`: silence has decided, and
    an administrator has yet to see it.
    """

    case: UUID
    state: Literal["none", "pending", "running", "paused", "stopped", "breached", "deemed"]
    term: str | None = None
    extension: str | None = None
    started_at: Instant | None = None
    due_at: Instant | None = None
    warn_at: Instant | None = None
    stopped_at: Instant | None = None
    remaining_seconds: int | None = None
    paused: PauseReason | None = None
    paused_since: Instant | None = None
    pauses: list[Pause] = Field(default_factory=list)
    on_silence: str | None = None
    awaits_release: bool = False
    calendar: str | None = None


class ExtendClock(Request):
    """Why the term is extended, and by which term; by default by its own length."""

    reason: ExtensionReason
    term: Text | None = None


@command(blueprint.get("/cases/<uuid:case_id>/clock"), answer=ClockBody, refusals=(404,))
def show(uow: UnitOfWork, case_id: UUID) -> Reply:
    """Read the statutory term of a case"""
    return Reply(_body(cases.view_clock(uow, case_id)), opened=Opened("case", case_id))


@command(
    blueprint.post("/cases/<uuid:case_id>/clock/extend"),
    body=ExtendClock,
    answer=ClockBody,
    refusals=(404, 409),
)
def extend(uow: UnitOfWork, case_id: UUID, body: ExtendClock) -> Reply:
    """Extend the statutory term of a case, once"""
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
        **{name: getattr(clock, name) for name in names},
    )


def _instant(text: str | None) -> Any:
    return None if text is None else datetime.fromisoformat(text)


class Deemed(Body):
    """A decision by silence that awaits release."""

    case: UUID
    case_number: str
    definition: str
    unit: str
    due_at: Instant
    on_silence: str
    awaiting_at: Instant


class DeemedPage(Body):
    """The decisions by silence that await release, longest first; at most a thousand."""

    items: list[Deemed]


class ReleaseDeemed(Request):
    """The cases whose decisions by silence are released; by default all."""

    cases: list[UUID] | None = Field(default=None, max_length=1000)


class Released(Body):
    """How many decisions by silence were released."""

    released: int


@command(blueprint.get("/deemed-decisions"), answer=DeemedPage)
def list_deemed(uow: UnitOfWork) -> Reply:
    """List the decisions by silence that await release

    After an outage, a restored backup or a jump of the clock, none is made before an administrator has seen
    this list.
    """
    rows = cases.list_awaiting(uow)
    return Reply(DeemedPage(items=[_deemed(row) for row in rows]))


def _deemed(row: Any) -> Deemed:
    names = ("case_number", "definition", "unit", "due_at", "on_silence", "awaiting_at")
    return Deemed(case=row["case_id"], **{name: row[name] for name in names})


@command(blueprint.post("/deemed-decisions/release"), body=ReleaseDeemed, answer=Released)
def release_deemed(uow: UnitOfWork, body: ReleaseDeemed) -> Reply:
    """Release decisions by silence"""
    return Reply(Released(released=cases.release(uow, body.cases)))
