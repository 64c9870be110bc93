"""The shipped processes run as drawn: every path from the application to its end, in memory."""

from typing import Any

import pytest

from engine import bpmn
from engine.bpmn import Source, Spec
from tests import factories
from tests.driving import Run

ASK = "verify-identity/ask_registry"
BILL = "collect-fee/issue_bill"
PAYMENT = "collect-fee/await_payment"
SHOP = factories.example(factories.LICENCE)["data"]
REFUSED: dict[str, Any] = {
    "decision": "refused",
    "ground": {"code": "hygiene_defects", "text": "the cold store does not cool"},
}


def source(key: str) -> Source:
    files = factories.shipped(key)
    called = {name for process in bpmn.check(files).processes for name in process.calls}
    calls = {name: source(name) for name in called}
    report = bpmn.check(files, known={*calls, "objection"})
    assert {item.code for item in report.findings} <= {"translated-role"}
    return Source(bpmn.digest(files, {name: call.digest for name, call in calls.items()}), files, calls)


def spec(key: str) -> Spec:
    return bpmn.build(source(key), key)


@pytest.fixture(scope="module")
def licence() -> Spec:
    return spec(factories.LICENCE)


@pytest.fixture(scope="module")
def change() -> Spec:
    return spec(factories.ADDRESS)


def applied(licence: Spec, **data: object) -> Run:
    """An applicant whom the civil registry knows."""
    return Run(licence, **{**SHOP, **data}).reply(ASK, result="match")


def checked(run: Run, *, debt: int = 0, land_use: str = "commercial", violations: int = 0) -> Run:
    """All three registries have answered."""
    run.reply("check_tax", clear=debt == 0, debt_rials=debt).reply("check_zoning", land_use=land_use)
    record = {"health_card_valid": True, "hygiene_training_passed": True, "previous_violations": violations}
    return run.reply("check_health", **record)


def bill(run: Run) -> Run:
    """The payment service issues the bill that it was asked for."""
    [asked] = [call for call in run.calls.values() if call.element == BILL]
    return run.reply(BILL, bill="B-000001", amount_rials=asked.request["amount_rials"])


def billed(licence: Spec) -> Run:
    """A low risk, granted by rule, and waiting for its fee."""
    return bill(checked(applied(licence, risk_class="low")))


def ended(run: Run, outcome: str) -> bool:
    """The case is over, and nothing of it is left."""
    return run.step.ended and run.step.outcome == outcome and run.state is None


# The address change


def reported(change: Spec) -> Run:
    return Run(change, **factories.example(factories.ADDRESS)["data"])


def test_address_that_the_registry_confirms_is_recorded_without_any_person(change: Spec) -> None:
    run = reported(change)
    [call] = run.step.calls
    assert (call.connector, call.operation) == ("civil-registry", "verify")
    assert call.request == {"national_id": "0012345679", "postal_code": "1345678901"}
    run.reply(ASK, result="match")
    assert ended(run, "updated")
    assert run.data["registered_address"]["postal_code"] == "1345678901"


@pytest.mark.parametrize(("decision", "outcome"), [("accepted", "updated"), ("refused", "refused")])
def test_address_that_differs_is_decided_by_a_person(change: Spec, decision: str, outcome: str) -> None:
    run = reported(change).reply(ASK, result="mismatch")
    assert run.waiting == ["resolve_mismatch"]
    assert run.data["finding"] == {"code": "ID_MISMATCH"}
    ground = {"code": "occupancy_not_proven", "text": "No proof of living there."}
    assert ended(run.answer("resolve_mismatch", decision=decision, ground=ground), outcome)


@pytest.mark.parametrize(("error", "code"), [("PERSON_UNKNOWN", "PERSON_UNKNOWN"), (None, "REG_DOWN")])
def test_what_the_registry_does_not_confirm_reaches_a_person(
    change: Spec, error: str | None, code: str
) -> None:
    run = reported(change).fail(ASK, error)
    assert run.waiting == ["resolve_mismatch"]
    assert run.data["finding"] == {"code": code}


# The fee


@pytest.fixture(scope="module")
def fee() -> Spec:
    return spec("collect-fee")


def owing(fee: Spec) -> Run:
    run = Run(fee, fee_rials=3_700_000, fee_reference="licence 1").reply(
        "issue_bill", bill="B-000001", amount_rials=3_700_000
    )
    [sent] = run.step.thrown
    assert (sent.name, sent.keys) == ("payment.requested", {"bill": "B-000001"})
    return run


