"""A building permit is drawn from an empty canvas without touching text, applied for, decided and appealed.

Everything is done by the palette, the context pad and the panel of the modeler, as a designer does it.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from demo.installation import Installation, Json
from engine.platform.config import ROOT
from tests import filed, waiting
from tests.browser.test_panel import Panel
from tests.browser.visits import Check, Language, Shot, Visits, Width

PARCEL = "11006202"
REFUSAL = {"code": "zoning_rules", "text": "The building exceeds the permitted density."}
DEED = {"owners": [{"national_id": "0000004091", "name": "Sara"}], "heritage_zone": False}
APPLICATION = {"national_id": "0000004091", "parcel": PARCEL, "floor_area_m2": "140"}
PAID = re.compile("paid on|پرداخت شد")
EMPTY = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" id="file" targetNamespace="https://parvandeh.org/processes">
  <bpmn:process id="KEY" isExecutable="true"/>
  <bpmndi:BPMNDiagram id="diagram"><bpmndi:BPMNPlane id="plane" bpmnElement="KEY"/></bpmndi:BPMNDiagram>
</bpmn:definitions>"""
GROUND = {
    "type": "object",
    "title": "دلیل | Ground",
    "properties": {
        "code": {"type": "string", "title": "عنوان | Title", "enum": ["zoning_rules"]},
        "text": {"type": "string", "title": "شرح | Reasons", "minLength": 10},
    },
    "required": ["code", "text"],
}
FORMS: Mapping[str, Mapping[str, object]] = {
    "application.json": {
        "national_id": {"type": "string", "format": "national-id", "title": "کد ملی | National ID"},
        "parcel": {"type": "string", "format": "digits", "minLength": 6, "title": "پلاک | Parcel"},
        "building_use": {"type": "string", "enum": ["residential", "public"], "title": "کاربری | Use"},
        "floor_area_m2": {"type": "integer", "minimum": 10, "title": "زیربنا | Floor area"},
        "plans": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "format": "document"},
            "title": "نقشه‌ها | Plans",
        },
    },
    "review.json": {
        "opinion": {"type": "string", "enum": ["no_objection", "veto"], "title": "نظر | Opinion"},
    },
    "decision.json": {
        "decision": {"type": "string", "enum": ["granted", "refused"], "title": "تصمیم | Decision"},
        "ground": GROUND,
    },
}


def files(folder: Path, key: str) -> list[Path]:
    """The other files of a designer: forms and a decision table; and an empty diagram."""
    for name, fields in FORMS.items():
        required = [field for field in fields if field != "ground"]
        form = {"type": "object", "title": "فرم | Form", "properties": fields, "required": required}
        (folder / name).write_text(json.dumps(form))
    table = ROOT / "processes/municipality/building-permit/fee-and-term.dmn"
    (folder / table.name).write_bytes(table.read_bytes())
    (folder / "permit.bpmn").write_text(EMPTY.replace("KEY", key))
    return sorted(folder.iterdir())


