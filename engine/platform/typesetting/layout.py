"""A document as the template reads it: within the limits, in characters that the font has, with widths."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson

from engine.platform.errors import DocumentTooLarge
from engine.platform.language import Reader
from engine.platform.messages import messages
from engine.platform.typesetting import font
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

ROWS = 2000  # of all tables, and items of all lists
COLUMNS = 12  # of one table
CHARACTERS = 300_000
BLOCKS = 2000
NAMED = 20  # characters that the note on missing ones lists

# Invisible, and needed: joiners, marks and isolates of direction, the soft hyphen and the word joiner.
# Overrides are removed instead, which make a text look like another.
_INVISIBLE = frozenset("\n\u00ad\u200b\u200c\u200d\u200e\u200f\u061c\u2060\u2066\u2067\u2068\u2069")
_REMOVED = re.compile("[\ufe00-\ufe0f\ufeff\u202a-\u202e\U000e0000-\U000e01ef]")
_BREAKS = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")
_MISSING = "\ufffd"
_WORD = re.compile(r"\S+")
# Numbers joined by hyphens: after Persian letters their parts would be shown in reverse order.
_JOINED = re.compile(r"[0-9۰-۹٠-٩]+(?:-[0-9۰-۹٠-٩]+)+")

_FULL = 100  # characters of a line over the whole width
_NARROW, _PADDING = 3, 3  # characters, of a column


def content(document: Document, file: Path) -> bytes:
    """Return the document as JSON. Raises DocumentTooLarge.

    A character without a glyph in the font would refuse the whole document under PDF/A. It is replaced by
    compatible ones (NFKC), or by a sign that a note at the end explains.
    """
    _limit(document)
    clean, missing = _cleaner(font.characters(file))
    reader = Reader.of(document.language)
    blocks = [_block(block, clean) for block in document.blocks]
    return orjson.dumps(
        {
            "language": document.language,
            "title": clean(document.title).replace("\n", " "),
            "subtitle": clean(document.subtitle),
            "date": {"year": document.date.year, "month": document.date.month, "day": document.date.day},
            "marks": [clean(mark) for mark in document.marks],
            "facts": [[clean(label), clean(value)] for label, value in document.facts],
            "blocks": _closed_up(blocks) + _noted(missing, reader),
            "footer": clean(document.footer),
            "digits": reader.digits("1"),
            "of": messages(reader).say("typesetting.page-of"),
        }
    )


def _limit(document: Document) -> None:
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
            raise DocumentTooLarge(f"A PDF can have at most {limit:,} {name}; this document has {count:,}.")
    for table in tables:
        if any(len(row) != len(table.columns) for row in table.rows):
            raise ValueError("each row of a table needs a cell for each column")


def _cleaner(known: frozenset[int]) -> tuple[Callable[[str], str], list[str]]:
    """Return a function that replaces what the font lacks, and the list in which it collects that."""
    missing: list[str] = []

    def replace(char: str) -> str:
        if char in _INVISIBLE or (ord(char) in known and char >= " "):
            return char
        if unicodedata.category(char) == "Cc":
            return " "
        compatible = unicodedata.normalize("NFKC", char)
        if all(ord(each) in known for each in compatible):
            return compatible
        if char not in missing:
            missing.append(char)
        return _MISSING

    def clean(text: str) -> str:
        plain = _REMOVED.sub("", _BREAKS.sub("\n", unicodedata.normalize("NFC", text)))
        return _JOINED.sub(lambda number: ltr(number[0]), "".join(map(replace, plain)))

    return clean, missing


def _noted(missing: Sequence[str], reader: Reader) -> list[dict[str, Any]]:
    """Return the note that names the missing characters; none without any."""
    if not missing:
        return []
    codes = [ltr(f"U+{ord(char):04X}") for char in missing[:NAMED]]
    comma = "، " if reader.language == "fa" else ", "
    listed = comma.join(codes) + (" …" if len(missing) > NAMED else "")
    said = messages(reader).say("typesetting.missing", sign=_MISSING, codes=listed)
    return [{"kind": "note", "text": said}]


def _block(block: Block, clean: Callable[[str], str]) -> dict[str, Any]:
    match block:
        case Heading(level, text):
            return {"kind": "heading", "level": level, "text": clean(text).replace("\n", " ")}
        case Paragraph(text):
            return {"kind": "paragraph", "text": clean(text)}
        case Note(text):
            return {"kind": "note", "text": clean(text)}
        case ListOf(items):
            return {"kind": "list", "items": [clean(item) for item in items]}
        case Table():
            return _table(block, clean)


def _table(table: Table, clean: Callable[[str], str]) -> dict[str, Any]:
    titles = [clean(column.title) for column in table.columns]
    rows = [[clean(cell) for cell in row] for row in table.rows]
    widths = _widths([[title, *cells] for title, *cells in zip(titles, *rows, strict=True)])
    columns = [
        {"title": _breakable(title, width), "number": column.kind == "number", "width": width}
        for title, column, width in zip(titles, table.columns, widths, strict=True)
    ]
    rows = [[_breakable(cell, width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    return {
        "kind": "table",
        "caption": clean(table.caption),
        "columns": columns,
        "rows": rows,
        "total": table.total and bool(rows),
    }


def _widths(columns: Sequence[Sequence[str]]) -> list[float]:
    """Return the widths of columns in characters: each gets room for its longest word, then for its text.

    What is left is shared equally among the columns that want more, so that short texts stay on one line.
    """
    most = _FULL / max(2, len(columns)) * (2 if len(columns) > 2 else 1)
    least, wished = [], []
    for cells in columns:
        longest = max((len(word) for cell in cells for word in _WORD.findall(cell)), default=0)
        least.append(min(max(longest, _NARROW) + _PADDING, most))
        wished.append(max(least[-1], min(max(map(len, cells)) + _PADDING, _FULL)))
    widths, room = list(least), max(0.0, _FULL - sum(least))
    by_wish = sorted(range(len(columns)), key=lambda column: wished[column] - least[column])
    for place, column in enumerate(by_wish):
        more = min(wished[column] - least[column], room / (len(columns) - place))
        widths[column] += more
        room -= more
    return [_FULL * width / sum(widths) for width in widths]


def _breakable(text: str, width: float) -> str:
    """Return the text with places for line breaks in words that are longer than the line."""
    longest = max(4, int(width) - _PADDING)
    return _WORD.sub(lambda word: _parted(word[0], longest), text) if len(text) > longest else text


def _parted(word: str, longest: int) -> str:
    if len(word) <= longest + _PADDING:
        return word
    return "\u200b".join(word[at : at + longest] for at in range(0, len(word), longest))


def _closed_up(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lower the levels of headings that skip one, as the first of a document may."""
    above = 0
    for block in blocks:
        if block["kind"] == "heading":
            block["level"] = above = min(block["level"], above + 1)
    return blocks
