"""Whom a task is for, as a diagram and its bindings say it: roles and units."""

import json
from collections.abc import Mapping

import pytest

from engine import bpmn
from engine.bpmn import CandidateRole, RequiredRole, Source, required_roles
from tests.bpmn import definitions, flow, in_line, node, process_element
from tests.driving import NOW

LANE = "Health network"


def lane(name: str, *listed: str, inside: str = "", **attributes: str) -> str:
    """A lane, perhaps with others in it."""
    inner = f"<bpmn:childLaneSet id='in-{listed[0]}'>{inside}</bpmn:childLaneSet>" if inside else ""
    names = "".join(f"<bpmn:flowNodeRef>{item}</bpmn:flowNodeRef>" for item in listed)
    key = f"{'outer' if inside else 'lane'}-{listed[0]}"
    return node("lane", key, names + inner, name=name, **ours(attributes))


def ours(attributes: Mapping[str, str]) -> dict[str, str]:
    return {f"parvandeh__{name}": value for name, value in attributes.items()}


def drawn(*lanes: str, pool: str = "", bindings: object = None, **task: str) -> dict[str, bytes]:
    """A process with one user task `a`, perhaps in lanes, and in a pool with these attributes."""
    body = in_line(node("userTask", "a", **ours(task)))
    laned = [f"<bpmn:laneSet id='set'>{''.join(lanes)}</bpmn:laneSet>"] if lanes else []
    around = (
        f'<bpmn:collaboration id="c"><bpmn:participant id="pool" processRef="p" {pool}/></bpmn:collaboration>'
    )
    files = {"p.bpmn": definitions(around if pool else "", process_element(*laned, *body))}
    return files if bindings is None else {**files, "bindings.json": json.dumps(bindings).encode()}


def built(files: Mapping[str, bytes]) -> bpmn.Spec:
    report = bpmn.check(files)
    assert not report.errors, report.errors
    return bpmn.build(Source(bpmn.digest(files, {}), files, {}), "p")


def posts(files: Mapping[str, bytes], **data: object) -> set[tuple[str, str | None]]:
    """The posts of the task that a case opens."""
    [work] = bpmn.start(built(files), data, NOW).opened
    return set(work.candidate_roles)


def codes(files: Mapping[str, bytes], severity: str = "error") -> list[tuple[str, str | None]]:
    found = [item for item in bpmn.check(files).findings if item.severity == severity]
    assert all(item.reason and item.fix and item.line for item in found)
    return [(item.code, item.element) for item in found if item.code != "no-form"]


def test_a_task_of_which_nothing_is_said_has_no_posts() -> None:
    assert posts(drawn()) == set()


def test_a_task_says_its_role_and_unit_itself() -> None:
    files = drawn(lane(LANE, "a", role="visitor"), role="inspector", unit="health-network")
    assert posts(files) == {("inspector", "health-network")}


def test_a_lane_says_them_for_its_tasks() -> None:
    files = drawn(lane(LANE, "a", role="inspector", unit="health-network"))
    assert posts(files) == {("inspector", "health-network")}
    assert codes(files, "note") == []
    [work] = bpmn.start(built(files), {}, NOW).opened
    assert work.people is not None
    assert work.people.groups == [LANE]


def test_each_comes_from_the_innermost_that_says_it() -> None:
    inner = lane("Visits", "a", role="inspector")
    files = drawn(lane(LANE, "a", inside=inner, role="other", unit="north"), pool='parvandeh:unit="far"')
    assert posts(files) == {("inspector", "north")}


def test_a_pool_says_them_where_no_lane_does() -> None:
    assert posts(drawn(lane("Clerk", "a"), pool='name="Agency" parvandeh:unit="guild"')) == {
        ("Clerk", "guild")
    }
    assert posts(drawn(pool='name="Agency" parvandeh:role="clerk"')) == {("clerk", None)}


def test_a_lane_around_a_sub_process_says_them_for_what_is_in_it() -> None:
    inside = "<bpmn:laneSet id='in'>" + lane("Visits", "x") + "</bpmn:laneSet>"
    body = in_line(node("subProcess", "s", inside + "".join(in_line("userTask x", prefix="in_"))))
    laned = "<bpmn:laneSet id='set'>" + lane(LANE, "s", unit="health-network") + "</bpmn:laneSet>"
    assert posts({"p.bpmn": definitions(process_element(laned, *body))}) == {("Visits", "health-network")}


