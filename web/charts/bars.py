"""Horizontal bars, and bars that are stacked of parts: the name above each bar, its value after it."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from engine.platform.language import Reader
from web.charts.canvas import About, Canvas

_TEXT, _BAR, _GAP = 21, 14, 12  # pixels: the line of texts, the bar, the space after it
_WIDE = 74  # percent of the width, for the longest bar
_TALL, _ROOM = 40, 14  # pixels; percent of the width from which on a part has room for its caption
_LONGEST = 54  # characters of a name that fit a phone: the table has the whole


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: its name, its length (None: there is no value), and the value as it is written."""

    name: str
    value: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Stack:
    """A bar of parts, one for each series, and what is written at its end."""

    name: str
    parts: Sequence[float]
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a whole: its amount, and a short caption such as its share."""

    amount: float
    caption: str


def bars(reader: Reader, about: About, rows: Sequence[Bar]) -> Markup:
    """Draws bars from 0 to the greatest value."""
    most = max((row.value or 0 for row in rows), default=0) or 1
    canvas = Canvas(reader, about, _height(len(rows)))
    canvas.patterns(1)
    for number, row in enumerate(rows):
        y = _head(canvas, number, row.name, row.text)
        if row.value is not None:
            _area(canvas, (0, y), _WIDE * row.value / most, canvas.fill(0))
    return canvas.draw()


def stacks(reader: Reader, about: About, rows: Sequence[Stack], *, whole: bool = False) -> Markup:
    """Draws stacked bars; with `whole` each of the full width, so that shares can be compared."""
    series = max((len(row.parts) for row in rows), default=0)
    most = max((sum(row.parts) for row in rows), default=0) or 1
    canvas = Canvas(reader, about, _height(len(rows)))
    canvas.patterns(series)
    for number, row in enumerate(rows):
        y = _head(canvas, number, row.name, row.text)
        length = sum(row.parts) or 1 if whole else most
        at = 0.0
        for part, value in enumerate(row.parts):
            width = _WIDE * value / length
            _area(canvas, (at, y), width, canvas.fill(part))
            at += width
    return canvas.draw()


def whole(reader: Reader, about: About, parts: Sequence[Part]) -> Markup:
    """Draws one bar of parts that are a whole together. A caption is written where there is room."""
    canvas = Canvas(reader, about, _TALL)
    canvas.patterns(len(parts))
    total, at = sum(part.amount for part in parts) or 1, 0.0
    for number, part in enumerate(parts):
        width = 100 * part.amount / total
        if width > 0:
            canvas.area(at, 0, width, _TALL, kind="part", fill=canvas.fill(number))
        if width >= _ROOM:
            canvas.plate(at + width / 2, _TALL / 2)
            canvas.text(at + width / 2, _TALL / 2 + 4.5, part.caption, anchor="middle", kind="amount")
        at += width
    return canvas.draw()


def _height(rows: int) -> int:
    return max(rows, 1) * (_TEXT + _BAR + _GAP)


def _head(canvas: Canvas, number: int, name: str, text: str) -> float:
    """Writes name and value, draws the place of the bar, and returns where that is."""
    top = number * (_TEXT + _BAR + _GAP)
    canvas.text(0, top + _TEXT - 7, name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…")
    canvas.text(100, top + _TEXT + _BAR - 2, text, anchor="end", kind="amount")
    canvas.area(0, top + _TEXT, _WIDE, _BAR, kind="track")
    return top + _TEXT


def _area(canvas: Canvas, at: tuple[float, float], width: float, fill: str) -> None:
    if width > 0:
        canvas.area(at[0], at[1], width, _BAR, kind="part", fill=fill)


def meter(reader: Reader, share: float) -> Markup:
    """Draws a small bar for a cell of a table, which also has the value: for the eye alone."""
    width = 100 * min(max(share, 0.0), 1.0)
    return Markup(
        '<svg class="meter" direction="ltr" width="100%" height="6" aria-hidden="true">'
        '<rect width="100%" height="6" class="track"/>'
        '<rect x="{}%" width="{}%" height="6" class="tint-0"/></svg>'
    ).format(round(100 - width, 1) if reader.direction == "rtl" else 0, round(width, 1))
