"""`evidence.toml`: which fields of a service's form the applicant need not type.

What the login proves is `known`; what another agency knows is fetched by an operation of a connector, if the
person agrees to the text of the consent.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from engine import bpmn, deadlines
from engine.access import ASSURANCES, Assurance
from engine.bpmn import Form
from engine.bpmn.forms import Field
from engine.definitions.toml_files.document import Path
from engine.definitions.toml_files.table import MAX_TEXT, Both, Table
from engine.platform.language import LANGUAGES

EVIDENCE = "evidence.toml"

Known = Literal["national_id", "full_name"]
KNOWN: tuple[Known, ...] = get_args(Known)

_TYPE = r"[a-z][a-z0-9-]{0,49}"
_CONNECTOR = r"[a-z][a-z0-9-]{0,63}"
_OPERATION = r"[A-Za-z][A-Za-z0-9_-]{0,63}"
_VERSION = r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}"
_POINTER = r"(/([^~/]|~[01])*){1,10}"
_NAME = r"[^\x00-\x1f]{1,100}"
_MOST = 20  # fields of a type


@dataclass(frozen=True)
class ConsentText:
    """What a person agrees to, in both languages. A changed text needs another version."""

    version: str
    text: Both

    @cached_property
    def hashes(self) -> Mapping[str, str]:
        """Returns the SHA-256 of the text as it is shown, in UTF-8, as hexadecimal digits, by language."""
        return {one: hashlib.sha256(getattr(self.text, one).encode()).hexdigest() for one in LANGUAGES}


@dataclass(frozen=True, slots=True)
class EvidenceType:
    """Something that another agency knows about the applicant.

    `person` is the field of the request for the national ID, `request` maps its other fields to fields of
    the form, and `fields` the members of the answer (JSON Pointers) to fields of the form. `validity` is a
    duration of ISO 8601. `fallback` is the field for a document, if nothing was fetched.
    """

    name: str
    title: Both
    connector: str
    operation: str
    person: str
    request: Mapping[str, str]
    fields: Mapping[str, str]
    validity: str
    assurance: Assurance | None
    fallback: str | None
    consent: ConsentText


_NOTHING = Both("", "")


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """What the file says: the fields that the login fills, and the types of evidence by name.

    `direct`: portals may start cases without a draft, so with answers that nothing proves.
    """

    known: Mapping[str, Known]
    types: Mapping[str, EvidenceType]
    direct: bool = False

    @property
    def fields(self) -> frozenset[str]:
        """Returns the fields that it fills, or needs for documents."""
        types = self.types.values()
        filled = {field for one in types for field in (*one.fields.values(), one.fallback) if field}
        return frozenset({*self.known, *filled})


def read(table: Table, *, faulty: bool = False) -> EvidenceFile:
    """Returns what the file says, without the types that can't be used.

    `faulty`: with these, and something empty for each of their faults, so that the rest of them is checked.
    """
    known = table.words("known", _NAME, most=len(KNOWN), allowed=KNOWN)
    direct = table.yes("direct") is True
    found = {}
    for name, part in table.named("types", _TYPE).items():
        one = _type(name, part)
        part.close()
        if faulty or _is_whole(one):
            found[name] = one
    facts: dict[str, Known] = {name: fact for name, said in known.items() for fact in KNOWN if fact == said}
    return EvidenceFile(facts, found, direct)


def check(table: Table, files: Mapping[str, bytes], process: str | None) -> None:
    """Reports what is wrong in the file, and what doesn't fit the start form of the process."""
    found = read(table, faulty=True)
    if not found.known and not found.types and not table.failed:
        table.error("", "evidence-file.empty")
    if process is None:
        return
    form = bpmn.start_form(files, process)
    if form is None:
        table.error("", "evidence-file.form", process=process)
    else:
        _Fitting(table, form).check(found)


def _is_whole(one: EvidenceType) -> bool:
    """Returns whether a type has all that it needs."""
    texts = (one.title.fa, one.connector, one.operation, one.validity, one.consent.version)
    return all(texts) and bool(one.fields)