def test_payment_is_awaited_under_the_number_of_the_bill(fee: Spec) -> None:
    run = owing(fee)
    [wait] = [wait for wait in run.waits.values() if wait.kind == "message"]
    assert (wait.name, wait.keys) == ("payment.confirmed", {"bill": "B-000001"})
    assert run.happens("await_payment", amount_rials=3_700_000).step.ended
    assert run.data["payment"] == {"amount_rials": 3_700_000}


def test_payer_is_reminded_once_and_can_still_pay(fee: Spec) -> None:
    run = owing(fee).later(days=7)
    assert [sent.name for sent in run.step.thrown] == ["payment.reminder"]
    assert not run.later(days=13).step.thrown
    assert run.happens("await_payment").step.ended


def test_bill_that_is_not_paid_within_three_weeks_is_given_up(fee: Spec) -> None:
    run = owing(fee).later(days=21)
    assert run.step.ended
    assert run.step.outcome == "UNPAID"


def test_bill_that_cannot_be_issued_is_an_incident_and_is_tried_again(fee: Spec) -> None:
    run = Run(fee, fee_rials=3_700_000, fee_reference="licence 1")
    first = run.step.calls[0]
    assert first.request == {"amount_rials": 3_700_000, "reference": "licence 1"}
    assert run.fail("issue_bill").failed == [("issue_bill", "unreachable")]
    assert run.retry().step.calls[0].id == first.id


# The licence: granted


def test_low_risk_with_clear_checks_is_granted_without_any_person(licence: Spec) -> None:
    run = checked(applied(licence, risk_class="low"))
    assert (run.data["route_rule"], run.waiting) == ("low_risk_simple", [])
    bill(run)
    run.happens(PAYMENT, bill="B-000001")
    [call] = run.step.calls
    assert call.request == {"national_id": "0012345679", "title": SHOP["shop_name"]}
    assert ended(run.reply("issue_licence", licence="L-000001"), "granted")
    assert run.data["licence"] == {"licence": "L-000001"}


def test_registries_are_asked_side_by_side_and_only_for_a_known_person(licence: Spec) -> None:
    run = Run(licence, **SHOP)
    assert [call.element for call in run.step.calls] == [ASK]
    assert run.step.calls[0].request == {"national_id": "0012345679"}
    run.reply(ASK, result="match")
    asked = {call.element: (call.connector, call.request) for call in run.step.calls}
    assert asked == {
        "check_tax": ("tax-clearance", {"national_id": "0012345679"}),
        "check_zoning": ("zoning", {"postal_code": SHOP["premises_postal_code"]}),
        "check_health": ("health-network", {"national_id": "0012345679"}),
    }


def test_high_risk_is_inspected_decided_paid_and_registered(licence: Spec) -> None:
    run = checked(applied(licence))
    for element, answer in factories.LICENCE_STEPS:
        assert run.waiting == [element]
        run.answer(element, **answer)
    bill(run).happens(PAYMENT).reply("issue_licence", licence="L-000001")
    assert ended(run, "granted")


@pytest.mark.parametrize(
    ("rule", "waits_at", "answers"),
    [
        ("low_risk", "review_file", {"debt": 1}),
        ("low_risk", "review_file", {"violations": 1}),
        ("low_risk", "review_file", {"land_use": "mixed"}),
        ("forbidden_use", "decide", {"land_use": "residential"}),
    ],
)
def test_low_risk_is_looked_at_where_a_check_is_not_clear(
    licence: Spec, rule: str, waits_at: str, answers: dict[str, Any]
) -> None:
    run = checked(applied(licence, risk_class="low"), **answers)
    assert (run.data["route_rule"], run.waiting) == (rule, [waits_at])


# The licence: refused


def test_refusal_is_decided_by_a_person_and_nothing_is_to_be_paid(licence: Spec) -> None:
    run = checked(applied(licence), land_use="residential").answer("decide", **REFUSED)
    assert ended(run, "refused")
    assert not any(element.startswith("collect-fee") for _, element in run.log)


@pytest.mark.parametrize("error", ["PERSON_UNKNOWN", None])
def test_identity_that_is_not_confirmed_is_clarified_by_a_person(licence: Spec, error: str | None) -> None:
    run = Run(licence, **SHOP).fail(ASK, error)
    assert run.waiting == ["resolve_identity"]
    assert run.data["finding"] == {"code": error or "REG_DOWN"}
    run.answer("resolve_identity", identity_decision="confirmed", identity_means="video")
    assert sorted(run.awaited) == ["check_health", "check_tax", "check_zoning", "withdrawal"]


