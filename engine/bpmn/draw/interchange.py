"""Reads the places of elements from the diagram interchange (BPMN DI). Ignores values that aren't numbers."""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.bpmn.notation.vocabulary import BPMNDI, FLOW_NODES, bpmn, local

DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DI = "{http://www.omg.org/spec/DD/20100524/DI}"
_DI = f"{{{BPMNDI}}}"
FARTHEST = 200_000.0  # a larger coordinate is a mistake, and would make everything else too small
LARGEST = 50_000.0
SCOPES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
_EDGES = frozenset({
    "sequenceFlow", "messageFlow", "association", "dataInputAssociation", "dataOutputAssociation",
    "conversationLink",
})  # fmt: skip
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_BIOC = "{http://bpmn.io/schema/bpmn/biocolor/1.0}"
_OMG = "{http://www.omg.org/spec/BPMN/non-normative/color/1.0}"
_FILLS, _STROKES = (f"{_BIOC}fill", f"{_OMG}background-color"), (f"{_BIOC}stroke", f"{_OMG}border-color")
_TOLD: Mapping[str | None, bool] = {"true": True, "false": False}

Point = tuple[float, float]
Colours = tuple[str | None, str | None]  # fill and stroke, where the designer set them


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> Point:
        """Returns its centre."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def right(self) -> float:
        """Returns its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Returns its lower edge."""
        return self.y + self.height

    def around(self, point: Point) -> bool:
        """Whether a point is inside, not on its edge."""
        return self.x + 1 < point[0] < self.right - 1 and self.y + 1 < point[1] < self.bottom - 1


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """An element with its place. `label` is the place of its name, if defined.

    `expanded` is None until its default has been determined.
    """

    element: Any
    kind: str
    box: Box
    label: Box | None = None
    expanded: bool | None = True
    horizontal: bool = True
    marked: bool = True
    colours: Colours = (None, None)


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """A flow or association with its waypoints."""

    element: Any
    kind: str
    points: tuple[Point, ...]
    label: Box | None = None
    colours: Colours = (None, None)


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything that is drawn, and all elements of the file by id."""

    shapes: tuple[Shape, ...]
    edges: tuple[Edge, ...]
    elements: Mapping[str, Any]


def elements_of(root: Any) -> dict[str, Any]:
    """Returns the BPMN elements of a file by id; for a duplicate id, the first one."""
    found: dict[str, Any] = {}
    for element in root.iter(bpmn("*")):
        if element.get("id"):
            found.setdefault(element.get("id"), element)
    return found


def read(root: Any, process: Any) -> Drawing | None:
    """Returns the drawing with most elements of a process; None if none of its steps has a place."""
    elements = elements_of(root)
    own = {child.get("id") for child in process if local(child) in FLOW_NODES}
    planes = root.iter(f"{_DI}BPMNPlane")
    drawn, plane = max(((_drawn(plane, own), plane) for plane in planes), key=_first, default=(0, None))
    return _plane(plane, elements) if drawn else None


def _drawn(plane: Any, own: Collection[str]) -> int:
    """Returns how many steps have a place there."""
    return sum(
        _reference(drawn) in own and _box(drawn) is not None
        for drawn in plane.iterchildren(f"{_DI}BPMNShape")
    )


def _first(counted: tuple[int, Any]) -> int:
    return counted[0]


def _plane(plane: Any, elements: Mapping[str, Any]) -> Drawing:
    shapes = {shape.element: shape for shape in reversed(list(_shapes(plane, elements)))}
    inside = {shape.element.getparent() for shape in shapes.values() if shape.kind in FLOW_NODES}
    for element, shape in shapes.items():
        if shape.expanded is None:
            shapes[element] = replace(shape, expanded=shape.kind not in SCOPES or element in inside)
    closed = {element for element, shape in shapes.items() if shape.kind in SCOPES and not shape.expanded}
    shown = {element: shape for element, shape in shapes.items() if not _within(element, closed)}
    edges = {edge.element: edge for edge in _edges(plane, elements) if not _within(edge.element, closed)}
    _straight(edges, shown, elements)
    return Drawing(tuple(reversed(shown.values())), tuple(edges.values()), elements)


def _within(element: Any, closed: set[Any]) -> bool:
    return bool(closed) and any(around in closed for around in element.iterancestors())


def _shapes(plane: Any, elements: Mapping[str, Any]) -> Iterator[Shape]:
    for drawn in plane.iterchildren(f"{_DI}BPMNShape"):
        element = elements.get(_reference(drawn))
        box = _box(drawn)
        if element is None or box is None:
            continue
        kind = local(element)
        yield Shape(
            element,
            kind,
            box,
            _label(drawn),
            _TOLD.get(drawn.get("isExpanded")),
            drawn.get("isHorizontal") != "false",
            drawn.get("isMarkerVisible") == "true",
            _colours(drawn),
        )


def _edges(plane: Any, elements: Mapping[str, Any]) -> Iterator[Edge]:
    for drawn in plane.iterchildren(f"{_DI}BPMNEdge"):
        element = elements.get(_reference(drawn))
        if element is None or local(element) not in _EDGES:
            continue
        found = (_point(waypoint) for waypoint in drawn.iterchildren(f"{DI}waypoint"))
        points = tuple(point for point in found if point is not None)
        if len(points) > 1:
            yield Edge(element, local(element), points, _label(drawn), _colours(drawn))


def _straight(edges: dict[Any, Edge], shapes: Mapping[Any, Shape], elements: Mapping[str, Any]) -> None:
    """Draws straight flows where waypoints are missing, between shapes."""
    for element in elements.values():
        if local(element) in ("sequenceFlow", "messageFlow") and element not in edges:
            ends = [shapes.get(elements.get(reference(element, end))) for end in ("sourceRef", "targetRef")]
            if ends[0] is not None and ends[1] is not None and ends[0] is not ends[1]:
                points = (ends[0].box.middle, ends[1].box.middle)
                edges[element] = Edge(element, local(element), points)


def reference(element: Any, name: str) -> str:
    """Returns the id that an attribute refers to, without the prefix that some tools write."""
    found: str = element.get(name, "").strip()
    return found.rpartition(":")[2]


def _reference(drawn: Any) -> str:
    return reference(drawn, "bpmnElement")


def _colours(drawn: Any) -> Colours:
    inside, line = (next(filter(None, map(drawn.get, names)), "") for names in (_FILLS, _STROKES))
    return inside if _COLOUR.fullmatch(inside) else None, line if _COLOUR.fullmatch(line) else None


def _label(drawn: Any) -> Box | None:
    label = drawn.find(f"{_DI}BPMNLabel")
    return None if label is None else _box(label)


def _box(drawn: Any) -> Box | None:
    bounds = drawn.find(f"{DC}Bounds")
    if bounds is None:
        return None
    x, y, width, height = (_coordinate(bounds, name) for name in ("x", "y", "width", "height"))
    if x is None or y is None or width is None or height is None:
        return None
    fits = 1 <= width <= LARGEST and 1 <= height <= LARGEST
    return Box(x, y, width, height) if fits else None


def _point(waypoint: Any) -> Point | None:
    x, y = _coordinate(waypoint, "x"), _coordinate(waypoint, "y")
    return None if x is None or y is None else (x, y)


def _coordinate(element: Any, name: str) -> float | None:
    try:
        value = float(element.get(name, ""))
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) <= FARTHEST else None