def test_a_lane_that_lists_what_it_stands_in_says_nothing_for_ever() -> None:
    inside = "<bpmn:laneSet id='in'>" + lane("Visits", "x", "s") + "</bpmn:laneSet>"
    body = in_line(node("subProcess", "s", inside + "".join(in_line("userTask x", prefix="in_"))))
    bpmn.check({"p.bpmn": definitions(process_element(*body))})


def test_the_name_of_a_lane_is_a_role_whatever_its_lines() -> None:
    assert posts(drawn(lane("Health&#10; network", "a"))) == {(LANE, None)}


def test_groups_are_roles_of_their_names_whatever_the_lane_says() -> None:
    files = drawn(lane(LANE, "a", role="inspector", unit="north"), candidateGroups="['law', 'tax']")
    assert posts(files) == {("law", None), ("tax", None)}


def test_a_task_for_one_person_is_still_for_its_lane() -> None:
    assert posts(drawn(lane(LANE, "a"), assignee="'sara'")) == {(LANE, None)}
    assert posts(drawn(lane(LANE, "a", role="inspector"), candidateUsers="'sara'")) == {("inspector", None)}


def test_a_unit_alone_is_for_its_caseworkers() -> None:
    assert posts(drawn(unit="north")) == {("caseworker", "north")}


def test_an_applicant_belongs_to_no_unit() -> None:
    files = drawn(lane("Applicant", "a", role="applicant"), pool='parvandeh:unit="guild"')
    assert posts(files) == {("applicant", None)}


BOUND = {
    LANE: {"role": "inspector", "unit": "health-network"},
    "law": {"unit": "north"},
    "tax": {"role": "tax-officer"},
    "Agency": {"unit": "guild"},
}


def test_bindings_say_what_names_of_lanes_mean() -> None:
    assert posts(drawn(lane(LANE, "a"), bindings=BOUND)) == {("inspector", "health-network")}
    assert posts(drawn(lane("Clerk", "a"), pool='name="Agency"', bindings=BOUND)) == {("Clerk", "guild")}


def test_attributes_go_before_bindings_of_the_same_lane() -> None:
    assert posts(drawn(lane(LANE, "a", role="head"), bindings=BOUND)) == {("head", "health-network")}


def test_bindings_say_what_groups_mean_that_are_known_only_when_the_task_opens() -> None:
    files = drawn(candidateGroups="who", bindings=BOUND)
    assert posts(files, who=["law", "tax", "other"]) == {
        ("law", "north"),
        ("tax-officer", None),
        ("other", None),
    }


def test_instances_of_one_task_each_have_their_posts() -> None:
    marker = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopDataInputRef>groups</bpmn:loopDataInputRef>"
        '<bpmn:inputDataItem id="group"/></bpmn:multiInstanceLoopCharacteristics>'
    )
    task = node("userTask", "a", marker, parvandeh__candidateGroups="group")
    files = {"p.bpmn": definitions(process_element(*in_line(task)))}
    opened = bpmn.start(built(files), {"groups": ["law", "tax"]}, NOW).opened
    assert [set(work.candidate_roles) for work in opened] == [{("law", None)}, {("tax", None)}]


@pytest.mark.parametrize("name", ["x" * 101, "a\x07b", "\u202eabc"])
def test_a_computed_group_that_is_no_role_is_an_incident(name: str) -> None:
    step = bpmn.start(built(drawn(candidateGroups="who")), {"who": name}, NOW)
    assert not step.opened
    assert [(failure.element, failure.code) for failure in step.failures] == [("a", "mapping")]


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"role": ""}, "invalid-role"),
        ({"role": "x" * 101}, "invalid-role"),
        ({"role": " inspector"}, "invalid-role"),
        ({"unit": "Health network"}, "invalid-unit"),
        ({"unit": ""}, "invalid-unit"),
        ({"unit": "x" * 64}, "invalid-unit"),
        ({"candidateGroups": f"'{'x' * 101}'"}, "invalid-role"),
    ],
)
def test_a_wrong_role_or_unit_is_an_error(attributes: dict[str, str], code: str) -> None:
    assert codes(drawn(**attributes)) == [(code, "a")]


def test_a_wrong_role_of_a_lane_is_told_once_and_there() -> None:
    assert codes(drawn(lane(LANE, "a", role="", unit="?"))) == [
        ("invalid-role", "lane-a"),
        ("invalid-unit", "lane-a"),
    ]


