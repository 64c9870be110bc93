"""Office hours as milliseconds, read in blocks and remembered, so that sums over years cost little."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC
from itertools import accumulate

from engine import deadlines
from engine.deadlines import Calendar
from engine.timeline.intervals import Interval, clip, gaps

DAY = 86_400_000
_DAY_AND_NIGHT = Calendar(UTC, (deadlines.Hours(0, 24 * 60),) * 7)
_BITS = 33  # a block is 2 ** 33 milliseconds, about 99 days


@dataclass(frozen=True, slots=True)
class _Block:
    """The open intervals of a block; `before` is how long the office is open in it before each."""

    begins: list[int]
    ends: list[int]
    before: list[int]

    def open_until(self, instant: int) -> int:
        """Returns how long the office is open from the block's beginning until an instant in it."""
        place = bisect_right(self.begins, instant) - 1
        if place < 0:
            return 0
        return self.before[place] + min(instant, self.ends[place]) - self.begins[place]


class Hours:
    """When an office is open, and the `calendar` by which its norms are counted.

    `read` returns its open intervals between two instants in milliseconds since 1970: in order, without
    overlap, clipped. It is called once for each block of about 99 days, so an object must not outlive a
    change of its calendar.
    """

    def __init__(
        self, read: Callable[[int, int], Iterable[Interval]], calendar: Calendar = _DAY_AND_NIGHT
    ) -> None:
        self._read = read
        self.calendar = calendar
        self._blocks: dict[int, _Block] = {}

    def open_ms(self, begin: int, end: int) -> int:
        """Returns for how many milliseconds the office is open between two instants; 0 if `end` is before."""
        if begin >= end:
            return 0
        first, last = begin >> _BITS, end >> _BITS
        total = self._block(last).open_until(end) - self._block(first).open_until(begin)
        for number in range(first, last):
            total += self._block(number).open_until((number + 1) << _BITS)
        return total

    def open(self, begin: int, end: int) -> list[Interval]:
        """Returns the intervals between two instants in which the office is open, in order."""
        found: list[Interval] = []
        for number in range(begin >> _BITS, (end >> _BITS) + 1):
            block = self._block(number)
            first = max(bisect_right(block.begins, begin) - 1, 0)
            last = bisect_right(block.begins, end)
            found += zip(block.begins[first:last], block.ends[first:last], strict=True)
        return clip(found, begin, end)

    def closed(self, begin: int, end: int) -> list[Interval]:
        """Returns the intervals between two instants in which the office is closed, in order."""
        return gaps(self.open(begin, end), begin, end)

    def day_ms(self, instant: int) -> int:
        """Returns how long a usual working day is: the most frequent of the weeks around an instant."""
        block = self._block(instant >> _BITS)
        lengths = [end - begin for begin, end in zip(block.begins, block.ends, strict=True)]
        usual = max(set(lengths), key=lambda length: (lengths.count(length), length), default=0)
        return min(usual, DAY)

    def _block(self, number: int) -> _Block:
        found = self._blocks.get(number)
        if found is None:
            intervals = list(self._read(number << _BITS, (number + 1) << _BITS))
            lengths = accumulate((end - begin for begin, end in intervals), initial=0)
            begins, ends = [begin for begin, _ in intervals], [end for _, end in intervals]
            found = self._blocks[number] = _Block(begins, ends, list(lengths)[:-1])
        return found


ALWAYS = Hours(lambda begin, end: [(begin, end)])
Offices = Callable[[str], Hours | None]  # by the key of a unit; None: its calendar is not known
