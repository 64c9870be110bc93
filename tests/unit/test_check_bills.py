"""What the check says of bills that are declared wrongly."""

from typing import Any

import pytest

from engine import bpmn as engine
from engine.bpmn.notation.money import NotMoney, amount, currency
from tests import bpmn

ISSUE = {
    "parvandeh__connector": "payments",
    "parvandeh__request": "{'amount': 5, 'what': 'fee'}",
    "parvandeh__result": "bill",
    "parvandeh__bill": "number",
    "parvandeh__billAmount": "amount",
    "parvandeh__billCurrency": "IRR",
}
AWAIT = {
    "messageRef": "m",
    "parvandeh__correlation": "{'bill': bill['number']}",
    "parvandeh__paidAmount": "amount",
    "parvandeh__paidCurrency": "currency",
}


def findings(issue: dict[str, Any], *awaiting: dict[str, Any]) -> list[str]:
    """The codes of the errors of a process that issues a bill like this, and awaits payments like these."""
    nodes = [bpmn.node("serviceTask", "issue", **issue)]
    nodes += [bpmn.node("receiveTask", f"await{number}", **one) for number, one in enumerate(awaiting)]
    messages = ('<bpmn:message id="m" name="paid"/>', '<bpmn:message id="n" name="other"/>')
    content = bpmn.definitions(*messages, bpmn.process_element(*bpmn.in_line(*nodes)))
    return [found.code for found in engine.check({"p.bpmn": content}).errors]


def test_a_whole_declaration_passes() -> None:
    assert findings(ISSUE, AWAIT) == []
    assert (
        findings({**ISSUE, "parvandeh__billCurrency": "currency", "parvandeh__billPurpose": "what"}, AWAIT)
        == []
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"parvandeh__bill": ""},
        {"parvandeh__billAmount": ""},
        {"parvandeh__billAmount": "price"},
        {"parvandeh__billPurpose": "why"},
        {"parvandeh__billCurrency": "IRT"},
        {"parvandeh__billCurrency": " currency"},
    ],
)
def test_a_declaration_that_is_not_whole_is_refused(wrong: dict[str, str]) -> None:
    assert "bill-declaration" in findings({**ISSUE, **wrong}, AWAIT)


@pytest.mark.parametrize("missing", ["bill", "billAmount", "billCurrency", "request"])
def test_a_declaration_without_what_it_needs_is_refused(missing: str) -> None:
    issue = {name: value for name, value in ISSUE.items() if name != f"parvandeh__{missing}"}
    assert "bill-declaration" in findings(issue, AWAIT)


@pytest.mark.parametrize(
    "wrong",
    [
        {"parvandeh__paidAmount": ""},
        {"parvandeh__correlation": "{'number': bill['number']}"},
        {"parvandeh__name": "'paid'"},
    ],
)
def test_a_payment_that_could_not_be_told_is_refused(wrong: dict[str, str]) -> None:
    assert "bill-payment" in findings(ISSUE, {**AWAIT, **wrong})


def test_a_bill_whose_payment_nothing_awaits_is_refused() -> None:
    assert findings(ISSUE) == ["bill-payment"]


def test_payments_of_one_process_come_by_one_message() -> None:
    assert "bill-payment" in findings(ISSUE, AWAIT, {**AWAIT, "messageRef": "n"})


def test_a_payment_without_a_bill_is_refused() -> None:
    plain = {name: value for name, value in ISSUE.items() if "__bill" not in name}
    assert findings(plain, AWAIT) == ["bill-payment"]


@pytest.mark.parametrize("name", ["parvandeh__bill", "parvandeh__paidAmount"])
def test_what_is_said_of_a_bill_elsewhere_is_refused(name: str) -> None:
    content = bpmn.process(*bpmn.in_line(bpmn.node("userTask", "a", **{name: "x"})))
    assert "unknown-extension" in [found.code for found in engine.check({"p.bpmn": content}).errors]


@pytest.mark.parametrize(("value", "found"), [(5, "5"), ("12.50", "12.5"), (5e6, "5000000"), ("100", "100")])
def test_an_amount_is_exact(value: Any, found: str) -> None:
    assert str(amount(value)) == found


@pytest.mark.parametrize(
    "value", [0, -5, True, None, 0.1, 1e300, "1e3", "5,000", "", "۵", 10**16, float("nan")]
)
def test_what_is_no_exact_amount_is_refused(value: Any) -> None:
    with pytest.raises(NotMoney):
        amount(value)


@pytest.mark.parametrize("value", ["irr", "XXX", "", None, 364])
def test_what_is_no_currency_is_refused(value: Any) -> None:
    with pytest.raises(NotMoney):
        currency(value)
