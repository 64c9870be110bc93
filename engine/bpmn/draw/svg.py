"""Writes SVG: escaped text, short numbers, nothing that could be executed or fetched."""

from collections.abc import Iterable
from html import escape


def number(value: float) -> str:
    """Formats a coordinate with at most one decimal."""
    rounded = round(value, 1)
    return str(int(rounded)) if rounded == int(rounded) else str(rounded)


def tag(name: str, *inside: str, **attributes: str | float | None) -> str:
    """Formats an element: `class_` is its class, `data_element` its data-element; omits None."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{said}>{''.join(inside)}</{name}>" if inside else f"<{name}{said}/>"


def _value(value: str | float | None) -> str:
    return escape(value) if isinstance(value, str) else number(value or 0)


def text(value: str) -> str:
    """Formats a text as character data."""
    return escape(value, quote=False)


def path(data: str, class_: str | None = None, at: str | None = None) -> str:
    """Formats a path; `at` is a transformation."""
    return tag("path", d=data, class_=class_, transform=at)


def polyline(points: Iterable[tuple[float, float]]) -> str:
    """Returns the path data of a line through points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)
