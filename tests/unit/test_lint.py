"""The lint: a defect seeded into a clean process is found, and nothing else."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from engine.bpmn import Finding, check
from engine.bpmn.lint.rules import CODES
from engine.platform.config import ROOT
from tests import factories
from tests.bpmn import (
    declared,
    definitions,
    extension,
    flow,
    in_line,
    line,
    node,
    process,
    process_element,
    script,
)

CALLED = {"verify-identity", "collect-fee", "plan-review", "objection"}
Seed = Callable[[dict[str, str]], None]


def warnings(files: Mapping[str, bytes]) -> list[Finding]:
    """What is found but for translations; no errors."""
    report = check(files, CALLED)
    assert not report.errors
    return [finding for finding in report.findings if finding.severity != "note"]


def codes(*body: str, appeal: str | None = "objection", **files: bytes) -> set[str]:
    """The lint's codes for a process that names an appeal."""
    content = process(*body)
    if appeal is not None:
        content = content.replace(b"<bpmn:process ", f'<bpmn:process parvandeh:appeal="{appeal}" '.encode())
    report = check({"p.bpmn": content, **{f"{name}.json": form for name, form in files.items()}}, CALLED)
    assert not report.errors
    return {finding.code for finding in report.findings} & (CODES | {"unknown-rule"})


def refusing(*elements: str) -> list[str]:
    """Start, elements, and an end with the outcome `refused`."""
    return [part.replace('id="end"', 'id="end" parvandeh:outcome="refused"') for part in in_line(*elements)]


def decides(form: str = "f.json", **more: str) -> str:
    return node("userTask", "a", camunda__formKey=form, parvandeh__due="'P1D'", **more)


def form(*required: str) -> bytes:
    names = ", ".join(f'"{name}": {{}}' for name in ("x", *required))
    asked = ", ".join(f'"{name}"' for name in required)
    return f'{{"type": "object", "properties": {{{names}}}, "required": [{asked}]}}'.encode()


def change(old: str, new: str, file: str = "process.bpmn") -> Seed:
    def seed(files: dict[str, str]) -> None:
        assert old in files[file], old
        files[file] = files[file].replace(old, new)

    return seed


def cut(pattern: str, new: str = "", file: str = "process.bpmn") -> Seed:
    def seed(files: dict[str, str]) -> None:
        files[file], times = re.subn(pattern, new, files[file], count=1, flags=re.DOTALL)
        assert times == 1, pattern

    return seed


def no_term(files: dict[str, str]) -> None:
    cut(r"""\s+parvandeh:statutory="[^"]*" parvandeh:onSilence="grant"\s+parvandeh:safety="[^"]*\"""")(files)
    cut(r""" parvandeh:clock="start\"""")(files)
    for name in ("review_silent", "decision_silent"):  # then nothing is decided by silence
        cut(rf'<bpmn:boundaryEvent id="{name}".*?</bpmn:boundaryEvent>')(files)
        cut(rf"<bpmn:flowNodeRef>{name}</bpmn:flowNodeRef>")(files)
        cut(rf'<bpmn:sequenceFlow[^>]* sourceRef="{name}"[^>]*/>')(files)
        cut(rf'<bpmndi:BPMNShape id="{name}_shape".*?</bpmndi:BPMNShape>')(files)
    for name in ("review", "decision"):
        cut(rf"<bpmn:incoming>to_deemed_{name}</bpmn:incoming>")(files)
        cut(rf'<bpmndi:BPMNEdge id="to_deemed_{name}_edge".*?</bpmndi:BPMNEdge>')(files)
    cut(r'<bpmn:message id="clock_deemed"[^>]*/>')(files)


def no_way_back(files: dict[str, str]) -> None:
    cut(r'(id="withdrawn".*?)<bpmn:terminateEventDefinition/>', r"\1")(files)


def automatic(files: dict[str, str]) -> None:
    change(
        'sourceRef="route_chosen" targetRef="decide_join"', 'sourceRef="route_chosen" targetRef="refused"'
    )(files)
    change("corrections = 0", "ground = None\ncorrections = 0")(files)


