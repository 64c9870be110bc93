"""Outcomes that a process declares: what the check wants, and what a running case must not get."""

from typing import Any

import pytest

from engine import bpmn
from engine.bpmn import Source
from engine.bpmn.notation.outcomes import effect_of, grounds, of_process, text_of
from engine.bpmn.notation.source import read_xml
from tests import factories
from tests.bpmn import declared, extension, in_line, node, process
from tests.driving import Run, document, flow, path, script

GROUND = {"code": "debt", "text": "Taxes of 1404 are unpaid."}
LIST = "<extensionElements>%s</extensionElements>"
YES_NO = LIST % (
    '<parvandeh:outcome value="yes" effect="grants"/><parvandeh:outcome value="no" effect="refuses"/>'
    '<parvandeh:outcome value="off" effect="neither"/>'
)


TYPED = ["Rejected ", "DENIED", "de\u200cclined", "in admissible", "ر\u200cد"]


@pytest.mark.parametrize(
    "word", ["refused", "inadmissible", "rejected", "denied", "declined", "refuse", "رد", *TYPED]
)
def test_words_refuse_where_nothing_is_declared(word: str) -> None:
    assert effect_of((), word) == "refuses"


@pytest.mark.parametrize(("word", "effect"), [("granted", "grants"), ("lapsed", "neither"), ("mine", None)])
def test_other_words_do_not(word: str, effect: str | None) -> None:
    assert effect_of((), word) == effect


def test_what_is_declared_goes_before_words() -> None:
    root = read_xml("p.bpmn", document(YES_NO.replace("off", "denied"))).getroot()
    known = of_process(root[0])
    assert [effect_of(known, word) for word in ("Yes ", "NO", "denied", "refused", None)] == [
        *("grants", "refuses", "neither", None, None)
    ]


def test_values_of_other_kinds_are_words_or_none() -> None:
    assert [text_of(value) for value in (True, False, 7, " a ", None, ["a"])] == [
        *("true", "false", "7", "a", "", "")
    ]


def found(*body: str, form: Any = None, attribute: str = "decision") -> list[tuple[str, str | None]]:
    """The errors of a process with a decision `a`."""
    task = node("userTask", "a", camunda__formKey="f.json", parvandeh__decision=attribute)
    asked = form if form is not None else factories.form(decision={"enum": ["yes", "no"]})
    content = factories.files(process(*body, *in_line(task)), f=asked)
    return [(finding.code, finding.element) for finding in bpmn.check(content).errors]


def test_a_decision_declares_its_outcomes() -> None:
    assert found() == [("decision-without-outcomes", "a")]
    assert found(declared(yes="grants", no="refuses")) == []


@pytest.mark.parametrize(
    "said",
    [
        'value="" effect="grants"', 'value=" odd" effect="grants"', 'value="yes" effect="wins"',
        'value="yes"', 'effect="grants"', f'value="{"x" * 101}" effect="grants"',
        'value="odd" effect="grants" odd="x"',
    ],
)  # fmt: skip
def test_a_declaration_is_complete(said: str) -> None:
    more = '<parvandeh:outcome value="no" effect="refuses"/><parvandeh:outcome value="yes" effect="grants"/>'
    assert found(extension(f"<parvandeh:outcome {said}/>{more}")) == [("invalid-declaration", "p")]


def test_the_longest_word_is_declared() -> None:
    word = "x" * 100
    asked = factories.form(decision={"enum": [word]})
    assert found(declared(**{word: "grants"}), form=asked) == []


