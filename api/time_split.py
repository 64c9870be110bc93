"""Where the time of a case went."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from apiflask import APIBlueprint

from api.command import Reply, command
from api.shapes import Body, CaseId, Instant, Request, Words
from engine.oversight import timeline
from engine.oversight.access_log import Opened
from engine.oversight.timeline import DelayReason, TimeSplit
from engine.platform.db import UnitOfWork
from engine.timeline import BUCKETS, Bucket, Delay, Segment

blueprint = APIBlueprint("time_split", __name__, tag="Cases")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BucketBody(Body):
    """How long the case was in a bucket."""

    bucket: Bucket
    """What the time counts as."""
    ms: int
    """Milliseconds in the bucket."""
    share: float
    """Share of the life of the case, from 0 to 1."""


class SegmentBody(Body):
    """A part of the life of the case."""

    from_at: Instant
    """When it began."""
    to_at: Instant
    """When it ended."""
    bucket: Bucket
    """What the time counts as; never `worked`, since nobody's working hours are shown."""
    party: str | None
    """Key of the unit that had the case, or the party that was awaited; `this_installation` for its outages;
    null if there was none.
    """
    element: str | None
    """Path of the element in the diagram; null if there was none."""


class CauseBody(Body):
    """A cause of the delay."""

    party: str | None
    """Key of the unit that had the case, or the party that was awaited; `this_installation` for its outages;
    null if there was none.
    """
    element: str | None
    """Path of the element in the diagram; null if it concerns none."""
    bucket: str
    """What the time counts as, one of the buckets of the case; `plan` if the norms of the steps exceed the
    term.
    """
    ms: int
    """Milliseconds of office time."""
    share: float
    """Share of the delay, from 0 to 1."""


class DelayBody(Body):
    """By how much a case is late, in office time, and why."""

    due_at: Instant
    """End of the statutory term, or of the norm of the process."""
    until_at: Instant
    """When the case was decided or ended; otherwise now."""
    ms: int
    """Milliseconds of office time between both; `causes` and `unexplained_ms` add up to it."""
    causes: list[CauseBody]
    """The causes, the greatest first."""
    unexplained_ms: int
    """Milliseconds of office time that nothing in the log explains."""
    asks_reason: bool
    """Whether more than a tenth is unexplained and no supervisor has stated the reason yet."""
    reason: str | None
    """Code of the reason that a supervisor stated, as in `POST /cases/{case_id}/delay-explanations`; null if
    none did.
    """


class TimeBody(Body):
    """Where the time of a case went: each millisecond is in exactly one bucket."""

    case: CaseId
    started_at: Instant
    """When the case started."""
    until_at: Instant
    """When the case ended; otherwise now."""
    ms: int
    """Milliseconds between both."""
    approximate: bool
    """Whether the case has events of a release that did not record everything."""
    buckets: list[BucketBody]
    """All buckets, in the order of precedence: if several apply at once, the first counts."""
    segments: list[SegmentBody]
    """The parts of its life, in order."""
    delay: DelayBody | None
    """By how much the case is late, and why; null if it isn't."""


class ExplainDelay(Request):
    """Why the case is late as far as its log doesn't explain it."""

    code: DelayReason
    """The reason."""
    text: Words | None = None
    """More about it, without personal data."""


@command(blueprint.get("/cases/<uuid:case_id>/time"), answer=TimeBody, refusals=(404,))
def show(uow: UnitOfWork, case_id: UUID) -> Reply:
    """Read where the time of a case went

    The buckets add up to the life of the case. For those who work on cases, and managers and auditors; the
    access is recorded in the access log of the case.
    """
    return Reply(_body(timeline.of_case(uow, case_id)), opened=Opened("case", case_id))


@command(
    blueprint.post("/cases/<uuid:case_id>/delay-explanations"),
    body=ExplainDelay,
    answer=DelayBody,
    refusals=(404, 409),
)
def explain(uow: UnitOfWork, case_id: UUID, body: ExplainDelay) -> Reply:
    """State why a case is late, if its log doesn't explain more than a tenth of the delay

    Once, by a supervisor of its unit or of one above it. 409 `not-late`, `delay-explained`.
    """
    return Reply(_delay(timeline.explain_delay(uow, case_id, body.code, body.text)))


def _body(split: TimeSplit) -> TimeBody:
    found = split.timeline
    life = found.end - found.start
    totals = found.totals
    return TimeBody(
        case=split.seen.case.id,
        started_at=_instant(found.start),
        until_at=_instant(found.end),
        ms=life,
        approximate=found.approximate,
        buckets=[
            BucketBody(bucket=bucket, ms=totals[bucket], share=_share(totals[bucket], life))
            for bucket in BUCKETS
        ],
        segments=[_segment(one) for one in found.shown_segments],
        delay=None if found.delay is None else _delay(found.delay),
    )


def _segment(one: Segment) -> SegmentBody:
    return SegmentBody(
        from_at=_instant(one.begin),
        to_at=_instant(one.end),
        bucket=one.bucket,
        party=one.party,
        element=one.element,
    )


def _delay(found: Delay) -> DelayBody:
    return DelayBody(
        due_at=_instant(found.due),
        until_at=_instant(found.until),
        ms=found.late_ms,
        causes=[
            CauseBody(**cause._asdict(), share=_share(cause.ms, found.late_ms)) for cause in found.causes
        ],
        unexplained_ms=found.unexplained_ms,
        asks_reason=found.asks_reason,
        reason=found.reason,
    )


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0


def _instant(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
