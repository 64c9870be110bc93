"""What parallel instances set without collecting it: an error in own files, a list in those of Camunda."""

from typing import Any

import pytest

from engine import bpmn
from engine.bpmn import Source
from engine.bpmn.notation.findings import Finding
from tests.driving import Run, path

FIELDS = b'{"approved": {"type": "string"}, "who": {"type": "string", "readOnly": true}}'
FORM = b'{"type": "object", "properties": ' + FIELDS + b"}"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
OPERATON = "http://operaton.org/schema/1.0/bpmn"
FLOWABLE = "http://flowable.org/bpmn"
OURS = "https://parvandeh.org/bpmn"
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"
MANY = "<multiInstanceLoopCharacteristics>{}</multiInstanceLoopCharacteristics>"
THREE = MANY.format("<loopCardinality>3</loopCardinality>")
ASK = f'<userTask id="ask" camunda:formKey="ask.json">{THREE}</userTask>'
READ = '<scriptTask id="read" scriptFormat="python"><script>seen = approved</script></scriptTask>'


def files(*elements: str, more: str = "", camunda: str = CAMUNDA) -> dict[str, bytes]:
    """A file with one line of elements; `more` are further namespaces."""
    names = ["start", *(element.split('id="', 1)[1].split('"', 1)[0] for element in elements), "end"]
    body = '<startEvent id="start"/>' + "".join(elements) + '<endEvent id="end"/>' + path(*names)
    spaces = f'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="{camunda}" {more}'
    text = f'<definitions {spaces}><process id="p" isExecutable="true">{body}</process></definitions>'
    return {"p.bpmn": text.encode(), "ask.json": FORM}


def run(given: dict[str, bytes], **data: Any) -> Run:
    report = bpmn.check(given)
    assert not report.errors, report.errors
    return Run(bpmn.build(Source(bpmn.digest(given, {}), given, {}), "p"), **data)


def collided(given: dict[str, bytes]) -> list[Finding]:
    return [one for one in bpmn.check(given).findings if one.code == "answers-collide"]


def test_last_answer_counts_and_all_are_in_a_list_by_item() -> None:
    case = run(files(ASK, READ))
    case.answer("ask", 2, approved="c").answer("ask", 0, approved="a").answer("ask", 0, approved="b")
    assert (case.data["approved"], case.data["seen"]) == ("b", "b")
    assert case.data["approved_of_each"] == ["a", "b", "c"]


def test_answers_that_nothing_else_reads_are_in_the_list_only() -> None:
    case = run(files(ASK))
    for answer in "abc":
        case.answer("ask", approved=answer)
    assert case.data == {"approved_of_each": ["a", "b", "c"]}


def test_instances_that_a_condition_ends_early_are_not_in_the_list() -> None:
    early = MANY.format(
        "<loopCardinality>3</loopCardinality><completionCondition>${approved == 'no'}</completionCondition>"
    )
    case = run(files(ASK.replace(THREE, early), READ))
    case.answer("ask", 1, approved="yes").answer("ask", 1, approved="no")
    assert (case.data["approved_of_each"], case.state) == (["yes", "no"], None)


def test_equal_answers_are_each_in_the_list() -> None:
    case = run(files(ASK, READ))
    for _ in range(3):
        case.answer("ask", approved="yes")
    assert case.data["approved_of_each"] == ["yes"] * 3


def test_no_instance_has_no_answer() -> None:
    none = MANY.format("<loopCardinality>0</loopCardinality>")
    assert run(files(ASK.replace(THREE, none))).data["approved_of_each"] == []


def test_sub_processes_leave_what_each_has_set() -> None:
    inner = (
        f'<subProcess id="each">{THREE}<startEvent id="in"/><userTask id="ask" camunda:formKey="ask.json"/>'
        '<userTask id="wait" camunda:formKey="ask.json"/><endEvent id="out"/>'
        + path("in", "ask", "wait", "out")
        + "</subProcess>"
    )
    case = run(files(inner, READ))
    for answer in "abc":
        case.answer("ask", approved=answer)
    assert case.data["approved"] == "c"
    for answer in "xyz":
        case.answer("wait", approved=answer)
    assert (case.data["approved_of_each"], case.data["seen"]) == (["x", "y", "z"], "z")


