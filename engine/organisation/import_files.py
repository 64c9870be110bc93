"""Files of people: CSV of memberships, or JSON also with units, substitutes and delegations.

Parses and checks them as far as possible without the database: `Reading.faults` lists all errors, each with
its place.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any

from engine.identity import profiles
from engine.platform import formats, table_files
from engine.platform.errors import Fault, Invalid

COLUMNS = ("name", "account", "unit", "role", "from", "to", "person", *profiles.FIELDS)
NEEDED = ("name", "account", "unit", "role")
MAX_ROWS = 100_000
_MEMBERS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "units": (("key", "name", "kind"), ("parent", "region")),
    "people": (("name", "account", "memberships"), ("person", *profiles.FIELDS)),
    "substitutes": (("absent", "substitute", "from", "to"), ()),
    "delegations": (("definition", "elements", "unit", "delegate"), ("from", "to")),
}
_MEMBERSHIP = (("unit", "role"), ("from", "to"))
_DAYS = ("from", "to")


@dataclass(frozen=True, slots=True)
class Row:
    """Values by name, with their place in the file; those of `from` and `to` are instants.

    If a row is not `sound`, its fault has already been recorded.
    """

    place: str
    values: Mapping[str, Any]
    sound: bool

    def at(self, name: str) -> str:
        """Returns the place of one of its values."""
        return _at(self.place, name) if name else self.place


@dataclass(slots=True)
class Reading:
    """The contents of a file.

    Each row of `works` is one membership, with the name and account of the person.
    """

    zone: tzinfo
    units: list[Row] = field(default_factory=list)
    works: list[Row] = field(default_factory=list)
    substitutes: list[Row] = field(default_factory=list)
    delegations: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, place: str, detail: str, code: str) -> None:
        """Records a fault."""
        self.faults.append(Fault(place, detail, code))

    def row(self, place: str, given: Mapping[str, str | None]) -> Row:
        """Returns a row with its days parsed."""
        values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        before = len(self.faults)
        for name, value in values.items():
            if isinstance(value, str) and "\x00" in value:
                self.fault(_at(place, name), "contains a character that is not allowed in text", "text")
        for name in _DAYS:
            if name in values:
                values[name] = self._instant(values[name], _at(place, name), whole=name == "to")
        return Row(place, values, sound=len(self.faults) == before)

    def _instant(self, text: str, place: str, *, whole: bool) -> datetime | None:
        """Returns the beginning of a Gregorian or Jalali day, or its end if it is the last full day."""
        found = formats.day(text)
        if found is None:
            self.fault(place, f"{text!r} is not a date: write 2026-11-25 or 1405/09/04", "date")
            return None
        day = datetime.fromisoformat(found)
        return (day + timedelta(days=1) if whole else day).replace(tzinfo=self.zone)


def _at(place: str, name: str) -> str:
    """Returns a place: a JSON Pointer, or the name of a column in tables."""
    return f"{place}/{name}" if place.startswith("/") else f"{place}, {name}"


def read(name: str, content: bytes, zone: tzinfo) -> Reading:
    """Parses a file called `.csv` or `.json`. Raises Invalid if it cannot be read at all."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        detail = f"byte {cause.start} is not UTF-8; in Excel, save as “CSV UTF-8”"
        raise Invalid("The file can't be read.", [Fault(name, detail, "encoding")]) from cause
    reading = Reading(zone)
    if name.lower().endswith(".json"):
        _read_json(reading, text)
    else:
        _read_csv(reading, text)
    return reading


def _read_csv(reading: Reading, text: str) -> None:
    header: list[str] = []
    try:
        for line, cells in table_files.rows(text):
            if not header:
                header = _header([cell.strip().lower() for cell in cells])
            elif len(reading.works) >= MAX_ROWS:
                raise Invalid(f"The file has more than {MAX_ROWS} rows.")
            elif len(cells) > len(header):
                reading.fault(f"line {line}", "has more cells than the header", "cells")
            else:
                _csv_row(reading, f"line {line}", dict(zip(header, cells, strict=False)))
    except csv.Error as cause:
        line, reason = cause.args
        reading.fault(f"line {line}", f"cannot be read: {reason}", "csv")
    if not header:
        reading.fault("line 1", f"must be a header: {','.join(COLUMNS)}", "header")


def _header(names: list[str]) -> list[str]:
    unknown = [name for name in names if name not in COLUMNS]
    missing = [name for name in NEEDED if name not in names]
    twice = sorted({name for name in names if names.count(name) > 1})
    problems = {"does not know": unknown, "lacks": missing, "has twice": twice}
    said = [f"{verb} {', '.join(map(repr, found))}" for verb, found in problems.items() if found]
    if said:
        detail = f"The header {'; '.join(said)}. The columns are {', '.join(COLUMNS)}."
        values = {"columns": ", ".join(COLUMNS), "found": ", ".join(names)[:200]}
        raise Invalid("The file can't be read.", [Fault("line 1", detail, "columns", values)])
    return names


def _csv_row(reading: Reading, place: str, cells: Mapping[str, str]) -> None:
    given = {name: text.strip() or None for name, text in cells.items()}
    for name in NEEDED:
        if given.get(name) is None:
            reading.fault(f"{place}, {name}", "is empty", "missing")
            return
    reading.works.append(reading.row(place, given))


def _read_json(reading: Reading, text: str) -> None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as cause:
        raise Invalid(
            "The file can't be read.", [Fault("", f"is not valid JSON: {cause}", "json")]
        ) from cause
    if not isinstance(found, dict) or not found.keys() <= _MEMBERS.keys():
        detail = f"must be an object with {', '.join(_MEMBERS)}, or some of them"
        raise Invalid("The file can't be read.", [Fault("", detail, "json")])
    for name, entries in found.items():
        for place, entry in _entries(reading, f"/{name}", entries):
            if name == "people":
                _person(reading, place, entry)
            elif _fits(reading, place, entry, _MEMBERS[name]):
                getattr(reading, name).append(reading.row(place, entry))


def _entries(reading: Reading, place: str, entries: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(entries, list) and len(entries) <= MAX_ROWS:
        for number, entry in enumerate(entries):
            yield f"{place}/{number}", entry
    else:
        reading.fault(place, f"must be a list of up to {MAX_ROWS}", "json")


def _person(reading: Reading, place: str, entry: Any) -> None:
    if not _fits(reading, place, entry, _MEMBERS["people"]):
        return
    shared = {name: entry[name] for name in ("name", "account", "person", *profiles.FIELDS) if name in entry}
    for where, membership in _entries(reading, f"{place}/memberships", entry["memberships"]):
        if _fits(reading, where, membership, _MEMBERSHIP):
            reading.works.append(reading.row(where, {**shared, **membership}))


def _fits(reading: Reading, place: str, entry: Any, members: tuple[Sequence[str], Sequence[str]]) -> bool:
    needed, others = members
    if not isinstance(entry, dict) or not set(needed) <= entry.keys() <= {*needed, *others}:
        hint = f"; perhaps {', '.join(others)}" if others else ""
        reading.fault(place, f"must be an object with {', '.join(needed)}{hint}", "json")
        return False
    lists = {"elements": list, "memberships": list}
    wrong = [
        name
        for name, value in entry.items()
        if not isinstance(value, lists.get(name, str)) and not (value is None and name in others)
    ]
    wrong += [
        name for name in entry if name == "elements" and not all(isinstance(x, str) for x in entry[name])
    ]
    for name in wrong:
        reading.fault(f"{place}/{name}", f"must be a {'list' if name in lists else 'text'}", "json")
    return not wrong
