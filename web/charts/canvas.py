"""An SVG drawing with a title and a description, for readers of either direction.

Horizontal places are percentages of the width, from where reading begins: 0 is the left edge in English and
the right edge in Persian. Vertical ones are pixels. So a chart fits every width, and its texts have the size
of the page's. The drawing itself always runs from left to right: in a right-to-left page `text-anchor` would
mean the other side (docs/decisions/0075-charts.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup, escape

from engine.platform.language import Reader

Anchor = Literal["start", "middle", "end"]
# With a mark after it: our font has no isolates, and Chromium misplaces a digit that follows one.
_ISOLATES = {"rtl": "\u2067\u200f", "ltr": "\u2066\u200e"}
_END = "\u2069"
_OTHER: dict[Anchor, Anchor] = {"start": "end", "end": "start", "middle": "middle"}
TINTS = ("tint-0", "tint-1", "tint-2", "tint-3", "tint-4", "tint-5", "tint-6", "tint-7")
INKS = ("ink-0", "ink-1", "ink-2", "ink-3", "ink-4", "ink-5", "ink-6", "ink-7")
# What distinguishes the areas of series without colours: lines and dots, 8 by 8 pixels.
_LINES = (
    "",
    "M-2 2L2-2M0 8L8 0M6 10L10 6",
    "M0 4H8",
    "M-2 6L2 10M0 0L8 8M6-2L10 2",
    "M4 0V8",
    "M-2 2L2-2M0 8L8 0M6 10L10 6M-2 6L2 10M0 0L8 8M6-2L10 2",
    "M0 4H8M4 0V8",
    "M1.5 2h1M5.5 6h1",
)


@dataclass(frozen=True, slots=True)
class About:
    """What a chart shows: an id, unique on the page, a title, and a description that says it in words."""

    id: str
    title: str
    text: str


class Canvas:
    """A drawing that is built piece by piece."""

    def __init__(self, reader: Reader, about: About, height: float) -> None:
        self._direction = reader.direction
        self._about = about
        self._height = height
        self._pieces: list[Markup] = []

    def fill(self, series: int) -> str:
        """Returns the paint of a series of `patterns`."""
        return f"url(#{self._about.id}-{series % len(TINTS)})"

    def patterns(self, count: int) -> None:
        """Declares the areas of as many series."""
        made = [pattern(self._about.id, number) for number in range(min(count, len(TINTS)))]
        self._pieces.append(Markup("<defs>{}</defs>").format(Markup("").join(made)))

    def area(
        self, x: float, y: float, width: float, height: float, *, kind: str = "", fill: str = ""
    ) -> None:
        """Draws a rectangle: of a class, or with a paint."""
        left = 100 - x - width if self._direction == "rtl" else x
        paint = Markup(' fill="{}"').format(fill) if fill else ""
        self._pieces.append(
            Markup('<rect x="{}%" y="{}" width="{}%" height="{}" class="{}"{}/>').format(
                _short(left), _short(y), _short(width), _short(height), kind, paint
            )
        )

    def line(self, begin: tuple[float, float], end: tuple[float, float], kind: str) -> None:
        """Draws a line between two points."""
        self._pieces.append(
            Markup('<line x1="{}%" y1="{}" x2="{}%" y2="{}" class="{}"/>').format(
                _short(self._x(begin[0])), _short(begin[1]), _short(self._x(end[0])), _short(end[1]), kind
            )
        )

    def point(self, x: float, y: float, kind: str, shape: int) -> None:
        """Draws a point: of each shape for one series of lines."""
        place = Markup('<svg x="{}%" y="{}" overflow="visible">').format(_short(self._x(x)), _short(y))
        self._pieces.append(place + SHAPES[shape % len(SHAPES)].format(kind) + Markup("</svg>"))

    def plate(self, x: float, y: float) -> None:
        """Draws what a short text in the middle of an area is written on."""
        place = Markup('<svg x="{}%" y="{}" overflow="visible">').format(_short(self._x(x)), _short(y))
        plate = Markup('<rect x="-20" y="-10" width="40" height="20" rx="4" class="{}"/></svg>').format(
            "plate"
        )
        self._pieces.append(place + plate)

    def text(self, x: float, y: float, text: str, *, anchor: Anchor = "start", kind: str = "") -> None:
        """Writes a text; `anchor` in the direction of reading."""
        actual = _OTHER[anchor] if self._direction == "rtl" else anchor
        self._pieces.append(
            Markup('<text x="{}%" y="{}" text-anchor="{}" class="{}">{}</text>').format(
                _short(self._x(x)), _short(y), actual, kind, f"{_ISOLATES[self._direction]}{text}{_END}"
            )
        )

    def draw(self) -> Markup:
        """Returns the SVG."""
        head = Markup(
            '<svg class="chart" direction="ltr" width="100%" height="{height}" role="img" '
            'aria-labelledby="{id}-title {id}-text"><title id="{id}-title">{title}</title>'
            '<desc id="{id}-text">{text}</desc>'
        ).format(
            height=_short(self._height), id=self._about.id, title=self._about.title, text=self._about.text
        )
        return head + Markup("").join(self._pieces) + Markup("</svg>")

    def _x(self, x: float) -> float:
        return 100 - x if self._direction == "rtl" else x


SHAPES = (
    Markup('<circle r="4" class="{}"/>'),
    Markup('<path d="M-4-4H4V4H-4Z" class="{}"/>'),
    Markup('<path d="M0-5L5 0L0 5L-5 0Z" class="{}"/>'),
    Markup('<path d="M0-5L5 4H-5Z" class="{}"/>'),
)


def pattern(id: str, series: int) -> Markup:
    """Returns the paint of a series, to be used as `url(#<id>-<series>)`."""
    return Markup(
        '<pattern id="{}-{}" width="8" height="8" patternUnits="userSpaceOnUse">'
        '<rect width="8" height="8" class="{}"/><path d="{}" class="{}"/></pattern>'
    ).format(id, series, TINTS[series], _LINES[series], INKS[series])


def swatches(id: str, names: Sequence[str]) -> list[tuple[Markup, str]]:
    """Returns a legend: a sample of each series' area, and its name. `id` is unique on the page."""
    return [(sample(f"{id}-key", number), name) for number, name in enumerate(names)]


def sample(id: str, number: int) -> Markup:
    """Returns a sample of a series' area, for a legend or a table. It says nothing to a screen reader."""
    series = number % len(TINTS)
    return Markup(
        '<svg class="sample" width="20" height="14" aria-hidden="true">{}'
        '<rect width="20" height="14" rx="2" fill="url(#{}-{})"/></svg>'
    ).format(pattern(id, series), escape(id), series)


def _short(value: float) -> str:
    return f"{round(value, 2):g}"
