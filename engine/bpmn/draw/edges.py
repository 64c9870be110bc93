"""Draws edges between elements: sequence and message flows, associations."""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from engine.bpmn.draw.interchange import Box, Drawing, Edge, Point, Shape, reference
from engine.bpmn.draw.labels import outside
from engine.bpmn.draw.svg import number, path, polyline, tag
from engine.bpmn.draw.texts import named
from engine.bpmn.notation.vocabulary import ACTIVITIES, REFUSED_NODES, bpmn, local

_LINES = {"messageFlow": "way broken", "sequenceFlow": "way"}
_NODES = ACTIVITIES | REFUSED_NODES
_ENDS = _NODES | frozenset({
    "startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent",
    "participant",
})  # fmt: skip


def draw(edge: Edge, drawing: Drawing, places: Mapping[Any, Shape], language: str) -> str:
    """Draws a flow or association with its name."""
    ends = [drawing.elements.get(reference(edge.element, name)) for name in ("sourceRef", "targetRef")]
    source, target = (places.get(end) for end in ends)
    points = _cropped(edge.points, source, target)
    drawn = [path(polyline(points), _LINES.get(edge.kind, "way dotted"))]
    if edge.kind == "sequenceFlow":
        drawn += [_arrow(points[-2], points[-1], "ink"), _beginning(edge.element, ends[0], points)]
    elif edge.kind == "messageFlow":
        drawn += [_arrow(points[-2], points[-1], "paper"), _ball(*points[:2]), _envelope(edge, points)]
    else:
        drawn.append(_pointers(edge, points))
    return "".join(drawn) + _name(edge, points, named(edge.element.get("name"), language))


def middle(points: tuple[Point, ...]) -> Point:
    """Returns the point half-way along a line."""
    lengths = [math.dist(one, other) for one, other in pairwise(points)]
    left = sum(lengths) / 2
    for (one, other), length in zip(pairwise(points), lengths, strict=True):
        if left <= length and length > 0:
            part = left / length
            return one[0] + (other[0] - one[0]) * part, one[1] + (other[1] - one[1]) * part
        left -= length
    return points[0]


def _cropped(points: tuple[Point, ...], source: Shape | None, target: Shape | None) -> tuple[Point, ...]:
    """Returns the points without those inside the elements at both ends."""
    found = list(points)
    if source is not None and source.kind in _ENDS:
        found = _from_border(found, source.box)
    if target is not None and target.kind in _ENDS:
        found = _from_border(found[::-1], target.box)[::-1]
    return tuple(found)


def _from_border(points: list[Point], box: Box) -> list[Point]:
    while len(points) > 2 and box.around(points[0]) and box.around(points[1]):
        points = points[1:]
    if not box.around(points[0]) or box.around(points[1]):
        return points
    return [_border(points[0], points[1], box), *points[1:]]


def _border(within: Point, without: Point, box: Box) -> Point:
    """Returns the point where a line leaves a box."""
    (x, y), (far_x, far_y) = within, without
    parts = []
    if far_x != x:
        parts.append(((box.right if far_x > x else box.x) - x) / (far_x - x))
    if far_y != y:
        parts.append(((box.bottom if far_y > y else box.y) - y) / (far_y - y))
    part = min(parts, default=0)
    return x + (far_x - x) * part, y + (far_y - y) * part


def _turn(start: Point, end: Point, at: Point) -> str:
    angle = math.degrees(math.atan2(end[1] - start[1], end[0] - start[0]))
    return f"translate({number(at[0])} {number(at[1])}) rotate({number(angle)})"


def _arrow(before: Point, tip: Point, class_: str) -> str:
    return path("M0 0l-9.5-4v8z", class_, _turn(before, tip, tip))


def _open_arrow(before: Point, tip: Point) -> str:
    return path("M-8-4.5L0 0l-8 4.5", "sign", _turn(before, tip, tip))


def _beginning(flow: Any, source: Any, points: tuple[Point, ...]) -> str:
    """Draws the sign of a default flow, or of a condition after an activity."""
    if source is None:
        return ""
    at = _turn(points[0], points[1], points[0])
    if flow.get("id") and reference(source, "default") == flow.get("id"):
        return path("M6 5L11-5", None, at)
    if flow.find(bpmn("conditionExpression")) is not None and local(source) in _NODES:
        return path("M0 0l8-4.5 8 4.5-8 4.5z", "paper", at)
    return ""


def _ball(at: Point, after: Point) -> str:
    return tag("circle", cx=3.5, cy=0, r=3.5, class_="paper", transform=_turn(at, after, at))


def _envelope(edge: Edge, points: tuple[Point, ...]) -> str:
    if not edge.element.get("messageRef"):
        return ""
    x, y = middle(points)
    at = f"translate({number(x - 10)} {number(y - 7)})"
    return path("M0 0h20v14H0zM0 0l10 8L20 0", "paper sign", at)


def _pointers(edge: Edge, points: tuple[Point, ...]) -> str:
    if edge.kind in ("dataInputAssociation", "dataOutputAssociation"):
        return _open_arrow(points[-2], points[-1])
    direction = edge.element.get("associationDirection", "None")
    forth = _open_arrow(points[-2], points[-1]) if direction in ("One", "Both") else ""
    return forth + (_open_arrow(points[1], points[0]) if direction == "Both" else "")


def _name(edge: Edge, points: tuple[Point, ...], words: str) -> str:
    if edge.label is not None:
        label = edge.label
        return outside(words, (label.x + label.width / 2, label.y), max(label.width + 4, 90))
    x, y = middle(points)
    return outside(words, (x, y - 17))
