"""Why a decision by rules came to its result: on the timeline of a case, in its log, for whom it is."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest

from engine import cases, tasks
from engine.platform.db import Actor, Database
from tests import bpmn, factories
from tests.dmn_files import data, dmn, table
from tests.web.conftest import Browser
from tests.web.desk import Office, an_office

NOTHING: Mapping[str, Any] = MappingProxyType({})


VISIBLE: dict[str, Any] = {"x-visible-to": ["head"]}


def files(
    words: Mapping[str, str] = NOTHING, more: Mapping[str, Any] = NOTHING, **field: Any
) -> dict[str, bytes]:
    """A form, a decision that is asked for with some words, and a task."""
    body = [
        bpmn.node("startEvent", "start", camunda__formKey="start.json"),
        bpmn.node("businessRuleTask", "rule", parvandeh__decisionRef="route", name="مسیر | Route", **words),
        bpmn.node("userTask", "a"),
        bpmn.node("endEvent", "end"),
        *(bpmn.flow(*pair) for pair in (("start", "rule"), ("rule", "a"), ("a", "end"))),
    ]
    amount = {"type": "integer", "title": "مبلغ | Sum asked for", **field}
    start = factories.form(("amount",), amount=amount, **more)
    made = factories.files(bpmn.process(*body), start=start)
    return {**made, "rules.dmn": dmn(data("amount") + table())}


@pytest.fixture
def office(database: Database, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser]) -> Office:
    return an_office(database, actor, session_of)


def begun(office: Office, content: dict[str, bytes]) -> UUID:
    """A case of a process that takes the place of the office's."""
    factories.deploy(office.database, content)
    return UUID(str(office.do("mina", cases.start, "p", {"amount": 25}).id))


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        (
            "en",
            ("Rule 2 determined the result of “Route”.", "Sum asked for", "25", "2 (route-2)", "rules.dmn"),
        ),
        ("fa", ("«مسیر» بر پایهٔ قاعدهٔ ۲ تعیین شد.", "مبلغ", "۲۵", "قاعده‌های منطبق")),
    ],
)
def test_the_timeline_tells_why(office: Office, lang: str, words: tuple[str, ...]) -> None:
    case = begun(office, files())
    page = office["sara"].see(f"/cases/{case}", lang).text.replace("\u2068", "").replace("\u2069", "")
    for word in words:
        assert word in page, word


def test_the_timeline_tells_which_expression_is_null_because_of_a_fault(office: Office) -> None:
    rules = table(rules=(("-", '"desk"', "amount + null"),))
    case = begun(office, {**files(), "rules.dmn": dmn(data("amount") + rules)})
    for lang, words in (
        ("en", "An operand is null: “amount + null”, character 8"),
        ("fa", "یکی از دو طرف عملیات خالی است: «amount + null»، نویسهٔ ۸"),
    ):
        page = office["sara"].see(f"/cases/{case}", lang).text
        assert words in page.replace("\u2068", "").replace("\u2069", ""), lang


def test_what_a_form_keeps_from_a_role_is_kept_in_the_explanation(office: Office) -> None:
    case = begun(office, files(**VISIBLE))
    (event,) = [one for one in office.do("sara", cases.log, case) if one["kind"] == "decision.evaluated"]
    payload = event["payload"]
    assert payload["inputs"] == {}
    assert payload["tables"] == [
        {"table": "route-table", "policy": "U", "rules": [{"number": 2, "id": "route-2", "remark": ""}]}
    ]
    assert (payload["required"], payload["result"]) == ([], None)
    assert "25" not in str(payload).replace(payload["digest"], "")


def test_what_inputs_are_made_of_is_kept_with_them(office: Office) -> None:
    renamed = table(tested="paid")
    content = files({"parvandeh__inputs": "={paid: amount}"}, **VISIBLE)
    case = begun(office, {**content, "rules.dmn": dmn(data("paid") + renamed)})
    (event,) = [one for one in office.do("sara", cases.log, case) if one["kind"] == "decision.evaluated"]
    payload = event["payload"]
    assert (payload["inputs"], payload["data"], payload["result"]) == ({}, {}, None)
    assert "25" not in str(payload).replace(payload["digest"], "")


def test_result_that_a_form_keeps_from_a_role_is_kept_in_the_explanation(office: Office) -> None:
    found = {"type": "object", "x-visible-to": ["head"]}
    case = begun(office, files({"parvandeh__resultVariable": "found"}, {"found": found}))
    (event,) = [one for one in office.do("sara", cases.log, case) if one["kind"] == "decision.evaluated"]
    assert event["payload"]["inputs"] == {"amount": 25}
    assert event["payload"]["result"] is None
    assert "desk" not in str(event["payload"])


def deciding(name: str | None = None) -> dict[str, bytes]:
    """A decision, whose form has words for its outcomes, and an end that takes over its outcome."""
    words = [{"const": "refused", "title": "رد درخواست | Turned down"}]
    form = factories.form(decision={"type": "string", "oneOf": words, "title": "تصمیم | Decision"})
    ground = {"type": "object", "properties": {"code": {"type": "string"}, "text": {"type": "string"}}}
    form["properties"]["ground"] = {"title": "دلیل | Ground", **ground}
    task = bpmn.node("userTask", "decide", camunda__formKey="f.json", parvandeh__decision="decision")
    declared = bpmn.declared(refused="refuses")
    if name is not None:
        declared = declared.replace("/>", f' name="{name}"/>')
    drawn = bpmn.process(declared, *bpmn.in_line(task))
    return factories.files(drawn, f=form)


@pytest.mark.parametrize(
    ("lang", "words", "name"),
    [
        pytest.param("en", "Turned down", None, id="in English, as the form has it"),
        pytest.param("fa", "رد درخواست", None, id="in Persian, as the form has it"),
        pytest.param("en", "Rejected", "رد شد | Rejected", id="as the process declares it"),
    ],
)
def test_the_timeline_tells_an_outcome_as_declared_or_as_the_form_has_it(
    office: Office, lang: str, words: str, name: str | None
) -> None:
    factories.deploy(office.database, deciding(name))
    case = office.do("portal", cases.start, "p", {}).id
    (task,) = [row["id"] for row in office.do("sara", tasks.latest, case)]
    office.do("sara", tasks.claim, task)
    ground = {"code": "debt", "text": "Taxes of 1404 are unpaid."}
    office.do("sara", tasks.complete, task, {"decision": "refused", "ground": ground})
    for path in (f"/cases/{case}", f"/cases/{case}/log"):
        page = office["sara"].see(path, lang).text
        assert f"“\u2068{words}" in page or f"«\u2068{words}" in page
        assert "refused" not in page
