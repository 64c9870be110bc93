"""Forms of processes on pages: what to draw for each field, and the answer that a browser sends.

A field is called `data` and its JSON Pointer, so that faults can be assigned to it. Nothing is validated
here: the engine accepts texts as they were typed, in any digits and either calendar, and reports faults.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

import orjson
from werkzeug.datastructures import MultiDict

from engine.bpmn.forms import DOCUMENT_KINDS, Choice, Field, Text, hidden, plain
from engine.platform.errors import Fault, Invalid, Refusal
from engine.platform.language import Reader
from engine.platform.messages.faults import explain
from web import texts

DATA = "data"
ADD, REMOVE = "add", "remove"  # buttons that add a row to a list, or remove one
MAX_ROWS = 200

_ONLY = {"!=": "frame.only-if", "=": "frame.only-unless"}


@dataclass(frozen=True, slots=True)
class Node:
    """A field at its place in an answer. `shown` is its value in the page's input.

    `rows` are those of a list, `nodes` the fields of a group. `hide_when` is the condition that hides it, for
    a script; `only` says it in words, for people without JavaScript. `apart` distinguishes it from the same
    field elsewhere on the page.
    """

    field: Field
    name: str
    label: str
    hint: str
    shown: Any = ""
    wrong: tuple[str, ...] = ()
    nodes: tuple["Node", ...] = ()
    rows: tuple[tuple["Node", ...], ...] = ()
    hide_when: str = ""
    only: str = ""
    apart: str = ""
    # Of documents (`web.attached`): the present ones, the form for which more are uploaded ("": none),
    # the accepted file extensions, and notes on them.
    files: tuple[Any, ...] = ()
    upload: str = ""
    accept: str = ""
    notes: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """For labels and for links from a summary of faults."""
        return self.apart + self.name.replace("/", "-")

    @property
    def options(self) -> Sequence[tuple[str, str, bool]]:
        """Of a choice: value, text, and whether it is chosen."""
        language = texts.reader().language
        chosen = self.shown if isinstance(self.shown, list) else [self.shown]
        return [
            (_sent(choice.value), getattr(choice.label, language), _sent(choice.value) in chosen)
            for choice in self.field.choices
        ]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A form to draw: its fields, and the faults of no field that is drawn."""

    nodes: tuple[Node, ...]
    others: tuple[str, ...]

    @property
    def faulty(self) -> Sequence[Node]:
        """The nodes that have a fault, in their order."""
        return [node for node in self.all if node.wrong]

    @property
    def uploads(self) -> bool:
        """Whether files can be uploaded in it."""
        return any(node.accept for node in self.all)

    @property
    def all(self) -> Sequence[Node]:
        """The nodes with the nested ones."""
        return list(_all(self.nodes))


def drawing(
    fields: Sequence[Field],
    values: Mapping[str, Any],
    reader: Reader,
    faults: Sequence[Fault] = (),
    *,
    apart: str = "",
) -> Drawing:
    """Return what to draw of these fields for a reader, with values as they are stored or were typed.

    If a form is drawn several times on a page, `apart` distinguishes them.
    """
    wrong: dict[str, list[str]] = {}
    for fault in faults:
        wrong.setdefault(fault.pointer, []).append(explain_fault(fault))
    nodes = tuple(_NodeBuilder(reader, wrong, apart).nodes(fields, "", values))
    places = {node.name.removeprefix(DATA) for node in _all(nodes)}
    rest = [
        text
        for pointer, found in wrong.items()
        if pointer.removeprefix("/data") not in places
        for text in found
    ]
    return Drawing(nodes, tuple(rest))


def explain_fault(fault: Fault) -> str:
    """Explain a fault in the reader's language."""
    return explain(fault, texts.for_reader())


def all_explained(refusal: Refusal) -> str:
    """Explain why something was refused: all faults, else the refusal itself."""
    faults = refusal.faults if isinstance(refusal, Invalid) else ()
    return " ".join(explain_fault(fault) for fault in faults) or texts.explain(refusal)


def answer(
    fields: Sequence[Field], sent: "MultiDict[str, str]", before: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, Any]:
    """Return the answer that a browser sent, as it was typed, without hidden and empty fields.

    `before` is the answer to other fields of the same form, on other pages.
    """
    found = _Answer(sent, before).of(fields, "")
    for pointer in sent.getlist(ADD):
        _extend(found, pointer)
    for pointer in sent.getlist(REMOVE):
        _shorten(found, pointer)
    return found


def edited(sent: "MultiDict[str, str]") -> bool:
    """Return whether the form was sent only to add or remove a row."""
    return ADD in sent or REMOVE in sent


