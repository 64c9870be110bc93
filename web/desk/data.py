"""Values of cases for pages: with the labels of forms, in the reader's digits and calendar."""

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

# Values without a form that are written by programs: ids, codes, dates.
CODE = re.compile(r"[a-z0-9]+(?:[_.:/-][a-z0-9]+)*|[A-Z0-9_-]+")
# Other systems write Jalali days in the same notation: years before 1600 are shown unchanged.
_DAY = r"(?:1[6-9]|[2-9]\d)\d\d-\d\d-\d\d"
DAY, INSTANT = re.compile(_DAY), re.compile(rf"{_DAY}T\d\d:\d\d.*")
LATIN = frozenset({"national-id", "legal-id", "postal-code", "iban", "mobile", "digits", "email"})


@dataclass(frozen=True, slots=True)
class Datum:
    """A value with its label: a text, or parts that are data themselves.

    `known`: a form or a catalogue has the label, else it is a name in the process; `latin`: the text reads
    from left to right; `code`: it is a code. `source` is the event that set the value, `link` the path of a
    document.
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

    `of_event`: fields that no form has may be set by the log itself, which has labels of ours. `documents`
    are the titles of documents, by their ids.
    """

    reader: Reader
    fields: Mapping[str, Field] = field(default_factory=dict)
    of_event: bool = False
    documents: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, reader: Reader, spec: Spec, documents: Iterable[Mapping[Any, Any]] = ()) -> "Labels":
        """Return those of a process; the start form has precedence over other forms.

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
        """Return the data of a case: fields of forms first, in their order, then the process's variables."""
        told = sources or {}
        names = [name for name in self.fields if name in values]
        names += [name for name in values if name not in self.fields]
        found = (self.datum(name, values[name], self.fields.get(name)) for name in names)
        return [replace(one, source=told.get(one.name, "")) for one in found]

    def datum(self, name: str, value: Any, field: Field | None) -> Datum:
        """Return one value, formatted by its field, if it has one."""
        label, known = self._label(name, field)
        if field is not None and field.kind in DOCUMENT_KINDS:
            return self._document(Datum(name, label, known), value)
        if isinstance(value, Mapping):
            # Without a form, a value with the name of a field is treated like it.
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
        """Return a document, or several; an invalid id, as in old cases, is shown unchanged."""
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
        said = texts.find_text(f"desk.payload.{name}") if self.of_event else ""
        return said or name, bool(said)

    def _unasked(self, datum: Datum, value: str) -> Datum:
        """Return a text that no form describes."""
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
        """Return the text for a plain value, and whether it reads from left to right."""
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
        except (ValueError, OverflowError):  # at the limits of the calendar
            return value, False
        if field is not None and field.hints.get("format") in LATIN:
            return self.reader.digits(value), True
        return value, False

    def _choice(self, field: Field, value: Any) -> str:
        found = (one.label for one in field.choices if one.value == value)
        return next((getattr(label, self.reader.language) for label in found), str(value))


def by_name(fields: Iterable[Field]) -> dict[str, Field]:
    """Return fields by the last part of their place; of several with a name the last."""
    return {name_of(one): one for one in fields if one.pointer is not None}


def name_of(field: Field) -> str:
    """Return the name of a field among its siblings."""
    return (field.pointer or "").rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def inside(fields: Iterable[Field]) -> Iterator[Field]:
    """Return the fields of one object, including those in a frame that is only visual."""
    for one in fields:
        if one.pointer is None:
            yield from inside(one.fields)
        else:
            yield one
