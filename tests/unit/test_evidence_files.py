"""`evidence.toml`: what is checked at upload, and what the file says."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from engine.bpmn import Process
from engine.connectors import Connectors
from engine.definitions import toml_files
from engine.definitions.toml_files import EVIDENCE, evidence_of
from tests import bpmn, exchanging, factories

PROCESSES = (Process("p", "P", "p.bpmn", frozenset()),)
FIELDS: dict[str, Any] = {
    "national_id": {"type": "string"},
    "city": {"type": "string"},
    "area": {"type": "integer"},
    "proof": {"type": "string", "format": "document"},
}
WHOLE = """
[known]
national_id = "national_id"

[types.residence]
name = { fa = "نشانی", en = "Address" }
connector = "it"
operation = "ask"
request = { area = "area" }
validity = "P30D"
assurance = "low"
fallback = "proof"

[types.residence.fields]
"/place/city" = "city"

[types.residence.consent]
version = "1"
text = { fa = "موافقم.", en = "I agree." }
"""
CONNECTOR = """
[it]
kind = "http"
address = "https://x.example"
[it.operations.ask]
request = { properties = { national_id = {}, area = {} } }
reply = { properties = { place = { properties = { city = {} } } } }
"""


def _files(content: str) -> dict[str, bytes]:
    form = factories.form(**FIELDS)
    return {**factories.with_start_form(form), EVIDENCE: content.encode()}


def _found(content: str) -> list[tuple[object, ...]]:
    found = toml_files.check(_files(content), PROCESSES)
    assert all(one.reason and one.fix and one.file == EVIDENCE and one.line for one in found)
    return [(one.code, one.variant, one.values.get("key")) for one in found]


def test_a_file_says_what_is_fetched_and_with_which_text() -> None:
    assert _found(WHOLE) == []
    found = evidence_of(_files(WHOLE), "p")
    assert found is not None
    assert found.known == {"national_id": "national_id"}
    one = found.types["residence"]
    assert (one.fields, one.request, one.fallback) == ({"/place/city": "city"}, {"area": "area"}, "proof")
    assert one.consent.hashes["en"] == hashlib.sha256(b"I agree.").hexdigest()


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ('"P30D"', '"30 days"', ("evidence-file", "validity", "types.residence.validity")),
        ('"P30D"', '"P0D"', ("evidence-file", "validity", "types.residence.validity")),
        ('= "city"', '= "town"', ("evidence-field", "unknown", "types.residence.fields./place/city")),
        ('= "city"', '= "national_id"', ("evidence-field", "twice", "types.residence.fields./place/city")),
        ('= "city"', '= "proof"', ("evidence-field", "kind", "types.residence.fields./place/city")),
        ('"/place/city"', '"place"', ("toml-value", "form", "types.residence.fields.place")),
        (
            'fallback = "proof"',
            'fallback = "area"',
            ("evidence-field", "document", "types.residence.fallback"),
        ),
        (
            '{ area = "area" }',
            '{ area = "size" }',
            ("evidence-field", "unknown", "types.residence.request.area"),
        ),
        ('assurance = "low"', 'assurance = "some"', ("toml-value", "one-of", "types.residence.assurance")),
        ('version = "1"\n', "", ("toml-missing", "", "types.residence.consent.version")),
        ('en = "I agree."', 'de = "Ja."', ("toml-value", "both", "types.residence.consent.text")),
        ('= "national_id"', '= "birthday"', ("toml-value", "one-of", "known.national_id")),
        ("validity", "valid", ("toml-unknown-key", "", "types.residence.valid")),
    ],
)
def test_each_fault_is_found_at_its_place(old: str, new: str, finding: tuple[str, ...]) -> None:
    assert old in WHOLE
    assert finding in _found(WHOLE.replace(old, new, 1))


def test_a_fault_of_a_type_hides_no_other_one() -> None:
    wrong = (
        WHOLE.replace("name = {", "title = {").replace('= "city"', '= "town"').replace('"proof"', '"area"')
    )
    assert {
        ("toml-missing", "", "types.residence.name"),
        ("evidence-field", "unknown", "types.residence.fields./place/city"),
        ("evidence-field", "document", "types.residence.fallback"),
    } < set(_found(wrong))
    found = evidence_of(_files(wrong), "p")
    assert found is not None
    assert not found.types, "it can't be used"


def test_the_form_must_not_require_the_document_that_is_a_fallback() -> None:
    form = {**factories.form(**FIELDS), "required": ["proof"]}
    files = {**factories.with_start_form(form), EVIDENCE: WHOLE.encode()}
    (found,) = toml_files.check(files, PROCESSES)
    assert (found.code, found.variant) == ("evidence-field", "required")
    plain = {**factories.files(bpmn.process(*bpmn.in_line())), EVIDENCE: WHOLE.encode()}
    assert [one.variant for one in toml_files.check(plain, PROCESSES)] == ["form"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('"it"', '"other"', "unknown-connector"),
        ('"ask"', '"tell"', "unknown-operation"),
        ("/place/city", "/place/town", "evidence-member"),
        ("{ area =", "{ size =", "evidence-member"),
    ],
)
def test_operations_that_do_not_answer_so_are_found(tmp_path: Path, old: str, new: str, code: str) -> None:
    operations = Connectors.operations_of(exchanging.settings(tmp_path, CONNECTOR))
    assert toml_files.call_findings(_files(WHOLE), operations, draft=False) == []
    for draft, severity in ((True, "warning"), (False, "error")):
        (found,) = toml_files.call_findings(_files(WHOLE.replace(old, new, 1)), operations, draft=draft)
        assert (found.code, found.severity, found.file) == (code, severity, EVIDENCE)
        assert found.line
