"""Figures as lines of text for a CSV file: what the API and the pages return as JSON and as tables."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import Any

from engine.bpmn.values import instant
from engine.oversight.metrics.figures import Figure
from engine.platform.table_files import guarded


@dataclass(frozen=True, slots=True)
class FigureLine:
    """A figure by its name."""

    name: str
    value: int | float | None
    status: str
    cases: int


def csv_of(lines: Sequence[Any]) -> bytes:
    """Returns dataclasses of one kind as a CSV file in UTF-8, with a header; a figure also has its status.

    Without lines the file is empty but for the byte order mark, by which spreadsheets know the encoding.
    """
    rows = [_flat(line) for line in lines]
    text = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue().encode("utf-8-sig")


def figures_of(line: Any) -> list[FigureLine]:
    """Returns the figures of a dataclass, one line for each."""
    return [
        FigureLine(one.name, value.value, value.status, value.cases)
        for one in fields(line)
        if isinstance(value := getattr(line, one.name), Figure)
    ]


def _flat(line: Any) -> dict[str, Any]:
    return dict(_pairs(line))


def _pairs(line: Any) -> Iterable[tuple[str, Any]]:
    for one in fields(line):
        value = getattr(line, one.name)
        if isinstance(value, Figure):
            yield one.name, value.value
            yield f"{one.name}_status", value.status
        elif is_dataclass(value):
            yield from _pairs(value)
        elif isinstance(value, Mapping):
            yield from value.items()
        else:
            yield one.name, value


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, bool):
        return str(value).lower()  # as in JSON
    if hasattr(value, "tzinfo"):
        return instant(value)
    return value.isoformat() if isinstance(value, date) else value
