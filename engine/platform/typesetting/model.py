"""What a document consists of. All texts are plain: nothing in them is markup.

Within Persian text, wrap what has to stay left-to-right in `ltr`: an identifier with hyphens, a phone number.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from engine.platform.language import Language

Cell = str

_LEFT_TO_RIGHT, _END = "\u2066", "\u2069"  # LRI, PDI (UAX 9)


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a section, of level 1 to 3. A skipped level is closed up: PDF/UA forbids it."""

    level: Literal[1, 2, 3]
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; a line break in the text is one on the page."""

    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """A remark about the figures or the document, set apart from the text."""

    text: str


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of items with bullets."""

    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. Numbers are aligned so that their digits line up."""

    title: str
    kind: Literal["text", "number"] = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose heading is repeated on each page. Each row has a cell for each column.

    `total`: the last row is a sum, and is set apart.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    total: bool = False


Block = Heading | Paragraph | Note | ListOf | Table


@dataclass(frozen=True, slots=True)
class Document:
    """A document. The same one gives the same bytes: `date` is the only date in the file.

    `marks` such as "Draft" are shown on each page, `facts` are labels and values below the title, and
    `footer` is at the bottom of each page.
    """

    title: str
    language: Language
    date: date
    subtitle: str = ""
    marks: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    blocks: Sequence[Block] = ()
    footer: str = ""


def ltr(text: str) -> str:
    """Return the text isolated from the direction of the text around it, to be read from left to right."""
    return f"{_LEFT_TO_RIGHT}{text}{_END}"


def texts(document: Document) -> Iterator[str]:
    """Yield each text of a document."""
    yield from (document.title, document.subtitle, document.footer, *document.marks)
    for fact in document.facts:
        yield from fact
    for block in document.blocks:
        yield from _texts(block)


def _texts(block: Block) -> Iterator[str]:
    if isinstance(block, ListOf):
        yield from block.items
    elif isinstance(block, Table):
        yield block.caption
        yield from (column.title for column in block.columns)
        for row in block.rows:
            yield from row
    else:
        yield block.text
