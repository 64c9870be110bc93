"""The timeline of a case: the split of its life, its steps, and why it is late."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from engine.timeline import split
from engine.timeline.delays import Delay, delay_of, term_of
from engine.timeline.history import History, Step
from engine.timeline.intervals import Interval
from engine.timeline.norms import pauses
from engine.timeline.passages import passage
from engine.timeline.path import Leg, critical_path
from engine.timeline.reading import read
from engine.timeline.records import BUCKETS, SCHEDULED, WORKED, Bucket, Segment, Span, Surroundings
from engine.timeline.spans import spans_of, suspensions


@dataclass
class Timeline:
    """Where the time of a case went, from `start` to `end` (now, if it is open). Read by `timeline`.

    The rest is computed when it is asked for. `approximate`: it has events of format 1, which don't say
    everything.
    """

    history: History
    around: Surroundings
    end: int

    @property
    def start(self) -> int:
        """Returns the instant at which the case started."""
        return self.history.start

    @property
    def steps(self) -> Sequence[Step]:
        """Returns each passage of a step, in the order of their beginning."""
        return self.history.steps

    @cached_property
    def party_not_stated(self) -> bool:
        """Whether a scheduled wait was one for a message, of which nothing says who sends it."""
        unstated = {step.element for step in self.steps if step.is_unstated}
        return any(part.rank == SCHEDULED and part.element in unstated for part in self._parts)

    @property
    def approximate(self) -> bool:
        """Whether events don't say everything, so that some times are where they are by default."""
        return self.history.approximate

    @cached_property
    def _parts(self) -> list[split.Part]:
        return self._divide(spans_of(self.history, self.around, self.end))

    def _divide(self, spans: Sequence[Span]) -> list[split.Part]:
        rest = split.nothing(self.history.unit, approximate=self.approximate)
        return split.divide(spans, self.around, self.start, self.end, rest)

    @cached_property
    def totals(self) -> dict[Bucket, int]:
        """Returns the milliseconds in each bucket, in the order of precedence; they add up to its life."""
        found = split.totals(self._parts)
        return {bucket: found[rank] for rank, bucket in enumerate(BUCKETS)}

    @cached_property
    def segments(self) -> list[Segment]:
        """Returns the segments of the case's life, in order and without gaps."""
        return _joined(split.segments(self._parts))

    @cached_property
    def shown_segments(self) -> list[Segment]:
        """Returns the segments as others may see them: work is in the bucket in which it would be without it.

        When somebody worked is shown to that person alone (docs/decisions/0071-work-time.md).
        """
        spans = spans_of(self.history, self.around, self.end)
        return _joined(split.segments(self._divide([span for span in spans if span.rank != WORKED])))

    def totals_of(self, step: Step) -> dict[Bucket, int]:
        """Returns the milliseconds of a passage in each bucket, whatever else was open in the case.

        Without the times in which a task waits for its requests, which are steps of their own.
        """
        end = self.end if step.closed is None else min(step.closed, self.end)
        stopped = suspensions(self.history, self.around, self.end)
        found = split.totals(passage(step, self.around, stopped, step.opened, end))
        return {bucket: found[rank] for rank, bucket in enumerate(BUCKETS)}

    @cached_property
    def path(self) -> list[Leg]:
        """Returns the critical path to the end of the case, or now: contiguous legs, in order."""
        return critical_path(self.history, self.end)

    @cached_property
    def due(self) -> int | None:
        """Returns when the term ends, else the norm, by the pauses until now; None without both."""
        term = term_of(self.history, self.around, self.end)
        return None if term is None else term.due

    @cached_property
    def pauses(self) -> Sequence[Interval]:
        """Returns when that does not run; a pause that continues ends at `ONGOING`."""
        return pauses(self.history, self.around)

    @cached_property
    def delay(self) -> Delay | None:
        """Returns by how much the case is late, and why; None if it isn't."""
        return delay_of(self.history, self.around, self.end)


def _joined(segments: Iterable[Segment]) -> list[Segment]:
    """Returns the segments with those joined that are the same."""
    found: list[Segment] = []
    for segment in segments:
        if found and found[-1][2:] == segment[2:]:
            found[-1] = found[-1]._replace(end=segment.end)
        else:
            found.append(segment)
    return found


def timeline(events: Iterable[Sequence[Any]], around: Surroundings) -> Timeline:
    """Returns the timeline of a case from its events, in the order of `seq`, as tuples like `Event`."""
    history = read(events, around.unit, around.process)
    if history.unit != around.unit:
        around = replace(around, unit=history.unit)
    end = around.now if history.end is None else history.end
    return Timeline(history, around, max(history.start, end))
