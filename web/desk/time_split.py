"""Where the time of a case went, as its page shows it: a bar, its legend, and the causes of its delay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from engine import access, cases
from engine.organisation import units
from engine.oversight import timeline
from engine.oversight.timeline import TimeSplit
from engine.timeline import BUCKETS, INSTALLATION, PLAN, THE_APPLICANT, Cause, Delay
from web import charts, texts
from web.charts import About, Part
from web.desk import story
from web.desk.work import duration
from web.visit import Visit

_MINUTE, _DAY = 60_000, 1_440  # milliseconds, minutes
_NAME = "time-split"


@dataclass(frozen=True, slots=True)
class Row:
    """A bucket, or a cause: its name, a sample of its look, how long, and which share."""

    name: str
    sample: Markup
    length: str
    share: str
    some: bool


@dataclass(frozen=True, slots=True)
class Late:
    """A delay in words. `unexplained` is empty if nothing is. A decision `by_silence` is late by no time.

    `reason` is the code that a supervisor has given, `explain` where this visitor can give one.
    """

    length: str
    by_silence: bool
    causes: Sequence[Row]
    unexplained: str
    asks_reason: bool
    reason: str | None
    explain: str


@dataclass(frozen=True, slots=True)
class TimeView:
    """The bar, its rows in the order of precedence, and the case's life."""

    bar: Markup
    rows: Sequence[Row]
    life: str
    approximate: bool
    late: Late | None


def view(visit: Visit, split: TimeSplit, called: Mapping[str, str]) -> TimeView:
    """Return where the time of a case went. `called`: names of units that are known, by key."""
    found = split.timeline
    totals = [found.totals[bucket] for bucket in BUCKETS]
    lengths, shares = whole_parts(totals, sum(totals) // _MINUTE), whole_parts(totals, 100)
    names = [texts.say(f"words.bucket.{bucket}") for bucket in BUCKETS]
    if found.party_not_stated:
        names[BUCKETS.index("scheduled_wait")] = texts.say("desk.time.not-stated")
    percents = [_percent(share, ms) for share, ms in zip(shares, totals, strict=True)]
    parts = [Part(*one) for one in zip(totals, percents, strict=True)]
    told = "; ".join(
        f"{name}: {share}" for name, share, ms in zip(names, percents, totals, strict=True) if ms
    )
    bar = charts.whole(visit.reader, About(_NAME, texts.say("desk.time.title"), told), parts)
    rows = [
        Row(name, charts.sample(f"{_NAME}-{number}", number), _length(minutes), percent, ms > 0)
        for number, (name, minutes, percent, ms) in enumerate(
            zip(names, lengths, percents, totals, strict=True)
        )
    ]
    late = None if found.delay is None else _late(visit, split.seen, found.delay, called)
    return TimeView(bar, rows, _length(sum(lengths)), found.approximate, late)


def whole_parts(amounts: Sequence[int], whole: int) -> list[int]:
    """Return amounts as whole parts of a number, to which they add up: the greatest fractions are raised."""
    total = sum(amounts)
    if not total:
        return [0] * len(amounts)
    found = [divmod(amount * whole, total) for amount in amounts]
    left = whole - sum(part for part, _ in found)
    raised = sorted(range(len(found)), key=lambda number: -found[number][1])[:left]
    return [part + (number in raised) for number, (part, _) in enumerate(found)]


def _late(visit: Visit, seen: cases.Seen, delay: Delay, called: Mapping[str, str]) -> Late:
    every = [*(cause.ms for cause in delay.causes), delay.unexplained_ms]
    lengths = whole_parts(every, delay.late_ms // _MINUTE)
    shares = whole_parts(every, 100)
    elements = story.names(visit.reader, seen.spec)
    named = {**called, seen.case.unit: seen.case.unit_name}
    others = {cause.party for cause in delay.causes if cause.party} - {*(THE_APPLICANT, INSTALLATION, *named)}
    named |= units.names(visit.uow, others) if others else {}
    parties = {key: visit.reader.half(name) for key, name in named.items() if name}
    parties[INSTALLATION] = texts.say("oversight.installation")
    causes = [
        Row(
            _cause(cause, elements, parties),
            _sample(cause, number),
            duration(lengths[number] * 60),
            _percent(share, cause.ms),
            True,
        )
        for number, (cause, share) in enumerate(zip(delay.causes, shares, strict=False))
    ]
    rest = _percent(shares[-1], delay.unexplained_ms) if delay.unexplained_ms else ""
    length = duration(sum(lengths) * 60)
    explain = _explain(visit, seen) if delay.asks_reason else ""
    by_silence = delay.until == delay.due
    return Late(length, by_silence, causes, rest, delay.asks_reason, delay.reason, explain)


def _explain(visit: Visit, seen: cases.Seen) -> str:
    """Return the address of the form in which this visitor says why, if they lead the case's unit."""
    leads = access.allows(visit.uow.actor, "delays.explain") and timeline.is_led(visit.uow, seen.case.id)
    return f"/desk/cases/{seen.case.id}/delay" if leads else ""


def _cause(cause: Cause, elements: Mapping[str, str], parties: Mapping[str, str]) -> str:
    """Return a cause in words: the step, the bucket, and whose it is, by key if it is no unit."""
    if cause.bucket == PLAN:
        return texts.say("desk.time.plan")
    bucket = texts.say(f"words.bucket.{cause.bucket}")
    step = elements.get(cause.element or "", cause.element or "")
    if cause.party is None or cause.party == THE_APPLICANT:
        return texts.say("desk.time.cause", step=step, bucket=bucket)
    return texts.say(
        "desk.time.cause-of", step=step, bucket=bucket, party=parties.get(cause.party, cause.party)
    )


def _sample(cause: Cause, number: int) -> Markup:
    if cause.bucket == PLAN:
        return Markup("")
    looks: Mapping[str, int] = {bucket: look for look, bucket in enumerate(BUCKETS)}
    return charts.sample(f"{_NAME}-cause-{number}", looks[cause.bucket])


def _percent(share: int, ms: int) -> str:
    if ms and not share:
        return texts.say("desk.time.little")
    return texts.say("desk.time.percent", share=share)


def _length(minutes: int) -> str:
    """Return a length in words, in days of 24 hours."""
    if minutes < _DAY:
        return duration(minutes * 60)
    days, rest = divmod(minutes, _DAY)
    return texts.say("desk.time.days", days=days, hours=rest // 60, minutes=rest % 60)
