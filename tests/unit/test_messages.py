"""Whatever the engine says to people, it says in both languages."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterable, Mapping
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
from engine.cases.migration import commands as migration
from engine.cases.proposals.modification import REASONS
from engine.definitions import forms
from engine.events import Kind
from engine.oversight.audit import chain_verification
from engine.platform.errors import Refusal
from engine.platform.messages import refusals
from tests import catalogues
from tests.catalogues import FILES, LANGUAGES, placeholders, texts
from tests.rules.sources import ROOT, calls, nodes, python, strings

DRAFT_7 = "http://json-schema.org/draft-07/schema#"
WORD = re.compile(r"[a-z]+(?:-[a-z0-9]+)*")
CHECKS = ("analysis", "check", "forms", "lint", "translate", "notation/source.py", "run/spec.py")
CHECKING = (
    *(f"engine/bpmn/{part}" for part in CHECKS),
    *(
        "engine/bpmn/draw/__init__.py",
        "engine/dmn/check",
        "engine/dmn/model/reader.py",
        "engine/platform/findings.py",
        "engine/organisation/candidate_roles.py",
        "engine/connectors/deployment_check.py",
        "engine/definitions/scenarios",
        "engine/definitions/toml_files",
    ),
)
TELLERS = {
    *("Finding", "NotDmn", "Problem", "Unbuildable", "_finding", "_unreadable"),
    *("error", "fault", "refuse", "tell", "told", "translated", "warn"),
}
PHRASING = ("Mismatch", "Unportable", "Unreadable", "_Wrong", "phrase", "unreadable")
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


WORDS = ("severity", "part", "trigger", "type", "place", "advice")  # of values, not of findings


def test_every_finding_has_a_reason_and_a_fix() -> None:
    codes = _codes()
    assert len(codes) > 200
    keys = {key for key in texts("findings") if key.split(".")[1] not in WORDS}
    assert {key for key in keys if key.count(".") == 2} == {
        f"findings.{code}.{part}" for code in codes for part in ("reason", "fix")
    }
    assert {f"findings.severity.{name}" for name in get_args(Severity)} <= set(texts("findings"))


def test_every_variant_of_a_finding_is_used() -> None:
    """A variant is named with its code, computed from words, or has the names of the values."""
    keys = (key.split(".") for key in texts("findings"))
    variants = {(key[1], key[2]) for key in keys if key[1] not in WORDS and len(key) == 4}
    constants = {word for path in python(*CHECKING) for word in _words(path)}
    computed = {word.removesuffix(".") for word in constants if word.endswith(".")} | {"{code}"}
    given = list(_values())
    unused = {
        (code, variant)
        for code, variant in variants
        if f"{code}.{variant}" not in constants
        and not (variant in constants and code in computed)
        and not any(_names(variant) in (names, _names(variant) | names) for names in given)
    }
    assert not unused


def test_no_finding_has_a_sentence_in_code() -> None:
    """Code and values of a finding or phrase are in the code; its sentences only in the catalogue."""
    sentence = re.compile(r"[A-Z][a-z]* .*[a-z] .*[.:]$|.* [a-z]+ [a-z]+ [a-z]+ .*")
    found = [
        f"{path}:{call.lineno}"
        for path in python(
            *CHECKING, "engine/bpmn/expressions/juel", "engine/bpmn/values.py", "engine/dmn/feel"
        )
        for call in nodes(path)
        if isinstance(call, ast.Call)
        and (getattr(call.func, "id", None) or getattr(call.func, "attr", "")) in {*TELLERS, *PHRASING}
        for part in ast.walk(call)
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and sentence.match(part.value)
    ]
    assert not found


def _names(variant: str) -> frozenset[str]:
    return frozenset(variant.split("-"))


def _values() -> Iterable[frozenset[str]]:
    """The names of values, wherever some are given."""
    for path in python(*CHECKING):
        for node in nodes(path):
            if isinstance(node, ast.Call):
                yield frozenset(keyword.arg for keyword in node.keywords if keyword.arg)
            if isinstance(node, ast.Dict):
                keys = (key.value for key in node.keys if isinstance(key, ast.Constant))
                yield frozenset(key for key in keys if isinstance(key, str))


def _words(path: Path) -> set[str]:
    constants = (node for node in nodes(path) if isinstance(node, ast.Constant))
    return {node.value for node in constants if isinstance(node.value, str)}


def _codes() -> set[str]:
    """The codes of findings: the catalogue's, where the code of the checks names them; all reported."""
    catalogue = {key.split(".")[1] for key in texts("findings")} - {*WORDS}
    constants = {word.partition(".")[0] for path in python(*CHECKING) for word in _words(path)}
    found = constants & catalogue
    for teller in TELLERS:
        told = list(calls(python(*CHECKING), teller))
        words = {word.partition(".")[0] for at in (0, 1) for word in strings(told, at)}
        found |= {word for word in words if WORD.fullmatch(word) and "-" in word}
    return found - NO_CODES


