"""The modeler's panel: a designer says what a process does without writing XML."""

import re
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from playwright.sync_api import Locator, Page, expect

from tests.browser.visits import Check, Language, Shot, Visits
from web.texts import TEXTS

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
OURS = "{https://parvandeh.org/bpmn}"
FORM = '{"type": "object", "properties": {"area": {"type": "integer", "title": "مساحت | Area"}}}'
DRAWN = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="x"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
  <bpmn:process id="house" name="خانه | House" isExecutable="true">
    <bpmn:startEvent id="applied" name="درخواست | Application" camunda:formKey="form.json"/>
    <bpmn:scriptTask id="set_fee" name="هزینه | Fee"/>
    <bpmn:exclusiveGateway id="large"/>
    <bpmn:userTask id="review" name="بررسی | Review" camunda:dueDate="${deadline}"/>
    <bpmn:callActivity id="collect" name="دریافت | Collect"/>
    <bpmn:intermediateCatchEvent id="pause"><bpmn:timerEventDefinition/></bpmn:intermediateCatchEvent>
    <bpmn:intermediateCatchEvent id="paid"><bpmn:messageEventDefinition/></bpmn:intermediateCatchEvent>
    <bpmn:serviceTask id="ask" name="پرسش | Ask"/>
    <bpmn:endEvent id="done"/>
    <bpmn:sequenceFlow id="f1" sourceRef="applied" targetRef="set_fee"/>
    <bpmn:sequenceFlow id="f2" sourceRef="set_fee" targetRef="large"/>
    <bpmn:sequenceFlow id="big" sourceRef="large" targetRef="review"/>
    <bpmn:sequenceFlow id="small" sourceRef="large" targetRef="done"/>
    <bpmn:sequenceFlow id="f3" sourceRef="review" targetRef="collect"/>
    <bpmn:sequenceFlow id="f4" sourceRef="collect" targetRef="pause"/>
    <bpmn:sequenceFlow id="f5" sourceRef="pause" targetRef="paid"/>
    <bpmn:sequenceFlow id="f6" sourceRef="paid" targetRef="ask"/>
    <bpmn:sequenceFlow id="f7" sourceRef="ask" targetRef="done"/>
  </bpmn:process>
