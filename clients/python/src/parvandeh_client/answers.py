"""What calls return and accept besides plain JSON: entity tags, files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias


class Document(dict[str, Any]):
    """The JSON object of a response, with the entity tag of what it describes, if there is one."""

    etag: str | None = None


# What `if_match` accepts: an entity tag, or the object that was read and may not have changed since.
Tag: TypeAlias = str | Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Content:
    """A file that the server returned."""

    data: bytes = field(repr=False)  # often personal
    media_type: str
    etag: str | None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send."""

    name: str
    content: bytes = field(repr=False)
    media_type: str = "application/octet-stream"


def etag_of(document: Tag) -> str | None:
    """Return the entity tag that came with an object; None only for None.

    Raises ValueError for an object without a tag (a copy, an item of a list): a change without a condition
    would overwrite what others have done.
    """
    if document is None:
        return None
    tag = document if isinstance(document, str) else getattr(document, "etag", None)
    if not tag:
        raise ValueError("It has no entity tag: read the object again, and pass it as it was returned.")
    return str(tag)