def test_every_fault_has_a_text() -> None:
    faulting = [
        path
        for path in python("engine", "api", "web/desk", "web/attached.py", "web/visit.py")
        if path.parent.name != "connectors" and path.name != "po.py"  # for translators, in English
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
    codes |= set(REASONS) | set(BROKEN) | {f"format/{name}" for name in FORMATS}
    codes |= {f"type.{kind}" for kind in ("array", "boolean", "integer", "number", "object", "string")}
    codes |= {"type.file", "type.program"}
    own = {"other", "password-unlike", "choose-unit"}  # for what has no text, and what only pages say
    assert {key.removeprefix("faults.") for key in texts("faults")} == codes | own


# Keywords of JSON Schema of which the engine has no sentence of its own: what breaks them, in an older draft
# where the present one no longer has them.
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
    periods = {"throttled.seconds", "quota-exceeded.seconds", "quota-exceeded.minutes"}
    told = {key.removeprefix("refusals.") for key in texts("refusals")} - periods
    assert told == kinds | present | _in_the_way()


def _below(kind: type[Refusal]) -> Iterable[type[Refusal]]:
    for each in kind.__subclasses__():
        yield from (each, *_below(each))


def _in_the_way() -> set[str]:
    """The codes of conflicts."""
    found: set[str] = set()
    for function in ("Conflict", "conflict"):
        for call in calls(python("engine", "api"), function):
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
    codes = (
        strings(calls(python("engine/bpmn"), "Failed"), 0) | {cases.GIVEN_UP, cases.NO_TERM} | cases.NOTICES
    )
    codes |= {"circuit-open"}  # of former releases
    codes |= strings(calls(python("engine/connectors", "engine/worker"), "CallFailed"), 0)
    codes |= strings(calls(python("engine/cases/external_calls.py"), "CallFailure"), 0)
    assert set(texts("incidents")) == {
        f"incidents.{code}.{part}" for code in codes for part in ("reason", "fix")
    }


def test_every_obstacle_to_a_migration_has_a_text() -> None:
    codes = strings(calls(python("engine/bpmn/run/case_migration.py", "engine/cases"), "Obstacle"), 1)
    codes |= set(get_args(migration._stay.__annotations__["code"]))
    codes |= strings(calls(python("engine/bpmn/run/case_migration.py"), "_add_obstacle"), 1)
    for function in ("_obstacle", "_first_of_others"):
        codes |= _returned("engine/bpmn/run/case_migration.py", function)
    assert set(texts("obstacles")) == {f"obstacles.{code}" for code in codes}


def test_every_finding_of_an_audit_has_a_text_and_is_documented() -> None:
    source = python("engine/oversight/audit/verification.py")
    found = set(get_args(chain_verification.Code)) | strings(calls(source, "Finding"), 1)
    rows = (ROOT / "engine/events/administration_log/rows.py").read_text()
    found |= set(re.findall(r"'(row-[a-z]+)'", rows))  # in its SQL
    refused = strings(calls(source, "Unusable"), 0) | {"unreadable"}
    assert set(texts("audit")) == {f"audit.{code}" for code in found | refused}
    documented = (ROOT / "docs" / "audit.md").read_text()
    assert [code for code in sorted(found) if f"`{code}`" not in documented] == []


def _returned(path: str, function: str) -> set[str]:
    """The texts that a function returns."""
    (found,) = (node for node in nodes(ROOT / path) if getattr(node, "name", "") == function)
    returns = (node.value for node in ast.walk(found) if isinstance(node, ast.Return) and node.value)
    constants = (part for value in returns for part in ast.walk(value) if isinstance(part, ast.Constant))
    return {part.value for part in constants if isinstance(part.value, str)}


def test_every_difference_has_a_text() -> None:
    named = {*FACTS, *RULES, *LONG_FACTS}
    keys = {key.removeprefix("differences.") for key in texts("differences")}
    assert {code for code in CODES if code.removesuffix("-changed") not in named} <= keys
    assert {key.partition(".")[2] for key in keys if key.startswith(("fact.", "long-fact."))} == named
    assert {key.removeprefix("kind.") for key in keys if key.startswith("kind.")} == RUNNING


CALLED = {
    "ApplicationStage": "stage",
    "BillStatus": "bill", "Calendar": "calendar", "CallStatus": "call", "CaseStatus": "case",
    "ClockState": "clock-state",
    "Channel": "channel", "DeliveryStatus": "delivery", "DocumentStatus": "document",
    "IncidentStatus": "incident", "MessageStatus": "message",
    "CaseMigrationStatus": "case-migration", "MigratedCaseStatus": "migrated-case", "Openable": "opened",
    "OrganisationKind": "organisation", "RelationKind": "relation", "RateKind": "rate",
    "ServiceClass": "service-class",
    "CommitmentKind": "commitment-kind",
    "CommitmentState": "commitment-state", "CommitmentCause": "commitment-cause",
    "CommitmentMetric": "commitment-metric", "OfflineReason": "offline-reason",
    "EvidenceState": "evidence", "RequestStatus": "request",
    "ProposalKind": "proposal-kind", "ProposalStatus": "proposal",
    "RetriedStatus": "retried",
    "Role": "role", "ProcessDraftCheckStatus": "check", "ProcessDraftCheckStep": "check-step",
    "TaskKind": "task-kind",
    "TaskStatus": "task", "UnitKind": "unit", "UploadStatus": "upload",
    "VersionStatus": "version", "WaitKind": "wait",
    "AuditKind": "audit", "CheckpointLog": "checkpoint-log", "CheckpointTarget": "checkpoint-target",
    "SendingStatus": "sending",
    "Pattern": "pattern", "FlagState": "flag", "Conclusion": "conclusion",
}  # fmt: skip


def test_every_word_of_the_tables_is_named() -> None:
    words = {f"level.{level}" for level in ASSURANCES} | {"role.system"}  # which only logs know
    literals = _literals()
    assert set(literals) == set(CALLED)
    words |= {f"{CALLED[name]}.{word}" for name, listed in literals.items() for word in listed}
    told = {key.removeprefix("words.") for key in texts("words")}
    others = (
        *("assignment.", "definition.", "position.", "presence.", "step-channel.", "visit-reason."),
        *("bucket.", "delay-reason.", "step."),
    )
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
