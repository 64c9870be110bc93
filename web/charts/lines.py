"""Lines over months: each series with its own stroke and shape of points. No value, no point."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from engine.platform.language import Reader
from web.charts.canvas import SHAPES, About, Canvas
from web.charts.scales import ticks

_TOP, _HIGH, _FOOT = 12, 160, 26  # pixels: above the plot, the plot, the names of months below it
_BEGIN, _END = 13, 97  # percentages of the width, between which the plot is
_MOST_NAMES = 6
STROKES = ("stroke-0", "stroke-1", "stroke-2", "stroke-3")
POINTS = ("point-0", "point-1", "point-2", "point-3")


@dataclass(frozen=True, slots=True)
class Series:
    """A line: its name, and its values, None where there is none."""

    name: str
    values: Sequence[float | None]


def lines(
    reader: Reader,
    about: About,
    months: Sequence[str],
    series: Sequence[Series],
    *,
    write: Callable[[float], str],
    whole: bool = False,
) -> Markup:
    """Draws lines from 0 on. `write` returns a value of the axis as text; `whole`: of whole values only."""
    most = max((value for one in series for value in one.values if value is not None), default=0)
    marks = ticks(most, whole=whole)
    canvas = Canvas(reader, about, _TOP + _HIGH + _FOOT)
    for mark in marks:
        y = _y(mark, marks[-1])
        canvas.line((_BEGIN, y), (_END, y), "grid")
        canvas.text(_BEGIN - 1.5, y + 4, write(mark), anchor="end", kind="axis")
    every = -(-len(months) // _MOST_NAMES)
    for number, month in enumerate(months):
        # The last month is always named.
        if (len(months) - 1 - number) % every == 0:
            canvas.text(_x(number, len(months)), _TOP + _HIGH + 20, month, anchor="middle", kind="axis")
    for number, one in enumerate(series):
        _draw(canvas, one, number, marks[-1])
    return canvas.draw()


def _draw(canvas: Canvas, one: Series, number: int, most: float) -> None:
    places = [
        None if value is None else (_x(index, len(one.values)), _y(value, most))
        for index, value in enumerate(one.values)
    ]
    for begin, end in pairwise(places):
        if begin is not None and end is not None:
            canvas.line(begin, end, STROKES[number % len(STROKES)])
    for place in places:
        if place is not None:
            canvas.point(*place, POINTS[number % len(POINTS)], number)


def key(names: Sequence[str]) -> list[tuple[Markup, str]]:
    """Returns a legend: a sample of each line, and its name."""
    return [(_sample(number), name) for number, name in enumerate(names)]


def _sample(number: int) -> Markup:
    shape = SHAPES[number % len(SHAPES)].format(POINTS[number % len(POINTS)])
    return Markup(
        '<svg class="sample" width="34" height="14" aria-hidden="true">'
        '<line x1="0" y1="7" x2="34" y2="7" class="{}"/>'
        '<svg x="17" y="7" overflow="visible">{}</svg></svg>'
    ).format(STROKES[number % len(STROKES)], shape)


def _x(number: int, count: int) -> float:
    # A single month is in the middle.
    room = _END - _BEGIN
    return _BEGIN + room * ((number + 0.5) / count)


def _y(value: float, most: float) -> float:
    return _TOP + _HIGH * (1 - value / most)