class _NodeBuilder:
    def __init__(self, reader: Reader, told: Mapping[str, Sequence[str]], apart: str) -> None:
        self.reader = reader
        self.told = told
        self.apart = apart

    def node(self, field: Field, pointer: str, value: Any) -> Node:
        field = _decided(field)
        rows: list[tuple[Node, ...]] = []
        inner: tuple[Node, ...] = ()
        if field.kind == "group":
            inner = tuple(self.nodes(field.fields, pointer, value))
        elif field.kind == "list":
            entries = value if isinstance(value, list) else []
            rows = [
                tuple(self.nodes(field.fields, f"{pointer}/{index}", entry))
                for index, entry in enumerate(entries)
            ]
        return Node(
            field,
            DATA + pointer,
            self._say(field.label),
            self._hint(field),
            shown=self.shown(field, value),
            wrong=tuple(self.told.get(f"/data{pointer}", ())),
            nodes=inner,
            rows=tuple(rows),
            hide_when=self._hide_when(field, pointer),
            apart=self.apart,
        )

    def nodes(self, fields: Sequence[Field], pointer: str, value: Any) -> Iterator[Node]:
        """Return the nodes for the fields of the object at this pointer."""
        for field in fields:
            only = self._only(field, fields)
            if field.pointer is None:
                inner = tuple(self.nodes(field.fields, pointer, value))
                name = f"{DATA}{pointer}#{field.label.en}"
                yield Node(
                    field, name, self._say(field.label), self._hint(field), nodes=inner, apart=self.apart
                )
            elif field.pointer.endswith("/*"):
                yield self.node(field, pointer, value)  # a list of plain values
            else:
                name = field.pointer.rpartition("/")[2]
                own = value.get(plain(name)) if isinstance(value, Mapping) else None
                yield replace(self.node(field, f"{pointer}/{name}", own), only=only)

    def shown(self, field: Field, value: Any) -> Any:
        """Return a value for an input: what was typed as it was typed."""
        if value is None:
            value = field.hints.get("default")
        if field.kind in ("choices", *DOCUMENT_KINDS):
            several = [value] if field.kind == "document" and value is not None else value
            return [_sent(one) for one in several] if isinstance(several, list) else []
        if field.kind in ("boolean", "choice"):
            return bool(value) if field.kind == "boolean" else "" if value is None else _sent(value)
        if value is None or isinstance(value, list | Mapping):
            return ["", ""] if field.kind == "datetime" else ""
        if field.kind in ("date", "datetime") and isinstance(value, str):
            return self._instant(value) if field.kind == "datetime" else self._day(value)
        if isinstance(value, int | float):
            return self.reader.typed(value)
        return str(value)

    def _day(self, value: str) -> str:
        try:
            return self.reader.figures(date.fromisoformat(value))
        except ValueError:
            return value  # as it was typed

    def _instant(self, value: str) -> list[str]:
        try:
            found = datetime.fromisoformat(value)
            return [self.reader.figures(found), self.reader.time(found)]
        except (ValueError, OverflowError):  # as it was typed, or at the limits of the calendar
            on, _, at = value.partition(" ")
            return [on, at]

    def _say(self, label: Any) -> str:
        return str(getattr(label, self.reader.language))

    def _hint(self, field: Field) -> str:
        own = self._say(field.description) if field.description else ""
        example = texts.find_text(f"frame.hint.{field.kind}.{self.reader.calendar}")
        return " ".join(filter(None, (own, example)))

    def _only(self, field: Field, beside: Sequence[Field]) -> str:
        """Return the answers to a sibling field for which a field is asked."""
        told = field.hide_when
        other = told and _named(beside, plain(told["field"].rpartition("/")[2]))
        if not told or not other or told["is"] not in _ONLY:
            return ""
        labels = [
            self._say(choice.label) for choice in _decided(other).choices if choice.value == told["value"]
        ]
        answer = labels[0] if labels else _sent(told["value"])
        return texts.say(_ONLY[told["is"]], field=self._say(other.label), answer=answer)

    def _hide_when(self, field: Field, pointer: str) -> str:
        """Return the condition for a script: the name of the other field, and its value."""
        if field.hide_when is None:
            return ""
        beside = f"{pointer.rpartition('/')[0]}/{field.hide_when['field'].rpartition('/')[2]}"
        return orjson.dumps({**field.hide_when, "field": DATA + beside}).decode()