@pytest.mark.parametrize("again", ["Yes", "YES", "y es", "y\u200ces"])
def test_outcomes_that_look_alike_are_told(again: str) -> None:
    told = f'<parvandeh:outcome value="{again}" effect="refuses"/>'
    more = '<parvandeh:outcome value="yes" effect="grants"/><parvandeh:outcome value="no" effect="refuses"/>'
    assert found(extension(more + told)) == [("outcome-twice", "p")]


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ({"type": "string"}, "open-outcome"),
        ({"type": "string", "pattern": "^yes$"}, "open-outcome"),
        ({"anyOf": [{"const": "yes"}, {"type": "string"}]}, "open-outcome"),
        ({"enum": ["yes", "maybe"]}, "undeclared-outcome"),
        ({"enum": ["Yes", "no"]}, "undeclared-outcome"),
        ({"oneOf": [{"const": "yes"}, {"const": "maybe"}]}, "undeclared-outcome"),
        ({"type": "boolean"}, "undeclared-outcome"),
        ({"const": "no"}, None),
        ({"enum": ["yes", None]}, None),
        ({"allOf": [{"$ref": "#/$defs/d"}]}, None),
    ],
)
def test_a_form_allows_declared_outcomes_only(field: dict[str, Any], code: str | None) -> None:
    form = factories.form(decision=field) | {"$defs": {"d": {"enum": ["yes", "no"]}}}
    codes = {code for code, _ in found(declared(yes="grants", no="refuses"), form=form)}
    assert codes == ({code} if code else set())


def test_a_decision_may_have_outcomes_of_its_own() -> None:
    own = declared(maybe="neither")
    task = node("userTask", "a", own, camunda__formKey="f.json", parvandeh__decision="decision")
    body = (declared(yes="grants"), *in_line(task))
    for values, codes in ((["maybe"], []), (["yes"], ["undeclared-outcome"])):
        files = factories.files(process(*body), f=factories.form(decision={"enum": values}))
        assert [finding.code for finding in bpmn.check(files).errors] == codes


def test_an_end_event_has_a_declared_outcome() -> None:
    ends = [part.replace('id="end"', 'id="end" parvandeh:outcome="gone"') for part in in_line("task a")]
    content = {"p.bpmn": process(declared(yes="grants"), *ends)}
    assert [(one.code, one.element) for one in bpmn.check(content).errors] == [("undeclared-outcome", "end")]


def test_outcomes_are_declared_where_they_are_read() -> None:
    plain = node("userTask", "a", declared(yes="grants"))
    codes = [finding.code for finding in bpmn.check({"p.bpmn": process(*in_line(plain))}).errors]
    assert codes == ["unknown-extension"]


def scripted(code: str, end: str = '<endEvent id="end"/>') -> Run:
    """A case whose script runs, and then comes to its end."""
    return Run(f'{YES_NO}<startEvent id="start"/>{script("s", code)}{end}{path("start", "s", "end")}')


@pytest.mark.parametrize("value", ["'maybe'", "'Yes'", "' yes'", "True", "['yes']", "1"])
def test_a_script_that_sets_an_undeclared_outcome_fails(value: str) -> None:
    run = scripted(f"outcome = {value}")
    assert run.failed == [("s", "undeclared-outcome")]
    assert not run.step.ended
    assert run.retry(outcome="off").failed == [("s", "undeclared-outcome")]  # it sets it again
    assert run.skip(outcome="off").step.outcome == "off"


def test_a_declared_outcome_of_a_script_ends_the_case_so() -> None:
    assert scripted("outcome = None\noutcome = 'yes'").step.outcome == "yes"


def test_a_script_does_not_refuse_without_a_ground() -> None:
    run = scripted("outcome = 'no'")
    assert run.failed == [("s", "refusal-without-ground")]
    with pytest.raises(bpmn.Unskippable):
        run.skip(outcome="no")
    assert run.retry(ground=GROUND).step.outcome == "no"


def test_a_refusing_end_is_not_reached_without_a_ground() -> None:
    end = '<endEvent id="end" parvandeh:outcome="no"><terminateEventDefinition/></endEvent>'
    run = scripted("x = 1", end)
    assert run.failed == [("end", "refusal-without-ground")]
    with pytest.raises(bpmn.Unskippable):
        run.skip()
    assert run.retry(grounds=[GROUND]).step.outcome == "no"


