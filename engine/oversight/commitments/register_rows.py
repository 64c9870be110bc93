"""Reads the rows of a CSV file with services, each with its place; the database isn't asked."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.oversight.commitments.register import MOST, NewService
from engine.platform import formats, persian
from engine.platform.errors import Fault, Invalid

COLUMNS = (
    *("unit", "name_fa", "name_en", "yearly_volume", "reason", "text", "planned_for", "definition"),
    *("online",),  # ignored in an import
)
NEEDED = ("name_fa", "name_en", "reason")
LARGEST = 2_000_000  # characters
REFUSED = "Nothing was imported."


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a file: its place, the service, and what can't be read of it."""

    place: str
    new: NewService
    faults: Sequence[Fault]


def read(content: str, unit: str) -> list[Line]:
    """Returns the rows of a file; those without a unit are of `unit`. Raises Invalid for what is no table."""
    if len(content) > LARGEST:
        raise _refused(Fault("/content", "is too large", "maxLength", {"count": LARGEST}))
    rows = _rows(content.removeprefix("\ufeff"))
    _, header = next(rows, ("line 1", []))
    names = [cell.strip().lower() for cell in header]
    _require_header(names)
    lines = [_line(place, names, cells, unit) for place, cells in rows]
    if not lines:
        raise _refused(Fault("line 2", "is missing: the file has no services", "register-empty"))
    return lines


def _rows(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yields the rows that aren't empty, with their places."""
    first = text.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    found = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    count = 0
    try:
        for cells in found:
            if any(cell.strip() for cell in cells):
                place, count = f"line {found.line_num}", count + 1
                if count > MOST + 1:
                    raise _refused(Fault(place, "is one too many", "register-full", {"count": MOST}))
                yield place, cells
    except csv.Error as cause:
        raise _refused(Fault(f"line {found.line_num}", f"cannot be read: {cause}", "csv")) from cause


def _require_header(names: Sequence[str]) -> None:
    known = set(NEEDED) <= set(names) <= set(COLUMNS)
    if not known or len(set(names)) < len(names):
        values = {"columns": ", ".join(COLUMNS), "found": ", ".join(names)[:200]}
        detail = f"must have the columns {values['columns']}, or at least {', '.join(NEEDED)}"
        raise _refused(Fault("line 1", detail, "columns", values))


def _refused(fault: Fault) -> Invalid:
    return Invalid(REFUSED, [fault])


def _line(place: str, names: Sequence[str], cells: Sequence[str], unit: str) -> Line:
    given = {name: _plain(text.strip()) for name, text in zip(names, cells, strict=False)}
    faults = [Fault(place, "has more cells than the header", "cells")] if len(cells) > len(names) else []
    volume, planned = _volume(given.get("yearly_volume", "")), _day(given.get("planned_for", ""))
    if volume is None and given.get("yearly_volume"):
        faults.append(Fault(f"{place}, yearly_volume", "is not a whole number", "type.integer"))
    if planned is None and given.get("planned_for"):
        faults.append(Fault(f"{place}, planned_for", "is not a date", "date"))
    new = NewService(
        unit=given.get("unit") or unit,
        name_fa=given.get("name_fa", ""),
        name_en=given.get("name_en", ""),
        reason=given.get("reason", ""),
        yearly_volume=volume,
        text=given.get("text", ""),
        planned_for=planned,
        definition=given.get("definition") or None,
    )
    return Line(place, new, faults)


def _plain(text: str) -> str:
    """Returns a cell without the apostrophe that an export puts before what would be a formula."""
    return text[1:] if _QUOTED.match(text) else text


def quoted(value: Any) -> Any:
    """Returns a value for an export: one that begins like a quoted formula gets another apostrophe."""
    return f"'{value}" if isinstance(value, str) and _QUOTED.match(value) else value


_QUOTED = re.compile(r"'+[=+\-@]")


def _volume(text: str) -> int | None:
    plain = persian.digits(text).replace("٬", "").replace(",", "")
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= 12 else None


def _day(text: str) -> date | None:
    found = formats.day(text)
    return None if found is None else date.fromisoformat(found)
