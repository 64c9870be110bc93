"""The only reader of external XML: no document type, no entities, no network.

A document type declaration (DOCTYPE) is refused. It can define entities that multiply until memory is full,
and external ones that read local files or call addresses; no format that is read here needs one. While a
document is parsed, entities aren't expanded, and nothing is loaded, neither a DTD nor from the network.
libxml2's own limits (256 levels, texts of 10 MB) are active. Callers know their format and limit the whole:
its length before, its elements and levels afterwards.
"""

from lxml import etree

from engine.platform.messages import parsers

Element = etree._Element


class NotXml(ValueError):
    """A document that isn't well-formed: the message of the parser, and where, from 1, if known."""

    def __init__(self, message: str, line: int | None, column: int | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.reason = parsers.phrase("xml", message, line, column)


class HasDoctype(NotXml):
    """A document that is well-formed, but has a document type declaration."""


def parse(content: bytes, *, comments: bool = False, blank_text: bool = True) -> Element:
    """Parse a document and return its root. Raises NotXml and HasDoctype.

    Comments and processing instructions are omitted unless `comments` is set: a comment inside a text would
    split it. Without `blank_text`, white space between elements is omitted, too.
    """
    # A parser has the state of its last document: one for each, for thread safety.
    # Leave collect_ids alone: switched off, it makes libxml2 load external DTDs in spite of load_dtd.
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=not comments,
        remove_pis=not comments,
        remove_blank_text=not blank_text,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise NotXml(str(error.msg), *error.position) from error
    except ValueError as error:  # lxml, if it is no document at all
        raise NotXml(str(error), None) from error
    document = root.getroottree().docinfo
    if document.doctype or document.internalDTD is not None:
        raise HasDoctype("A document type declaration (DOCTYPE) is not allowed.", _doctype_line(content))
    return root


def _doctype_line(content: bytes) -> int | None:
    start = content.upper().find(b"<!DOCTYPE")
    return content.count(b"\n", 0, start) + 1 if start >= 0 else None  # another encoding has other bytes
