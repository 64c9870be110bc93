"""`service.toml` and what all TOML files of a version have in common."""

import pytest

from engine.bpmn import Process
from engine.definitions import toml_files
from engine.definitions.toml_files import SERVICE, Both, service_of
from tests import factories

ONE = (Process("move", "Move", "p.bpmn", frozenset()),)
TWO = (*ONE, Process("part", "Part", "p.bpmn", frozenset()))
WHOLE = """
name = { fa = "تغییر نشانی", en = "Address change" }
audience = ["individual"]
channels = ["online", "assisted"]
life_events = ["moving"]
languages = ["fa", "en"]
offered = true
class = "ordinary"
bound = "P2WD"
duplicates = "refuse"

[description]
fa = "نشانی تازه را ثبت کنید."
en = '''
Report
a = new address.'''

[[legal_basis]]
name = { fa = "قانون", en = "Act" }
url = "https://law.example/1"

[[evidence]]
id = "deed"
name = { fa = "سند", en = "Deed" }

[[output]]
id = "entry"
name = { fa = "ثبت", en = "Entry" }
description = { fa = "در دفتر", en = "In the register" }

[contact]
phone = "+98 21 1234"
email = "help@agency.example"
"""


def _found(
    content: str, processes: tuple[Process, ...] = ONE, name: str = SERVICE
) -> list[tuple[object, ...]]:
    found = toml_files.check({name: content.encode()}, processes)
    assert all(one.reason and one.fix and one.file == name for one in found)
    return [(one.line, one.code, one.variant, one.values.get("key")) for one in found]


def test_a_service_is_described() -> None:
    assert _found(WHOLE) == []
    read = service_of({SERVICE: WHOLE.encode()}, "move")
    assert read is not None
    assert read.name == Both("تغییر نشانی", "Address change")
    assert read.description == Both("نشانی تازه را ثبت کنید.", "Report\na = new address.")
    assert (read.channels, read.service_class, read.bound) == (("online", "assisted"), "ordinary", "P2WD")
    assert [proof.id for proof in (*read.evidence, *read.output)] == ["deed", "entry"]
    assert read.legal_basis[0].url == "https://law.example/1"
    assert read.contact is not None
    assert read.contact.phone == "+98 21 1234"
    assert (read.offered, read.duplicates) == (True, "refuse")


def test_what_is_left_out_has_a_default() -> None:
    read = service_of({SERVICE: b'description = { fa = "a", en = "b" }'}, "move")
    assert read is not None
    assert (read.duplicates, read.channels, read.offered, read.name) == ("confirm", ("online",), None, None)
    assert service_of({}, "move") is None


def test_everything_that_is_wrong_is_found_at_once_with_its_line() -> None:
    wrong = (
        WHOLE.replace("offered = true", 'offered = "yes"\nstatutory_term = "P10D"\nnorm = 3\nfee = 10')
        .replace('"moving"', '"moving", "weather"')
        .replace('class = "ordinary"', "klass = 1")
        .replace("https://law", "javascript:law")
        .replace('fa = "سند", en', 'fa = "\\u0000", en')
        .replace('id = "entry"', 'id = "Entry!"')
        .replace("phone = ", 'telex = "1"\nphone = ')
    )
    assert sorted(_found(wrong), key=str) == sorted(
        [
            (5, "toml-value", "some-of", "life_events"),
            (7, "toml-value", "yes", "offered"),
            (8, "toml-elsewhere", "term", "statutory_term"),
            (9, "toml-elsewhere", "norm", "norm"),
            (10, "toml-elsewhere", "fee", "fee"),
            (11, "toml-unknown-key", "", "klass"),
            (12, "toml-value", "bound", "bound"),
            (23, "toml-value", "url", "legal_basis.url"),
            (27, "toml-value", "text", "evidence.name"),
            (30, "toml-value", "form", "output.id"),
            (35, "toml-unknown-key", "", "contact.telex"),
        ],
        key=str,
    )


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("a = [1\n", (2, "toml-unreadable", "parser")),
        ("a = 1\nb 2", (2, "toml-unreadable", "parser")),
        ("a = " + "9" * 5_000, (1, "toml-unreadable", "parser")),
        ("#" * 70_000, (None, "toml-unreadable", "limit")),
        ("", (None, "toml-missing", "")),
    ],
)
def test_a_file_that_cant_be_read_is_a_finding(content: str, place: tuple[object, ...]) -> None:
    assert [found[:3] for found in _found(content)] == [place]


def test_other_names_are_refused() -> None:
    assert _found("", name="services.toml") == [(None, "toml-unknown-file", "", None)]


def test_a_file_names_its_process_if_there_are_several() -> None:
    assert _found(WHOLE, TWO) == [(None, "toml-process", "", "process")]
    assert _found(f'process = "x"\n{WHOLE}', TWO) == [(1, "toml-process", "", "process")]
    assert _found(f'process = "part"\n{WHOLE}', TWO) == []
    files = {SERVICE: f'process = "part"\n{WHOLE}'.encode()}
    assert service_of(files, "part") is not None
    assert service_of(files, "move") is None


PRODUCED = """
description = { fa = "a", en = "b" }
[[evidence]]
id = "deed"
name = { fa = "سند", en = "Deed" }
field = "deed"
produced_by = ["land"]
"""
FORM = factories.form(deed={"type": "string"}, told={"type": "string", "readOnly": True})


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("", "", ()),
        ('field = "deed"', 'field = "deeds"', (6, "evidence-field", "unknown")),
        ('field = "deed"', 'field = "told"', (6, "evidence-field", "shown")),
        ('["land"]', '["land", "p"]', (7, "evidence-field", "own")),
        ('["land"]', "[]", (7, "toml-value", "form")),
        ('["land"]', '["land", "land"]', (7, "toml-value", "form")),
        ('["land"]', '"land"', (7, "toml-value", "form")),
        ('field = "deed"\n', "", (3, "toml-missing", "")),
        ('produced_by = ["land"]\n', "", (3, "toml-missing", "")),
        ("[[evidence]]", "[[output]]", (6, "toml-unknown-key", "")),
    ],
)
def test_evidence_that_others_produce_fits_the_form(old: str, new: str, finding: tuple[object, ...]) -> None:
    files = {**factories.with_start_form(FORM), SERVICE: PRODUCED.replace(old, new).encode()}
    found = toml_files.check(files, (Process("p", "P", "p.bpmn", frozenset()),))
    assert [(one.line, one.code, one.variant) for one in found][:1] == ([finding] if finding else [])
    assert all(one.reason and one.fix for one in found)


def test_a_field_has_one_source() -> None:
    known = '[known]\ndeed = "national_id"\n'
    files = {**factories.with_start_form(FORM), SERVICE: PRODUCED.encode(), "evidence.toml": known.encode()}
    (found,) = toml_files.check(files, (Process("p", "P", "p.bpmn", frozenset()),))
    assert (found.file, found.code, found.variant) == (SERVICE, "evidence-field", "twice")
    plain = {**factories.one_task(), SERVICE: PRODUCED.encode()}
    (found,) = toml_files.check(plain, (Process("p", "P", "p.bpmn", frozenset()),))
    assert (found.line, found.variant) == (6, "form")
