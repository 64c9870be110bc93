"""The shipped processes as files: forms, diagrams and texts are whole. That they run is tested elsewhere."""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import SpiffWorkflow
from lxml import etree

from engine.bpmn.forms import Form, names
from engine.bpmn.forms.form import validator
from engine.definitions import forms
from engine.platform.config import ROOT
from engine.platform.errors import Invalid

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DI = "{http://www.omg.org/spec/DD/20100524/DI}"
DECISION = "{https://parvandeh.org/bpmn}decision"
OUTCOME = "{https://parvandeh.org/bpmn}outcome"

FOLDERS = sorted(path for path in ROOT.glob("processes/*/*") if path.is_dir())
FORMS = sorted(ROOT.glob("processes/*/*/forms/*.json"))
CASES = [path for path in FOLDERS if (path / "forms/application.json").is_file()]  # they call the others
BEGINNINGS = sorted(path.parent for path in ROOT.glob("web/designer/beginnings/*/decision.json"))
EVENTS = (
    "startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent",
)  # fmt: skip
ACTIVITIES = (
    *("userTask", "manualTask", "scriptTask", "businessRuleTask", "serviceTask", "receiveTask"),
    *("callActivity", "subProcess"),
)
FLOW_NODES = (*EVENTS, *ACTIVITIES, "exclusiveGateway", "parallelGateway", "eventBasedGateway")
SHAPES = ("participant", "lane", "textAnnotation", *FLOW_NODES)
EDGES = ("sequenceFlow", "association")
BILINGUAL = re.compile(r"[\u0600-\u06ff\u200c؟، ]+ \| [A-Za-z][A-Za-z ,?-]+")
PERSIAN = re.compile(r"[\u0600-\u06ff]")

Box = tuple[float, float, float, float]
Point = tuple[float, float]

of_each_process = pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
of_each_case = pytest.mark.parametrize("folder", CASES, ids=lambda path: path.name)
of_each_form = pytest.mark.parametrize("form", FORMS, ids=lambda path: f"{path.parts[-3]}/{path.stem}")


def diagram(folder: Path) -> Any:
    return etree.parse(folder / "process.bpmn").getroot()


def elements(root: Any, *names: str) -> list[Any]:
    return list(root.iter(*(BPMN + name for name in names)))


def schema(form: Path) -> Any:
    return json.loads(form.read_bytes())


def schemas(of: Any) -> Iterator[Any]:
    """A schema and those of its properties and items, at any depth."""
    yield of
    for part in [*of.get("properties", {}).values(), *([of["items"]] if "items" in of else [])]:
        yield from schemas(part)


def properties(of: Any) -> Iterator[tuple[str, Any]]:
    for part in schemas(of):
        yield from part.get("properties", {}).items()


