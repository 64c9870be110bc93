"""Values of cases as people read them: with the labels of forms, in the reader's digits and calendar."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from engine.bpmn import Spec
from engine.bpmn.forms import DOCUMENT_KINDS, Field
from engine.platform.language import Reader
from web import texts
from web.attached import is_id

# What programs write where no form says what it is: ids, codes, dates.
CODE = re.compile(r"[a-z0-9]+(?:[_.:/-][a-z0-9]+)*|[A-Z0-9_-]+")
# Other systems write Jalali days in the same way: what would be before 1600 is told as it is.
_DAY = r"(?:1[6-9]|[2-9]\d)\d\d-\d\d-\d\d"
DAY, INSTANT = re.compile(_DAY), re.compile(rf"{_DAY}T\d\d:\d\d.*")
LATIN = frozenset({"national-id", "legal-id", "postal-code", "iban", "mobile", "digits", "email"})


@dataclass(frozen=True, slots=True)
class Datum:
    """A value with its label: a text, or parts that are data themselves.

    `known` tells whether a form or a catalogue has given the label, else it is a name of the process; `latin`
    that the text reads from left to right, `code` that it is a word of programs. `source` is what tells where
    the value comes from, `link` the path of a document.
    """

    name: str
    label: str
    known: bool
    text: str = ""
    latin: bool = False
    code: bool = False
    parts: Sequence["Datum"] = ()
    source: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Labels:
    """The fields that the forms of a process have for the data of its cases, by name.

    `of_event`: of what no form has, some may be what the log itself writes, which has labels of ours.
    `documents` are the titles of documents, by their ids.
    """

    reader: Reader
    fields: Mapping[str, Field] = field(default_factory=dict)
    of_event: bool = False
    documents: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, reader: Reader, spec: Spec, documents: Iterable[Mapping[Any, Any]] = ()) -> "Labels":
        """Those of a process; what the start form says goes before what other forms say.

        `documents` are rows of documents of the case.
        """
        forms = [part.form for part in spec.elements.values() if part.form is not None]
        start = spec.start_form
        return cls(
            reader,
            by_name(inside([one for form in [*forms, *([start] if start else [])] for one in form.fields])),
            documents={str(row["id"]): row["title"] for row in documents},
        )

    def data(self, values: Mapping[str, Any], sources: Mapping[str, str] | None = None) -> Sequence[Datum]:
        """The data of a case: first what forms ask, in their order, then what the process itself has made."""
        told = sources or {}
        names = [name for name in self.fields if name in values]
        names += [name for name in values if name not in self.fields]
        found = (self.datum(name, values[name], self.fields.get(name)) for name in names)
        return [replace(one, source=told.get(one.name, "")) for one in found]

    def datum(self, name: str, value: Any, field: Field | None) -> Datum:
        """One value, as its field says, if it has one."""
        label, known = self._label(name, field)
        if field is not None and field.kind in DOCUMENT_KINDS:
            return self._document(Datum(name, label, known), value)
        if isinstance(value, Mapping):
            # In what no form describes, what has the name of a field is taken for the same.
            inner = by_name(inside(field.fields)) if field else self.fields
            parts = [self.datum(key, one, inner.get(key)) for key, one in value.items()]
            return Datum(name, label, known, parts=parts)
        if isinstance(value, list) and value and not (field and field.choices):
            return Datum(name, label, known, parts=self._entries(value, field))
        if field is None and isinstance(value, str) and value:
            return self._unasked(Datum(name, label, known), value)
        text, latin = self._text(value, field)
        return Datum(name, label, known, text, latin)

    def _document(self, datum: Datum, value: Any) -> Datum:
        """A document, or several; what names none, as in cases from before, is shown as it is."""
        if isinstance(value, list) and value:
            parts = [self._document(Datum(str(number), "", True), one) for number, one in enumerate(value, 1)]
            labelled = [replace(one, label=texts.say("frame.entry", number=int(one.name))) for one in parts]
            return replace(datum, parts=labelled)
        if not is_id(value):
            text, latin = self._text(value, None)
            return replace(datum, text=text, latin=latin)
        title = self.documents.get(value) or texts.say("desk.document.one")
        return replace(datum, text=title, link=f"/desk/documents/{value}/content")

    def _label(self, name: str, field: Field | None) -> tuple[str, bool]:
        if field is not None:
            return getattr(field.label, self.reader.language), True
        said = texts.said(f"desk.payload.{name}") if self.of_event else ""
        return said or name, bool(said)

    def _unasked(self, datum: Datum, value: str) -> Datum:
        """A text for which no form says what it is."""
        try:
            if DAY.fullmatch(value):
                return replace(datum, text=self.reader.day(date.fromisoformat(value)))
            if INSTANT.fullmatch(value):
                return replace(datum, text=self.reader.minute(datetime.fromisoformat(value)))
        except (ValueError, OverflowError):  # it only looks like one
            pass
        if value.isdecimal():
            return replace(datum, text=self.reader.digits(value), latin=True)
        return replace(datum, text=value, code=CODE.fullmatch(value) is not None)

    def _entries(self, values: Sequence[Any], field: Field | None) -> Sequence[Datum]:
        one = Field(None, "group", field.label, fields=field.fields) if field else None
        plain = field.fields[0] if field and len(field.fields) == 1 and not field.fields[0].pointer else None
        return [
            replace(
                self.datum(str(number), value, plain or one),
                label=texts.say("frame.entry", number=number),
                known=True,
            )
            for number, value in enumerate(values, 1)
        ]

    def _text(self, value: Any, field: Field | None) -> tuple[str, bool]:
        """What is read for a plain value, and whether that runs from left to right."""
        if value in (None, "", []):
            return texts.say("desk.nothing"), False
        if field is not None and field.choices:
            chosen = value if isinstance(value, list) else [value]
            return self.reader.both([self._choice(field, one) for one in chosen]), False
        if isinstance(value, bool):
            return texts.say("desk.yes" if value else "desk.no"), False
        if isinstance(value, int | float):
            return self.reader.number(value), False
        return self._written(str(value), field)

    def _written(self, value: str, field: Field | None) -> tuple[str, bool]:
        kind = field.kind if field else ""
        try:
            if kind == "date":
                return self.reader.day(date.fromisoformat(value)), False
            if kind == "datetime":
                return self.reader.minute(datetime.fromisoformat(value)), False
        except (ValueError, OverflowError):  # at the ends of the calendar
            return value, False
        if field is not None and field.hints.get("format") in LATIN:
            return self.reader.digits(value), True
        return value, False

    def _choice(self, field: Field, value: Any) -> str:
        found = (one.label for one in field.choices if one.value == value)
        return next((getattr(label, self.reader.language) for label in found), str(value))


def by_name(fields: Iterable[Field]) -> dict[str, Field]:
    """Fields by the last part of their place; of several of a name the last."""
    return {name_of(one): one for one in fields if one.pointer is not None}


def name_of(field: Field) -> str:
    """The name of a field among those beside it."""
    return (field.pointer or "").rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def inside(fields: Iterable[Field]) -> Iterator[Field]:
    """Fields that lie in one object, also those that only a frame on the page holds together."""
    for one in fields:
        if one.pointer is None:
            yield from inside(one.fields)
        else:
            yield one