def _type(name: str, table: Table) -> EvidenceType:
    """Returns a type; what it lacks is empty."""
    title = table.both("name", required=True) or _NOTHING
    connector = table.text("connector", pattern=_CONNECTOR, required=True) or ""
    operation = table.text("operation", pattern=_OPERATION, required=True) or ""
    person = table.text("person", pattern=_NAME) or "national_id"
    request = table.words("request", _NAME, most=_MOST)
    fields = table.words("fields", _POINTER, most=_MOST, required=True)
    validity = _validity(table) or ""
    assurance = table.choice("assurance", ASSURANCES)
    fallback = table.text("fallback", pattern=_NAME)
    consent = _consent(table.table("consent", required=True)) or ConsentText("", _NOTHING)
    level = next((one for one in ASSURANCES if one == assurance), None)
    told = (name, title, connector, operation, person, request, fields, validity)
    return EvidenceType(*told, assurance=level, fallback=fallback, consent=consent)


def _validity(table: Table) -> str | None:
    value = table.text("validity", required=True)
    if value is None:
        return None
    try:
        usable = not deadlines.duration(value).empty
    except deadlines.Untimely:
        usable = False
    if not usable:
        table.error("validity", "evidence-file.validity")
    return value if usable else None


def _consent(table: Table | None) -> ConsentText | None:
    if table is None:
        return None
    version = table.text("version", pattern=_VERSION, required=True)
    text = table.both("text", most=MAX_TEXT, required=True)
    table.close()
    return ConsentText(version, text) if version and text else None


class _Fitting:
    """Compares the file with a form. Each field has one source at most."""

    def __init__(self, table: Table, form: Form) -> None:
        self._table = table
        self._fields = dict(_top(form.fields))
        self._required = _required(form)
        self._bound: set[str] = set()

    def check(self, found: EvidenceFile) -> None:
        """Reports every field that the form lacks, that is of the wrong kind, or that has two sources."""
        for field in found.known:
            self._bind(("known", field), field)
        for one in found.types.values():
            at = ("types", one.name)
            for pointer, field in one.fields.items():
                self._bind((*at, "fields", pointer), field)
            for name, field in one.request.items():
                self._find((*at, "request", name), field)
            if one.fallback is not None:
                self._fall_back((*at, "fallback"), one.fallback)

    def _find(self, key: Path, name: str) -> Field | None:
        found = self._fields.get(name)
        if found is None:
            self._table.error(key, "evidence-field.unknown", name=name, fields=tuple(self._fields))
        return found

    def _bind(self, key: Path, name: str) -> None:
        found = self._find(key, name)
        if found is None:
            return
        kinds = ("document", "documents", "file", "list")
        if found.read_only or found.kind in kinds or "," in name:  # the log lists names with commas
            self._table.error(key, "evidence-field.kind", name=name)
        elif name in self._bound:
            self._table.error(key, "evidence-field.twice", name=name)
        self._bound.add(name)

    def _fall_back(self, key: Path, name: str) -> None:
        found = self._find(key, name)
        if found is None:
            return
        if found.kind not in ("document", "documents"):
            self._table.error(key, "evidence-field.document", name=name)
        elif name in self._required:
            self._table.error(key, "evidence-field.required", name=name)
        elif name in self._bound:
            self._table.error(key, "evidence-field.twice", name=name)
        self._bound.add(name)


def _top(fields: Sequence[Field]) -> Sequence[tuple[str, Field]]:
    """Returns the fields of an answer by name, also those that are only drawn together."""
    found: list[tuple[str, Field]] = []
    for one in fields:
        if one.pointer is None:
            found += _top(one.fields)
        else:
            found.append((one.pointer[1:].replace("~1", "/").replace("~0", "~"), one))
    return found


def _required(form: Form) -> frozenset[str]:
    needed = form.schema.get("required")
    return frozenset(needed if isinstance(needed, list) else ())
