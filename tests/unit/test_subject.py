"""What a case is about: an expression of its process that never stops it, as one line of safe text."""

from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest

from engine import bpmn
from engine.bpmn.run.subject import one_line
from engine.platform.findings import Severity
from tests import factories
from tests.bpmn import definitions, flow, node, process_element

NOW = datetime(2026, 11, 28, tzinfo=UTC)
FORM = factories.form(
    (),
    shop={"type": "string"},
    city={"type": "string"},
    debt={"type": "integer", "x-visible-to": ["auditor"]},
)


def files(subject: str, head: str = "") -> dict[str, bytes]:
    nodes = [
        node("startEvent", "start", camunda__formKey="start.json"),
        node("userTask", "a"),
        node("endEvent", "end"),
    ]
    body = process_element(
        *nodes,
        flow("start", "a"),
        flow("a", "end"),
        attributes=f'isExecutable="true" parvandeh:subject={quoteattr(subject)}',
    )
    content = definitions(body).decode().replace("<bpmn:definitions", f"<bpmn:definitions {head}", 1)
    return factories.files(content.encode(), start=FORM)


def about(subject: str, data: dict[str, Any], head: str = "") -> str | None:
    content = files(subject, head)
    spec = bpmn.build(bpmn.Source(bpmn.digest(content, {}), content, {}), "p")
    return bpmn.subject(spec, data, NOW)


@pytest.mark.parametrize(
    "subject", ["shop + ', ' + city", '=shop + ", " + city', "${shop}, ${city}", "f'{shop}, {city}'"]
)
def test_is_said_in_each_language_of_expressions(subject: str) -> None:
    assert about(subject, {"shop": "Nan", "city": "Yazd"}) == "Nan, Yazd"


def test_is_read_in_the_default_language_of_the_document() -> None:
    feel = 'expressionLanguage="http://www.omg.org/spec/FEEL/20140401"'
    subject = 'if city = "Yazd" then shop else "elsewhere"'
    assert about(subject, {"shop": "Nan", "city": "Yazd"}, feel) == "Nan"


@pytest.mark.parametrize(
    "subject", ["shop + city", "1 / 0", "[shop]", "None", "' '", "shop == 'Nan'", "'x' * 10**9"]
)
def test_what_fails_or_is_no_text_is_no_subject(subject: str) -> None:
    assert about(subject, {"shop": "Nan"}) is None


def test_what_a_form_hides_from_some_roles_is_not_known() -> None:
    assert about("str(debt)", {"debt": 5}) is None


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("  a\n\tb\u2028c ", "a b c"),
        ("می\u200cشود", "می\u200cشود"),
        ("\u202egnp.exe\u202c \u2066x\u2069\u200f\x00\x1b[0m", "gnp.exe x[0m"),
        ("<b>&amp;", "<b>&amp;"),
        ("\u200b\u202e\x07", None),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 199 + "…"),
        (12, "12"),
    ],
)
def test_is_one_line_of_at_most_200_characters_that_can_be_seen(value: Any, line: str | None) -> None:
    assert one_line(value) == line


def codes(subject: str) -> set[tuple[Severity, str]]:
    report = bpmn.check(files(subject))
    return {(one.severity, one.code) for one in report.findings if one.element == "p"} - {
        ("warning", "no-appeal"), ("warning", "no-deadline"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        ("shop", set()),
        ("shop +", {("error", "syntax-error")}),
        ("=shop +", {("error", "syntax-error")}),
        ("", {("error", "empty-expression")}),
        ("shopp", {("warning", "unknown-variable")}),
        ("=shopp", {("warning", "unknown-variable")}),
        ("open('/etc/passwd')", {("error", "not-in-sandbox")}),
        ("debt", {("error", "secret-subject")}),
    ],
)
def test_the_check_looks_at_it_as_at_a_condition(subject: str, found: set[tuple[str, str]]) -> None:
    assert codes(subject) >= found
    assert not found or codes(subject) & found
    assert found or not {
        code for severity, code in codes(subject) if severity == "error" or "variable" in code
    }