class Drawing:
    """The modeler of a page, in the hands of a designer."""

    def __init__(self, page: Page, language: Language, key: str) -> None:
        self.page, self.panel, self.key = page, Panel(page, language), key
        self.pad = page.locator(".djs-context-pad")
        self._language = language

    def name(self, both: str) -> str:
        """The half of a name that this reader sees."""
        return both.split(" | ")[("fa", "en").index(self._language)]

    def begin(self, element: str, names: str) -> None:
        """The first element, from the palette."""
        self.page.locator('.djs-palette [data-action="create.start-event"]').click()
        box = self.page.locator("[data-modeler]").bounding_box()
        assert box
        self.page.mouse.move(box["x"] + 160, box["y"] + 160)
        self.page.mouse.click(box["x"] + 160, box["y"] + 160)
        self.call(element, names)

    def append(self, action: str, element: str, names: str, become: str | None = None) -> None:
        """Another element behind the one that is selected."""
        self.pad.locator(f'[data-action="append.{action}"]').click()
        self.page.keyboard.press("Escape")
        if become is not None:
            self.become(f"replace-with-{become}")
        self.call(element, names)

    def become(self, choice: str) -> None:
        """Change what is selected to another kind."""
        self.pad.locator('[data-action="replace"]').click()
        self.page.locator(f'.djs-popup [data-id="{choice}"]').click()

    def call(self, element: str, names: str) -> None:
        """Give the element that is selected its ID and its names."""
        self.panel.section("more")
        self.panel.field("id.name").fill(element)
        self.panel.field("id.name").press("Tab")
        expect(self.page.locator(f'g.djs-element[data-element-id="{element}"]')).to_have_count(1)
        self.panel.section("general")
        for language, name in zip(("fa", "en"), names.split(" | "), strict=True):
            self.panel.field(f"name.name-{language}").fill(name)

    def select(self, element: str) -> None:
        """By a click on it."""
        self.page.locator('[data-tool="fit"]').click()
        self.panel.select(element)

    def connect(self, source: str, target: str) -> None:
        """A flow from one to another."""
        self.select(source)
        self.pad.locator('[data-action="connect"]').click()
        self.page.locator(f"g.djs-element[data-element-id={target}] .djs-hit").first.click()

    def rows(self, attribute: str, word: str, values: Mapping[str, str]) -> None:
        """Fill in a mapping."""
        place = self.panel.place.locator(f"[data-entry='parvandeh:{attribute}']")
        for row, (name, value) in enumerate(values.items()):
            place.get_by_role("button", name=self.panel.say(f"{word}.add")).click()
            place.get_by_placeholder(self.panel.say(f"{word}.left")).nth(row).fill(name)
            place.get_by_placeholder(self.panel.say(f"{word}.right")).nth(row).fill(value)

    def choose(self, section: str, **values: str) -> None:
        """Choose from lists of a section."""
        self.panel.section(section)
        for word, value in values.items():
            field = self.panel.field(f"{word}.name")
            expect(field).to_have_js_property("tagName", "SELECT")  # once the choices are there
            field.select_option(value)

    def write(self, section: str, **values: str) -> None:
        """Fill in fields of a section."""
        self.panel.section(section)
        for word, value in values.items():
            self.panel.field(f"{word}.name").fill(value)


def opened(page: Page, language: Language, folder: Path, key: str) -> Drawing:
    """A draft with an empty canvas in the modeler."""
    page.goto("/designer/drafts/new")
    page.locator("#upload-unit").select_option("municipality")
    page.locator("#files").set_input_files(files(folder, key))
    page.locator("form[data-drop] button").first.click()
    page.wait_for_url("**/designer/drafts/*-*-*")
    page.goto(f"{page.url}/draw?file=permit.bpmn")
    expect(page.locator("[data-modeler][data-shown]")).to_be_visible()
    return Drawing(page, language, key)


def the_beginning(it: Drawing) -> None:
    """Start form, script, decision table, another system."""
    it.begin("applied", "درخواست | Application")
    it.choose("form", formKey="application.json")
    it.append("append-task", "prepare", "آماده‌سازی | Prepare", "script-task")
    it.write("script", script="disciplines = ['architecture', 'structure']")
    it.append("append-task", "find_fee", "عوارض | Fee", "rule-task")
    it.choose("rule", decisionRef="fee_and_term")
    it.append("append-task", "ask_deed", "استعلام سند | Deed", "service-task")
    it.choose("system", connector="deeds-registry", operation="deed")
    for name in ("parcel", "national_id"):
        it.panel.place.locator(f"#entry-request-{name}").fill(name)
    it.write("system", result="deed")


def the_examination(it: Drawing) -> None:
    """A sub-process with a task for each discipline, and a wait for a message or a time."""
    it.append("append-task", "examine", "بررسی | Examination", "expanded-subprocess")
    begin = it.page.locator('g.djs-element[data-element-id^="Event_"]').first.get_attribute("data-element-id")
    assert begin
    it.page.locator(f"g.djs-element[data-element-id={begin}] .djs-hit").first.click()
    it.call("examined_from", "آغاز | Begin")
    it.append("append-task", "review", "نظر کارشناس | Review", "user-task")
    it.choose("form", formKey="review.json")
    it.write("people", role="plan-checker")
    it.panel.section("repeat")
    it.panel.field("repeat.name").select_option("parallel")
    it.write("repeat", loopDataInputRef="disciplines", inputDataItem="discipline")
    it.write("repeat", loopDataOutputRef="opinions", outputDataItem="opinion")
    it.write("repeat", completionCondition='"veto" in opinions')
    it.write("time", due="P10D")
    it.append("end-event", "reviewed", "پایان | Reviewed")