def test_persian_names_with_their_joiners_are_roles() -> None:
    assert posts(drawn(role="کارشناس درخواست‌ها")) == {("کارشناس درخواست‌ها", None)}


def test_a_lane_of_the_applicant_has_no_unit() -> None:
    assert codes(drawn(lane(LANE, "a", role="applicant", unit="north"))) == [("applicant-in-unit", "lane-a")]


@pytest.mark.parametrize("kind", ["scriptTask", "serviceTask", "exclusiveGateway", "startEvent"])
def test_roles_and_units_stand_on_work_for_people_lanes_and_pools_only(kind: str) -> None:
    body = [node(kind, "a", parvandeh__role="inspector", parvandeh__unit="north")]
    found = codes({"p.bpmn": definitions(process_element(*body))})
    assert found.count(("unknown-extension", "a")) == 2


@pytest.mark.parametrize(
    "entry",
    [{}, [], {"role": ""}, {"unit": "A B"}, {"role": "a", "group": "b"}, {"role": None}, {"role": 1},
     {"role": "applicant", "unit": "north"}],
)  # fmt: skip
def test_a_wrong_binding_is_an_error_with_its_line(entry: object) -> None:
    files = drawn(lane(LANE, "a"))
    files["bindings.json"] = json.dumps({"law": {"unit": "x"}, LANE: entry}, indent=1).encode()
    [finding] = bpmn.check(files).errors
    assert (finding.code, finding.file) == ("invalid-binding", "bindings.json")
    assert finding.line == 5
    assert LANE in finding.reason


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff"])
def test_bindings_that_are_no_object_are_an_error(content: bytes) -> None:
    found = bpmn.check({**drawn(), "bindings.json": content}).errors
    assert [(finding.code, finding.file) for finding in found] == [("invalid-json", "bindings.json")]


def test_bindings_are_bounded() -> None:
    files = drawn(bindings={f"group {number}": 1 for number in range(1_001)})
    assert [finding.code for finding in bpmn.check(files).errors] == ["invalid-binding"]


def test_one_name_is_bound_once() -> None:
    files = drawn(lane(LANE, "a"), bindings={LANE: {"role": "a"}, "Health  network": {"role": "b"}})
    assert [finding.code for finding in bpmn.check(files).errors] == ["invalid-binding"]


def test_a_binding_of_a_name_that_nothing_has_is_told() -> None:
    def unused(files: Mapping[str, bytes]) -> list[str]:
        return [item.reason for item in bpmn.check(files).findings if item.code == "unused-binding"]

    bound = {LANE: {"role": "inspector"}, "law": {"role": "lawyer"}}
    assert len(unused(drawn(lane(LANE, "a"), bindings=bound))) == 1
    assert not unused(drawn(lane(LANE, "a"), candidateGroups="['law']", bindings=bound))
    assert not unused(drawn(lane(LANE, "a"), candidateGroups="who", bindings=bound))


def test_all_posts_that_the_files_name_are_told_with_their_tasks() -> None:
    body = [
        node("startEvent", "s"),
        node("userTask", "a"),
        node("manualTask", "b", parvandeh__candidateGroups="['law', who, 'tax']"),
        node("task", "c", parvandeh__role="clerk"),
        *(flow(*ends) for ends in (("s", "a"), ("a", "b"), ("b", "c"))),
    ]
    laned = "<bpmn:laneSet id='set'>" + lane(LANE, "a") + "</bpmn:laneSet>"
    content = definitions(process_element(laned, *body))
    files = {"p.bpmn": content, "bindings.json": json.dumps(BOUND).encode()}
    lines = {name: content[: content.index(f'id="{name}"'.encode())].count(b"\n") + 1 for name in "abc"}
    assert required_roles(files) == (
        RequiredRole("inspector", "health-network", "p.bpmn", "a", lines["a"]),
        RequiredRole("law", "north", "p.bpmn", "b", lines["b"]),
        RequiredRole("tax-officer", None, "p.bpmn", "b", lines["b"]),
        RequiredRole("clerk", None, "p.bpmn", "c", lines["c"]),
    )


def test_processes_that_do_not_run_name_no_posts() -> None:
    body = in_line(node("userTask", "a", parvandeh__role="clerk"))
    content = definitions(process_element(*body, attributes='isExecutable="false"'))
    assert required_roles({"p.bpmn": content}) == ()


def test_posts_are_pairs() -> None:
    assert CandidateRole("inspector", None) == ("inspector", None)
