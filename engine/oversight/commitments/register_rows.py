"""Reads the rows of a CSV file with services, each with its place; the database isn't asked."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from engine.oversight.commitments.register import MOST, NewService
from engine.platform import formats, persian, table_files
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
    rows = _rows(content)
    _, header = next(rows, ("line 1", []))
    names = [cell.strip().lower() for cell in header]
    _require_header(names)
    lines = [_line(place, names, cells, unit) for place, cells in rows]
    if not lines:
        raise _refused(Fault("line 2", "is missing: the file has no services", "register-empty"))
    return lines


def _rows(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yields the rows that aren't empty, with their places."""
    try:
        for count, (line, cells) in enumerate(table_files.rows(text)):
            place = f"line {line}"
            if count > MOST:
                raise _refused(Fault(place, "is one too many", "register-full", {"count": MOST}))
            yield place, cells
    except csv.Error as cause:
        line, reason = cause.args
        raise _refused(Fault(f"line {line}", f"cannot be read: {reason}", "csv")) from cause


def _require_header(names: Sequence[str]) -> None:
    known = set(NEEDED) <= set(names) <= set(COLUMNS)
    if not known or len(set(names)) < len(names):
        values = {"columns": ", ".join(COLUMNS), "found": ", ".join(names)[:200]}
        detail = f"must have the columns {values['columns']}, or at least {', '.join(NEEDED)}"
        raise _refused(Fault("line 1", detail, "columns", values))


def _refused(fault: Fault) -> Invalid:
    return Invalid(REFUSED, [fault])


def _line(place: str, names: Sequence[str], cells: Sequence[str], unit: str) -> Line:
    given = {name: table_files.unguarded(text.strip()) for name, text in zip(names, cells, strict=False)}
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


def _volume(text: str) -> int | None:
    plain = persian.digits(text).replace("٬", "").replace(",", "")
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= 12 else None


def _day(text: str) -> date | None:
    found = formats.day(text)
    return None if found is None else date.fromisoformat(found)
