"""Tables of figures, as the page, a CSV file and JSON show them.

A file has the codes and units of the API (milliseconds, shares from 0 to 1); a page has words. The CSV begins
with a byte order mark, without which spreadsheets misread Persian, and no text of it can be a formula.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

import orjson

from engine.oversight.metrics import Figure
from engine.platform.table_files import guarded
from web.oversight import words
from web.oversight.words import Write
from web.visit import Content

FORMATS = ("csv", "json")
SHOWN = 100


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in files, and how a page writes it.

    With `bar` a page shows how the value compares with the others of its column. A page calls it by the text
    `oversight.column.<title>`, without a title by that of its name.
    """

    name: str
    write: Write = words.count
    bar: bool = False
    title: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row: values by column, names on pages instead of codes, and where each leads."""

    values: Mapping[str, Any]
    names: Mapping[str, str]
    links: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table. Its name is that of its files, which have all rows; a page shows the first, at `most`."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    most: int = SHOWN

    def file(self, kind: str, called: str) -> Content:
        """Return it as a file of this kind and name."""
        body = self._csv() if kind == "csv" else self._json()
        return Content(body, _TYPES[kind], name=f"{called}.{kind}")

    def share(self, row: Row, column: Column) -> float | None:
        """Return a value as a part of the greatest of its column; None if it has no bar."""
        value = _plain(row.values.get(column.name))
        if not column.bar or not isinstance(value, int | float):
            return None
        most = max(
            (
                number
                for one in self.rows
                if isinstance(number := _plain(one.values.get(column.name)), int | float)
            ),
            default=0,
        )
        return value / most if most > 0 else 0.0

    def column(self, name: str) -> Column:
        """Return a column."""
        return next(column for column in self.columns if column.name == name)

    def text(self, row: Row, column: Column) -> str:
        """Return what a page writes in a cell."""
        if column.name in row.names:
            return row.names[column.name]
        value = row.values.get(column.name)
        if isinstance(value, Figure):
            return words.figure(value, column.write)
        if value is None or isinstance(value, str):
            return value or ""
        return column.write(value)

    def _csv(self) -> bytes:
        into = StringIO()
        writer = csv.writer(into)
        writer.writerow(column.name for column in self.columns)
        for row in self.rows:
            writer.writerow(_cell(row.values.get(column.name)) for column in self.columns)
        return into.getvalue().encode("utf-8-sig")

    def _json(self) -> bytes:
        items = [
            {column.name: _object(row.values.get(column.name)) for column in self.columns}
            for row in self.rows
        ]
        return orjson.dumps({"name": self.name, "items": items}, option=orjson.OPT_INDENT_2)


_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Figure) else value


def _cell(value: Any) -> Any:
    if isinstance(value, Figure):
        return value.status if value.value is None else value.value
    if isinstance(value, bool):
        return str(value).lower()  # as in JSON
    return guarded(value)


def _object(value: Any) -> Any:
    if isinstance(value, Figure):
        return {"value": value.value, "cases": value.cases, "status": value.status}
    return value
