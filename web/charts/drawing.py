"""What all charts are drawn from: elements, texts in the reader's direction, and fills with a pattern.

The direction of a page reaches into inline SVG, where `start` then means right. So each chart has its own
direction, left to right; what is mirrored is mirrored by its coordinates, anchors too, and each text is
isolated in the direction of its language.
"""

from collections.abc import Iterable

from markupsafe import Markup, escape

# Fills that differ by colour and pattern, by number. The sheet has the colours.
_COLOURS = ("look-0", "look-1", "look-2", "look-3", "look-4", "look-5", "look-6", "look-7")
LOOKS = len(_COLOURS)
_ISOLATES = {"rtl": "\u2067", "ltr": "\u2066"}
_END = "\u2069"
# Lines on a tile of 8 by 8, so that fills differ without colours.
_MARKS = (
    "",
    "M0 4h8",
    "M-1 1l2-2M0 8l8-8M7 9l2-2",
    "M-1 7l2 2M0 0l8 8M7-1l2 2",
    "M4 0v8",
    "M0 4h8M4 0v8",
    "M0 8l8-8M0 0l8 8",
    "M2 2h1M6 6h1",
)


def element(name: str, inside: Iterable[str] = (), /, **attributes: object) -> Markup:
    """Return an element of SVG: attributes without None, `_` in their names for a hyphen."""
    given = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _plain(value))
        for key, value in attributes.items()
        if value is not None
    )
    content = Markup("").join(escape(part) for part in inside)
    return Markup("<{}{}>{}</{}>").format(name, given, content, name)


def chart(
    name: str, size: tuple[int, int], inside: Iterable[Markup], *, title: str, description: str
) -> Markup:
    """Return a chart of this size, as wide as its place, with what a screen reader reads of it.

    `name` is unique on its page: ids begin with it.
    """
    told = (
        element("title", [title], id=f"{name}-title"),
        element("desc", [description], id=f"{name}-desc"),
    )
    return element(
        "svg",
        [*told, *inside],
        class_="chart",
        viewBox=f"0 0 {size[0]} {size[1]}",
        direction="ltr",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def label(text: str, x: float, y: float, *, direction: str, anchor: str = "middle") -> Markup:
    """Return a text in its language's direction. `anchor` is geometric: `start` is left, `end` right."""
    return element("text", [f"{_ISOLATES[direction]}{text}{_END}"], x=x, y=y, text_anchor=anchor)


def fills(name: str, looks: Iterable[int]) -> Markup:
    """Return the definitions of these fills in a chart; `fill` refers to them."""
    return element("defs", [_pattern(name, look) for look in sorted(set(looks))])


def fill(name: str, look: int) -> str:
    """Return the value of an attribute that fills with a look."""
    return f"url(#{name}-look-{look})"


def sample(name: str, look: int) -> Markup:
    """Return a small sample of a look, for the row of a table or a legend. It says nothing to a reader."""
    inside = [
        fills(name, [look]),
        element("rect", x=0.5, y=0.5, width=23, height=15, fill=fill(name, look), class_="edge"),
    ]
    return element("svg", inside, class_="sample", viewBox="0 0 24 16", direction="ltr", aria_hidden="true")


def _pattern(name: str, look: int) -> Markup:
    tile = [element("rect", width=8, height=8, class_=_COLOURS[look])]
    if _MARKS[look]:
        tile.append(element("path", d=_MARKS[look], class_="marks"))
    size = {"width": 8, "height": 8, "patternUnits": "userSpaceOnUse"}
    return element("pattern", tile, id=f"{name}-look-{look}", **size)


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
