"""Documents in forms: the fields for them, their limits, and the documents that an answer names.

A field is for a document if its format is `document`, and for several if it is a list of these. The answer
contains the id of each document. Doesn't check any file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.bpmn.forms.fields import ACCEPT, DOCUMENT_KINDS, MAX_MIB, Field
from engine.platform import media

_DATA = frozenset({"default", "const", "enum", "examples"})  # contain no schemas
MOST = 50  # files in one field, unless the field has a lower limit


@dataclass(frozen=True, slots=True)
class Named:
    """A value in a document field of an answer: the field, and the value's JSON Pointer."""

    field: Field
    pointer: str
    value: Any


@dataclass(frozen=True, slots=True)
class Accepted:
    """The limits of a field: kinds of files (None: all that the installation accepts), bytes of a file."""

    kinds: frozenset[str] | None
    max_bytes: int | None
    count: int


def accepted(field: Field) -> Accepted:
    """Returns the limits that the form sets for a field."""
    kinds, most, count = (field.hints.get(name) for name in (ACCEPT, MAX_MIB, "maxItems"))
    return Accepted(
        frozenset(kinds) if kinds else None,
        int(most * (1 << 20)) if most else None,
        1 if field.kind == "document" else min(count or MOST, MOST),
    )


def mib(size: int) -> int | float:
    """Converts a limit of bytes to MiB, for messages."""
    whole, rest = divmod(size, 1 << 20)
    return round(size / (1 << 20), 3) if rest else whole


def unusable_limit(schema: Any) -> str | None:
    """Returns the document keyword whose value is invalid, anywhere in a schema, or None."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, Mapping):
            kinds, most = part.get(ACCEPT, ["pdf"]), part.get(MAX_MIB, 1)
            if not (isinstance(kinds, list) and kinds and all(kind in media.BY_NAME for kind in kinds)):
                return ACCEPT
            if isinstance(most, bool) or not isinstance(most, int | float) or most <= 0:
                return MAX_MIB
            waiting += [inner for name, inner in part.items() if name not in _DATA]
    return None


def document_fields(fields: Sequence[Field]) -> Iterator[Field]:
    """Yields the document fields, also those within groups and lists."""
    for field in fields:
        if field.kind in DOCUMENT_KINDS:
            yield field
        else:
            yield from document_fields(field.fields)


def document_field(fields: Sequence[Field], pointer: str) -> Field | None:
    """Returns the document field at this pointer, which has `*` for the index in a list."""
    found = (field for field in document_fields(fields) if field.pointer == pointer and not field.read_only)
    return next(found, None)


def documents_in(fields: Sequence[Field], answer: Mapping[str, Any]) -> Iterator[Named]:
    """Yields the values of an answer in its document fields."""
    return _inside(fields, answer, "")


def _inside(fields: Sequence[Field], value: Any, at: str) -> Iterator[Named]:
    for field in fields:
        if field.pointer is None:
            yield from _inside(field.fields, value, at)
            continue
        token = field.pointer.rpartition("/")[2]
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping) and value.get(name) is not None:
            yield from _of(field, value[name], f"{at}/{token}")


def _of(field: Field, value: Any, at: str) -> Iterator[Named]:
    if field.kind == "document":
        yield Named(field, at, value)
    elif field.kind == "group":
        yield from _inside(field.fields, value, at)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            place = f"{at}/{number}"
            if field.kind == "documents":
                yield Named(field, place, one)
            elif len(field.fields) == 1 and (field.fields[0].pointer or "").endswith("/*"):
                yield from _of(field.fields[0], one, place)
            else:
                yield from _inside(field.fields, one, place)
