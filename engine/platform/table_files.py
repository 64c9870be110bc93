"""Tables as CSV files, as spreadsheets write and read them."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet takes a text that begins with one as a formula
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Return the rows that aren't empty, with the numbers of their lines. Raises csv.Error.

    Cells are separated by commas, or by semicolons, which spreadsheets of many languages write.
    """
    text = text.removeprefix("\ufeff")
    first = text.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    found = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in found:
            if any(cell.strip() for cell in cells):
                yield found.line_num, cells
    except csv.Error as cause:
        raise csv.Error(found.line_num, str(cause)) from cause


def guarded(value: Any) -> Any:
    """Return a value as a cell that no spreadsheet takes for a formula, and that `unguarded` returns."""
    if isinstance(value, str) and (value.startswith(FORMULA) or _GUARDED.match(value)):
        return f"'{value}"
    return value


def unguarded(text: str) -> str:
    """Return a cell without the apostrophe of `guarded`."""
    return text[1:] if _GUARDED.match(text) else text
