"""Business rule tasks and the files of their decisions are judged before any case asks for one."""

from collections.abc import Mapping

import pytest

from engine.bpmn import Finding, check
from tests.dmn_files import data, dmn, table, task
from tests.driving import document, path, script
from tests.matrix.test_others import extension

AMOUNT = data("amount")
FEE = {"rules.dmn": dmn(AMOUNT + table())}
PLAIN = 'parvandeh:decisionRef="route"'


def findings(body: str, files: Mapping[str, bytes] = FEE) -> list[Finding]:
    """But for what is said of the task behind it."""
    found = check({"process.bpmn": document(body), **files}).findings
    return [item for item in found if item.code not in ("no-role", "no-form") and item.severity != "note"]


def told(body: str, files: Mapping[str, bytes] = FEE) -> list[tuple[str, str | None]]:
    return [(item.code, item.element) for item in findings(body, files)]


def test_a_task_with_its_decision_is_accepted() -> None:
    assert told(task()) == []


@pytest.mark.parametrize("name", ["rout", "raute"])
def test_an_unknown_decision_is_told_with_the_nearest_spelling(name: str) -> None:
    (found,) = findings(task(f'parvandeh:decisionRef="{name}"'))
    assert (found.code, found.element) == ("unknown-decision", "rule")
    assert found.values["near"] == "route"


def test_without_files_the_file_is_asked_for() -> None:
    (found,) = findings(task(), {})
    assert found.code == "unknown-decision"
    assert found.values == {"decision": "route"}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("", "decision-unnamed"),
        ('parvandeh:decisionRef=""', "decision-unnamed"),
        (f'{PLAIN} parvandeh:resultVariable="two words"', "decision-result"),
        (f'{PLAIN} parvandeh:resultVariable="x" parvandeh:mapDecisionResult="first"', "decision-result"),
        (f'{PLAIN} parvandeh:mapDecisionResult="singleEntry"', "decision-result"),
        (f'{PLAIN} parvandeh:nullFaults="stop"', "invalid-null-faults"),
        ('camunda:decisionRef="${which}"', "decision-unnamed"),
        ('camunda:decisionRef="route" camunda:decisionRefBinding="version"', "decision-unnamed"),
    ],
)
def test_what_says_not_which_decision_or_what_becomes_of_it_is_refused(words: str, code: str) -> None:
    assert (code, "rule") in told(task(words))


def test_outputs_that_cannot_be_variables_need_one_for_the_whole() -> None:
    files = {"rules.dmn": dmn(AMOUNT + table(outputs=("the route", "days")))}
    assert told(task(), files) == [("decision-result", "rule")]
    assert told(task(f'{PLAIN} parvandeh:resultVariable="found"'), files) == []


def test_a_decision_of_two_files_is_refused() -> None:
    assert told(task(), {**FEE, "more.dmn": dmn(table(drawn=False), "other")}) == [("decision-twice", "rule")]


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"", "not-xml", None),
        (b"<any/>", "not-dmn", 1),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "doctype", 1),
        (dmn(AMOUNT + table(rules=(("&lt; ", '"a"'),), outputs=("x",))), "unreadable-feel", 1),
    ],
)
def test_a_file_that_cannot_be_read_is_told(content: bytes, code: str, line: int | None) -> None:
    (found,) = findings(task(), {"rules.dmn": content})
    assert (found.code, found.file) == (code, "rules.dmn")
    assert found.line == line or line is None


def test_a_file_of_endless_depth_is_told_and_nothing_breaks() -> None:
    deep = "<context><contextEntry>" * 3_000 + "</contextEntry></context>" * 3_000
    content = dmn(f'<decision id="route" name="route"><variable name="route"/>{deep}</decision>')
    assert {item.file for item in findings(task(), {"rules.dmn": content})} == {"rules.dmn"}


def test_files_of_one_namespace_stand_beside_each_other() -> None:
    files = {"rules.dmn": dmn(table(drawn=False)), "more.dmn": dmn(table("other", drawn=False))}
    assert told(task(), files) == []


def test_what_a_decision_is_given_has_been_set_before() -> None:
    body = task() + script("s", "amuont = 1")
    start = body.replace('targetRef="rule"', 'targetRef="s"', 1) + path("s", "rule")
    (found,) = findings(start)
    assert (found.code, found.element) == ("unknown-variable", "rule")
    assert found.values["meant"] == "amuont"


def test_data_with_spaces_in_their_names_are_given_by_inputs() -> None:
    asked = data("asked for").replace('id="asked for"', 'id="asked"')
    rules = table(tested="asked for").replace('href="#asked for"', 'href="#asked"')
    files = {"rules.dmn": dmn(asked + rules)}
    (found,) = findings(task(), files)
    assert (found.severity, found.code) == ("warning", "decision-input")
    assert found.values["names"] == ("asked for",)
    assert told(task(f"{PLAIN} parvandeh:inputs='={{&quot;asked for&quot;: paid}}'"), files) == []


def test_data_that_nobody_drew_count_as_well() -> None:
    files = {"rules.dmn": dmn(table(drawn=False))}
    start = (task() + script("s", "amuont = 1")).replace('targetRef="rule"', 'targetRef="s"', 1)
    assert told(start + path("s", "rule"), files) == [("unknown-variable", "rule")]


FORM = b'{"type": "object", "properties": {"amuont": {"type": "integer"}}, "additionalProperties": false}'


@pytest.mark.parametrize(
    ("rules", "form", "after", "expected"),
    [
        (table(drawn=False), True, "pass", ("error", "undrawn-name")),
        (AMOUNT + table(), True, "pass", ("warning", "unknown-variable")),
        (table(drawn=False), True, "amount = 1", ("warning", "unknown-variable")),
        (table(drawn=False), False, "pass", None),
    ],
    ids=["undrawn", "drawn", "set later", "anything may come"],
)
def test_undrawn_name_that_nothing_can_supply_is_an_error(
    rules: str, form: bool, after: str, expected: tuple[str, str] | None
) -> None:
    body = task().replace('<userTask id="after"/>', script("after", after))
    if form:
        body = body.replace(
            '<startEvent id="start"/>', '<startEvent id="start" camunda:formKey="start.json"/>'
        )
    found = findings(body, {"rules.dmn": dmn(rules), **({"start.json": FORM} if form else {})})
    assert [(item.severity, item.code) for item in found if item.element == "rule"] == (
        [expected] if expected else []
    )


def test_what_a_decision_sets_is_known_behind_it() -> None:
    body = task(inside="").replace('<userTask id="after"/>', script("after", "y = days + len(rout)"))
    found = findings(body)
    assert {item.code for item in found} == {"unknown-variable"}
    assert [item.values["variable"] for item in found] == ["rout"]


def test_words_of_other_engines_are_read() -> None:
    inside = extension("<spiffworkflow:calledDecisionId>route</spiffworkflow:calledDecisionId>")
    assert told(task("", inside)) == []
    assert told(task("", inside), {}) == [("unknown-decision", "rule")]
