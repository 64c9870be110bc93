"""Bills over the API: who sees them, and what a payment service is answered."""

from typing import Any

import pytest

from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body

FEE = {"fee_rials": 5_000_000, "fee_reference": "هزینهٔ پروانه | Licence fee"}
REPLY = {
    "bill": "B-1",
    "amount_rials": 5_000_000,
    "due_on": "2100-01-06",
    "pay_at": "https://pay.example/B-1",
}
RIGHT = {"amount_rials": 5_000_000, "currency": "IRR"}


@pytest.fixture
def owing(client: Clients, database: Database) -> dict[str, Any]:
    """A case that awaits the payment of a bill."""
    factories.deploy_shipped(database, "collect-fee")
    started = client("portal").post("/cases", {"definition": "collect-fee", "data": FEE})
    assert started.status_code == 201
    factories.answer_calls(database, issue_bill=REPLY)
    return body(started)


def announced(data: dict[str, Any], bill: str = "B-1", name: str = "1") -> dict[str, Any]:
    """The message of a payment service."""
    return {"name": "payment.confirmed", "id": name, "correlation": {"bill": bill}, "data": data}


def test_a_case_shows_its_bills_and_only_the_applicants_side_where_to_pay(
    client: Clients, owing: dict[str, Any]
) -> None:
    (bill,) = body(client("portal").get(f"/cases/{owing['id']}"))["bills"]
    assert {name: bill[name] for name in ("reference", "amount", "currency", "due_on", "status", "link")} == {
        "reference": "B-1",
        "amount": "5000000",
        "currency": "IRR",
        "due_on": "2100-01-06",
        "status": "open",
        "link": "https://pay.example/B-1",
    }
    case = body(client("caseworker").get(f"/cases/{owing['id']}"))
    assert case["bills"] == [{**bill, "link": None}]
    assert "pay.example" not in str(case)


@pytest.mark.parametrize(
    ("language", "words", "when"),
    [
        ("en", "Pay 5,000,000 rials by 6 January 2100.", "Licence fee"),
        ("fa", "۵٬۰۰۰٬۰۰۰ ریال را تا ۱۷ دی ۱۴۷۸ بپردازید.", "هزینهٔ پروانه"),
    ],
)
def test_the_status_says_what_to_pay(
    client: Clients, owing: dict[str, Any], language: str, words: str, when: str
) -> None:
    asked = {"case_number": owing["case_number"], "secret": owing["secret"], "language": language}
    status = body(client("service").post("/status", asked))
    (bill,) = status["bills"]
    assert (status["state"], bill["text"], bill["purpose"]) == ("waits-for-you", words, when)
    assert bill["link"] == "https://pay.example/B-1"


def test_a_payment_service_is_answered_alike_each_time(client: Clients, owing: dict[str, Any]) -> None:
    for name in ("1", "1", "2"):
        paid = client("service").post("/messages", announced(RIGHT, name=name))
        assert (paid.status_code, body(paid)["status"]) == (200, "delivered")
        assert [case["id"] for case in body(paid)["cases"]] == [owing["id"]]
    (bill,) = body(client("portal").get(f"/cases/{owing['id']}"))["bills"]
    assert (bill["status"], bill["link"]) == ("paid", None)


def test_another_amount_is_a_conflict_with_both_amounts(client: Clients, owing: dict[str, Any]) -> None:
    refused = client("service").post("/messages", announced({"amount_rials": 1, "currency": "IRR"}))
    problem = body(refused)
    assert (refused.status_code, problem["type"]) == (409, "urn:parvandeh:problem:payment-mismatch")
    assert "5000000 IRR; 1 IRR" in problem["detail"]
    (incident,) = body(client("administrator").get(f"/incidents?case={owing['id']}"))["items"]
    assert incident["code"] == "payment-mismatch"
    closed = client("administrator").post(f"/incidents/{incident['id']}/retry", {})
    assert body(closed)["incidents"] == []


def test_a_late_payment_is_recorded(client: Clients, owing: dict[str, Any]) -> None:
    client("portal").post(f"/cases/{owing['id']}/withdraw", {})
    late = client("service").post("/messages", announced(RIGHT))
    assert (late.status_code, body(late)["status"]) == (200, "late")
    (bill,) = body(client("administrator").get(f"/cases/{owing['id']}"))["bills"]
    assert (bill["status"], bill["late"]["amount"], bill["late"]["currency"]) == (
        "cancelled",
        "5000000",
        "IRR",
    )


@pytest.mark.parametrize("role", ["portal", "caseworker", "designer"])
def test_only_accounts_that_send_messages_confirm_payments(
    client: Clients, owing: dict[str, Any], role: str
) -> None:
    assert client(role).post("/messages", announced(RIGHT)).status_code == 403
    assert body(client("portal").get(f"/cases/{owing['id']}"))["bills"][0]["status"] == "open"


def test_a_payment_for_an_unknown_bill_is_not_found(client: Clients, owing: dict[str, Any]) -> None:
    assert client("service").post("/messages", announced(RIGHT, bill="B-2")).status_code == 404