@pytest.mark.parametrize("reply", [{"outcome": "maybe"}, {"outcome": "YES"}])
def test_a_reply_that_sets_an_undeclared_outcome_fails(reply: dict[str, Any]) -> None:
    service = '<serviceTask id="s" parvandeh:topic="t"/>'
    run = Run(f'{YES_NO}<startEvent id="start"/>{service}<endEvent id="end"/>{path("start", "s", "end")}')
    assert run.reply("s", **reply).failed == [("s", "undeclared-outcome")]
    assert run.retry(outcome="yes").step.outcome == "yes"


FORM = """<extensionElements><camunda:formData>
 <camunda:formField id="d" type="enum">
  <camunda:value id="yes" name="y"/><camunda:value id="no" name="n"/></camunda:formField>
</camunda:formData></extensionElements>"""


def test_the_ground_of_a_person_counts_wherever_the_end_is() -> None:
    inner = f'<startEvent id="b"/><userTask id="a" parvandeh:decision="d">{FORM}</userTask>'
    around = (
        f'<subProcess id="s" parvandeh:outputs="{{\'d\': d}}">{inner}<endEvent id="e"/>{path("b", "a", "e")}'
        "</subProcess>"
    )
    end = '<endEvent id="end" parvandeh:outcome="no"/>'
    run = Run(f'{YES_NO}<startEvent id="start"/>{around}{end}{path("start", "s", "end")}')
    assert run.answer("s/a" if "s/a" in run.waiting else "a", d="no", ground=GROUND).step.outcome == "no"


def test_the_ground_of_a_refusal_does_not_serve_after_another_decision() -> None:
    tasks = "".join(f'<userTask id="{one}" parvandeh:decision="d">{FORM}</userTask>' for one in "ab")
    refuses = script("s", "outcome = 'no'\nground = None")
    drawn = f'{YES_NO}<startEvent id="start"/>{tasks}{refuses}<endEvent id="end"/>'
    run = Run(drawn + path("start", "a", "b", "s", "end")).answer("a", d="no", ground=GROUND)
    assert run.answer("b", d="yes").failed == [("s", "refusal-without-ground")]


def test_a_version_without_declarations_is_not_judged() -> None:
    task = '<userTask id="a" parvandeh:decision="d"/>'
    body = f'<startEvent id="start"/>{task}{script("s", "outcome = d")}<endEvent id="end"/>'
    files = {"process.bpmn": document(body + path("start", "a", "s", "end"))}
    run = Run(bpmn.build(Source("older", files, {}), "process"))
    assert run.answer("a", d="rejected").step.outcome == "rejected"
    assert run.spec.effect_of("rejected") == "refuses"


def test_the_effect_of_an_end_is_known() -> None:
    ends = "".join(
        f'<endEvent id="{name}" parvandeh:outcome="{name}"/>{flow("x", name, f"v == {name!r}")}'
        for name in ("yes", "off")
    )
    gate = f'<exclusiveGateway id="x"/>{flow("start", "x")}'
    run = Run(f'{YES_NO}<startEvent id="start"/>{gate}{ends}', v="off")
    assert run.spec.effect_of(run.step.outcome) == "neither"


@pytest.mark.parametrize(("end", "failed"), [("", [("s", "undeclared-outcome")]), ("yes", [])])
def test_the_variable_is_judged_where_a_case_may_end_by_it(end: str, failed: list[Any]) -> None:
    said = f' parvandeh:outcome="{end}"' if end else ""
    assert scripted("outcome = 'passed'", f'<endEvent id="end"{said}/>').failed == failed


def test_the_text_of_a_ground_has_ten_characters_at_least() -> None:
    given = [{"code": "c", "text": "x" * length} for length in (9, 10)]
    assert grounds({"grounds": given}) == [given[1]]
