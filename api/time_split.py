"""Where the time of a case went."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from apiflask import APIBlueprint

from api.command import Reply, command
from api.shapes import Body, Instant, Request, Words
from engine.oversight import timeline
from engine.oversight.access_log import Opened
from engine.oversight.timeline import DelayReason, TimeSplit
from engine.platform.db import UnitOfWork
from engine.timeline import BUCKETS, Bucket, Delay, Segment

blueprint = APIBlueprint("time_split", __name__, tag="Cases")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BucketBody(Body):
    """How long the case was in a bucket, and which share of its life that is, from 0 to 1."""

    bucket: Bucket
    ms: int
    share: float


class SegmentBody(Body):
    """A part of the case's life. `party` is a unit or an awaited party, `element` the step in the diagram."""

    from_at: Instant
    to_at: Instant
    bucket: Bucket
    party: str | None
    element: str | None


class CauseBody(Body):
    """A cause of the delay. `bucket` is `plan` if the norms of the steps exceed the term."""

    party: str | None
    element: str | None
    bucket: str
    ms: int
    share: float


class DelayBody(Body):
    """By how much a case is late, in office time, and why: the causes and what is unexplained add up to it.

    `asks_reason`: more than a tenth is unexplained, and no supervisor has given the `reason` yet.
    """

    due_at: Instant
    until_at: Instant
    ms: int
    causes: list[CauseBody]
    unexplained_ms: int
    asks_reason: bool
    reason: str | None


class TimeBody(Body):
    """Where the time of a case went, until its end or now: each millisecond is in one bucket.

    `buckets` are in the order of precedence. `segments` don't show when somebody worked: that time is in the
    bucket in which it would be otherwise. `approximate`: the case has events of a release that did not
    record everything.
    """

    case: UUID
    started_at: Instant
    until_at: Instant
    ms: int
    approximate: bool
    buckets: list[BucketBody]
    segments: list[SegmentBody]
    delay: DelayBody | None


class ExplainDelay(Request):
    """Why the case is late as far as its log doesn't explain it; `text` says more about it."""

    code: DelayReason
    text: Words | None = None


@command(blueprint.get("/cases/<uuid:case_id>/time"), answer=TimeBody, refusals=(404,))
def show(uow: UnitOfWork, case_id: UUID) -> Reply:
    """Read where the time of a case went"""
    return Reply(_body(timeline.of_case(uow, case_id)), opened=Opened("case", case_id))


@command(
    blueprint.post("/cases/<uuid:case_id>/delay-explanations"),
    body=ExplainDelay,
    answer=DelayBody,
    refusals=(404, 409),
)
def explain(uow: UnitOfWork, case_id: UUID, body: ExplainDelay) -> Reply:
    """State why a case is late, if its log doesn't explain more than a tenth of the delay

    Only a supervisor of its unit, once.
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