SEEDS: Mapping[str, Seed] = {
    "no-withdrawal": no_way_back,
    "refusal-without-ground": change(
        'sourceRef="file_checked" targetRef="decide_join"', 'sourceRef="file_checked" targetRef="refused"'
    ),
    "refusal-without-person": automatic,
    "in-person-without-basis": cut(
        r'(id="inspect_premises"[^>]* parvandeh:presence=)"none"', r'\1"required"'
    ),
    "manual-without-basis": cut(
        r'(id="unblock"[^>]*>)\s*<bpmn:documentation>.*?</bpmn:documentation>', r"\1"
    ),
    "no-deadline": cut(r'(id="decide"[^>]*) parvandeh:due="[^"]*"', r"\1"),
    "data-held": change(
        '"shop_name": {', '"land_use": {"type": "string"}, "shop_name": {', "application.json"
    ),
    "no-appeal": cut(r' parvandeh:appeal="objection" parvandeh:appealWithin="P20D"'),
    "long-term": change('parvandeh:appealWithin="P20D"', 'parvandeh:appealWithin="P9Y"'),
    "no-statutory-term": no_term,
    "due-beyond-term": change(
        """parvandeh:statutory="f'P{statutory_days}WD'\"""", 'parvandeh:statutory="P4D"'
    ),
    "visit-in-name": change(
        'name="تصمیم‌گیری | Decide" parvandeh:presence="none"', 'name="مراجعهٔ حضوری | Visit"'
    ),
    "decision-outside-agency": change('id="decide"', 'id="decide" parvandeh:role="applicant"'),
    "no-role": change("<bpmn:flowNodeRef>decide</bpmn:flowNodeRef>", ""),
    "label-required": cut(r'(id="decision_made") name="[^"]*"', r"\1"),
    "no-bpmndi": cut(r'<bpmndi:BPMNShape[^>]* bpmnElement="decide".*?</bpmndi:BPMNShape>'),
    "no-overlapping-elements": cut(
        r'(bpmnElement="unblock"[^>]*>\s*)<dc:Bounds[^>]*>',
        r'\1<dc:Bounds x="2045" y="1240" width="140" height="80"/>',
    ),
}


@pytest.mark.parametrize(("code", "seed"), SEEDS.items(), ids=SEEDS)
def test_a_seeded_defect_is_found_and_nothing_else(code: str, seed: Seed) -> None:
    files = {name: content.decode() for name, content in factories.shipped("food-shop-licence").items()}
    seed(files)
    found = warnings({name: content.encode() for name, content in files.items()})
    assert {finding.code for finding in found} == {code}
    assert all(finding.severity == "warning" and finding.element and finding.line for finding in found)


@pytest.mark.parametrize("path", sorted(ROOT.glob("processes/*/*")), ids=lambda path: path.name)
def test_shipped_processes_are_clean(path: Path) -> None:
    assert not warnings(factories.shipped(path.name))


@pytest.mark.parametrize(
    ("message", "attributes", "found"),
    [
        ("reply", {}, {"party-not-stated"}),
        ("reply", {"parvandeh__party": "fire-department"}, set()),
        ("reply", {"parvandeh__accept": "party-not-stated"}, set()),
        ("clock.breach", {}, set()),
    ],
)
def test_wait_for_a_message_of_nobody_is_reported(
    message: str, attributes: dict[str, str], found: set[str]
) -> None:
    waits = node("receiveTask", "w", messageRef="m", **attributes)
    body = process_element(
        *(part.replace('id="end"', 'id="end" parvandeh:outcome="done"') for part in in_line(waits))
    )
    content = definitions(f'<bpmn:message id="m" name="{message}"/>', body)
    report = check({"p.bpmn": content}, CALLED)
    assert not report.errors
    assert {one.code for one in report.findings} & {"party-not-stated"} == found


def test_boundary_event_is_no_wait_for_somebody() -> None:
    event = node("boundaryEvent", "b", '<bpmn:messageEventDefinition messageRef="m"/>', attachedToRef="a")
    task = node("userTask", "a", parvandeh__presence="none")
    body = process_element(*in_line(task), event, flow("b", "end"))
    report = check({"p.bpmn": definitions('<bpmn:message id="m" name="reply"/>', body)}, CALLED)
    assert not report.errors
    assert "party-not-stated" not in {one.code for one in report.findings}


def test_processes_in_which_nobody_applies_are_left_alone() -> None:
    assert codes(*in_line("userTask a", "manualTask b")) == set()


@pytest.mark.parametrize("name", ["Applicant", "متقاضی", "شهروند | Citizen"])
def test_lanes_of_applicants_make_it_a_process_of_an_administration(name: str) -> None:
    lane = f'<bpmn:laneSet><bpmn:lane id="l" name="{name}"><bpmn:flowNodeRef>a</bpmn:flowNodeRef></bpmn:lane>'
    assert codes(f"{lane}</bpmn:laneSet>", *in_line("userTask a")) == {"no-deadline"}