def test_identity_that_stays_unclear_is_refused_by_a_person(licence: Spec) -> None:
    run = Run(licence, **SHOP).reply(ASK, result="mismatch")
    ground = {"code": "identity_not_proven", "text": "nobody answered the video call"}
    assert ended(run.answer("resolve_identity", identity_decision="refused", ground=ground), "refused")


# The licence: documents instead of answers, and corrections


def test_registry_that_does_not_answer_is_replaced_by_a_document_and_a_person_looks(licence: Spec) -> None:
    run = applied(licence, risk_class="low").fail("check_tax").reply("check_zoning", land_use="commercial")
    run.reply("check_health", health_card_valid=True, hygiene_training_passed=True, previous_violations=0)
    assert run.waiting == ["supply_evidence"]
    run.answer("supply_evidence", evidence=[{"kind": "tax_clearance", "reference": "T-1"}])
    assert run.waiting == ["review_file"]


def test_documents_that_do_not_come_let_the_case_lapse(licence: Spec) -> None:
    run = applied(licence)
    for element in ("check_tax", "check_zoning", "check_health"):
        run.fail(element)
    assert ended(run.later(days=30), "lapsed")


def incomplete(licence: Spec) -> Run:
    """The applicant is asked to complete the file."""
    run = checked(applied(licence, risk_class="medium"))
    return run.answer("review_file", file_complete=False, missing=["premises_plan"])


def test_file_is_completed_reviewed_again_and_granted(licence: Spec) -> None:
    run = incomplete(licence)
    assert run.waiting == ["complete_file"]
    run.answer("complete_file", documents=[{"kind": "premises_plan", "reference": "P-1"}])
    run.answer("review_file", file_complete=True, recommendation="grant").answer("decide", decision="granted")
    bill(run).happens(PAYMENT).reply("issue_licence", licence="L-000001")
    assert ended(run, "granted")


def test_applicant_is_asked_twice_at_most(licence: Spec) -> None:
    run = incomplete(licence).answer("complete_file", documents=[])
    run.answer("review_file", file_complete=False, missing=["other"]).answer("complete_file", documents=[])
    assert run.answer("review_file", file_complete=False, missing=["other"]).waiting == ["decide"]


def test_applicant_is_reminded_each_week_and_then_the_case_lapses(licence: Spec) -> None:
    run = incomplete(licence)
    for _ in range(3):
        [reminder] = run.later(days=7).step.thrown
        assert (reminder.name, reminder.data) == ("correction.reminder", {"missing": ["premises_plan"]})
        assert run.waiting == ["complete_file"]
    assert not run.later(days=8).step.thrown
    assert ended(run.later(days=1), "lapsed")


# The licence: deadlines, payment, withdrawal, failed calls


@pytest.mark.parametrize(
    ("risk", "element", "days"), [("medium", "review_file", 10), ("high", "inspect_premises", 7)]
)
def test_work_that_is_late_reaches_the_supervisor_and_stays_where_it_is(
    licence: Spec, risk: str, element: str, days: int
) -> None:
    run = checked(applied(licence, risk_class=risk))
    assert run.waiting == [element]
    assert run.later(days=days).waiting == [element, "unblock"]
    assert run.answer("unblock").waiting == [element]
    assert not run.step.ended


def test_licence_whose_fee_is_not_paid_lapses(licence: Spec) -> None:
    assert ended(billed(licence).later(days=21), "lapsed")


def test_fee_is_paid_after_the_reminder(licence: Spec) -> None:
    run = billed(licence).later(days=7)
    assert [sent.name for sent in run.step.thrown] == ["payment.reminder"]
    assert run.happens(PAYMENT).awaited == ["withdrawal", "issue_licence"]


def test_applicant_withdraws_at_any_time(licence: Spec) -> None:
    inspected = checked(applied(licence)).later(days=7)
    for run in (Run(licence, **SHOP), applied(licence), incomplete(licence), inspected, billed(licence)):
        assert ended(run.happens("withdrawal"), "withdrawn")


def test_licence_that_the_portal_does_not_register_waits_with_an_incident(licence: Spec) -> None:
    run = billed(licence).happens(PAYMENT).fail("issue_licence")
    assert run.failed == [("issue_licence", "unreachable")]
    assert ended(run.retry().reply("issue_licence", licence="L-000001"), "granted")
