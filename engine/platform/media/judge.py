"""Check of a file: which of the known kinds it is, and whether that kind is accepted."""

import re
from collections.abc import Callable, Collection
from typing import IO

import puremagic

from engine.platform.media import archives, foreign, images, pdf, texts
from engine.platform.media.kinds import BY_NAME, Kind, Unfit, part, size_of
from engine.platform.media.names import extension

HEAD = 1024
_ACTIVE = re.compile(rb"<\s*(?:!doctype|html|script|svg|iframe|\?php)\b|<\?php", re.IGNORECASE)
# What puremagic may not mistake a text for.
_NO_TEXT = {"text/html", "image/svg+xml", "application/xml", "application/rtf", "application/pdf"}

# The first bytes of each kind, and the function that checks the rest.
_BEGINS: tuple[tuple[re.Pattern[bytes], str, Callable[[IO[bytes]], None]], ...] = (
    (re.compile(rb"%PDF-\d\.\d"), "pdf", pdf.look),
    (re.compile(rb"\xff\xd8\xff"), "jpeg", images.jpeg),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "png", images.png),
    (re.compile(rb"II\*\0|MM\0\*"), "tiff", images.tiff),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "webp", images.webp),
)


def judge(stream: IO[bytes], name: str, taken: Collection[str]) -> Kind:
    """Return the kind of a file with this name. Raises Unfit unless it is valid and one of `taken`."""
    if size_of(stream) == 0:
        raise Unfit("empty", "is empty. Choose the file again.")
    kind = _kind(stream, name)
    if kind is None or kind.name not in taken:
        raise _not_taken(stream, kind, taken)
    if extension(name) not in kind.extensions:
        endings = " or ".join("." + ending for ending in kind.extensions)
        raise Unfit("extension", f"is {kind.media_type}, so its name must end in {endings}. Rename it.")
    return kind


def checked_ending(name: str, taken: Collection[str]) -> str:
    """Return the given name. Raises Unfit if no accepted kind of file has this extension."""
    endings = {ending for kind in taken for ending in BY_NAME[kind].extensions}
    if extension(name) not in endings:
        raise _unlisted(extension(name) or "?", taken)
    return name


def _not_taken(stream: IO[bytes], kind: Kind | None, taken: Collection[str]) -> Unfit:
    """Raise Unfit with what the file is instead, as far as its content shows."""
    head = part(stream, 0, HEAD)
    if (system := foreign.program(head)) is not None:
        what = f"is a program ({system}), even if its name suggests otherwise. Programs are never accepted."
        return Unfit("type", what, type="program", what=system)
    found = kind.name if kind else foreign.other(head)
    if found is None:
        detail = f"has a type that is not accepted. Allowed types: {_list(taken)}."
        return Unfit("type", detail)
    return _unlisted(found, taken)


def _unlisted(found: str, taken: Collection[str]) -> Unfit:
    detail = f"is of the kind {found}, which is not accepted here. Allowed types: {_list(taken)}."
    return Unfit("type", detail, type="file", what=found, kinds=sorted(taken))


def _list(kinds: Collection[str]) -> str:
    return ", ".join(sorted(kinds))


def _kind(stream: IO[bytes], name: str) -> Kind | None:
    head = part(stream, 0, HEAD)
    found = _known(stream, head) or _text(stream, name)
    if found is None or not _agreed(found, _second_opinion(stream)):
        return None
    if _ACTIVE.search(head):
        raise Unfit("ambiguous", "can also be read as a web page. Save it again and upload the new file.")
    if found.name in ("txt", "csv") and b"%PDF-" in head:
        raise Unfit("ambiguous", "can also be read as a PDF. Save it again and upload the new file.")
    return found


def _known(stream: IO[bytes], head: bytes) -> Kind | None:
    if head.startswith(b"PK\x03\x04"):
        return BY_NAME[archives.look(stream)]
    for pattern, name, look in _BEGINS:
        if pattern.match(head):
            look(stream)
            if archives.ends_as_archive(stream):
                raise Unfit(
                    "ambiguous", "can also be opened as an archive. Save it again and upload the new file."
                )
            return BY_NAME[name]
    return None


def _text(stream: IO[bytes], name: str) -> Kind | None:
    """Decide by the name: plain text doesn't show whether it is a table or prose."""
    if not texts.is_text(stream):
        return None
    return BY_NAME["csv" if extension(name) == "csv" else "txt"]


def _second_opinion(stream: IO[bytes]) -> set[str]:
    """Return the media types that puremagic considers possible."""
    stream.seek(0)
    try:
        return {match.mime_type for match in puremagic.magic_stream(stream)}
    except puremagic.PureError:  # it doesn't know any
        return set()


def _agreed(kind: Kind, others: Collection[str]) -> bool:
    if kind.name in ("txt", "csv"):
        return _NO_TEXT.isdisjoint(others)
    if kind.name in archives.KINDS:  # puremagic detects the archive, and seldom which
        return "application/zip" in others or kind.media_type in others
    return kind.media_type in others