def the_wait(it: Drawing) -> None:
    """What comes first: the opinion of the gas company, or two weeks."""
    it.page.locator('[data-tool="fit"]').click()
    # By its title: in its middle are its steps.
    it.page.locator("g.djs-element[data-element-id=examine] .djs-hit-all").last.click()
    expect(it.panel.field("id.name")).to_have_value("examine")
    it.append("gateway", "first", "پاسخ یا سکوت | Reply or silence", "event-based-gateway")
    it.append("message-intermediate-event", "reply", "پاسخ گاز | Gas replies")
    it.write("event", messageRef="utility.opinion", result="answer")
    it.rows("correlation", "correlation", {"parcel": "parcel"})
    it.append("append-task", "decide", "تصمیم | Decide", "user-task")
    it.choose("form", formKey="decision.json")
    it.write("form", decision="decision")
    it.write("people", role="supervisor", sod="decision")
    it.write("time", due="P5D")
    it.select("first")
    it.append("timer-intermediate-event", "silence", "دو هفته | Two weeks")
    it.write("event", timeDuration="P14D")
    it.connect("silence", "decide")


def the_end(it: Drawing) -> None:
    """A choice, a call of another process, and what the case ends with."""
    it.select("decide")
    it.append("gateway", "decided", "صادر شود؟ | Granted?")
    it.append("append-task", "collect", "دریافت عوارض | Collect", "call-activity")
    it.choose("call", calledElement="collect-fee")
    it.rows("inputs", "inputs", {"fee_rials": "fee_rials", "fee_reference": "'عوارض | Fee'"})
    it.append("end-event", "granted", "صادر شد | Granted")
    it.write("event", outcome="granted")
    it.select("decided")
    it.append("end-event", "refused", "رد شد | Refused")
    it.write("event", outcome="refused")
    it.select("decided")
    it.panel.field("conditionTo.name", flow=it.name("دریافت عوارض | Collect")).fill('decision == "granted"')
    default = it.panel.field("default.name")
    default.select_option(label=default.locator("option", has_text=it.name("رد شد | Refused")).inner_text())


def the_process(it: Drawing) -> None:
    """Its names, what a case can end with, and how a decision is appealed."""
    it.page.locator('[data-tool="fit"]').click()
    canvas = it.page.locator("[data-modeler]")
    box = canvas.bounding_box()
    assert box
    canvas.click(position={"x": box["width"] - 20, "y": box["height"] - 90})
    it.panel.section("general")
    it.panel.field("processName.name-fa").fill("پروانهٔ کوچک")
    it.panel.field("processName.name-en").fill("Small permit")
    it.choose("case", appeal="objection")
    it.write("case", appealWithin="P20D")
    for row, (value, effect) in enumerate({"granted": "grants", "refused": "refuses"}.items()):
        it.panel.place.get_by_role("button", name=it.panel.say("outcomes.add")).click()
        it.panel.field("outcomes.value").nth(row).fill(value)
        it.panel.field("outcomes.effect").nth(row).select_option(effect)


def checked(it: Drawing) -> str:
    """Saved, and checked without an error; the address of the draft."""
    page = it.page
    it.panel.save()
    draft = page.url.partition("/draw")[0]
    page.goto(draft)
    expect(page.locator("#check")).to_have_count(0, timeout=60_000)
    expect(page.locator(".finding.is-error")).to_have_count(0)
    expect(page.locator('form[action$="/deploy"]')).to_have_count(0)  # nobody has tried it
    return draft


def tried(page: Page, check: Check, shot: Shot) -> None:
    """A test run to a refusal, which becomes a scenario by one click."""
    page.locator('main a[href$="/try"]').first.click()
    page.locator("main form button.primary").click()
    fill(page, APPLICATION | {"plans": "plans.pdf"})
    act(page)
    page.locator("#panel a[href*='how=json']").click()
    page.locator("#json").fill(json.dumps(DEED))
    act(page)
    for _ in range(2):
        page.locator("[name='data/opinion'][value=no_objection]").check()
        act(page)
    choose(page, "message")
    act(page)
    page.locator("[name='data/decision'][value=refused]").check()
    page.locator("[name='data/ground/code'][value=zoning_rules]").check()
    fill(page, {"ground/text": REFUSAL["text"]})
    act(page)
    expect(page.locator(".clock .badge.good")).to_be_visible()
    check(page)
    shot(page, "building-permit-tried")
    page.locator('form[action$="/scenario"] button').click()


def fill(page: Page, values: Mapping[str, str]) -> None:
    """Type into a form."""
    for name, typed in {"building_use": "", **values}.items():
        field = page.locator(f"[name='data/{name}']")
        if name == "building_use":
            if field.count():
                field.and_(page.locator("[value=residential]")).check()
        else:
            field.first.fill(typed)


def choose(page: Page, do: str) -> None:
    """Another thing that can be done than the first one."""
    page.locator(f'#panel .doings a[href*="do={do}"]').click()


