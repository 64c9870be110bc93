"""Whatever the engine says to people, it says in both languages."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest

from engine import cases, models
from engine.access import ASSURANCES
from engine.bpmn.diff import CODES
from engine.bpmn.diff.words import FACTS, LONG_FACTS, RULES
from engine.bpmn.forms import FORMATS, validator
from engine.bpmn.notation.findings import Severity
from engine.bpmn.notation.vocabulary import RUNNING
from engine.bpmn.run.case_migration import _REASONS
from engine.cases.migration import commands
from engine.definitions import forms
from engine.events import Kind
from engine.platform.errors import Refusal
from engine.platform.messages import findings, refusals
from tests import catalogues
from tests.catalogues import FILES, LANGUAGES, placeholders, texts
from tests.rules.sources import calls, nodes, python, strings

DRAFT_7 = "http://json-schema.org/draft-07/schema#"
WORD = re.compile(r"[a-z]+(?:-[a-z0-9]+)*")
CHECKS = ("analysis", "check", "forms", "lint", "translate", "notation/source.py", "run/spec.py")
CHECKING = (
    *(f"engine/bpmn/{part}" for part in CHECKS),
    *(
        "engine/dmn/check",
        "engine/platform/findings.py",
        "engine/organisation/candidate_roles.py",
        "engine/connectors/deployment_check.py",
        "engine/definitions/scenarios",
    ),
)
TELLERS = {"Finding", "Unbuildable", "_finding", "_unreadable", "error", "refuse", "tell", "told", "warn"}
NO_CODES = {
    # severities, a kind of field, an encoding, an incident
    *("error", "warning", "note", "long-text", "utf-8", "utf-8-sig", "work-failed"),
    *("x-editable-by", "x-enum-i18n", "x-hide-when", "x-i18n", "x-visible-to"),  # keywords of forms
    *("x-accept", "x-max-mib"),
    *FORMATS,
}  # fmt: skip


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_text_is_there_in_both_languages_with_the_same_values(file: Path) -> None:
    found = catalogues.read(file)
    assert not {key for key, told in found.items() if set(told) != set(LANGUAGES)}
    named = {
        key: {frozenset(placeholders(catalogues.forms(text)[-1])) for text in told.values()}
        for key, told in found.items()
    }
    assert not {key: names for key, names in named.items() if len(names) != 1}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_text_that_numbers_decide_counts_something(file: Path) -> None:
    several = {
        key: text
        for key, told in catalogues.read(file).items()
        for text in told.values()
        if not isinstance(text, str)
    }
    assert all(set(text) == {"one", "other"} for text in several.values())
    assert all("count" in placeholders(text["other"]) for text in several.values())
    assert all(
        placeholders(text["one"]) | {"count"} == placeholders(text["other"]) for text in several.values()
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_persian_has_its_own_letters_and_joins_what_belongs_together(file: Path) -> None:
    wrong = re.compile(
        r"[يكة٠-٩]|\bن?می [\u0600-\u06ff]|[\u0600-\u06ff] (?:ها|های|هایی|ترین)\b|[،؛؟][^\s»)]|[,;?] "
    )
    told = {
        f"{key}: {form}"
        for key, text in catalogues.read(file).items()
        for form in catalogues.forms(text["fa"])
    }
    assert not {text for text in told if wrong.search(text.partition(": ")[2])}


WORDS = ("severity", "part", "trigger", "type", "place")  # of values, not of findings


def test_every_finding_has_a_reason_and_a_mend() -> None:
    codes = _codes()
    assert len(codes) > 200
    keys = {key for key in texts("findings") if key.split(".")[1] not in WORDS}
    assert {key for key in keys if key.count(".") == 2} == {
        f"findings.{code}.{part}" for code in codes for part in ("reason", "fix")
    }
    assert {f"findings.severity.{name}" for name in get_args(Severity)} <= set(texts("findings"))


def test_a_sentence_that_names_values_has_a_text_that_names_the_same() -> None:
    variants: dict[str, set[str]] = {}
    for key, told in texts("findings").items():
        _, code, *rest = key.split(".")
        if code not in WORDS and len(rest) == 2:
            named = variants.setdefault(f"{code}.{rest[0]}", set())
            named |= placeholders(str(told["en"]))
    assert not {key: named for key, named in variants.items() if findings.variant(named) != key.split(".")[1]}
    used = set()
    for path, near, call in _sentences():
        names = findings.variant(str(keyword.arg) for keyword in call.keywords)
        fitting = ({f"{code}.{names}" for code in codes} & set(variants) for codes in near)
        found = next(filter(None, fitting), set())
        assert not names or found, f"{path}:{call.lineno} {names}"
        used |= found
    assert set(variants) == used


def _sentences() -> Iterable[tuple[Path, Sequence[set[str]], ast.Call]]:
    """Each sentence with values, and the codes near it: of its function, of its file, all."""
    codes = _codes()
    for path in python(*CHECKING):
        module = ast.parse(path.read_text(encoding="utf-8"))
        scopes = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
        for call in ast.walk(module):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            tells = call.func.id in ("sentence", "with_values")
            if tells and all(keyword.arg for keyword in call.keywords):
                around = [one for one in scopes if one.lineno <= call.lineno <= (one.end_lineno or 0)]
                inside: set[str] = set().union(*(_words(one) & codes for one in around))
                yield path, (inside, _words(module) & codes, codes), call


def _words(tree: ast.AST) -> set[str]:
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


def _codes() -> set[str]:
    """The codes of findings: words with a hyphen where they are made, and what is told as one."""
    found = {
        node.value
        for path in python(*CHECKING)
        for node in nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "-" in node.value
    }
    for teller in TELLERS:
        told = list(calls(python(*CHECKING), teller))
        found |= strings(told, 0) | strings(told, 1)
    return {word for word in found if WORD.fullmatch(word)} - NO_CODES


def test_every_fault_has_a_text() -> None:
    faulting = [
        path
        for path in python("engine", "api", "web/desk", "web/attached.py", "web/visit.py")
        if path.parent.name != "connectors"
    ]
    codes = strings(calls(faulting, "Fault"), 2) | set(forms.MESSAGES)
    for function in ("fault", "_invalid"):
        codes |= strings(calls(python("engine/organisation"), function), 2)
    codes |= strings(calls(python("engine/identity/login.py"), "unusable"), 1)
    codes |= strings(calls(python("engine/platform/egress_guard.py"), "Refused"), 0)
    codes |= strings(
        calls(
            python("engine/platform/media", "engine/documents", "engine/documents/form_uploads.py"), "Unfit"
        ),
        0,
    )
    codes |= set(BROKEN) | {f"format/{name}" for name in FORMATS}
    codes |= {f"type.{kind}" for kind in ("array", "boolean", "integer", "number", "object", "string")}
    codes |= {"type.file", "type.program"}
    own = {"other", "password-unlike"}  # for what has no text, and of two fields of a page
    assert {key.removeprefix("faults.") for key in texts("faults")} == codes | own


# Keywords of JSON Schema of which the engine has no sentence of its own: what breaks them, in an older draft
# where the present one has them no more.
BROKEN: Mapping[str, tuple[dict[str, Any], Any]] = {
    "additionalItems": ({"$schema": DRAFT_7, "items": [{}], "additionalItems": False}, [1, 2]),
    "anyOf": ({"anyOf": [{"const": 1}]}, 2),
    "contains": ({"contains": {"const": 1}}, []),
    "contentEncoding": ({"$schema": DRAFT_7, "contentEncoding": "base64"}, "%"),
    "contentMediaType": ({"$schema": DRAFT_7, "contentMediaType": "application/json"}, "{"),
    "maxProperties": ({"maxProperties": 0}, {"x": 1}),
    "minProperties": ({"minProperties": 1}, {}),
    "not": ({"not": {"const": 1}}, 1),
    "propertyNames": ({"propertyNames": {"maxLength": 0}}, {"x": 1}),
    "type": ({"type": "string"}, 1),
    "unevaluatedItems": ({"unevaluatedItems": False}, [1]),
    "unevaluatedProperties": ({"unevaluatedProperties": False}, {"x": 1}),
}


@pytest.mark.parametrize("keyword", BROKEN)
def test_a_keyword_with_a_text_can_be_broken(keyword: str) -> None:
    schema, answer = BROKEN[keyword]
    assert [error.kind.name for error in validator(schema).iter_errors(answer)] == [keyword]


def test_every_refusal_has_a_text() -> None:
    kinds = {refusals.name(Refusal), *(refusals.name(kind) for kind in _below(Refusal))}
    present = {f"task-{status}" for status in get_args(models.TaskStatus) if status != "open"}
    present |= {f"case-{status}" for status in get_args(models.CaseStatus)}
    told = {key.removeprefix("refusals.") for key in texts("refusals")} - {"throttled.seconds"}
    assert told == kinds | present | _in_the_way()


def _below(kind: type[Refusal]) -> Iterable[type[Refusal]]:
    for each in kind.__subclasses__():
        yield from (each, *_below(each))


def _in_the_way() -> set[str]:
    """The codes of conflicts."""
    found: set[str] = set()
    for function in ("Conflict", "conflict"):
        for call in calls(python("engine"), function):
            for keyword in call.keywords:
                value = keyword.value
                ends = (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,)
                if keyword.arg == "code":
                    found |= {str(end.value) for end in ends if isinstance(end, ast.Constant) and end.value}
    assert found
    return found


def test_every_kind_of_event_has_a_text() -> None:
    told = {".".join(key.split(".")[1:3]) for key in texts("events")}
    assert told == set(get_args(Kind))
    assert {f"events.{kind}" for kind in told} <= set(texts("events"))


def test_every_incident_has_a_reason_and_a_mend() -> None:
    codes = strings(calls(python("engine/bpmn"), "Failed"), 0) | {cases.GIVEN_UP} | cases.NOTICES
    codes |= strings(calls(python("engine/connectors", "engine/worker"), "CallFailed"), 0)
    codes |= strings(calls(python("engine/cases/external_calls.py"), "CallFailure"), 0)
    assert set(texts("incidents")) == {
        f"incidents.{code}.{part}" for code in codes for part in ("reason", "fix")
    }


def test_every_obstacle_to_a_migration_has_a_text() -> None:
    codes = strings(calls(python("engine/bpmn/run/case_migration.py", "engine/cases"), "Obstacle"), 1)
    codes |= set(_REASONS) | set(get_args(commands._stay.__annotations__["code"]))
    assert set(texts("obstacles")) == {f"obstacles.{code}" for code in codes}


def test_every_difference_has_a_text() -> None:
    named = {*FACTS, *RULES, *LONG_FACTS}
    keys = {key.removeprefix("differences.") for key in texts("differences")}
    assert {code for code in CODES if code.removesuffix("-changed") not in named} <= keys
    assert {key.partition(".")[2] for key in keys if key.startswith(("fact.", "long-fact."))} == named
    assert {key.removeprefix("kind.") for key in keys if key.startswith("kind.")} == RUNNING


CALLED = {
    "BillStatus": "bill", "Calendar": "calendar", "CallStatus": "call", "CaseStatus": "case",
    "Channel": "channel", "DeliveryStatus": "delivery", "DocumentStatus": "document",
    "IncidentStatus": "incident", "MessageStatus": "message",
    "CaseMigrationStatus": "case-migration", "MigratedCaseStatus": "migrated-case", "Openable": "opened",
    "OrganisationKind": "organisation", "RelationKind": "relation", "RetriedStatus": "retried",
    "Role": "role", "ProcessDraftCheckStatus": "check", "ProcessDraftCheckStep": "check-step",
    "TaskKind": "task-kind",
    "TaskStatus": "task", "UnitKind": "unit", "UploadStatus": "upload",
    "VersionStatus": "version", "WaitKind": "wait",
}  # fmt: skip


def test_every_word_of_the_tables_is_named() -> None:
    words = {f"level.{level}" for level in ASSURANCES}
    literals = _literals()
    assert set(literals) == set(CALLED)
    words |= {f"{CALLED[name]}.{word}" for name, listed in literals.items() for word in listed}
    told = {key.removeprefix("words.") for key in texts("words")}
    others = ("assignment.", "definition.", "position.", "presence.")
    assert {key for key in told if not key.startswith(others)} == words


def _literals() -> dict[str, tuple[str, ...]]:
    modules = [
        importlib.import_module(f"engine.models.{module.name}")
        for module in pkgutil.iter_modules(models.__path__)
    ]
    return {
        name: get_args(value)
        for module in modules
        for name, value in vars(module).items()
        if get_origin(value) is Literal and name != "Language"  # each is called by its own name
    }
