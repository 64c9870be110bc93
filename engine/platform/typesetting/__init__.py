"""Typesetting: a document of headings, paragraphs, lists and tables as a tagged PDF.

PDF/A-2a for archives and PDF/UA-1 for screen readers, by typst in a child process with limits. Knows nothing
of cases or reports, stores nothing, and formats neither numbers nor dates: the caller does that.
"""

from engine.platform.errors import NotInstalled, TypesettingFailed
from engine.platform.typesetting.model import (
    Block,
    Cell,
    Column,
    Document,
    Heading,
    ListOf,
    Note,
    Paragraph,
    Table,
    ltr,
)
from engine.platform.typesetting.process import typeset

__all__ = [
    "Block",
    "Cell",
    "Column",
    "Document",
    "Heading",
    "ListOf",
    "NotInstalled",
    "Note",
    "Paragraph",
    "Table",
    "TypesettingFailed",
    "ltr",
    "typeset",
]
