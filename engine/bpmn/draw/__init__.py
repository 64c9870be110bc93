"""Draws a process as SVG at the places in its file; pure, and without a browser.

The SVG has no script, no references and one style sheet; every text is escaped. Each element is a group with
its id in `data-element` and its name, kind and marks in a title.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.bpmn.draw import edges, nodes
from engine.bpmn.draw.interchange import Box, Colours, Drawing, Edge, Shape, read
from engine.bpmn.draw.labels import BESIDE
from engine.bpmn.draw.layout import lay_out
from engine.bpmn.draw.marks import ChangeMark, Mark, Marks, TokenMark, badges, finder, listed, placed
from engine.bpmn.draw.style import POLICY, STYLE
from engine.bpmn.draw.svg import number, tag, text
from engine.bpmn.draw.texts import named
from engine.bpmn.notation.findings import Finding
from engine.bpmn.notation.source import Unreadable, read_xml
from engine.bpmn.notation.vocabulary import bpmn
from engine.bpmn.translate.ids import translate_ids
from engine.bpmn.translate.translations import Told

__all__ = ["POLICY", "ChangeMark", "Marks", "TokenMark", "Undrawable", "drawable_keys", "picture", "places"]

_MARGIN = 24.0
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Undrawable(Exception):
    """Raised for a file that can't be read or lacks the process; `finding` has the reason and the fix."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.reason)
        self.finding = finding


def drawable_keys(file: str, content: bytes) -> list[str]:
    """Returns the keys of the processes that can be drawn. Raises Undrawable."""
    return [
        process.get("id")
        for process in _root(file, content).iterchildren(bpmn("process"))
        if process.get("id")
    ]


def picture(content: bytes, key: str, *, language: str = "en", marks: Marks | None = None) -> bytes:
    """Draws a process of a BPMN file as SVG in UTF-8; names as `Persian | English` in the language.

    A collaboration is drawn completely. Raises Undrawable.
    """
    process, drawing = _read(content, key)
    return _Picture(process, drawing, language, marks or Marks()).svg().encode()


def places(content: bytes, key: str, names: Iterable[str]) -> dict[str, str]:
    """Returns the ids of the shapes and edges for these elements and flows of a process, if drawn.

    The content of a collapsed sub-process or called process maps to its shape. Raises Undrawable.
    """
    process, drawing = _read(content, key)
    drawn = {*(shape.element for shape in drawing.shapes), *(edge.element for edge in drawing.edges)}
    find = finder(process, drawing.elements, drawn)
    found = {name: find(name) for name in names}
    return {name: element.get("id") for name, element in found.items() if element is not None}


def _read(content: bytes, key: str) -> tuple[Any, Drawing]:
    root = _root(key, content)
    process = next((item for item in root.iterchildren(bpmn("process")) if item.get("id") == key), None)
    if process is None:
        raise Undrawable(Finding("error", "no-process", key, values={"process": key}))
    return process, read(root, process) or lay_out(process)


def _root(file: str, content: bytes) -> Any:
    try:
        root = read_xml(file, content).getroot()
    except Unreadable as failure:
        raise Undrawable(failure.finding) from failure
    translate_ids(root, Told())
    return root


class _Picture:
    def __init__(self, process: Any, drawing: Drawing, language: str, marks: Marks) -> None:
        self.drawing = drawing
        self.language = language
        self.places: Mapping[Any, Shape] = {shape.element: shape for shape in drawing.shapes}
        drawn = {*self.places, *(edge.element for edge in drawing.edges)}
        self.marks = placed(marks, process, drawing.elements, drawn)
        self.process = process

    def svg(self) -> str:
        title = named(self.process.get("name") or self.process.get("id"), self.language)
        box = _extent(self.drawing)
        loose = self.marks.get(None)
        told = listed([title, *(loose.describe() if loose else ())])
        return tag(
            "svg",
            tag("title", text(told)),
            tag("style", STYLE),
            *self.parts(),
            *self.badges(box),
            xmlns="http://www.w3.org/2000/svg",
            viewBox=" ".join(map(number, (box.x, box.y, box.width, box.height))),
            width=box.width,
            height=box.height,
            role="img",
            aria_label=title,
            lang=self.language,
            class_="bpmn",
        )

    def parts(self) -> Iterator[str]:
        """Yields the parts: containers, largest first, then edges, then all others."""
        around = [shape for shape in self.drawing.shapes if nodes.is_container(shape)]
        for shape in sorted(around, key=lambda shape: -shape.box.width * shape.box.height):
            yield self.group(shape.element, shape.kind, self.node(shape))
        for edge in self.drawing.edges:
            drawn = edges.draw(edge, self.drawing, self.places, self.language)
            yield self.group(edge.element, edge.kind, _coloured(drawn, "way", edge.colours))
        others = (shape for shape in self.drawing.shapes if not nodes.is_container(shape))
        for shape in sorted(others, key=lambda shape: shape.kind == "boundaryEvent"):
            yield self.group(shape.element, shape.kind, self.node(shape))

    def node(self, shape: Shape) -> str:
        drawn = nodes.draw(shape, self.drawing.elements, self.language)
        return _coloured(drawn, "body", shape.colours)

    def group(self, element: Any, kind: str, drawn: str) -> str:
        mark = self.marks.get(element) or Mark()
        name = named(element.get("name"), self.language)
        about = " ".join(_WORD.sub(" ", word).lower() for word in (*nodes.triggers(element), kind))
        title = listed([f"{about.capitalize()}: {name}" if name else about.capitalize(), *mark.describe()])
        classes = " ".join([kind, *mark.classes()])
        return tag("g", tag("title", text(title)), drawn, data_element=element.get("id"), class_=classes)

    def badges(self, box: Box) -> Iterator[str]:
        """Yields the badges, on top of everything else."""
        for shape in self.drawing.shapes:
            if shape.element in self.marks:
                yield badges(self.marks[shape.element], shape.box)
        for edge in self.drawing.edges:
            if edge.element in self.marks:
                yield badges(self.marks[edge.element], _around(edge))
        if None in self.marks:
            yield badges(self.marks[None], Box(box.x + 22, box.y + 14, 30, 0))


def _coloured(drawn: str, part: str, colours: Colours) -> str:
    """Draws the first part of that class in the designer's colours; marks override these."""
    told = "".join(
        f'{name}="{colour}" ' for name, colour in zip(("fill", "stroke"), colours, strict=True) if colour
    )
    return drawn.replace(f'class="{part}', f'{told}class="{part}', 1) if told else drawn


def _around(edge: Edge) -> Box:
    x, y = edges.middle(edge.points)
    return Box(x - 4, y - 4, 8, 8)


def _room_below(box: Box) -> Box:
    """Returns the place for a name that has none in the diagram."""
    return Box(box.middle[0] - BESIDE / 2, box.bottom, BESIDE, 36)


def _extent(drawing: Drawing) -> Box:
    boxes = [shape.box for shape in drawing.shapes]
    labels = [item.label for item in drawing.shapes] + [item.label for item in drawing.edges]
    boxes += [label for label in labels if label is not None]
    boxes += [_room_below(shape.box) for shape in drawing.shapes if nodes.named_below(shape)]
    points = [point for edge in drawing.edges for point in edge.points]
    points += [point for box in boxes for point in ((box.x, box.y), (box.right, box.bottom + 12))]
    xs, ys = [x for x, _ in points] or [0.0], [y for _, y in points] or [0.0]
    left, top = min(xs) - _MARGIN, min(ys) - _MARGIN
    return Box(left, top, max(xs) + _MARGIN - left, max(ys) + _MARGIN + 12 - top)