class _Answer:
    def __init__(self, sent: "MultiDict[str, str]", before: Mapping[str, Any]) -> None:
        self.sent = sent
        self.before = before

    def of(self, fields: Sequence[Field], at: str) -> dict[str, Any]:
        """Return the pointers of an object's fields."""
        found: dict[str, Any] = {}
        for field in fields:
            if field.pointer is None:
                found |= self.of(field.fields, at)
            elif not field.read_only:
                name = field.pointer.rpartition("/")[2]
                value = self.value(field, f"{at}/{name}")
                if value is not None:
                    found[plain(name)] = value
        told = found if at else {**self.before, **found}
        return {name: value for name, value in found.items() if not hidden(_named(fields, name), told)}

    def value(self, field: Field, pointer: str) -> Any:
        """Return what was typed; None for nothing."""
        name, field = DATA + pointer, _decided(field)
        if field.kind == "group":
            return self._group(field, pointer)
        if field.kind == "list":
            return self._rows(field, pointer) or None
        if field.kind == "boolean":
            return name in self.sent
        if field.kind in ("choices", *DOCUMENT_KINDS):
            return self._several(field, name)
        if field.kind == "datetime":
            return self._instant(field, name)
        typed = self.sent.get(name, "").strip()
        return (_chosen(field, typed) if field.kind == "choice" else typed) if typed else None

    def _several(self, field: Field, name: str) -> Any:
        """Return what was ticked or uploaded; of documents None for none."""
        several = [_chosen(field, one) for one in self.sent.getlist(name) if one.strip()]
        if field.kind == "document":
            return several[-1] if several else None
        # Browsers send nothing of boxes without a tick: it says none, unless there has to be one.
        none: list[Any] | None = [] if field.kind == "choices" and not field.hints.get("minItems") else None
        return several or none

    def _group(self, field: Field, pointer: str) -> dict[str, Any] | None:
        """Return an object; None for an optional one in which nothing was typed or ticked."""
        found = self.of(field.fields, pointer)
        said = any(value != [] for value in found.values())
        return found if said or (found and field.required) else None

    def _instant(self, field: Field, name: str) -> str | None:
        on, at = (self.sent.get(f"{name}{part}", "").strip() for part in ("", "@"))
        if not on and not at:
            return None
        local = field.hints.get("format") == "local-date-time"
        return f"{on} {at}" if local else f"{on} {at}{_offset()}"

    def _rows(self, field: Field, pointer: str) -> list[Any]:
        """Return the entries in order, including empty ones, since faults refer to entries by number."""
        plain = len(field.fields) == 1 and (field.fields[0].pointer or "").endswith("/*")
        found = []
        for index in range(min(self._many(pointer), MAX_ROWS)):
            at = f"{pointer}/{index}"
            one = self.value(field.fields[0], at) if plain else self.of(field.fields, at)
            found.append("" if one is None else one)
        return found

    def _many(self, pointer: str) -> int:
        typed = self.sent.get(f"rows{pointer}", "0")
        return int(typed) if typed.isdecimal() and len(typed) < 4 else 0


def _decided(field: Field) -> Field:
    """Return a field as it is asked: a required yes or no is a choice, as an empty checkbox would say no."""
    if field.kind != "boolean" or not field.required or field.read_only:
        return field
    yes, no = (Text(**texts.both(f"frame.{word}")) for word in ("yes", "no"))
    return replace(field, kind="choice", choices=(Choice(True, yes), Choice(False, no)))


def _named(fields: Sequence[Field], name: str) -> Field | None:
    for field in fields:
        if field.pointer is None:
            if (found := _named(field.fields, name)) is not None:
                return found
        elif plain(field.pointer.rpartition("/")[2]) == name:
            return field
    return None


def _offset() -> str:
    """Return the offset of the reader's zone, now: RFC 3339."""
    found = datetime.now(texts.reader().zone).strftime("%z")
    return f"{found[:3]}:{found[3:]}"


def _sent(value: Any) -> str:
    return value if isinstance(value, str) and value else orjson.dumps(value).decode()


def _chosen(field: Field, typed: str) -> Any:
    """Return the value of a choice; an unknown one unchanged."""
    return next((choice.value for choice in field.choices if _sent(choice.value) == typed), typed)


def _entries(data: dict[str, Any], pointer: str) -> tuple[Any, str]:
    """Return the container of the value at a pointer, created if missing, and the last token."""
    way = [plain(token) for token in pointer.split("/")[1:]]
    inside: Any = data
    for token in way[:-1]:
        if isinstance(inside, list):
            inside = inside[int(token)] if _is_place(token, inside) else None
        else:
            inside = inside.setdefault(token, {}) if isinstance(inside, dict) else None
    return inside, way[-1] if way else ""


def _extend(data: dict[str, Any], pointer: str) -> None:
    inside, last = _entries(data, pointer)
    if isinstance(inside, dict):
        rows = inside.setdefault(last, [])
        if isinstance(rows, list) and len(rows) < MAX_ROWS:
            rows.append({})


def _shorten(data: dict[str, Any], pointer: str) -> None:
    inside, last = _entries(data, pointer)
    if isinstance(inside, list) and _is_place(last, inside):
        del inside[int(last)]


def _is_place(token: str, entries: list[Any]) -> bool:
    return token.isdecimal() and len(token) < 4 and int(token) < len(entries)


def _all(nodes: Sequence[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _all(node.nodes)
        for row in node.rows:
            yield from _all(row)
