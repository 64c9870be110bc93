"""A document as the template reads it: within the limits, with directions, and widths of columns."""

from pathlib import Path
from typing import Any

import orjson

from engine.platform.errors import PdfTooLarge
from engine.platform.language import Reader
from engine.platform.messages import messages
from engine.platform.typesetting import columns, direction, font
from engine.platform.typesetting.characters import MISSING, Cleaner, is_blank
from engine.platform.typesetting.model import (
    Block,
    Document,
    Heading,
    ListOf,
    Note,
    Paragraph,
    Table,
    ltr,
    texts,
)

ROWS = 1500  # of all tables, and items of all lists
COLUMNS = 12  # of one table
CHARACTERS = 300_000
BLOCKS = 2000  # with facts and marks
NAMED = 20  # characters that the note on missing ones lists


def content(document: Document, file: Path) -> bytes:
    """Return the document as JSON, for the font in this file. Raises PdfTooLarge."""
    _require_limits(document)
    return orjson.dumps(_Layout(document, Cleaner(font.characters(file))).given())


def _require_limits(document: Document) -> None:
    tables = [block for block in document.blocks if isinstance(block, Table)]
    lists = [block for block in document.blocks if isinstance(block, ListOf)]
    counted = (
        ("rows", sum(len(one.rows) for one in tables) + sum(len(one.items) for one in lists), ROWS),
        ("columns", max((len(table.columns) for table in tables), default=0), COLUMNS),
        ("blocks", len(document.blocks) + len(document.facts) + len(document.marks), BLOCKS),
        ("characters", sum(map(len, texts(document))), CHARACTERS),
    )
    for name, count, limit in counted:
        if count > limit:
            raise PdfTooLarge(f"A PDF can have at most {limit:,} {name}; this document has {count:,}.")
    if is_blank(document.title):
        raise ValueError("a document needs a title")
    if any(len(row) != len(table.columns) for table in tables for row in table.rows):
        raise ValueError("each row of a table needs a cell for each column")


class _Layout:
    """Turns one document into what the template reads."""

    def __init__(self, document: Document, cleaner: Cleaner) -> None:
        self._document, self._cleaner = document, cleaner
        self._reader = Reader.of(document.language)
        self._above = 0  # the level of the heading above

    def given(self) -> dict[str, Any]:
        document = self._document
        blocks = [found for block in document.blocks if (found := self._block(block))]
        title = self._cleaner.clean(document.title).replace("\n", " ")
        return {
            "language": document.language,
            "name": direction.plain(title),
            "title": self._directed(title),
            "subtitle": self._text(document.subtitle),
            "date": {"year": document.date.year, "month": document.date.month, "day": document.date.day},
            "marks": self._texts([mark for mark in document.marks if not is_blank(mark)]),
            "facts": [self._texts(fact) for fact in document.facts],
            "footer": self._text(document.footer),
            "digits": self._reader.digits("1"),
            "of": messages(self._reader).say("typesetting.page-of"),
            "blocks": blocks + self._missing(),  # last: by now all texts were read
        }

    def _directed(self, text: str) -> direction.Runs:
        return direction.runs(text, ltr=self._reader.direction == "ltr")

    def _text(self, text: str) -> direction.Runs:
        return self._directed(self._cleaner.clean(text))

    def _texts(self, texts: Any) -> list[direction.Runs]:
        return [self._text(text) for text in texts]

    def _missing(self) -> list[dict[str, Any]]:
        """Return the note that names the missing characters; none without any."""
        missing = list(self._cleaner.missing)
        if not missing:
            return []
        codes = [ltr(f"U+{ord(char):04X}") for char in missing[:NAMED]]
        comma = "، " if self._reader.language == "fa" else ", "
        listed = comma.join(codes) + (" …" if len(missing) > NAMED else "")
        said = messages(self._reader).say("typesetting.missing", sign=MISSING, codes=listed)
        return [{"kind": "note", "text": self._directed(said)}]

    def _block(self, block: Block) -> dict[str, Any] | None:
        """Return a block; None for a heading or a table of nothing, which PDF/UA refuses."""
        match block:
            case Heading(level, text):
                return None if is_blank(text) else self._heading(level, text)
            case Paragraph(text):
                return {"kind": "paragraph", "text": self._text(text)}
            case Note(text):
                return {"kind": "note", "text": self._text(text)}
            case ListOf(items):
                return {"kind": "list", "items": self._texts(items)}
            case Table():
                return self._table(block) if block.columns else None

    def _heading(self, level: int, text: str) -> dict[str, Any]:
        self._above = min(level, self._above + 1)
        return {"kind": "heading", "level": self._above, "text": self._text(text.replace("\n", " "))}

    def _table(self, table: Table) -> dict[str, Any]:
        titles = [self._cleaner.clean(column.title) for column in table.columns]
        rows = [[self._cleaner.clean(cell) for cell in row] for row in table.rows]
        numbers = [column.kind == "number" for column in table.columns]
        widths = columns.widths(list(zip(titles, *rows, strict=True)), numbers)

        def row(cells: list[str]) -> list[direction.Runs]:
            return [
                self._directed(columns.breakable(cell, width))
                for cell, width in zip(cells, widths, strict=True)
            ]

        return {
            "kind": "table",
            "caption": self._text(table.caption),
            "titles": row(titles),
            "numbers": numbers,
            "widths": widths,
            "rows": [{"cells": row(cells), "breakable": columns.is_high(cells, widths)} for cells in rows],
            "total": table.total and bool(rows),
        }