@pytest.mark.parametrize("field", ["ground", "refusal_reason", "دلیل"])
def test_a_form_that_demands_a_ground_will_do(field: str) -> None:
    assert codes(*refusing(decides()), f=form(field)) == set()


def test_a_ground_that_may_be_left_out_will_not_do() -> None:
    optional = b'{"type": "object", "properties": {"ground": {}}}'
    assert codes(*refusing(decides()), f=optional) == {"refusal-without-ground"}


def test_a_refusal_that_a_timer_makes_is_nobodys() -> None:
    timer = (
        "<bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>"
    )
    late = node("boundaryEvent", "late", timer, attachedToRef="a")
    body = refusing(decides())
    assert codes(*body, late, flow("late", "end"), f=form("ground")) == {
        *("refusal-without-ground", "refusal-without-person"),
    }


def test_a_decision_within_a_sub_process_is_a_decision() -> None:
    inner = "".join(in_line(decides(), prefix="inner_"))
    assert codes(*refusing(node("subProcess", "s", inner)), f=form("ground")) == set()


def test_the_ground_that_the_engine_demands_is_no_finding() -> None:
    told = "".join(f'<parvandeh:outcome value="{word}" effect="refuses"/>' for word in ("no", "refused"))
    fields = '"decision": {"enum": ["no"]}, "ground": {"properties": {"code": {}, "text": {}}}'
    asked = f'{{"type": "object", "properties": {{{fields}}}}}'.encode()
    body = refusing(decides(parvandeh__decision="decision"))
    assert codes(extension(told), *body, f=asked) == set()
    assert codes(extension(told), *refusing(decides()), f=form("x")) == {"refusal-without-ground"}


@pytest.mark.parametrize("effect", ["refuses", "neither"])
def test_the_effect_that_is_declared_makes_a_refusal(effect: str) -> None:
    body = [part.replace('id="end"', 'id="end" parvandeh:outcome="sent back"') for part in in_line(decides())]
    told = extension(f'<parvandeh:outcome value="sent back" effect="{effect}"/>')
    found = {"refusal-without-ground"} if effect == "refuses" else set()
    assert codes(told, *body, f=form("x")) == found


def test_a_ground_set_by_a_script_is_a_ground() -> None:
    assert codes(*refusing(script("s", "ground = 'late'"), decides()), f=form("x")) == set()


@pytest.mark.parametrize(
    ("attributes", "found"),
    [
        ({"parvandeh__presence": "none"}, set()),
        ({"parvandeh__presence": "required"}, {"in-person-without-basis"}),
        ({"parvandeh__presence": "optional"}, {"in-person-without-basis"}),
        ({"parvandeh__presence": "required", "parvandeh__legalBasis": "Guild Act, art. 27"}, set()),
        ({"parvandeh__presence": "required", "parvandeh__legalBasis": " "}, {"in-person-without-basis"}),
        (
            {"parvandeh__presence": "required", "parvandeh__accept": "no-deadline in-person-without-basis"},
            set(),
        ),
    ],
)
def test_visits_have_a_legal_basis(attributes: dict[str, str], found: set[str]) -> None:
    task = node("userTask", "a", parvandeh__due="'P1D'", **attributes)
    assert codes(*in_line(task)) == found


def test_a_law_in_the_documentation_is_a_legal_basis() -> None:
    told = "<bpmn:documentation>مطابق مادهٔ ۲۷ قانون نظام صنفی</bpmn:documentation>"
    task = node("userTask", "a", told, parvandeh__due="'P1D'", parvandeh__presence="required")
    assert codes(*in_line(task)) == set()


def test_presence_is_one_of_three_words() -> None:
    report = check({"p.bpmn": line(node("userTask", "a", parvandeh__presence="maybe"))})
    assert [finding.code for finding in report.errors] == ["invalid-presence"]


def test_a_timer_around_a_task_is_a_deadline() -> None:
    timer = (
        "<bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>"
    )
    begun = node("startEvent", "t", timer) + node("endEvent", "e") + flow("t", "e")
    handler = node("subProcess", "h", begun, triggeredByEvent="true")
    task = node("userTask", "a", parvandeh__presence="none")
    assert codes(*in_line(task)) == {"no-deadline"}
    assert codes(*in_line(task), handler) == set()


