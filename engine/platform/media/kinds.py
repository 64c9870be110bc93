"""The known kinds of files, and their refusal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: its short name, its media type, and its file name extensions."""

    name: str
    media_type: str
    extensions: tuple[str, ...]


class Unfit(Exception):
    """A file that is not accepted: a stable code, what is wrong and how to fix it.

    `values` are the values that a translation mentions.
    """

    def __init__(self, code: str, detail: str, **values: str | Sequence[str]) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.values: Mapping[str, str | Sequence[str]] = values


_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
_KINDS = (
    Kind("pdf", "application/pdf", ("pdf",)),
    Kind("jpeg", "image/jpeg", ("jpg", "jpeg", "jpe", "jfif")),
    Kind("png", "image/png", ("png",)),
    Kind("tiff", "image/tiff", ("tif", "tiff")),
    Kind("webp", "image/webp", ("webp",)),
    Kind("docx", _OFFICE + "wordprocessingml.document", ("docx",)),
    Kind("xlsx", _OFFICE + "spreadsheetml.sheet", ("xlsx",)),
    Kind("pptx", _OFFICE + "presentationml.presentation", ("pptx",)),
    Kind("odt", _OPEN + "text", ("odt",)),
    Kind("ods", _OPEN + "spreadsheet", ("ods",)),
    Kind("odp", _OPEN + "presentation", ("odp",)),
    Kind("txt", "text/plain", ("txt",)),
    Kind("csv", "text/csv", ("csv",)),
)
BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}
DEFAULT = frozenset(BY_NAME) - {"odp"}


def size_of(stream: IO[bytes]) -> int:
    """Return the size of a stream in bytes."""
    return stream.seek(0, 2)


def part(stream: IO[bytes], offset: int, length: int) -> bytes:
    """Read up to so many bytes from this offset."""
    stream.seek(offset)
    return stream.read(length)
