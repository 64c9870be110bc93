"""Answers to read: the questions of a form and their answers, in the form's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.bpmn.forms import DOCUMENT_KINDS, Field
from engine.cases.staged_documents import Place
from engine.platform.db import UnitOfWork
from engine.platform.language import Reader
from web import texts
from web.attached import File, files_in
from web.forms import Drawing, Node, drawing


@dataclass(frozen=True, slots=True)
class Row:
    """A field with its answer; `rows` are the nested ones, of a list one sequence for each entry."""

    label: str
    text: str = ""
    rows: tuple[tuple["Row", ...], ...] = ()
    files: Sequence[File] = ()


def rows(
    fields: Sequence[Field],
    values: Mapping[str, Any],
    reader: Reader,
    uow: UnitOfWork,
    place: Place,
) -> Sequence[Row]:
    """Return the answers to these fields of the form at `place`, without unanswered ones."""
    drawn = drawing(fields, values, reader)
    return named_rows(drawn, files_in(uow, drawn, place))


def named_rows(drawn: Drawing, files: Mapping[str, File]) -> Sequence[Row]:
    """Return the same for drawn fields, with the names of their files."""
    return _rows(drawn.nodes, files)


def _rows(nodes: Sequence[Node], files: Mapping[str, File]) -> tuple[Row, ...]:
    found: list[Row] = []
    for node in nodes:
        if node.field.pointer is None:
            found += _rows(node.nodes, files)
        elif node.field.kind == "list":
            found += (
                [Row(node.label, rows=tuple(_rows(row, files) for row in node.rows))] if node.rows else []
            )
        elif node.field.kind == "group":
            inner = _rows(node.nodes, files)
            found += [Row(node.label, rows=(inner,))] if inner else []
        elif node.field.kind in DOCUMENT_KINDS:
            named = [files[one] for one in node.shown if one in files]
            found += [Row(node.label, files=named)] if named else []
        elif text := _text(node):
            found.append(Row(node.label, text))
    return tuple(found)


def _text(node: Node) -> str:
    if node.field.kind == "boolean":
        return texts.say("frame.yes" if node.shown else "frame.no")
    if node.field.kind in ("choice", "choices"):
        return texts.reader().both([label for _, label, chosen in node.options if chosen])
    if isinstance(node.shown, list):
        return " ".join(filter(None, node.shown))
    text = str(node.shown)
    return texts.reader().digits(text) if text.isdecimal() else text
