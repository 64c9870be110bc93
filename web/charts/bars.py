"""Bars."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from web.charts.drawing import chart, element, fill, fills, label

_WIDTH, _HEIGHT = 640, 44
_WIDE = 44  # from which on a part has room for its caption


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: its amount, its look, its name, and the caption in it, such as its share."""

    name: str
    amount: int
    look: int
    caption: str


def stacked_bar(name: str, parts: Sequence[Part], *, title: str, direction: str) -> Markup:
    """Return a bar of parts that are a whole together, from the side on which the reader begins.

    Parts of nothing are not drawn. `name` is unique on the page.
    """
    drawn = [part for part in parts if part.amount > 0]
    whole = sum(part.amount for part in drawn)
    inside = [fills(name, (part.look for part in drawn))]
    passed = 0
    for part in drawn:
        begin, width = _WIDTH * passed / whole, _WIDTH * part.amount / whole
        left = begin if direction == "ltr" else _WIDTH - begin - width
        inside.append(_part(name, part, left, width, direction))
        passed += part.amount
    told = "; ".join(f"{part.name}: {part.caption}" for part in drawn)
    return chart(name, (_WIDTH, _HEIGHT), inside, title=title, description=told)


def _part(name: str, part: Part, left: float, width: float, direction: str) -> Markup:
    box = {"x": left, "y": 0, "width": width, "height": _HEIGHT}
    drawn = [
        element("title", [f"{part.name}: {part.caption}"]),
        element("rect", **box, fill=fill(name, part.look), class_="edge"),
    ]
    if width >= _WIDE:
        plate = {"x": left + width / 2 - 20, "y": 12, "width": 40, "height": 20, "rx": 4}
        drawn.append(element("rect", **plate, class_="plate"))
        drawn.append(label(part.caption, left + width / 2, 27, direction=direction))
    return element("g", drawn)