def act(page: Page) -> None:
    """Do what the panel of a test run shows."""
    with page.expect_navigation():
        page.locator("#panel form .primary").first.click()


def published(it: Drawing) -> None:
    """Made a version of, and put into the catalogue."""
    page = it.page
    expect(page.locator("#check")).to_have_count(0, timeout=60_000)
    page.locator('form[action$="/deploy"] button').click()
    page.wait_for_url(f"**/designer/{it.key}")
    page.get_by_role("button", name=it.panel.say("designer.catalogue.add")).click()


def work(installation: Installation, case: str, account: str, element: str, answer: object) -> None:
    """Somebody of the office does a task, once it is there."""

    def tasks() -> list[Json]:
        found = installation.look(account, f"/tasks?case={case}&status=open")["items"]
        return [task for task in found if task["element"] == element]

    waiting.until(lambda: bool(tasks()))
    task = tasks()[0]["id"]
    installation.expect(200, account, "POST", f"/tasks/{task}/claim", {})
    installation.expect(200, account, "POST", f"/tasks/{task}/complete", {"data": answer})


def applied(page: Page, key: str) -> str:
    """Somebody applies; the case."""
    page.goto(f"/services/{key}/apply")
    fill(page, APPLICATION)
    plans: FilePayload = {"name": "plans.pdf", "mimeType": "application/pdf", "buffer": filed.pdf()}
    page.locator("[data-field='/plans'] input[type=file]").set_input_files(plans)
    expect(page.locator("input[name='data/plans']")).to_have_count(1)
    while not page.url.endswith("/begun"):  # a step or two, and a last look
        page.locator("main form .primary").first.click()
    found = re.search(r"/my/cases/([\w-]+)", page.url)
    assert found
    return found[1]


def decided(installation: Installation, case: str, answer: Json) -> None:
    """The office has examined and decided, and the gas company has replied."""
    for _ in range(2):
        work(installation, case, "plan-checker", "review", {"opinion": "no_objection"})
    message = {
        "name": "utility.opinion",
        "id": f"gas {case}",
        "correlation": {"parcel": PARCEL},
        "data": {"opinion": "no_objection"},
    }
    installation.expect(200, "service", "POST", "/messages", message)
    work(installation, case, "district-head", "decide", answer)


def paid(page: Page, case: str) -> None:
    """The applicant follows the bill to the payment page, pays and comes back."""
    page.goto(f"/my/cases/{case}")
    page.locator("a[rel=noreferrer]").click()
    page.locator("[value=pay]").click()
    expect(page).to_have_url(re.compile(f"/my/cases/{case}$"))
    expect(page.locator("#bills + p")).to_contain_text(PAID)


@pytest.mark.parametrize(
    "people",
    [[("fa", "desktop"), ("en", "phone")], [("en", "desktop"), ("fa", "desktop")]],
    ids=["fa, then en on a phone", "en, then fa on a desktop"],
)
def test_a_permit_is_drawn_from_an_empty_canvas_and_decides_about_an_application(
    visit: Visits,
    check: Check,
    shot: Shot,
    installation: Installation,
    tmp_path: Path,
    people: list[tuple[Language, Width]],
) -> None:
    designer, applicant = people
    it = opened(visit(*designer, account="designer"), designer[0], tmp_path, f"small-permit-{designer[0]}")
    for part in (the_beginning, the_examination, the_wait, the_end, the_process):
        part(it)
    it.page.locator('[data-tool="fit"]').click()
    check(it.page)
    shot(it.page, "building-permit")
    draft = checked(it)
    tried(it.page, check, shot)
    it.page.goto(draft)
    published(it)
    mine = visit(*applicant, account="applicant")
    case = applied(mine, it.key)
    decided(installation, case, {"decision": "refused", "ground": REFUSAL})
    mine.goto(f"/my/cases/{case}")
    expect(mine.locator("#decision")).to_be_visible()
    expect(mine.locator("main")).to_contain_text(REFUSAL["text"])
    check(mine)
    shot(mine, "building-permit-refused")
    mine.locator('a[href$="/appeal"]').first.click()
    mine.locator("[name='data/reasons']").fill("The zoning plan of last year allows it.")
    mine.locator("main form .primary").first.click()
    expect(mine).to_have_url(re.compile("/begun$"))
    other = applied(mine, it.key)
    decided(installation, other, {"decision": "granted"})
    waiting.until(lambda: bool(installation.look("administrator", f"/cases/{other}")["bills"]))
    paid(mine, other)
    waiting.until(lambda: installation.look("administrator", f"/cases/{other}")["outcome"] == "granted")
