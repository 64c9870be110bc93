"""The process of the benchmark: the product must accept it, and it must take the way that is measured."""

from datetime import UTC, datetime

from bench import w1
from bench.load import case_data, task_data
from engine import bpmn
from engine.definitions import forms

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_check_finds_nothing() -> None:
    report = bpmn.check(w1.files())
    assert report.findings == ()
    assert [process.key for process in report.processes] == [w1.KEY]


def test_a_measured_case_passes_a_task_and_ends_with_its_outcome() -> None:
    spec = bpmn.build(w1.source(), w1.KEY)
    begun = bpmn.start(spec, forms.check(spec.start_form, case_data(1)), NOW)
    assert begun.changes["fee"] == 50 + 1001 * 0.02
    (work,) = begun.opened
    answer = forms.check(spec.elements[work.element].form, task_data())
    assert begun.state is not None
    done = bpmn.complete(spec, begun.state, work.token, answer, NOW)
    assert (done.ended, done.outcome, done.failures) == (True, "granted", ())
    assert done.changes["amount_due"] == begun.changes["fee"]


def test_a_small_amount_needs_nobody() -> None:
    step = bpmn.start(bpmn.build(w1.source(), w1.KEY), {"amount": 100, "name": "Applicant"}, NOW)
    assert (step.ended, step.opened, step.outcome) == (True, (), "granted")
