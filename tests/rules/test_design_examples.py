"""The examples for designers pass the check, and do what the text says."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from engine import bpmn
from engine.bpmn import sandbox
from engine.definitions import scenarios
from tests.driving import Run
from tests.rules.sources import text

NOW = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
FILES = {
    name: content.encode()
    for name, content in re.findall(
        r"`([\w-]+\.(?:bpmn|json|yaml))`:\n\n```\w+\n(.*?)```", text("docs/process-design.md"), re.DOTALL
    )
}
FORMS = {name: content for name, content in FILES.items() if name.endswith(".json")}


@pytest.fixture(autouse=True, scope="module")
def _sandbox() -> Iterator[None]:
    yield
    sandbox.close_pool()


def files(name: str) -> dict[str, bytes]:
    """Return a process with the forms that it refers to."""
    forms = {form: content for form, content in FORMS.items() if form.encode() in FILES[name]}
    return {name: FILES[name], **forms}


def built(name: str) -> bpmn.Spec:
    """A process ready to run."""
    chosen = files(name)
    return bpmn.build(bpmn.Source(bpmn.digest(chosen, {}), chosen, {}), name.removesuffix(".bpmn"))


def test_the_examples_are_there() -> None:
    assert set(FILES) == {
        "permit.bpmn", "application.json", "review.json", "fields.bpmn", "committee.bpmn", "fee.bpmn",
        "withdrawal.bpmn", "booking.bpmn", "permit-refused.yaml", "pay.bpmn",
    }  # fmt: skip


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".bpmn")])
def test_examples_pass_the_check(name: str) -> None:
    assert not bpmn.check(files(name)).errors


def test_a_large_permit_waits_for_its_review() -> None:
    spec = built("permit.bpmn")
    step = bpmn.start(spec, {"area": 100}, NOW)
    assert step.changes == {"fee": 100_000}
    assert [work.element for work in step.opened] == ["review"]
    assert step.state is not None
    done = bpmn.complete(spec, step.state, step.opened[0].token, {"decision": "refused"}, NOW)
    assert done.outcome == "refused"


def test_a_small_permit_is_granted_at_once() -> None:
    step = bpmn.start(built("permit.bpmn"), {"area": 10}, NOW)
    assert step.ended
    assert step.outcome == "granted"


def test_the_scenario_of_a_permit_passes() -> None:
    story = {"permit-refused.yaml": FILES["permit-refused.yaml"]}
    report = scenarios.run(story, {"permit": built("permit.bpmn")})
    assert not report.findings
    [covered] = report.coverage
    assert (covered.flows.missing, covered.never_true) == (("small", "grant"), ("grant",))


def test_a_committee_that_says_no_twice_is_done() -> None:
    spec = built("committee.bpmn")
    step = bpmn.start(spec, {}, NOW)
    assert len(step.opened) == 3
    for work in step.opened[:2]:
        assert step.state is not None
        step = bpmn.complete(spec, step.state, work.token, {"opinion": "no"}, NOW)
    assert step.ended
    assert step.changes["opinions"] == ["no", "no"]


def a_fee() -> Run:
    """Return a case of the example that has called the registry."""
    return Run(built("fee.bpmn"), now=NOW, national_id="0012345679", bill="B-7")


def test_a_fee_that_is_paid_leads_to_the_inspection_with_three_reminders() -> None:
    run = a_fee()
    assert [(call.connector, call.request) for call in run.calls.values()] == [
        ("civil-registry", {"national_id": "0012345679"})
    ]
    run.reply("ask", result="match")
    assert [wait.keys for wait in run.waits.values() if wait.name == "fee-paid"] == [{"bill": "B-7"}]
    run.happens("paid", amount=5)
    assert (run.data["registry"], run.data["payment"]) == ({"result": "match"}, {"amount": 5})
    for week in (1, 2, 3):
        assert run.later(days=7).waiting == ["inspect"] + ["remind"] * week
    assert not run.waits
    assert not run.answer("inspect").step.ended
    assert run.waiting == ["remind"] * 3


def test_a_fee_that_is_never_paid_is_refused_after_thirty_days() -> None:
    run = a_fee().reply("ask", result="match")
    assert run.due("never_paid") == NOW + timedelta(days=30)
    assert run.later(days=30).step.outcome == "refused"


def test_a_person_whom_the_registry_does_not_know_is_refused() -> None:
    run = a_fee().fail("ask", "PERSON_UNKNOWN")
    assert run.step.outcome == "refused"
    assert run.data["problem"] == {"code": "PERSON_UNKNOWN", "detail": "no answer"}


def test_an_applicant_may_ask_as_often_as_they_like_and_withdraw_once() -> None:
    run = Run(built("withdrawal.bpmn"), now=NOW, application="A-7")
    assert {wait.name: wait.keys for wait in run.waits.values()} == {
        "withdrawn": {"application": "A-7"},
        "progress-asked": {"application": "A-7"},
    }
    run.happens("asked").answer("reply").happens("asked").answer("examine")
    assert run.waiting == ["reply", "decide"]
    run.happens("withdrawn", reason="moved")
    assert (run.waiting, run.awaited) == (["refund"], [])
    assert run.answer("refund").step.outcome == "withdrawn"


def test_a_booking_in_vain_or_withdrawn_gives_the_room_free() -> None:
    run = Run(built("booking.bpmn"), now=NOW).answer("reserve").answer("invite", accepted=False)
    assert run.waiting == ["give_free"]
    assert run.answer("give_free").step.ended
    assert run.passed[-3:] == ["in_vain", "given_up", "refused"]
    run = Run(built("booking.bpmn"), now=NOW).answer("reserve").answer("invite", accepted=True)
    assert run.waiting == ["inspect"]
    run.answer("inspect", approved=False).answer("give_free")
    assert run.step.ended
    assert run.passed[-1] == "withdrawn"
