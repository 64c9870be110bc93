"""The robot and its judges see what they are there for."""

from itertools import pairwise
from typing import Any

import pytest
from lxml import etree

from engine.bpmn import check
from engine.platform.config import ROOT
from tests.bpmn import flow, in_line, node, process, script
from tests.conformance.corpus import Judged
from tests.conformance.exclusions import needs
from tests.conformance.flows import Flows
from tests.conformance.robot import Ran, run_all
from tests.conformance.values import Values
from tests.driving import NOW

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
OPERATON = 'xmlns:operaton="http://operaton.org/schema/1.0/bpmn"'


def ran(content: bytes | dict[str, bytes]) -> Ran:
    """What the robot makes of files that pass the check."""
    files = {"process.bpmn": content} if isinstance(content, bytes) else content
    report = check(files, now=NOW)
    assert not report.errors
    return run_all(Judged("process.bpmn", "own", files, report, {}))


def choice(condition: str, *before: str) -> bytes:
    """A process with a gateway that goes to `yes` if so, else to `no`."""
    nodes = ["start", *(item.split('id="', 1)[1].split('"', 1)[0] for item in before), "g"]
    return process(
        node("startEvent", "start"),
        *before,
        node("exclusiveGateway", "g", default="g-no"),
        node("endEvent", "yes"),
        node("endEvent", "no"),
        *(flow(one, other) for one, other in pairwise(nodes)),
        flow("g", "yes", condition),
        flow("g", "no"),
    )


def root(content: bytes) -> Any:
    return etree.fromstring(content)


@pytest.mark.parametrize("name", ["address-change", "food-shop-licence", "objection", "building-permit"])
def test_shipped_processes_run_to_their_end(name: str) -> None:
    """Each with those that it calls."""
    drawings = {path.parent.name: path for path in (ROOT / "processes").rglob("process.bpmn")}
    called = {
        call.get("calledElement") for call in root(drawings[name].read_bytes()).iter(f"{BPMN}callActivity")
    }
    files = {f"{key}.bpmn": drawings[key].read_bytes() for key in (name, *called)}
    folders = [drawings[key].parent for key in (name, *called)]
    beside = [path for folder in folders for path in (*folder.glob("forms/*"), *folder.glob("*.dmn"))]
    assert ran(files | {path.name: path.read_bytes() for path in beside}).completed


@pytest.mark.parametrize(
    "condition", ["amount &gt; 100", "decision == 'granted'", "order['price'] &lt;= 5", "agreed"]
)
def test_it_finds_the_values_that_take_either_way(condition: str) -> None:
    ways = {element for run in ran(choice(condition)).outcomes for element in run.passed}
    assert {"yes", "no"} <= ways


def test_it_learns_what_a_script_misses() -> None:
    made = ran(choice("True", script("s", "total = sum([part['price'] for part in basket])")))
    assert {code for run in made.outcomes for _, code, _ in run.incidents} == {"script-failed"}
    assert ran(choice("True", script("s", "total = 1 + fee"))).completed


def test_what_always_fails_is_no_end() -> None:
    made = ran(choice("True", script("s", "x = 1 / 0")))
    assert not made.completed
    assert {run.end for run in made.outcomes} == {"incident", "cancelled"}


def test_a_loop_without_end_is_told() -> None:
    loop = process(
        *(node("startEvent", "start"), node("exclusiveGateway", "again", default="again-work")),
        *(node("task", "work"), node("endEvent", "end"), flow("start", "again"), flow("work", "again")),
        *(flow("again", "work"), flow("again", "end", "tries &lt; 0 and tries &gt; 0")),
    )
    assert {run.end for run in ran(loop).outcomes if run.plan.cancelling is None} == {"unending"}


LINE = process(*in_line("task a", "task b"))


@pytest.mark.parametrize(
    ("log", "wrong"),
    [
        (["start", "a", "b", "end"], 0),
        (["start", "a", "end"], 1),  # lost on the way
        (["start", "a", "b", "b", "end", "end"], 1),  # twice
        (["start", "!a"], 0),
    ],
)
def test_lost_and_doubled_tokens_are_seen(log: list[str], wrong: int) -> None:
    assert len(list(Flows([root(LINE)]).wrong("p", log))) >= wrong
    assert bool(list(Flows([root(LINE)]).wrong("p", log))) == bool(wrong)


def test_a_choice_sends_one_token_on() -> None:
    flows = Flows([root(choice("x"))])
    assert not list(flows.wrong("p", ["start", "g", "no"]))
    assert list(flows.wrong("p", ["start", "g"]))
    assert list(flows.wrong("p", ["start", "g", "yes", "no"]))


@pytest.mark.parametrize(
    ("element", "need"),
    [
        ('<callActivity id="a" calledElement="elsewhere"/>', {"absent process"}),
        ('<callActivity id="a" calledElement="p"/>', set()),
        ('<userTask id="a" operaton:dueDate="${clock.now()}"/>', {"Java method"}),
        ('<userTask id="a" operaton:dueDate="${due}"/>', set()),
        ('<userTask id="a" name="(of) ${what}"/>', set()),
        ('<serviceTask id="a" operaton:expression="${bean.work()}"/>', set()),
        ('<operaton:taskListener event="create" class="org.Listener"/>', {"listener class"}),
        ('<operaton:executionListener event="end" expression="${a.b()}"/>', {"Java method"}),
        ('<scriptTask id="a" scriptFormat="groovy"/>', {"script in another language"}),
        ('<scriptTask id="a" scriptFormat="Python"/>', set()),
    ],
)
def test_needs_are_read_from_the_file(element: str, need: set[str]) -> None:
    model = "http://www.omg.org/spec/BPMN/20100524/MODEL"
    document = f'<definitions xmlns="{model}" {OPERATON}><process id="p">{element}</process></definitions>'
    assert needs(root(document.encode())).keys() == need


def test_lists_hold_what_single_items_are_compared_with() -> None:
    marker = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopDataInputRef>members</bpmn:loopDataInputRef>"
        '<bpmn:inputDataItem id="member"/><bpmn:completionCondition>member == "x"</bpmn:completionCondition>'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    values = Values([root(process(node("userTask", "a", marker)))])
    assert values.value("members", 0) == ["x", "another"]
