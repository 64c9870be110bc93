"""Draws names: in a box, below an element, at a side, or rotated."""

from engine.bpmn.draw.interchange import Box, Point
from engine.bpmn.draw.svg import number, tag, text
from engine.bpmn.draw.texts import LINE, Wrapped, wrap

BESIDE = 90.0  # the width of a name below an element, as in modelers
_BELOW = 6  # lines of such a name


def inside(words: str, box: Box, *, top: bool = False, side: float = 5, upper: float = 0) -> str:
    """Draws a name in the middle of a box, or at its top; `upper` is left free if there is room."""
    if not words:
        return ""
    free = upper if box.height - upper >= 30 else 0
    wrapped = wrap(words, max(box.width - 2 * side, 8), box.height - 4)
    if wrapped.height > box.height - 2 * free:
        wrapped = wrap(words, max(box.width - 2 * side, 8), max(box.height - free - 2, 12))
    above = 5 if top else max((box.height - wrapped.height) / 2, 0)
    if free and not top:
        above = min(max(above, free), max(box.height - wrapped.height - 1, 0))
    return _lines(wrapped, box.x + box.width / 2, box.y + above)


def below(words: str, box: Box, label: Box | None) -> str:
    """Draws a name where the diagram places it, else below the element."""
    if label is None:
        return outside(words, (box.x + box.width / 2, box.bottom + 3))
    return outside(words, (label.x + label.width / 2, label.y))


def outside(words: str, at: Point, wide: float = BESIDE) -> str:
    """Draws a name from a point downwards, centred."""
    if not words:
        return ""
    wrapped = wrap(words, min(wide, 400), _BELOW * 11 * LINE, (11, 9.5))
    return _lines(wrapped, at[0], at[1], "halo")


def beside(words: str, box: Box) -> str:
    """Draws a name at the side of a box where its script begins."""
    if not words:
        return ""
    wrapped = wrap(words, max(box.width - 10, 8), max(box.height - 6, 14), (12, 10.5, 9, 8))
    return _lines(wrapped, box.right - 5 if wrapped.rtl else box.x + 5, box.y + 4, "from")


def turned(words: str, box: Box) -> str:
    """Draws a name in the middle of a narrow vertical box, rotated."""
    if not words:
        return ""
    x, y = box.middle
    wrapped = wrap(words, max(box.height - 8, 8), max(box.width - 2, 12))
    return tag(
        "g",
        _lines(wrapped, 0, -wrapped.height / 2),
        transform=f"translate({number(x)} {number(y)}) rotate(-90)",
    )


def _lines(wrapped: Wrapped, x: float, y: float, class_: str = "") -> str:
    said = " ".join(filter(None, (class_, "rtl" if wrapped.rtl else "")))
    return "".join(
        tag(
            "text",
            text(line),
            x=x,
            y=y + (index + 0.8) * wrapped.size * LINE,
            font_size=wrapped.size,
            class_=said or None,
        )
        for index, line in enumerate(wrapped.lines)
    )
