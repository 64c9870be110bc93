"""What the modeler asks the server while somebody draws: choices, names and findings."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from engine.bpmn.notation.source import MAX_FILE
from engine.platform.db import Actor, Database
from tests import bpmn, factories, organisation
from tests.web.conftest import Browser, statements
from tests.web.test_designer_pages import FILES, Open, checked, designer, do, made, send

__all__ = ["designer", "do"]

Do = Callable[..., Any]
PERMIT = "process.bpmn"


def looked(browser: Browser, path: str, xml: bytes, file: str = PERMIT, **form: Any) -> Mapping[str, Any]:
    given = send(browser, f"{path}/look", xml=xml.decode(), file=file, **form)
    assert given.status_code == 200
    found: Mapping[str, Any] = given.get_json()
    return found


def test_choices_are_what_the_draft_and_the_installation_have(
    database: Database, designer: Browser, do: Do
) -> None:
    factories.deploy_shipped(database, "food-shop-licence")
    path = made(do, factories.shipped("address-change"))
    with statements(database) as told:
        found = designer.get(f"{path}/choices")
    assert len([text for text in told if not text.startswith(("BEGIN", "COMMIT"))]) <= 12
    chosen = {name: {one["value"]: one for one in values} for name, values in found.get_json().items()}
    assert chosen["roles"]["applicant"]["label"] == "applicant"
    assert "root" in chosen["units"]
    assert chosen["forms"]["application.json"]["label"].endswith("(\u2068application.json\u2069)")
    (verify,) = (one for one in chosen["connectors"]["civil-registry"]["operations"])
    assert verify["parameters"][0] == {"name": "national_id", "type": "string", "required": True, "help": ""}
    assert verify["result"] == [{"name": "result", "type": "string"}]
    assert "shop_name" in chosen["processes"]["food-shop-licence"]["inputs"]
    assert "licence" in chosen["processes"]["food-shop-licence"]["outputs"]
    assert "address-change" in chosen["processes"]
    assert "payment.confirmed" in chosen["messages"]


def test_a_look_names_what_can_be_read_and_stores_nothing(designer: Browser, do: Do) -> None:
    content = factories.shipped("address-change")
    path = made(do, content)
    drawn = content[PERMIT].replace(b"</bpmn:process>", b'<bpmn:task id="lost"/></bpmn:process>')
    found = looked(designer, path, drawn)
    assert found["complete"] is True
    assert {"lost"} <= {one["element"] for one in found["findings"]}
    last = {one["name"]: one for one in found["names"]["updated"]}
    assert last["national_id"]["type"] == "string"
    assert last["national_id"]["label"]
    assert last["national_id"]["from"].startswith("Form of")
    assert looked(designer, path, drawn, element="updated")["names"] == {"updated": [*last.values()]}
    assert send(designer, f"{path}/draw?file={PERMIT}", xml="<x/>", revision="1").json == {"revision": 2}


def test_a_look_is_for_designers_of_the_unit_and_refuses_what_a_draft_refuses(
    database: Database, designer: Browser, session_of: Open, actor: Callable[..., Actor], do: Do
) -> None:
    path = made(do)
    factories.an_agency(database, "elsewhere")
    stranger = session_of(organisation.a_member(database, "stranger", "elsewhere", "designer", "designer"))
    clerk = session_of(actor("caseworker"))
    for browser, status in ((stranger, 404), (clerk, 403)):
        assert browser.get(f"{path}/choices").status_code == status
        assert send(browser, f"{path}/look", xml="<a/>", file="p.bpmn").status_code == status
    assert send(designer, f"{path}/look", xml="<a/>", file="other.bpmn").status_code == 404
    huge = "<a>" + "x" * MAX_FILE + "</a>"
    assert send(designer, f"{path}/look", xml=huge, file="p.bpmn").status_code == 422
    (unread,) = looked(designer, path, b"<bpmn:definitions", "p.bpmn")["findings"]
    assert (unread["code"], unread["severity"], unread["element"]) == ("not-xml", "error", None)


def test_what_the_installation_lacks_is_found_also_where_something_else_is_wrong(
    designer: Browser, do: Do
) -> None:
    ask = bpmn.node("serviceTask", "c", parvandeh__connector="no-such")
    other = bpmn.node("serviceTask", "o", parvandeh__connector="civil-registry", parvandeh__operation="x")
    task = bpmn.node("userTask", "t", parvandeh__role="astronaut", parvandeh__unit="moon")
    call = bpmn.node("callActivity", "k", calledElement="nowhere")
    found = looked(designer, made(do), bpmn.line(ask, other, task, call), "p.bpmn")["findings"]
    told = {(one["element"], one["attribute"]): one["sentence"] for one in found}
    assert "no-such" in told["c", "parvandeh:connector"]
    assert "civil-registry" in told["o", "parvandeh:operation"]
    assert "moon" in told["t", "parvandeh:unit"]
    assert "nowhere" in told["k", "calledElement"]


HALF_WRITTEN: tuple[tuple[bytes | str, set[str]], ...] = (
    (bpmn.script("s", "total = (1 +"), set()),
    (bpmn.script("s", "total = 1"), {"total"}),
    (bpmn.node("userTask", "s", parvandeh__outputs="{'a': "), set()),
    (bpmn.node("userTask", "s", parvandeh__outputs="={a: 1"), set()),
    (bpmn.node("userTask", "s", parvandeh__outputs="${"), set()),
    (bpmn.node("userTask", "s", camunda__formKey="odd.json"), set()),
    (bpmn.node("businessRuleTask", "s", parvandeh__resultVariable="route"), {"route"}),
    (bpmn.node("userTask", "s", bpmn.many("<bpmn:loopCardinality>((</bpmn:loopCardinality>")), set()),
)


@pytest.mark.parametrize(("element", "known"), HALF_WRITTEN)
def test_names_are_read_where_something_is_half_written(
    designer: Browser, do: Do, element: str, known: set[str]
) -> None:
    path = made(do, {**FILES, "odd.json": b'{"type": "object", "properties": {"x": {"type": 5}}}'})
    found = looked(designer, path, bpmn.line(element, "task t"), "p.bpmn")
    names = {one["name"] for one in found["names"]["t"]}
    assert names - {"x"} == known
    assert found["findings"]


FOREIGN = bpmn.process(
    *bpmn.in_line(
        bpmn.node("userTask", "t", camunda__dueDate="${due}", camunda__priority="${a.b()}", name="x &gt; y"),
        bpmn.node("task", "m", bpmn.extension('<camunda:taskListener class="a" event="create"/>')),
    )
)


def test_a_look_names_what_another_engine_has_written_and_what_says_the_same(
    designer: Browser, do: Do
) -> None:
    found = looked(designer, made(do), FOREIGN, "p.bpmn")["findings"]
    foreign = {one["foreign"]["name"]: one for one in found if "foreign" in one}
    assert foreign["camunda:dueDate"]["foreign"] == {
        "name": "camunda:dueDate",
        "value": "${due}",
        "removable": True,
        "translation": {"parvandeh:due": "${due}"},
    }
    assert foreign["camunda:priority"]["attribute"] == "camunda:priority"
    assert "camunda:priority" in foreign["camunda:priority"]["sentence"]
    assert foreign["camunda:priority"]["foreign"]["translation"] is None
    assert foreign["camunda:taskListener"]["element"] == "m"


def test_what_another_engine_has_written_is_removed_or_translated_beside_its_finding(
    designer: Browser, do: Do
) -> None:
    path = made(do, {"p.bpmn": FOREIGN})
    checked(do, path)
    page = designer.get(path).text
    assert "Replace with" in page
    assert page.count('name="do" value="remove"') == 3
    place: dict[str, Any] = {"file": "p.bpmn", "element": "t", "attribute": "camunda:dueDate"}
    given = send(designer, f"{path}/foreign", **place, do="translate", revision="1")
    assert given.status_code == 303
    late = send(designer, f"{path}/foreign", **place, do="remove", revision="1")
    assert late.status_code == 409
    again = send(designer, f"{path}/foreign", **place, do="remove", revision="2")
    assert again.status_code == 422
    assert "no longer contains this" in again.text
    other = {**place, "element": "m", "attribute": "camunda:taskListener"}
    assert send(designer, f"{path}/foreign", **other, do="remove", revision="2").status_code == 303
    now = designer.get(f"{path}/file?name=p.bpmn").text
    assert 'camunda:priority="${a.b()}" name="x &gt; y" parvandeh:due="${due}">' in now
    assert "dueDate" not in now
    assert "extensionElements" not in now
    nowhere: dict[str, Any] = {"file": "p.bpmn", "element": "", "attribute": "isExecutable"}
    assert send(designer, f"{path}/foreign", **nowhere, do="remove", revision="3").status_code == 422


@pytest.mark.parametrize("wrong", ["x = (", "x = open('y')", "import os", ""])
def test_an_unknown_name_is_found_also_where_something_else_is_wrong(
    designer: Browser, do: Do, wrong: str
) -> None:
    drawn = bpmn.process(
        bpmn.node("startEvent", "s", bpmn.extension("<camunda:formData>" + FLOORS + "</camunda:formData>")),
        bpmn.script("x", wrong),
        bpmn.node("exclusiveGateway", "g", default="g-e"),
        bpmn.node("task", "t"),
        bpmn.node("endEvent", "e"),
        *(bpmn.flow(*ends) for ends in (("s", "x"), ("x", "g"), ("g", "e"), ("t", "e"))),
        bpmn.flow("g", "t", "flors &gt; 3"),
    )
    found = looked(designer, made(do), drawn, "p.bpmn")["findings"]
    assert {one["element"] for one in found if one["severity"] == "error"} >= {"x"}
    (unknown,) = (one for one in found if one["code"] == "unknown-variable")
    assert (unknown["element"], unknown["attribute"]) == ("g-t", "conditionExpression")
    assert "flors" in unknown["sentence"]
    assert "floors" in unknown["fix"]


FLOORS = '<camunda:formField id="floors" type="long" label="Floors"/>'