def test_tasks_without_a_form_keep_all_that_they_were_answered_with() -> None:
    case = run(files(f'<userTask id="ask">{THREE}</userTask>'))
    case.answer("ask", a=1).answer("ask", a=2, b=1).answer("ask")
    assert case.data == {"a": 2, "b": 1, "a_of_each": [1, 2, None], "b_of_each": [None, 1, None]}


def test_list_never_takes_the_name_of_a_variable_of_the_process() -> None:
    sets = '<scriptTask id="sets" scriptFormat="python"><script>approved_of_each = 1</script></scriptTask>'
    case = run(files(sets, ASK, READ))
    for answer in "abc":
        case.answer("ask", approved=answer)
    assert (case.data["approved_of_each"], case.data["approved_of_each_"]) == (1, ["a", "b", "c"])


def test_list_can_be_read_behind_the_activity() -> None:
    count = (
        '<scriptTask id="count" scriptFormat="python"><script>n = len(approved_of_each)</script></scriptTask>'
    )
    given = files(ASK, count)
    assert [one.code for one in bpmn.check(given).findings if one.code == "unknown-variable"] == []
    case = run(given)
    for answer in "abc":
        case.answer("ask", approved=answer)
    assert case.data["n"] == 3


def test_collected_and_sequential_results_are_as_drawn() -> None:
    ordered = ASK.replace(
        "<multiInstanceLoopCharacteristics>", '<multiInstanceLoopCharacteristics isSequential="true">'
    )
    case = run(files(ordered, READ))
    for answer in "abc":
        case.answer("ask", approved=answer)
    assert case.data == {"approved": "c", "seen": "c"}
    assert collided(files(ordered, READ)) == []


@pytest.mark.parametrize("engine", [CAMUNDA, OPERATON, FLOWABLE])
def test_other_engines_of_the_family_are_warned(engine: str) -> None:
    (found,) = collided(files(ASK, READ, camunda=engine))
    assert (found.severity, found.element) == ("warning", "ask")
    assert found.values == {"variables": ("approved",), "lists": ("approved_of_each",)}


def test_own_files_must_collect() -> None:
    (found,) = collided(files(ASK, READ, more=f'xmlns:parvandeh="{OURS}"'))
    assert (found.severity, found.attribute, found.values) == (
        "error",
        "loopDataOutputRef",
        {"variables": ("approved",)},
    )
    collect = THREE.replace(
        "</loopCardinality>",
        '</loopCardinality><loopDataOutputRef>answers</loopDataOutputRef><outputDataItem id="approved"/>',
    )
    assert collided(files(ASK.replace(THREE, collect), READ, more=f'xmlns:parvandeh="{OURS}"')) == []


def test_own_answers_that_nothing_reads_or_collects_are_warned() -> None:
    (found,) = collided(files(ASK, more=f'xmlns:parvandeh="{OURS}"'))
    assert (found.severity, found.values) == ("warning", {"variables": ("approved",)})


def test_own_script_in_a_sub_process_that_sets_a_variable_of_the_case_is_an_error() -> None:
    inner = (
        f'<subProcess id="each">{THREE}<startEvent id="in"/>'
        '<scriptTask id="add" scriptFormat="python"><script>sum += 1\nhalf = sum / 2</script></scriptTask>'
        '<endEvent id="out"/>' + path("in", "add", "out") + "</subProcess>"
    )
    first = '<scriptTask id="first" scriptFormat="python"><script>sum = 0</script></scriptTask>'
    (found,) = collided(files(first, inner, more=f'xmlns:parvandeh="{OURS}"'))
    assert (found.severity, found.values) == ("error", {"variables": ("sum",)})


def test_files_of_other_engines_are_warned() -> None:
    given = files(
        '<scriptTask id="s"><script>x = loopCounter</script>' + THREE + "</scriptTask>",
        READ.replace("approved", "x"),
        camunda=SPIFF,
    )
    assert [one.severity for one in collided(given)] == ["warning"]


def test_data_object_of_the_process_is_outside_too() -> None:
    data = '<dataObject id="approved"/>'
    given = files(ASK, more=f'xmlns:parvandeh="{OURS}"')
    given["p.bpmn"] = given["p.bpmn"].replace(b"<startEvent", data.encode() + b"<startEvent", 1)
    assert [one.severity for one in collided(given)] == ["error"]