def example(folder: Path) -> Any:
    found = re.findall(r"```json\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    assert len(found) == 1
    return json.loads(found[0])


def test_four_processes_are_shipped_and_three_that_they_call() -> None:
    names = ["address-change", "food-shop-licence", "objection", "building-permit"]
    assert [folder.name for folder in CASES] == names
    called = {
        call.get("calledElement") for folder in CASES for call in elements(diagram(folder), "callActivity")
    }
    assert called == {folder.name for folder in FOLDERS} - {folder.name for folder in CASES}


@of_each_process
def test_the_key_is_the_name_of_the_folder(folder: Path) -> None:
    assert [process.get("id") for process in elements(diagram(folder), "process")] == [folder.name]


@of_each_process
def test_the_file_follows_the_bpmn_schema(folder: Path) -> None:
    xsd = Path(SpiffWorkflow.__file__).parent / "bpmn" / "parser" / "schema" / "BPMN20.xsd"
    rules = etree.XMLSchema(etree.parse(xsd))
    assert rules.validate(diagram(folder)), rules.error_log


@of_each_process
def test_each_form_is_used_and_each_used_form_exists(folder: Path) -> None:
    used = {names(element)[0] for element in elements(diagram(folder), "startEvent", "userTask")}
    assert used - {None} == {form.name for form in folder.glob("forms/*")}


@of_each_process
def test_each_task_of_a_user_has_a_form(folder: Path) -> None:
    assert None not in {names(element)[0] for element in elements(diagram(folder), "userTask")}


def test_both_ways_of_naming_a_form_are_shipped() -> None:
    camunda = "{http://camunda.org/schema/1.0/bpmn}formKey"
    ways = {
        element.get(camunda) is not None
        for folder in CASES
        for element in elements(diagram(folder), "startEvent", "userTask")
    }
    assert ways == {True, False}


@of_each_process
def test_names_are_in_persian_and_english(folder: Path) -> None:
    named = [
        element for element in elements(diagram(folder), *SHAPES, *EDGES, "process") if element.get("name")
    ]
    wrong = [element.get("name") for element in named if not BILINGUAL.fullmatch(element.get("name"))]
    assert named
    assert wrong == []


@of_each_process
def test_only_joins_and_parallel_gateways_go_without_a_name(folder: Path) -> None:
    nameless = [element for element in elements(diagram(folder), *FLOW_NODES) if not element.get("name")]
    for element in nameless:
        joins = len(element.findall(f"{BPMN}outgoing")) == 1
        assert joins or element.tag == f"{BPMN}parallelGateway", element.get("id")


@of_each_process
def test_each_activity_says_in_english_what_it_does(folder: Path) -> None:
    for element in elements(diagram(folder), *ACTIVITIES):
        documentation = element.findtext(f"{BPMN}documentation", "")
        assert documentation, element.get("id")
        assert not PERSIAN.search(documentation), element.get("id")


@of_each_process
def test_each_choice_has_a_default_and_conditions_on_all_other_flows(folder: Path) -> None:
    root = diagram(folder)
    for gateway in [gateway for gateway in elements(root, "exclusiveGateway") if gateway.get("name")]:
        leaving = [
            flow for flow in elements(root, "sequenceFlow") if flow.get("sourceRef") == gateway.get("id")
        ]
        unconditional = [
            flow.get("id") for flow in leaving if flow.find(f"{BPMN}conditionExpression") is None
        ]
        assert len(leaving) > 1
        assert unconditional == [gateway.get("default")]


@of_each_case
def test_each_end_of_the_case_has_an_outcome_of_its_own(folder: Path) -> None:
    root = diagram(folder)
    after = behind(root)
    beside = {event.get("id") for event in elements(root, "boundaryEvent") if event.get("cancelActivity")}
    waiting, seen = [start.get("id") for start in elements(root, "startEvent")], set(beside)
    while waiting:
        here = waiting.pop()
        reached = {target for target, sources in after.items() if here in sources} - seen
        seen |= reached
        waiting.extend(reached)
    outcomes = {end.get("id"): end.get(OUTCOME) for end in elements(root, "endEvent") if not within(end)}
    found = [outcome for end, outcome in outcomes.items() if end in seen]
    assert None not in found
    assert len(found) == len(set(found))
    assert {outcome for end, outcome in outcomes.items() if end not in seen} <= {None}


@of_each_case
def test_a_refusal_is_reached_through_the_decision_of_a_person_only(folder: Path) -> None:
    root = diagram(folder)
    decisions = {task.get("id") for task in elements(root, "userTask") if task.get(DECISION)}
    kinds = {element.get("id"): element.tag for element in elements(root, *FLOW_NODES)}
    before = behind(root)
    waiting = [end.get("id") for end in elements(root, "endEvent") if end.get(OUTCOME) == "refused"]
    seen: set[str] = set()
    assert waiting
    while waiting:
        for source in before.get(waiting.pop(), set()) - seen:
            assert kinds[source] != f"{BPMN}startEvent"
            seen.add(source)
            if kinds[source] == f"{BPMN}userTask":
                assert source in decisions
            else:
                waiting.append(source)


@pytest.mark.parametrize("folder", [*CASES, *BEGINNINGS], ids=lambda path: path.name)
def test_a_decision_is_called_the_same_in_its_form_and_where_its_result_is_read(folder: Path) -> None:
    root = diagram(folder)
    declared = {one.get("value"): one.get("name") for one in root.iter("{https://parvandeh.org/bpmn}outcome")}
    decisions = [task for task in elements(root, "userTask") if task.get(DECISION)]
    assert decisions
    for task in decisions:
        (form,) = folder.rglob(names(task)[0] or "")
        texts = schema(form)["properties"][task.get(DECISION)]["x-enum-i18n"]
        assert {value: f"{text['fa']} | {text['en']}" for value, text in texts.items()} == {
            value: declared[value] for value in texts
        }


def within(element: Any) -> list[str]:
    """The sub-processes around an element."""
    return [around.get("id") for around in element.iterancestors(f"{BPMN}subProcess")]


def behind(root: Any) -> dict[str, set[str]]:
    """Each element, and those from which a case comes to it."""
    found: dict[str, set[str]] = {}
    for flow in elements(root, "sequenceFlow"):
        found.setdefault(flow.get("targetRef"), set()).add(flow.get("sourceRef"))
    for event in elements(root, "boundaryEvent"):
        found.setdefault(event.get("id"), set()).add(event.get("attachedToRef"))
    return found


@of_each_process
def test_each_flow_node_stands_in_one_lane_or_sub_process_and_is_drawn_inside_it(folder: Path) -> None:
    root = diagram(folder)
    boxes = shapes(root)
    listed = [
        (reference.text, reference.getparent().get("id")) for reference in elements(root, "flowNodeRef")
    ]
    nodes = elements(root, *FLOW_NODES)
    assert sorted(node for node, _ in listed) == sorted(node.get("id") for node in nodes if not within(node))
    frames = [*listed, *((node.get("id"), around) for node in nodes for around in within(node))]
    for node, frame in frames:
        assert inside(boxes[node], boxes[frame]), node


@of_each_process
def test_each_element_is_drawn_once(folder: Path) -> None:
    root = diagram(folder)
    drawn = [shape.get("bpmnElement") for shape in root.iter(f"{BPMNDI}BPMNShape", f"{BPMNDI}BPMNEdge")]
    assert sorted(drawn) == sorted(element.get("id") for element in elements(root, *SHAPES, *EDGES))


@of_each_process
def test_flows_begin_and_end_at_the_border_of_their_elements(folder: Path) -> None:
    root = diagram(folder)
    boxes = shapes(root)
    for flow in elements(root, "sequenceFlow"):
        points = waypoints(root)[flow.get("id")]
        assert on_border(points[0], boxes[flow.get("sourceRef")]), flow.get("id")
        assert on_border(points[-1], boxes[flow.get("targetRef")]), flow.get("id")


@of_each_process
def test_boundary_events_stand_on_the_border_of_their_activities(folder: Path) -> None:
    root = diagram(folder)
    boxes = shapes(root)
    for event in elements(root, "boundaryEvent"):
        x, y, width, height = boxes[event.get("id")]
        left, top, wide, high = boxes[event.get("attachedToRef")]
        centre = x + width / 2, y + height / 2
        assert left <= centre[0] <= left + wide
        assert top <= centre[1] <= top + high
        assert centre[0] in (left, left + wide) or centre[1] in (top, top + high), event.get("id")


@of_each_process
def test_no_flow_runs_through_an_element_and_no_two_elements_overlap(folder: Path) -> None:
    root = diagram(folder)
    boxes = {node.get("id"): shapes(root)[node.get("id")] for node in elements(root, *FLOW_NODES)}
    hosts = {event.get("id"): event.get("attachedToRef") for event in elements(root, "boundaryEvent")}
    frames = {drawn.get("id"): within(drawn) for drawn in elements(root, *FLOW_NODES, *EDGES)}
    for flow, points in waypoints(root).items():
        others = {node: box for node, box in boxes.items() if node not in frames[flow]}
        for line in itertools.pairwise(points):
            assert not [node for node, box in others.items() if overlap(around(*line), box)], flow
    for one, other in itertools.combinations(boxes, 2):
        on_its_border = one == hosts.get(other) or other == hosts.get(one)
        around_it = one in frames[other] or other in frames[one]
        assert on_its_border or around_it or not overlap(boxes[one], boxes[other]), (one, other)


@of_each_form
def test_the_form_is_a_valid_schema_of_an_object(form: Path) -> None:
    content = schema(form)
    jsonschema_rs.Draft202012Validator(content, validate_formats=True)
    jsonschema_rs.meta.validate(content)
    assert content["type"] == "object"


@of_each_form
def test_each_field_has_its_texts_in_both_languages(form: Path) -> None:
    for name, part in [("", schema(form)), *properties(schema(form))]:
        texts = part["x-i18n"]
        assert texts["fa"]["title"] == part["title"], name
        assert texts["fa"].get("description") == part.get("description"), name
        assert texts["fa"].keys() == texts["en"].keys(), name
        assert all(PERSIAN.search(text) for text in texts["fa"].values()), name
        assert not any(PERSIAN.search(text) for text in texts["en"].values()), name


@of_each_form
def test_each_choice_of_a_field_has_its_text_in_both_languages(form: Path) -> None:
    for part in schemas(schema(form)):
        texts = part.get("x-enum-i18n", {})
        assert list(texts) == part.get("enum", [])
        assert all(text["fa"] and text["en"] for text in texts.values())


@of_each_case
def test_the_example_of_the_readme_satisfies_the_start_form(folder: Path) -> None:
    body = example(folder)
    assert body["definition"] == folder.name
    form = Form(schema(folder / "forms" / "application.json"), None)
    assert forms.check(form, body["data"]) == body["data"]


@pytest.mark.parametrize(
    ("form", "field", "value"),
    [
        ("municipality/building-permit", "floors", 0),
        ("municipality/building-permit", "parcel", "110"),
        ("municipality/building-permit", "plan_set", []),
        ("civil-registry/address-change", "national_id", "۰۰۱۲۳۴۵۶۷۸"),
        ("civil-registry/address-change", "postal_code", "13456-7890"),
        ("civil-registry/address-change", "new_address", "-----------"),
        ("guild/food-shop-licence", "business_code", "12"),
        ("guild/food-shop-licence", "area_m2", 0),
        ("guild/food-shop-licence", "risk_class", "none"),
        ("guild/objection", "reasons", "no."),
    ],
)
def test_a_wrong_application_is_refused(form: str, field: str, value: object) -> None:
    folder = ROOT / "processes" / form
    data = {**example(folder)["data"], field: value}
    with pytest.raises(Invalid) as refused:
        forms.check(Form(schema(folder / "forms" / "application.json"), None), data)
    assert [fault.pointer for fault in refused.value.faults] == [f"/data/{field}"]


GROUND = {"text": "a reason that can be understood"}


@pytest.mark.parametrize(
    ("form", "granted", "code"),
    [
        ("civil-registry/address-change/forms/mismatch.json", {"decision": "accepted"}, "address_not_found"),
        (
            "guild/food-shop-licence/forms/identity.json",
            {"identity_decision": "confirmed", "identity_means": "video"},
            "identity_not_proven",
        ),
        ("guild/food-shop-licence/forms/decision.json", {"decision": "granted"}, "tax_debt"),
        ("guild/objection/forms/review.json", {"decision": "granted"}, "nothing_new"),
        ("municipality/building-permit/forms/decision.json", {"decision": "granted"}, "zoning_rules"),
    ],
)
def test_a_refusal_needs_a_ground_of_the_list_and_its_reasons(
    form: str, granted: dict[str, str], code: str
) -> None:
    rules = jsonschema_rs.Draft202012Validator(schema(ROOT / "processes" / form))
    refused = {next(iter(granted)): "refused"}
    assert rules.is_valid(granted)
    assert rules.is_valid({**refused, "ground": {"code": code, **GROUND}})
    assert not rules.is_valid(refused)
    assert not rules.is_valid({**refused, "ground": {"code": code}})
    assert not rules.is_valid({**refused, "ground": {"code": "because", **GROUND}})


def shapes(root: Any) -> dict[str, Box]:
    return {
        shape.get("bpmnElement"): box(shape.find(f"{DC}Bounds")) for shape in root.iter(f"{BPMNDI}BPMNShape")
    }


def box(bounds: Any) -> Box:
    x, y, width, height = (float(bounds.get(name)) for name in ("x", "y", "width", "height"))
    return x, y, width, height


def waypoints(root: Any) -> dict[str, list[Point]]:
    return {
        edge.get("bpmnElement"): [
            (float(point.get("x")), float(point.get("y"))) for point in edge.iter(f"{DI}waypoint")
        ]
        for edge in root.iter(f"{BPMNDI}BPMNEdge")
    }


def inside(inner: Box, outer: Box) -> bool:
    (x, y, width, height), (left, top, wide, high) = inner, outer
    return left <= x and top <= y and x + width <= left + wide and y + height <= top + high


def on_border(point: Point, box: Box) -> bool:
    """At the middle of a side, where events, gateways and tasks all have their border."""
    x, y, width, height = box
    middle, centre = x + width / 2, y + height / 2
    return point in [(x, centre), (x + width, centre), (middle, y), (middle, y + height)]


def around(start: Point, end: Point) -> Box:
    """A horizontal or vertical line as a box without width or height."""
    (left, right), (top, bottom) = sorted((start[0], end[0])), sorted((start[1], end[1]))
    assert left == right or top == bottom
    return left, top, right - left, bottom - top


def overlap(one: Box, other: Box) -> bool:
    """Whether they share more than a border."""
    (x, y, width, height), (left, top, wide, high) = one, other
    return x < left + wide and left < x + width and y < top + high and top < y + height


def test_a_ground_is_demanded_only_where_the_identity_is_refused() -> None:
    path = ROOT / "processes/guild/food-shop-licence/forms/identity.json"
    judge = validator(json.loads(path.read_bytes()))
    asked = {
        chosen: " ".join(error.message for error in judge.iter_errors(answer))
        for chosen, answer in (
            ("", {}),
            *((one, {"identity_decision": one}) for one in ("confirmed", "refused")),
        )
    }
    assert "ground" not in asked[""] + asked["confirmed"]
    assert "ground" in asked["refused"]
    assert "identity_means" in asked["confirmed"]
