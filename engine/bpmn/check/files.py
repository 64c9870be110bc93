"""Checks the uploaded files themselves: names, kinds, sizes, readability. Only reads the root of BPMN."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from lxml import etree

from engine.bpmn.check.rules import read_rules
from engine.bpmn.forms import SUFFIXES as FORM_SUFFIXES
from engine.bpmn.forms import Problem, converted
from engine.bpmn.model.notes import Notes, Place, place
from engine.bpmn.notation.candidate_roles import BINDINGS, Bindings, fault, normalize_name, read_bindings
from engine.bpmn.notation.rule_tasks import NO_DECISIONS
from engine.bpmn.notation.source import BPMN_SUFFIXES, MAX_FILE, Unreadable, read_xml
from engine.bpmn.notation.vocabulary import BPMN, bpmn
from engine.bpmn.translate import translate
from engine.dmn import Decisions
from engine.platform.budget import look_at, spend
from engine.platform.messages import parsers

MAX_FILES = 50
# Scenarios are read where they are run, TOML files where services are described.
FILE_SUFFIXES = (*BPMN_SUFFIXES, *FORM_SUFFIXES, ".dmn", ".yaml", ".toml", ".md")
MAX_NAME = 200
MAX_BINDINGS = 1_000
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDI = frozenset(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)  # they change the direction of text


@dataclass(slots=True)
class Upload:
    """The readable files: translated BPMN roots, JSON Schemas of forms by name, and decisions."""

    documents: dict[str, Any] = field(default_factory=dict)
    schemas: dict[str, Any] = field(default_factory=dict)
    bindings: Bindings = field(default_factory=dict)
    problems: dict[str, tuple[Problem, ...]] = field(default_factory=dict)  # of form-js forms
    rules: Decisions = NO_DECISIONS


def read_files(files: Mapping[str, bytes], notes: Notes) -> Upload:
    """Reads all files; reports unreadable ones and omits them."""
    upload = Upload()
    if len(files) > MAX_FILES:
        notes.error(Place(""), "too-many-files", count=len(files), limit=MAX_FILES)
        return upload
    seen: dict[str, str] = {}
    upload.bindings = read_bindings(files)
    named = {name: content for name, content in files.items() if _named(name, seen, notes)}
    for name, content in named.items():
        look_at(name)
        spend(len(content))
        _read(name, content, upload, notes)
    small = {name: content for name, content in named.items() if len(content) <= MAX_FILE}
    upload.rules = read_rules(small, notes)
    if not any(name.endswith(BPMN_SUFFIXES) for name in files):
        notes.error(Place(""), "no-bpmn")
    return upload


def is_file_name(name: str) -> bool:
    """Whether a file name is valid: a base name without invisible characters."""
    return (
        bool(name.strip(". "))
        and len(name) <= MAX_NAME
        and not any(
            char in "/\\" or char in _BIDI or unicodedata.category(char) in _REFUSED_CATEGORIES
            for char in name
        )
    )


def _named(name: str, seen: dict[str, str], notes: Notes) -> bool:
    if not is_file_name(name):
        notes.error(
            Place("".join(char if char.isprintable() else "\ufffd" for char in name[:MAX_NAME])),
            "file-name",
            limit=MAX_NAME,
        )
        return False
    folded = unicodedata.normalize("NFC", name).casefold()
    if folded in seen:
        notes.error(Place(name), "file-twice", other=seen[folded])
        return False
    seen[folded] = name
    return True


def _read(name: str, content: bytes, upload: Upload, notes: Notes) -> None:
    if name.endswith(BPMN_SUFFIXES):
        _read_bpmn(name, content, upload, notes)
    elif len(content) > MAX_FILE:
        notes.error(Place(name), "file-too-large", limit=MAX_FILE >> 20)
    elif name.endswith(FORM_SUFFIXES):
        _read_json(name, content, upload, notes)
    elif not name.endswith(FILE_SUFFIXES):
        notes.error(Place(name), "unsupported-file")


def _read_bpmn(name: str, content: bytes, upload: Upload, notes: Notes) -> None:
    try:
        root = read_xml(name, content).getroot()
    except Unreadable as unreadable:
        notes.add(unreadable.finding)
        return
    if root.tag == bpmn("definitions"):
        for found in translate(root, upload.bindings):
            where = place(name, found.element)
            note = notes.warn if found.warns else notes.translated
            note(where, found.code, **found.values)
        upload.documents[name] = root
        return
    root_name = etree.QName(root)
    where = Place(name, line=root.sourceline)
    if root_name.localname == "definitions":  # of an earlier BPMN, or DMN
        notes.error(where, "not-bpmn", namespace=(root_name.namespace or "")[:200], expected=BPMN)
    else:
        notes.error(where, "not-bpmn", tag=root_name.localname[:80])


def _read_json(name: str, content: bytes, upload: Upload, notes: Notes) -> None:
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        problem = parsers.phrase("json", error.msg, error.lineno, error.colno)
        notes.error(Place(name, line=error.lineno), "invalid-json.parser", error=problem)
        return
    if isinstance(value, dict) and name == BINDINGS:
        _check_bindings(value, content.decode().splitlines(), notes)
    elif isinstance(value, dict):
        form, upload.problems[name] = converted(value)
        upload.schemas[name] = form.schema
    else:
        notes.error(Place(name, line=1), "invalid-json.no-object")


def _check_bindings(value: Mapping[str, Any], lines: Sequence[str], notes: Notes) -> None:
    if len(value) > MAX_BINDINGS:
        notes.error(Place(BINDINGS), "invalid-binding", count=len(value), limit=MAX_BINDINGS)
        return
    seen: set[str] = set()
    for name, entry in value.items():
        wrong = "twice" if normalize_name(name) in seen else fault(entry)
        seen.add(normalize_name(name))
        if wrong is not None:
            line = next((number for number, text in enumerate(lines, 1) if f'"{name}"' in text), None)
            notes.error(
                Place(BINDINGS, line=line),
                f"invalid-binding.{wrong}",
                name=name[:80],
            )
