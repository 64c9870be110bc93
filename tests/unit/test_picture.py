"""Pictures of processes: what is drawn of which element, in which language, and what hostile files get."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from engine.bpmn import Finding, Marks, Undrawable, picture
from engine.bpmn.draw.texts import named, reads_rtl, wrap

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"'
    ' xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI">'
)
BOX = {"x": "100", "y": "100", "width": "100", "height": "80"}


def shape(name: str, box: Mapping[str, str] = BOX, **said: str) -> str:
    attributes = "".join(f' {key}="{value}"' for key, value in said.items())
    bounds = "".join(f' {key}="{value}"' for key, value in box.items())
    return f'<bpmndi:BPMNShape bpmnElement="{name}"{attributes}><dc:Bounds{bounds}/></bpmndi:BPMNShape>'


def edge(name: str, *points: tuple[object, object]) -> str:
    way = "".join(f'<di:waypoint x="{x}" y="{y}"/>' for x, y in points)
    return f'<bpmndi:BPMNEdge bpmnElement="{name}">{way}</bpmndi:BPMNEdge>'


def file(inside: str, *drawn: str) -> bytes:
    plane = f'<bpmndi:BPMNPlane bpmnElement="p">{"".join(drawn)}</bpmndi:BPMNPlane>'
    diagram = f"<bpmndi:BPMNDiagram>{plane}</bpmndi:BPMNDiagram>" if drawn else ""
    process = f'<process id="p" name="فرایند | Process">{inside}</process>'
    return f"{HEAD}{process}{diagram}</definitions>".encode()


def draw(content: bytes, **options: Any) -> etree._Element:
    return etree.fromstring(picture(content, "p", **options))


def group(svg: etree._Element, name: str) -> etree._Element:
    (found,) = svg.findall(f"{SVG}g[@data-element='{name}']")
    return found


def words(element: etree._Element) -> str:
    return " ".join(text.text or "" for text in element.iter(f"{SVG}text"))


def test_every_element_is_a_group_with_its_kind_and_name_in_a_title() -> None:
    svg = draw(file('<userTask id="a" name="Review"/>', shape("a")))
    assert group(svg, "a").findtext(f"{SVG}title") == "User task: Review"
    assert (svg.get("role"), svg.findtext(f"{SVG}title")) == ("img", "Process")


@pytest.mark.parametrize(("language", "name"), [("fa", "بررسی"), ("en", "Review")])
def test_names_in_two_languages_are_drawn_in_one(language: str, name: str) -> None:
    svg = draw(file('<task id="a" name="بررسی | Review"/>', shape("a")), language=language)
    assert words(group(svg, "a")) == name
    classes = {text.get("class") for text in group(svg, "a").iter(f"{SVG}text")}
    assert classes == {"rtl" if language == "fa" else None}


@pytest.mark.parametrize(
    ("name", "language", "said"),
    [
        ("Review | بررسی", "fa", "بررسی"),
        ("one | two", "en", "two"),
        ("a | b | c", "en", "a | b | c"),
        ("a |", "en", "a |"),
        ("a\u202eb\u2066c", "en", "a b c"),
        (" می\u200cشود ", "fa", "می\u200cشود"),
        (None, "en", ""),
    ],
)
def test_name_in_a_language(name: str | None, language: str, said: str) -> None:
    assert named(name, language) == said


def test_direction_is_that_of_the_first_letter() -> None:
    assert [reads_rtl(text) for text in ("12 پرونده", "پرونده A", "A پرونده", "12", "")] == [
        *(True, True, False, False, False),
    ]


def test_text_is_wrapped_made_smaller_and_at_last_cut() -> None:
    assert wrap("one two", 40, 80).lines == ("one", "two")
    assert wrap("word " * 40, 90, 70).lines[-1].endswith("…")
    assert len(wrap("x" * 100, 50, 1000).lines) > 5
    assert wrap("a lot of words in a small box", 60, 40).size < 12


def test_texts_are_escaped_and_nothing_can_be_carried_out_or_fetched() -> None:
    evil = "&lt;script&gt;alert(1)&lt;/script&gt; &quot;onload=&quot;x&quot; ]]&gt;"
    content = file(
        f'<task id="a&quot;&gt;&lt;script" name="{evil}"/>'
        f'<textAnnotation id="n"><text>{evil}</text></textAnnotation>',
        shape("a&quot;&gt;&lt;script"),
        shape("n"),
    )
    svg = draw(content, marks=Marks([Finding("error", "x", "f", "<script>", "m", "n")]))
    assert {str(element.tag).removeprefix(SVG) for element in svg.iter()} <= {
        *("svg", "g", "title", "style", "path", "rect", "circle", "text"),
    }
    names = {name for element in svg.iter() for name in element.attrib}
    assert not [name for name in names if name.startswith("on") or "href" in name or name == "style"]
    assert "url(" not in etree.tostring(svg, encoding="unicode")


@pytest.mark.parametrize(
    ("element", "inside", "drawn"),
    [
        ("startEvent", "", 1),
        ("endEvent", "<terminateEventDefinition/>", 2),
        ("intermediateCatchEvent", "<timerEventDefinition/>", 3),
        ("intermediateThrowEvent", "<messageEventDefinition/>", 4),
        ("intermediateThrowEvent", "<linkEventDefinition/>", 3),
        ("intermediateCatchEvent", "<signalEventDefinition/><messageEventDefinition/>", 3),
        ("boundaryEvent", "<conditionalEventDefinition/>", 3),
        ("task", "", 1),
        ("userTask", "", 4),
        ("manualTask", "", 2),
        ("scriptTask", "", 3),
        ("serviceTask", "", 3),
        ("sendTask", "", 3),
        ("receiveTask", "", 2),
        ("businessRuleTask", "", 3),
        ("task", "<standardLoopCharacteristics/>", 2),
        ("task", "<multiInstanceLoopCharacteristics/>", 2),
        ("callActivity", "", 2),
        ("subProcess", "", 2),
        ("transaction", "", 3),
        ("adHocSubProcess", "", 3),
        ("exclusiveGateway", "", 1),
        ("parallelGateway", "", 2),
        ("inclusiveGateway", "", 2),
        ("complexGateway", "", 2),
        ("eventBasedGateway", "", 2),
        ("dataObjectReference", "", 2),
        ("dataStoreReference", "", 2),
        ("textAnnotation", "", 1),
        ("group", "", 1),
    ],
)
def test_each_kind_of_element_has_its_signs(element: str, inside: str, drawn: int) -> None:
    content = file(f'<{element} id="a">{inside}</{element}><task id="t"/>', shape("a"), shape("t"))
    parts = [part for part in group(draw(content), "a").iter() if part.tag != f"{SVG}title"]
    assert len(parts) == drawn + 1


def test_an_event_that_does_not_interrupt_is_dashed() -> None:
    events = '<task id="t"/><boundaryEvent id="a" attachedToRef="t" cancelActivity="false"/>'
    svg = draw(file(events, shape("t"), shape("a")))
    assert ["dashed" in (part.get("class") or "") for part in group(svg, "a").iter(f"{SVG}circle")] == [
        True
    ] * 2


def test_what_a_closed_sub_process_holds_is_hidden_and_its_marks_are_shown_on_it() -> None:
    content = file(
        '<subProcess id="s"><task id="a"/></subProcess>', shape("s", isExpanded="false"), shape("a")
    )
    svg = draw(content, marks=Marks(tokens=[("a", "task")]))
    assert not svg.findall(f"{SVG}g[@data-element='a']")
    assert "here" in group(svg, "s").get("class", "")


def test_a_sub_process_is_open_where_its_steps_are_drawn() -> None:
    content = file('<subProcess id="s"><task id="a"/></subProcess>', shape("s"), shape("a"))
    assert group(draw(content), "a") is not None


def test_flows_show_conditions_and_defaults() -> None:
    flows = (
        '<task id="a" default="d"/><task id="b"/><sequenceFlow id="d" sourceRef="a" targetRef="b"/>'
        '<sequenceFlow id="c" sourceRef="a" targetRef="b"><conditionExpression/></sequenceFlow>'
        '<sequenceFlow id="f" sourceRef="b" targetRef="a"/>'
    )
    ways = [edge(name, (200, 140), (300, 140)) for name in "dcf"]
    svg = draw(file(flows, shape("a"), shape("b", {**BOX, "x": "300"}), *ways))
    assert [len(group(svg, name).findall(f"{SVG}path")) for name in "dcf"] == [3, 3, 2]


def test_a_flow_ends_at_the_border_of_what_it_leads_to() -> None:
    flows = '<task id="a"/><task id="b"/><sequenceFlow id="f" sourceRef="a" targetRef="b"/>'
    content = file(flows, shape("a"), shape("b", {**BOX, "x": "300"}), edge("f", (150, 140), (350, 140)))
    assert group(draw(content), "f")[1].get("d") == "M200 140L300 140"


@pytest.mark.parametrize(("colour", "kept"), [("#FFE0B2", "#FFE0B2"), ("red;x", None), ("url(#a)", None)])
def test_colours_of_the_designer_are_kept(colour: str, kept: str | None) -> None:
    space = "http://bpmn.io/schema/bpmn/biocolor/1.0"
    drawn = shape("a").replace(" bpmnElement", f' xmlns:c="{space}" c:fill="{colour}" bpmnElement')
    (body,) = group(draw(file('<task id="a"/>', drawn)), "a").findall(f"{SVG}rect")
    assert (body.get("fill"), body.get("stroke")) == (kept, None)


def test_marks_are_shown_and_told() -> None:
    marks = Marks(
        findings=[Finding("warning", "c", "f", "Mind this.", "m", "a")],
        tokens=[("b", "incident")],
        passed=["c"],
        counts={"c": 1200},
        heat={"d": 0.55, "e": float("nan")},
    )
    content = file(
        "".join(f'<task id="{name}"/>' for name in "abcde"),
        *(shape(name, {**BOX, "x": str(150 * index)}) for index, name in enumerate("abcde")),
    )
    svg = draw(content, marks=marks)
    classes = {name: group(svg, name).get("class") for name in "abcde"}
    assert classes == {
        "a": "task warning",
        "b": "task stuck",
        "c": "task passed",
        "d": "task heat5",
        "e": "task",
    }
    assert "warning: Mind this." in (group(svg, "a").findtext(f"{SVG}title") or "")
    badges = [part for part in svg.iter(f"{SVG}g") if (part.get("class") or "").startswith("badge")]
    assert [words(badge) for badge in badges] == ["!", "1", "1,200"]


def test_marks_of_a_called_process_are_shown_on_the_call() -> None:
    svg = draw(
        file('<callActivity id="a" calledElement="other"/>', shape("a")),
        marks=Marks(tokens=[("other/step", "wait")]),
    )
    assert group(svg, "a").get("class") == "callActivity here"


def test_marks_of_what_is_drawn_nowhere_stand_in_the_corner() -> None:
    svg = draw(
        file('<task id="a"/>', shape("a")), marks=Marks([Finding("error", "c", "f", "Odd.", "m", "x")])
    )
    assert "error: Odd." in (svg.findtext(f"{SVG}title") or "")
    assert [badge.get("class") for badge in svg.findall(f"{SVG}g")][-1] == "badge error"


def test_that_a_case_has_passed_what_is_drawn_nowhere_is_not_told() -> None:
    svg = draw(file('<task id="a"/>', shape("a")), marks=Marks(passed=["added"]))
    assert svg.findtext(f"{SVG}title") == "Process"


def test_marks_of_other_processes_of_the_file_are_not_shown() -> None:
    other = b'<process id="q"><task id="x"/></process><process id="p"'
    content = file('<task id="a"/>', shape("a")).replace(b'<process id="p"', other)
    svg = draw(content, marks=Marks([Finding("error", "c", "f", "Odd.", "m", "x")]))
    assert "Odd." not in etree.tostring(svg, encoding="unicode")


def test_a_pool_shows_the_marks_of_its_process() -> None:
    pool = '<collaboration id="c"><participant id="P" processRef="p"/></collaboration><process id="p"'
    content = file('<task id="a"/>', shape("a"), shape("P")).replace(b'<process id="p"', pool.encode())
    svg = draw(content, marks=Marks([Finding("warning", "c", "f", "Odd.", "m", "p")]))
    assert group(svg, "P").get("class") == "participant warning"


def test_a_process_without_places_is_laid_out() -> None:
    steps = '<startEvent id="a"/><task id="b"/><sequenceFlow id="f" sourceRef="a" targetRef="b"/>'
    svg = draw(file(steps))
    assert [part.get("data-element") for part in svg.findall(f"{SVG}g")] == ["f", "a", "b"]
    assert len(group(svg, "f").findall(f"{SVG}path")) == 2


def test_steps_of_a_sub_process_without_places_are_laid_out_inside_it() -> None:
    svg = draw(file('<task id="a"/><subProcess id="s"><task id="b"/></subProcess>'))
    bodies = (group(svg, name).find(f"{SVG}rect[@class='body']") for name in ("b", "s"))
    inner, outer = (
        [float(body.get(side, "")) for side in ("x", "y", "width", "height")]
        for body in bodies
        if body is not None
    )
    for axis in (0, 1):
        assert outer[axis] < inner[axis] < inner[axis] + inner[axis + 2] < outer[axis] + outer[axis + 2]


def test_a_process_too_large_to_be_laid_out_stands_in_rows() -> None:
    svg = draw(file("".join(f'<task id="t{index}"/>' for index in range(1_300))))
    assert len(svg.findall(f"{SVG}g")) == 1_300


def test_elements_without_ids_are_named_as_the_check_names_them() -> None:
    assert group(draw(file("<task/>")), "task_1") is not None


HOSTILE = {
    "no bounds": '<bpmndi:BPMNShape bpmnElement="a"/>',
    "not a number": shape("a", {**BOX, "x": "NaN"}),
    "infinite": shape("a", {**BOX, "x": "inf"}),
    "far away": shape("a", {**BOX, "x": "1e308"}),
    "huge": shape("a", {**BOX, "width": "1e308"}),
    "negative": shape("a", {**BOX, "width": "-100"}),
    "empty": shape("a", {}),
    "words": shape("a", {**BOX, "x": "left"}),
    "no such element": shape("zzz"),
    "way to nowhere": shape("a") + edge("f", ("NaN", 1), (1e308, 2)),
    "one waypoint": shape("a") + edge("f", (1, 1)),
    "one point many times": shape("a") + edge("f", *[(5, 5)] * 50),
    "many waypoints": shape("a") + edge("f", *[(index % 7, index) for index in range(9_900)]),
    "drawn a thousand times": shape("a") * 1_000,
    "tiny": shape("a", {**BOX, "width": "1", "height": "1"}),
}


@pytest.mark.parametrize("drawn", HOSTILE.values(), ids=HOSTILE)
def test_hostile_places_give_a_picture_of_sane_size(drawn: str) -> None:
    flow = f'<sequenceFlow id="f" name="{"x" * 9_000}" sourceRef="a" targetRef="a"/>'
    steps = f'<task id="a" name="{"long " * 5_000}"/>{flow}'
    content = picture(file(steps, drawn), "p")
    svg = etree.fromstring(content)
    assert group(svg, "a") is not None
    assert len(content) < 300_000
    assert all(abs(float(part)) < 1_000_000 for part in svg.get("viewBox", "").split())
    assert not re.search(rb'"[^"]*\b(nan|inf|e\+)\b', content.split(b"</style>")[1])


def test_elements_that_hold_or_refer_to_each_other_in_circles_give_a_picture() -> None:
    content = file(
        '<subProcess id="s"><boundaryEvent id="b" attachedToRef="b"/><task id="t"/></subProcess>'
        '<boundaryEvent id="c" attachedToRef="d"/><boundaryEvent id="d" attachedToRef="c"/>'
        '<sequenceFlow id="f" sourceRef="f" targetRef="f"/><sequenceFlow id="g" sourceRef="s" targetRef="s"/>'
    )
    assert group(draw(content), "s") is not None


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not-xml"),
        (b"<a", "not-xml"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a/>', "doctype"),
        (b"<a/>", "no-process"),
        (file("").replace(b'"p"', b'"q"'), "no-process"),
    ],
)
def test_what_is_no_process_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Undrawable) as refused:
        picture(content, "p")
    assert refused.value.finding.code == code


@pytest.mark.parametrize("path", sorted(ROOT.glob("processes/*/*/*.bpmn")), ids=lambda path: path.parent.name)
def test_shipped_processes_are_drawn_whole(path: Path) -> None:
    content = path.read_bytes()
    svg = etree.fromstring(picture(content, path.parent.name, language="fa"))
    drawn = {part.get("data-element") for part in svg.findall(f"{SVG}g")}
    assert (
        set(re.findall(r'<bpmndi:BPMN(?:Shape|Edge)[^>]* bpmnElement="([^"]+)"', content.decode())) == drawn
    )
