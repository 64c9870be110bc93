"""The report of the check lists which scope owns each variable."""

from typing import Any

import pytest

from engine import bpmn
from engine.bpmn import Owner
from engine.bpmn.model import homes
from engine.bpmn.model.diagram import Diagram
from tests import bpmn as small
from tests.bpmn import definitions, in_line, many, node, process_element, script

EACH = many('<bpmn:loopDataInputRef>members</bpmn:loopDataInputRef><bpmn:inputDataItem id="member"/>')
EACH_COLLECTED = EACH.replace(
    "<bpmn:inputDataItem",
    "<bpmn:loopDataOutputRef>opinions</bpmn:loopDataOutputRef><bpmn:inputDataItem",
).replace("</bpmn:multi", '<bpmn:outputDataItem id="opinion"/></bpmn:multi')


def owners(content: bytes) -> list[Owner]:
    report = bpmn.check({"a.bpmn": content})
    assert not report.errors, report.errors
    return list(report.owners)


def told(content: bytes) -> list[tuple[str, str | None, tuple[str, ...]]]:
    return [(one.kind, one.element, one.variables) for one in owners(content)]


def test_process_owns_what_is_used_in_several_places_and_its_data_objects() -> None:
    body = small.process('<bpmn:dataObject id="file"/>', *in_line(script("a", "x = 1"), script("b", "y = x")))
    (one,) = owners(body)
    assert one == Owner("case", "a.bpmn", "p", None, "p", ("file", "x", "y"), 3)


def test_instances_own_their_items_and_what_only_they_use() -> None:
    inner = "".join(in_line(script("i", "half = member / 2\nopinion = half"), prefix="in-"))
    content = small.line(script("a", "members = [1]"), node("subProcess", "each", EACH_COLLECTED + inner))
    assert told(content) == [
        ("case", None, ("members", "opinions")),
        ("instance", "each", ("half", "member", "opinion")),
    ]


def test_runs_of_an_event_sub_process_own_what_only_they_use() -> None:
    start = node("startEvent", "s", '<bpmn:signalEventDefinition signalRef="sig"/>', isInterrupting="false")
    inner = start + script("i", "note = total") + node("endEvent", "e")
    inner += small.flow("s", "i") + small.flow("i", "e")
    handler = node("subProcess", "alarm", inner, triggeredByEvent="true", name="Alarm")
    process = process_element(*in_line(script("a", "total = 1")), handler)
    found = owners(definitions('<bpmn:signal id="sig" name="storm"/>', process))
    assert [(one.kind, one.name, one.variables) for one in found] == [
        ("case", "p", ("total",)),
        ("run", "Alarm", ("note",)),
    ]


def test_sub_process_owns_what_it_declares_and_an_activity_its_inputs() -> None:
    data = '<bpmn:dataObject id="own"/>'
    inner = data + "".join(in_line(script("i", "own = 1\nshared = 2"), prefix="in-"))
    sub = node("subProcess", "part", inner, parvandeh__inputs="{'given': 1}")
    assert told(small.line(sub)) == [
        ("case", None, ("shared",)),
        ("sub-process", "part", ("own",)),
        ("input", "part", ("given",)),
    ]


def test_called_processes_have_their_own() -> None:
    caller = process_element(*in_line(node("callActivity", "c", calledElement="called")), key="caller")
    called = process_element(*in_line(script("x", "x = 1"), prefix="in-"), key="called")
    assert [(one.kind, one.process) for one in owners(definitions(caller, called))] == [("call", "called")]


def test_lists_of_answers_belong_to_the_scope_around_the_activity() -> None:
    two = many("<bpmn:loopCardinality>2</bpmn:loopCardinality>")
    sets = script("a", "x = loopCounter").replace("</bpmn:scriptTask>", f"{two}</bpmn:scriptTask>")
    content = small.line(sets, script("b", "y = x"))
    of_camunda = content.replace(b'xmlns:parvandeh="https://parvandeh.org/bpmn"', b"")
    assert told(of_camunda) == [("case", None, ("x", "x_of_each", "y"))]


def test_long_lists_are_cut_with_their_number() -> None:
    code = "\n".join(f"x{number:03} = 1" for number in range(150))
    (one,) = owners(small.line(script("a", code)))
    assert (len(one.variables), one.count, one.variables[0]) == (100, 150, "x000")


def test_files_with_errors_have_none() -> None:
    assert bpmn.check({"a.bpmn": small.line(script("a", "x ="))}).owners == ()


def test_check_finds_the_homes_of_a_process_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    find = homes._find

    def counted(diagram: Diagram, *more: Any) -> homes.Homes:
        found.append(diagram.key)
        return find(diagram, *more)

    monkeypatch.setattr(homes, "_find", counted)
    votes = node("userTask", "vote", EACH, camunda__formKey="vote.json")
    bpmn.check({"a.bpmn": small.line(script("a", "members = [1]"), votes)})
    assert found == ["p"]
