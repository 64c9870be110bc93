"""What calls return and accept besides plain JSON: entity tags, files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias


class Document(dict[str, Any]):
    """The JSON object of a response, with the entity tag of what it describes, if there is one."""

    etag: str | None = None


# What `if_match` accepts: an entity tag, or the object that was read and may not have changed since.
Tag: TypeAlias = str | Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Content:
    """A file that the server returned."""

    data: bytes
    media_type: str
    etag: str | None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send."""

    name: str
    content: bytes
    media_type: str = "application/octet-stream"


def etag_of(document: Tag) -> str | None:
    """Return the entity tag that came with an object; None if it has none."""
    return document if isinstance(document, str) else getattr(document, "etag", None)