def withdrawing(name: str, interrupting: str, ending: str = "") -> set[str]:
    """What is found of a process that takes a message while people work on an application."""
    begun = node(
        "startEvent", "t", '<bpmn:messageEventDefinition messageRef="m"/>', isInterrupting=interrupting
    )
    handler = node(
        "subProcess", "h", begun + node("endEvent", "e", ending) + flow("t", "e"), triggeredByEvent="true"
    )
    steps = [part.replace('id="start"', 'id="start" camunda:formKey="f.json"') for part in in_line(decides())]
    steps = [part.replace('id="end"', 'id="end" parvandeh:outcome="granted"') for part in steps]
    message = f'<bpmn:message id="m" name="{name}"/>'
    report = check({"p.bpmn": definitions(message, process_element(*steps, handler)), "f.json": form("x")})
    assert not report.errors
    return {finding.code for finding in report.findings} & CODES


def test_withdrawing_works_without_anything_drawn_for_it() -> None:
    steps = [part.replace('id="start"', 'id="start" camunda:formKey="f.json"') for part in in_line(decides())]
    steps = [part.replace('id="end"', 'id="end" parvandeh:outcome="granted"') for part in steps]
    assert codes(*steps, f=form("x")) == set()


def test_a_withdrawal_that_the_process_takes_and_that_ends_nothing_is_told() -> None:
    assert withdrawing("case.withdraw", "false") == {"no-withdrawal"}
    assert withdrawing("case.withdraw", "true") == set()
    assert withdrawing("case.withdraw", "false", "<bpmn:terminateEventDefinition/>") == set()
    assert withdrawing("case.note", "false") == set()


def test_a_refusal_without_an_appeal_is_told_once() -> None:
    assert codes(*refusing(decides()), appeal=None, f=form("ground")) == {"no-appeal"}
    granted = [part.replace("refused", "granted") for part in refusing(decides())]
    assert codes(*granted, appeal=None, f=form("ground")) == set()


@pytest.mark.parametrize(("effect", "found"), [("refuses", {"no-appeal"}), ("grants", set())])
def test_a_decision_that_may_refuse_needs_an_appeal(effect: str, found: set[str]) -> None:
    ground = '"ground": {"type": "object", "properties": {"code": {}, "text": {}}}'
    asked = f'{{"type": "object", "properties": {{"decision": {{"enum": ["word"]}}, {ground}}}}}'
    steps = in_line(decides(parvandeh__decision="decision"))
    assert codes(declared(word=effect), *steps, appeal=None, f=asked.encode()) & {"no-appeal"} == found


@pytest.mark.parametrize(
    ("lane", "marks", "found"),
    [
        ("Applicant", {}, {"decision-outside-agency"}),
        ("کارگزاری", {}, {"decision-outside-agency"}),
        ("Delegates", {}, {"decision-outside-agency"}),
        ("متقاضی | Applicant", {}, {"decision-outside-agency"}),
        ("خدمات شهروندی | Citizen services", {}, set()),
        ("Registry", {"parvandeh__role": "applicant"}, {"decision-outside-agency"}),
        ("Registry", {"parvandeh__role": "delegate"}, {"decision-outside-agency"}),
        ("Registry", {}, set()),
    ],
)
def test_a_decision_is_made_by_the_agency(lane: str, marks: dict[str, str], found: set[str]) -> None:
    lanes = (
        f'<bpmn:laneSet><bpmn:lane id="l" name="{lane}"><bpmn:flowNodeRef>a</bpmn:flowNodeRef></bpmn:lane>'
    )
    asked = b'{"type": "object", "properties": {"decision": {"enum": ["granted"]}, "ground": {"$ref": "#"}}}'
    steps = in_line(decides(parvandeh__decision="decision", **marks))
    outcomes = declared(granted="grants")
    assert codes(outcomes, f"{lanes}</bpmn:laneSet>", *steps, f=asked) & {"decision-outside-agency"} == found


