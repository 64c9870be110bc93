"""Planting recognisable values, and finding them: in every column of every table, in every file."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import text

from engine.platform import persian
from engine.platform.db import Database

LATIN = "Canary7f3a"
PERSIAN = "قناری‌زردِ کوچه"
DIGITS = "4993708991"
CANARY = f"{LATIN} {PERSIAN} {DIGITS}"
_WORDS = "قناری", "زرد"
# Unchanged, as a search or a number contains them, and as people type them.
_FORMS = (
    *(word.casefold() for word in (LATIN, *_WORDS, DIGITS)),
    *(persian.normalise(word) for word in _WORDS),
    DIGITS.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")),
)

Place = tuple[str, str]


def columns(database: Database) -> dict[str, set[str]]:
    """Return every table of the database that isn't the server's own, with its columns."""
    known = """
        SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
    """
    found: dict[str, set[str]] = {}
    with database.transaction() as session:
        for table, column in session.execute(text(known)):
            found.setdefault(table, set()).add(column)
    return found


def found_in(database: Database) -> set[Place]:
    """Return the columns that contain a planted value, in any form."""
    found: set[Place] = set()
    with database.transaction() as session:
        for table in columns(database):
            for row in session.execute(text(f'SELECT * FROM "{table}"')).mappings():
                found |= {(table, column) for column, value in row.items() if shows(value)}
    return found


def files_with(folder: Path) -> set[Path]:
    """Return the files below a folder whose name or content contains one."""
    return {
        path
        for path in folder.rglob("*")
        if shows(path.name) or (path.is_file() and shows(path.read_bytes()))
    }


def shows(value: Any) -> bool:
    """Return whether a planted value can be read in this one."""
    return any(form in told for told in _readings(value) for form in _FORMS)


def _readings(value: Any) -> Iterator[str]:
    """Return all readings of a value: bytes also unpacked, and each text without its escapes."""
    if isinstance(value, str):
        yield value.casefold()
        if "\\u" in value:
            yield value.encode().decode("unicode_escape", errors="ignore").casefold()
    elif isinstance(value, bytes):
        yield from _readings(value.decode(errors="ignore"))
        for unpack in (zlib.decompress, gzip.decompress, lambda packed: zlib.decompress(packed, -15)):
            try:
                yield from _readings(unpack(value).decode(errors="ignore"))
            except (zlib.error, OSError, EOFError):
                continue
    elif value is not None:
        yield orjson.dumps(value, default=str).decode().casefold()
