"""Data: BPMN 2.0.2 §10.4, and what the engine says where the standard is silent."""

from decimal import Decimal

from engine import bpmn
from tests.driving import Run, script
from tests.eventful import line, sub
from tests.matrix.table import Section

SECTION = Section("Data")

WRITES = '<dataOutputAssociation id="o"><targetRef>{}</targetRef></dataOutputAssociation>'
READS = '<dataInputAssociation id="i"><sourceRef>{}</sourceRef></dataInputAssociation>'
OBJECT = '<dataObject id="paper"/><dataObjectReference id="ref" dataObjectRef="paper"/>'


@SECTION.runs(
    "variables of the case, by name, for all following elements",
    line("userTask a", script("b", "total = fee * 2")),
)
def test_variables_go_on(process: bpmn.Spec) -> None:
    assert Run(process).answer("a", fee=Decimal("1.10")).data["total"] == Decimal("2.20")


@SECTION.runs("form data: assigned unchanged, lists and objects as a whole", line("userTask a", "userTask b"))
def test_form_data_are_assigned(process: bpmn.Spec) -> None:
    run = Run(process, docs=["a", "b"], person={"name": "x", "age": 1}).answer(
        "a", docs=["c"], person={"name": "y"}
    )
    assert run.data == {"docs": ["c"], "person": {"name": "y"}}


@SECTION.runs(
    "a value that a script changes in place: earlier values don't change",
    line("userTask a", script("b", "case['a'].append(2)"), "userTask c"),
)
def test_value_is_not_changed_behind_a_token(process: bpmn.Spec) -> None:
    given = {"a": [1]}
    run = Run(process, case=given).answer("a")
    assert run.data["case"] == {"a": [1, 2]}
    assert given == {"a": [1]}


@SECTION.runs(
    "data of a sub-process: shared with the case",
    line(sub("s", script("a", "x = x + 1")), script("b", "y = x")),
)
def test_sub_process_shares_data(process: bpmn.Spec) -> None:
    assert Run(process, x=1).data == {"x": 2, "y": 2}


@SECTION.runs(
    "data object with a reference, written and read by activities",
    OBJECT
    + line(
        script("a", "paper = 'written'", WRITES.format("ref")),
        script("b", "seen = paper", READS.format("ref")),
    ),
)
def test_data_object_carries_a_value(process: bpmn.Spec) -> None:
    assert Run(process).data["seen"] == "written"


@SECTION.runs(
    "pools and message flows between them: each pool is a process of its own",
    line("userTask a"),
    more='<collaboration id="all"><participant id="we" processRef="process"/>'
    '<participant id="they"/></collaboration>',
)
def test_pools_are_processes(process: bpmn.Spec) -> None:
    assert Run(process).waiting == ["a"]


@SECTION.translated(
    "lanes, and pools without lanes: the candidate group of tasks that name nobody",
    '<laneSet id="all"><lane id="l" name="Finance"><flowNodeRef>a</flowNodeRef></lane></laneSet>'
    + line("userTask a"),
    "translated-role",
)
def test_lane_is_the_group_of_its_tasks(process: bpmn.Spec) -> None:
    [work] = Run(process).open.values()
    assert work.lane == "Finance"
    assert work.people is not None
    assert work.people.groups == ["Finance"]


@SECTION.runs(
    "inputs and outputs (`ioSpecification`) and data stores that are only drawn: ignored, with warnings",
    line(
        '<userTask id="a"><ioSpecification id="io"><dataInput id="in"/><inputSet id="set">'
        '<dataInputRefs>in</dataInputRefs></inputSet><outputSet id="out"/></ioSpecification>'
        '<dataInputAssociation id="i"><sourceRef>store</sourceRef><targetRef>in</targetRef>'
        "</dataInputAssociation>"
        "</userTask>"
    )
    + '<dataStoreReference id="store"/>',
)
def test_drawn_data_change_nothing(process: bpmn.Spec) -> None:
    run = Run(process, x=1)
    assert run.answer("a", y=2).data == {"x": 1, "y": 2}


test_data_object_of_elsewhere_is_refused = SECTION.refused(
    "data object that an activity names, and that doesn't exist",
    line(script("a", "x = 1", WRITES.format("gone"))),
    "data-object-scope",
)
