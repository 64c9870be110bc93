"""The timeline of a case: the split of its life, its steps, and why it is late."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from engine.timeline import split
from engine.timeline.delays import Delay, delay_of
from engine.timeline.history import History, Step
from engine.timeline.passages import passage
from engine.timeline.path import Leg, critical_path
from engine.timeline.reading import read
from engine.timeline.records import BUCKETS, Bucket, Segment, Surroundings
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

    @property
    def approximate(self) -> bool:
        """Whether events don't say everything, so that some times are where they are by default."""
        return self.history.approximate

    @cached_property
    def _parts(self) -> list[split.Part]:
        rest = split.nothing(self.history.unit, approximate=self.approximate)
        spans = spans_of(self.history, self.around, self.end)
        return split.divide(spans, self.around, self.start, self.end, rest)

    @cached_property
    def totals(self) -> dict[Bucket, int]:
        """Returns the milliseconds in each bucket, in the order of precedence; they add up to its life."""
        found = split.totals(self._parts)
        return {bucket: found[rank] for rank, bucket in enumerate(BUCKETS)}

    @cached_property
    def segments(self) -> list[Segment]:
        """Returns the segments of the case's life, in order and without gaps."""
        found: list[Segment] = []
        for segment in split.segments(self._parts):
            if found and found[-1][2:] == segment[2:]:
                found[-1] = found[-1]._replace(end=segment.end)
            else:
                found.append(segment)
        return found

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
    def delay(self) -> Delay | None:
        """Returns by how much the case is late, and why; None if it isn't."""
        return delay_of(self.history, self.around, self.end)


def timeline(events: Iterable[Sequence[Any]], around: Surroundings) -> Timeline:
    """Returns the timeline of a case from its events, in the order of `seq`, as tuples like `Event`."""
    history = read(events, around.unit)
    if history.unit != around.unit:
        around = replace(around, unit=history.unit)
    end = around.now if history.end is None else history.end
    return Timeline(history, around, max(history.start, end))