@pytest.mark.parametrize(
    ("term", "found"),
    [
        *(
            ("P10D", set()),
            ("P5Y", set()),
            ("P60M", set()),
            ("P61M", {"long-term"}),
            ("'P6Y'", {"long-term"}),
        ),
        *(("P1300WD", set()), ("P1310WD", {"long-term"}), ("PT10480WH", {"long-term"})),
    ],
)
def test_a_term_has_at_most_five_years(term: str, found: set[str]) -> None:
    task = node("userTask", "a", parvandeh__due=term, parvandeh__presence="none")
    assert codes(*in_line(task)) == found
    if term.startswith("P"):
        lasting = f"<bpmn:timeDuration>{term}</bpmn:timeDuration>"
        timer = f"<bpmn:timerEventDefinition>{lasting}</bpmn:timerEventDefinition>"
        late = node("boundaryEvent", "late", timer, attachedToRef="b") + flow("late", "end")
        other = node("userTask", "b", parvandeh__presence="none")
        assert codes(*in_line(other), late) == found


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("مراجعهٔ حضوری", {"visit-in-name"}),
        ("حضور متقاضی در دفتر", {"visit-in-name"}),
        ("Come to the office", {"visit-in-name"}),
        ("Hand over in person", {"visit-in-name"}),
        ("بررسی غیرحضوری", set()),
        ("بررسی غیر‌حضوری", set()),
        ("فهرست حضور و غیاب", set()),
        ("Revisited claim", set()),
    ],
)
def test_a_visit_that_only_the_name_mentions_is_told(name: str, found: set[str]) -> None:
    law = {"parvandeh__legalBasis": "Guild Act, art. 27", "parvandeh__due": "P1D"}
    assert codes(*in_line(node("userTask", "a", name=name, **law))) == found
    assert codes(*in_line(node("userTask", "a", name=name, parvandeh__presence="required", **law))) == set()


def test_names_that_a_civil_registry_has_are_not_asked_for() -> None:
    steps = [
        part.replace('id="start"', 'id="start" camunda:formKey="f.json"').replace(
            'id="end"', 'id="end" parvandeh:outcome="done"'
        )
        for part in in_line(node("callActivity", "c", calledElement="verify-identity"))
    ]
    assert codes(*steps, f=form("birth_date")) == {"data-held"}
    assert codes(*steps, f=form("national_id")) == set()


def test_what_is_held_against_the_reply_may_be_asked_for() -> None:
    service = node("serviceTask", "s", parvandeh__topic="t", parvandeh__result="reply")
    for text, found in (("y = reply['code']", {"data-held"}), ("y = reply['code'] == code", set())):
        steps = [
            part.replace('id="start"', 'id="start" camunda:formKey="f.json"').replace(
                'id="end"', 'id="end" parvandeh:outcome="done"'
            )
            for part in in_line(service, script("z", text))
        ]
        assert codes(*steps, f=form("code")) == found


def test_codes_that_no_rule_has_are_told() -> None:
    assert codes(*in_line(node("userTask", "a", parvandeh__accept="no-dealine"))) == {"unknown-rule"}


def test_drawings_of_other_files_do_not_mix() -> None:
    """The rules of one linter remember what they have seen."""
    content = factories.shipped("collect-fee")["process.bpmn"]
    assert not warnings({"a.bpmn": content})
    assert not warnings({"a.bpmn": content})


def test_a_drawing_that_the_reader_stumbles_over_is_left_alone(capfd: pytest.CaptureFixture[str]) -> None:
    broken = '<bpmndi:BPMNDiagram><bpmndi:BPMNPlane bpmnElement="zzz"><bpmndi:BPMNShape bpmnElement="a"/>'
    steps = process_element(*in_line("userTask a"))
    content = definitions(steps, f"{broken}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>", extension(""))
    assert not check({"p.bpmn": content}).errors
    assert capfd.readouterr() == ("", "")


CHANNELS = {"invalid-channel", "channel-without-presence"}


@pytest.mark.parametrize(
    ("attributes", "codes"),
    [
        ({"channel": "fax"}, ["invalid-channel"]),
        ({"channel": "online", "presence": "required"}, ["channel-without-presence"]),
        ({"channel": "in_person", "presence": "required"}, []),
        ({"channel": "online", "presence": "optional"}, []),
        ({"channel": "phone"}, []),
    ],
)
def test_the_channel_fits_the_presence(attributes: dict[str, str], codes: list[str]) -> None:
    told = {f"parvandeh__{name}": value for name, value in attributes.items()}
    report = check({"p.bpmn": line(node("userTask", "a", **told))})
    assert [finding.code for finding in report.errors] == codes


def test_every_code_is_documented_and_no_other() -> None:
    document = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", document))
    assert documented == CODES | {"unknown-rule", "invalid-presence", "no-role", "no-form"} | CHANNELS