</bpmn:definitions>"""


class Panel:
    """The panel of a page, found as people find things there: by the names of sections and fields."""

    def __init__(self, page: Page, language: Language) -> None:
        self.page, self._language = page, language
        self.place = page.locator("#properties")

    def say(self, key: str, **values: str) -> str:
        """What the panel says, in its language."""
        told = TEXTS.texts[key if key.startswith("designer.") else f"panel.{key}"][self._language]
        assert isinstance(told, str)
        return told.format(**values)

    def select(self, element: str) -> None:
        """Have the panel show an element of the diagram."""
        canvas = self.page.locator("[data-modeler]")
        box = canvas.bounding_box()
        assert box
        canvas.click(position={"x": box["width"] - 20, "y": box["height"] - 90})
        self.page.locator(f"g.djs-element[data-element-id={element}] .djs-hit").first.click()
        self.section("more")
        expect(self.field("id.name")).to_have_value(element)

    def section(self, name: str) -> None:
        """Open a section."""
        begins = re.compile(f"^{self.say(f'section.{name}')}")  # what it says of its content comes after it
        button = self.place.get_by_role("button", name=begins)
        if button.get_attribute("aria-expanded") == "false":
            button.click()

    def field(self, key: str, **values: str) -> Locator:
        """A field by its name."""
        return self.place.get_by_label(self.say(key, **values), exact=True)

    def save(self) -> None:
        """By the keyboard."""
        self.page.keyboard.press("Control+s")
        expect(self.page.locator("#saved")).to_have_text(self.say("designer.draw.saved"))


def open_(page: Page, language: Language, folder: Path, drawn: str = DRAWN) -> Panel:
    """A draft with a diagram, opened in the modeler."""
    (folder / "house.bpmn").write_text(drawn)
    (folder / "form.json").write_text(FORM)
    page.goto("/designer/drafts/new")
    page.locator("#upload-unit").select_option("root")
    page.locator("#files").set_input_files([folder / "house.bpmn", folder / "form.json"])
    page.locator("form[data-drop] button").first.click()
    page.wait_for_url("**/designer/drafts/*-*-*")
    page.goto(f"{page.url}/draw?file=house.bpmn")
    expect(page.locator("[data-modeler][data-shown]")).to_be_visible()
    return Panel(page, language)


def stored(page: Page) -> Any:
    """The elements of the file as it is saved, by their ids."""
    address = page.url.replace("/draw?file=", "/file?name=")
    root = etree.fromstring(page.context.request.get(address).body())
    return {element.get("id"): element for element in root.iter(etree.Element) if element.get("id")}


def names_are_suggested(panel: Panel) -> None:
    """Which a condition can read, by keyboard alone."""
    panel.select("large")
    condition = panel.field(
        "conditionTo.name",
        flow=panel.page.evaluate("document.documentElement.lang === 'en' ? 'Review' : 'بررسی'"),
    )
    condition.fill("feee > 0")
    wrong = panel.place.locator("[data-entry=conditionExpression] .finding-here")
    expect(wrong.first).to_contain_text("feee")
    condition.fill("")
    expect(wrong.filter(has_text="feee")).to_have_count(0)
    panel.page.keyboard.type("fe")
    expect(panel.place.locator("[role=listbox] [role=option]")).to_have_count(1)
    panel.page.keyboard.press("ArrowDown")
    panel.page.keyboard.press("Enter")
    panel.page.keyboard.type(" > 0")
    expect(condition).to_have_value("fee > 0")
    panel.field("default.name").select_option("small")


def a_script_is_judged_where_it_is_typed(panel: Panel) -> None:
    panel.select("set_fee")
    script = panel.field("script.name")
    script.fill("fee = 1000 *")
    expect(panel.place.locator("[data-entry=script] .is-error")).to_be_visible()
    expect(script).to_have_attribute("aria-invalid", "true")
    panel.save()  # a draft may have errors
    script.fill("fee = 1000 * area\nmembers = ['law', 'tax']")
    expect(panel.place.locator("[data-entry=script] .is-error")).to_have_count(0)


def another_engines_attribute_is_translated(panel: Panel) -> None:
    """Or removed: either can be undone."""
    panel.select("review")
    offered = panel.place.get_by_role("button", name=panel.say("foreign.remove", name="camunda:dueDate"))
    offered.click()
    expect(offered).to_have_count(0)
    panel.page.locator("[data-tool=undo]").click()
    expect(offered).to_have_count(1)
    due = panel.say("due.name")
    panel.place.get_by_role("button", name=panel.say("foreign.translate", name=due)).click()
    panel.section("time")
    expect(panel.field("due.name")).to_have_value("${deadline}")


def a_task_is_given_to_somebody_and_repeated(panel: Panel) -> None:
    panel.select("review")
    panel.section("repeat")
    panel.field("repeat.name").select_option("parallel")
    panel.field("loopDataInputRef.name").fill("members")
    panel.field("inputDataItem.name").fill("member")
    panel.field("name.name-en").fill("Opinion")
    panel.section("people")
    panel.field("role.name").fill("reviewer")


def a_call_is_filled_in(panel: Panel) -> None:
    panel.select("collect")
    panel.field("calledElement.name").select_option("collect-fee")
    inputs = panel.place.locator("[data-entry='parvandeh:inputs']")
    for row, (name, value) in enumerate([("fee_rials", "fee"), ("fee_reference", "'H-1'")]):
        inputs.get_by_role("button", name=panel.say("inputs.add")).click()
        inputs.get_by_placeholder(panel.say("inputs.left")).nth(row).fill(name)
        inputs.get_by_placeholder(panel.say("inputs.right")).nth(row).fill(value)


def events_are_filled_in(panel: Panel) -> None:
    panel.select("pause")
    panel.field("timer.name").select_option("timeDate")
    panel.field("timeDate.name").fill("2030-03-21")
    panel.field("timer.name").select_option("timeDuration")
    panel.field("timeDuration.name").fill("P30D")
    expect(panel.field("awaited.name")).to_have_count(0)
    panel.select("paid")
    panel.field("awaited.name").fill("applicant")
    panel.field("messageRef.name").fill("house.paid")
    panel.save()  # right after typing, while the field still has the focus
    panel.select("ask")
    expect(panel.place.locator("[data-section=people], [data-section=form]")).to_have_count(0)
    panel.field("awaited.name").fill("treasury")
    panel.field("connector.name").select_option("payments")
    panel.field("operation.name").select_option("bill")
    panel.place.locator("#entry-request-amount_rials").fill("fee")


def steps_are_stored(file: Any) -> None:
    assert file["big"].findtext(f"{BPMN}conditionExpression") == "fee > 0"
    assert file["large"].get("default") == "small"
    assert file["set_fee"].findtext(f"{BPMN}script") == "fee = 1000 * area\nmembers = ['law', 'tax']"
    assert file["set_fee"].get("scriptFormat") == "python"
    marker = file["review"].find(f"{BPMN}multiInstanceLoopCharacteristics")
    assert marker.findtext(f"{BPMN}loopDataInputRef") == "members"
    assert marker.find(f"{BPMN}inputDataItem").get("id") == "member"
    assert file["review"].get("name") == "نظر | Opinion"
    assert file["review"].get(f"{OURS}role") == "reviewer"
    assert file["review"].get(f"{OURS}due") == "${deadline}"
    assert not [name for name in file["review"].attrib if "dueDate" in name]


def events_and_calls_are_stored(file: Any) -> None:
    assert file["collect"].get("calledElement") == "collect-fee"
    assert file["collect"].get(f"{OURS}inputs") == "{'fee_rials': fee, 'fee_reference': 'H-1'}"
    timer = file["pause"].find(f"{BPMN}timerEventDefinition")
    assert [(each.tag, each.text) for each in timer] == [(f"{BPMN}timeDuration", "P30D")]
    message = file["paid"].find(f"{BPMN}messageEventDefinition").get("messageRef")
    assert file[message].get("name") == "house.paid"
    assert [file[name].get(f"{OURS}party") for name in ("paid", "ask")] == ["applicant", "treasury"]
    assert file["ask"].get(f"{OURS}request") == "{'amount_rials': fee}"


@pytest.mark.parametrize("language", ["fa", "en"])
def test_what_a_process_does_is_said_in_the_panel_and_stored(
    visit: Visits, check: Check, shot: Shot, tmp_path: Path, language: Language
) -> None:
    page = visit(language, account="designer")
    panel = open_(page, language, tmp_path)
    a_script_is_judged_where_it_is_typed(panel)
    names_are_suggested(panel)
    check(page)
    another_engines_attribute_is_translated(panel)
    a_task_is_given_to_somebody_and_repeated(panel)
    check(page)
    shot(page, "panel")
    a_call_is_filled_in(panel)
    check(page)
    events_are_filled_in(panel)
    panel.save()
    page.reload()
    expect(page.locator("[data-modeler][data-shown]")).to_be_visible()
    assert "parvandeh:" not in panel.place.inner_text()
    panel.select("review")
    panel.section("repeat")
    expect(panel.field("loopDataInputRef.name")).to_have_value("members")
    panel.field("name.name-fa").fill("نظر")
    panel.save()
    file = stored(page)
    steps_are_stored(file)
    events_and_calls_are_stored(file)


TWICE = DRAWN.replace(
    '<bpmn:callActivity id="collect" name="دریافت | Collect"/>',
    """<bpmn:userTask id="second"><bpmn:multiInstanceLoopCharacteristics>
      <bpmn:loopDataInputRef>members</bpmn:loopDataInputRef>
      <bpmn:inputDataItem id="member"/></bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>
    <bpmn:userTask id="collect"><bpmn:multiInstanceLoopCharacteristics isSequential="true">
      <bpmn:loopDataInputRef>members</bpmn:loopDataInputRef><bpmn:inputDataItem id="member"/>
      <bpmn:completionCondition>loopCounter > 2</bpmn:completionCondition>
      </bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>
    <bpmn:sequenceFlow id="f9" sourceRef="second" targetRef="collect"/>""",
)


def markers(file: Any, *elements: str) -> list[list[tuple[str, str | None, str | None]]]:
    """What the multi-instance markers of elements hold: names, texts and ids."""
    found = (file[name].find(f"{BPMN}multiInstanceLoopCharacteristics") for name in elements)
    return [
        [(child.tag.removeprefix(BPMN), (child.text or "").strip() or None, child.get("id")) for child in one]
        for one in found
    ]


def ends(file: Any) -> list[Any]:
    """The end events of a file."""
    return [element for element in file.values() if element.tag == f"{BPMN}endEvent"]


def test_a_label_is_one_language_and_what_is_being_typed_is_saved(
    visit: Visits, check: Check, shot: Shot, tmp_path: Path
) -> None:
    page = visit("en", "phone", account="designer")
    panel = open_(page, "en", tmp_path, TWICE)
    label = page.locator("g.djs-element[data-element-id=set_fee] .djs-label")
    expect(label).to_have_text("Fee")
    page.locator("g.djs-element[data-element-id=set_fee] .djs-hit").first.dblclick()
    page.keyboard.press("Control+A")
    page.keyboard.type("Charge")
    panel.save()  # while the label is still being edited
    expect(label).to_have_text("Charge")
    file = stored(page)
    assert file["set_fee"].get("name") == "هزینه | Charge"
    item: tuple[str, str | None, str | None] = ("inputDataItem", None, "member")
    list_: tuple[str, str | None, str | None] = ("loopDataInputRef", "members", None)
    second, third = markers(file, "second", "collect")
    assert second == [list_, item]
    assert [(name, text) for name, text, _ in third] == [
        ("loopDataInputRef", "members"),
        ("inputDataItem", None),
        ("completionCondition", "loopCounter > 2"),
    ]
    assert "open-in-the-modeler" not in etree.tostring(file["house"].getroottree()).decode()
    page.locator("g.djs-element[data-element-id=set_fee] .djs-hit").first.click()
    page.locator('.djs-context-pad [data-action="append.end-event"]').click()
    panel.save()  # the new event's label is being edited
    assert len(ends(stored(page))) == len(ends(file)) + 1
    page.locator("g.djs-element[data-element-id=set_fee] .djs-hit").first.click()
    expect(page.locator("#saved")).to_have_text(panel.say("designer.draw.saved"))
    panel.field("name.name-fa").fill("بها")
    check(page)
    shot(page, "panel")
    panel.save()
    assert stored(page)["set_fee"].get("name") == "بها | Charge"


def test_no_click_is_lost_and_no_mark_remains(visit: Visits, tmp_path: Path) -> None:
    page = visit("en", account="designer")
    panel = open_(page, "en", tmp_path)
    panel.select("collect")
    inputs = panel.place.locator("[data-entry='parvandeh:inputs']")
    add, values = (
        inputs.get_by_role("button", name=panel.say("inputs.add")),
        inputs.get_by_placeholder(panel.say("inputs.right")),
    )
    add.click()
    expect(inputs.locator(".finding-here")).to_have_count(0)  # an empty row is no fault
    values.fill("are")
    expect(inputs.locator("[role=listbox]")).to_be_visible()
    add.click()  # it moves when the list closes
    expect(values).to_have_count(2)
    panel.select("ask")
    expect(page.locator("g.djs-element[data-element-id=ask].has-warning")).to_have_count(1)
    panel.field("id.name").fill("ask_registry")
    panel.field("id.name").press("Tab")
    panel.field("connector.name").select_option("payments")
    panel.field("operation.name").select_option("bill")
    expect(page.locator("g.djs-element[data-element-id=ask_registry].has-warning")).to_have_count(0)
    for _ in range(2):
        page.locator("[data-tool=out]").click()
    page.locator("g.djs-element[data-element-id=set_fee] .djs-hit").first.click()
    page.locator('.djs-context-pad [data-action="append.end-event"]').click()
    page.locator('.djs-context-pad [data-action="replace"]').click()  # the new event's label is being edited
    expect(page.locator(".djs-popup")).to_be_visible()


def test_the_field_of_a_decision_is_suggested(visit: Visits, tmp_path: Path) -> None:
    form = '<bpmn:userTask id="review" camunda:formKey="form.json" '
    page = visit("en", account="designer")
    panel = open_(page, "en", tmp_path, DRAWN.replace('<bpmn:userTask id="review" ', form))
    panel.select("review")
    panel.section("form")
    panel.field("decision.name").press("Control+Space")
    expect(panel.place.locator("[role=option]").first).to_contain_text("area")
