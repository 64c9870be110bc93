"""Documents in forms: which fields ask for them, what such a field accepts, and what an answer names.

A field asks for a document if its format is `document`, and for several if it is a list of these. The answer
holds the id of each document. Judges no file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.bpmn.forms.fields import ACCEPT, DOCUMENT_KINDS, MAX_MIB, Field
from engine.platform import media

_DATA = frozenset({"default", "const", "enum", "examples"})  # hold no schemas
MOST = 50  # files in one field, unless it says less


@dataclass(frozen=True, slots=True)
class Named:
    """A value where an answer should name a document: its field, and its place as a JSON Pointer."""

    field: Field
    pointer: str
    value: Any


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a field accepts: names of kinds (None: all that the installation accepts), and bytes of a file."""

    kinds: frozenset[str] | None
    max_bytes: int | None
    count: int


def accepted(field: Field) -> Accepted:
    """The limits that the form sets for a field."""
    kinds, most, count = (field.hints.get(name) for name in (ACCEPT, MAX_MIB, "maxItems"))
    return Accepted(
        frozenset(kinds) if kinds else None,
        int(most * (1 << 20)) if most else None,
        1 if field.kind == "document" else min(count or MOST, MOST),
    )


def mib(size: int) -> int | float:
    """A limit of bytes as people are told it, in MiB."""
    whole, rest = divmod(size, 1 << 20)
    return round(size / (1 << 20), 3) if rest else whole


def unusable_limit(schema: Any) -> str | None:
    """The keyword for documents, anywhere in a schema, whose value says nothing; None if all do."""
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
    """Those that ask for documents, also within groups and lists."""
    for field in fields:
        if field.kind in DOCUMENT_KINDS:
            yield field
        else:
            yield from document_fields(field.fields)


def document_field(fields: Sequence[Field], pointer: str) -> Field | None:
    """The field for documents at this pointer, which has `*` for the index in a list."""
    found = (field for field in document_fields(fields) if field.pointer == pointer and not field.read_only)
    return next(found, None)


def documents_in(fields: Sequence[Field], answer: Mapping[str, Any]) -> Iterator[Named]:
    """What an answer has in the fields that ask for documents."""
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
