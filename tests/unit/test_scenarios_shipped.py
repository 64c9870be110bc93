"""The shipped processes' scenarios: they pass, they cover everything, and they notice what goes wrong."""

from functools import cache

import pytest

from engine import bpmn
from engine.bpmn import Finding, Source
from engine.definitions import scenarios
from engine.definitions.scenarios import ScenarioReport
from tests import factories

ADDRESS, IDENTITY, LICENCE, FEE = "address-change", "verify-identity", "food-shop-licence", "collect-fee"
OBJECTION, PERMIT, REVIEW = "objection", "building-permit", "plan-review"
KEYS = (ADDRESS, IDENTITY, LICENCE, FEE, OBJECTION, PERMIT, REVIEW)


@cache
def called() -> dict[str, Source]:
    """The processes that others call."""
    return {
        key: Source(bpmn.digest(factories.shipped(key), {}), factories.shipped(key), {})
        for key in (IDENTITY, FEE, REVIEW)
    }


def judged(key: str, files: dict[str, bytes]) -> tuple[list[Finding], ScenarioReport]:
    """What a deployment would report: the errors of the check, else the results of the scenarios."""
    calls = {name: source for name, source in called().items() if name != key}
    report = bpmn.check(files, known=calls)
    if report.errors:
        return list(report.errors), ScenarioReport()
    digest = bpmn.digest(files, {name: source.digest for name, source in calls.items()})
    results = scenarios.run(files, {key: bpmn.build(Source(digest, files, calls), key)})
    return list(results.findings), results


@pytest.mark.parametrize("key", KEYS)
def test_scenarios_of_a_shipped_process_pass_and_cover_all_of_it(key: str) -> None:
    findings, report = judged(key, factories.shipped(key))
    assert not findings
    [covered] = report.coverage
    assert (covered.elements.missing, covered.flows.missing) == ((), ())
    assert (covered.never_true, covered.never_false) == ((), ())
    assert len(report.results) >= 4


SWAPPED = ('route == "auto"', 'route == "desk"')
UPDATE_JOIN = """<bpmn:exclusiveGateway id="update_join">
      <bpmn:incoming>to_confirmed</bpmn:incoming>
      <bpmn:incoming>to_accepted</bpmn:incoming>
      <bpmn:outgoing>to_update</bpmn:outgoing>
    </bpmn:exclusiveGateway>"""
FROM_INSPECTION = (
    '<bpmn:sequenceFlow id="from_inspection" sourceRef="inspect_premises" targetRef="decide_join"/>'
)


@pytest.mark.parametrize(
    ("key", "old", "new", "noticed"),
    [
        pytest.param(ADDRESS, 'decision == "accepted"', 'decision != "accepted"', "scenario-failed",
                     id="a condition is turned round"),
        pytest.param(ADDRESS, '"postal_code": postal_code,\n', '"postal_code": national_id,\n',
                     "scenario-failed", id="a wrong variable is written"),
        pytest.param(IDENTITY, "<bpmn:errorEventDefinition errorRef=\"id_mismatch\"/>", "",
                     "scenario-failed", id="an end no longer tells its error"),
        pytest.param(IDENTITY, 'sourceRef="no_answer" targetRef="down"',
                     'sourceRef="no_answer" targetRef="unknown"', "scenario-unknown",
                     id="a flow leads to the wrong end"),
        pytest.param(FEE, "P21D", "P12D", "scenario-failed", id="a deadline is wrong"),
        pytest.param(FEE, "{'bill': bill['bill']}\" parvandeh:result=\"payment\"",
                     "{'bill': fee_reference}\" parvandeh:result=\"payment\"", "scenario-failed",
                     id="a message has the wrong key"),
        pytest.param(LICENCE, FROM_INSPECTION, "", "scenario-failed", id="a flow is missing"),
        pytest.param(LICENCE, *SWAPPED, "scenario-failed", id="a route is swapped"),
        pytest.param(LICENCE, "corrections &lt; 2", "corrections &lt; 3", "scenario-failed",
                     id="the applicant is asked once too often"),
        pytest.param(LICENCE, 'attachedToRef="inspect_premises" cancelActivity="false"',
                     'attachedToRef="inspect_premises"', "scenario-failed",
                     id="a reminder takes the work away"),
        pytest.param(LICENCE, "<text>&lt; 100</text>", "<text>-</text>", "scenario-failed",
                     id="a rule lost a part"),
        pytest.param(LICENCE, 'targetRef="evidence_join"/>', 'targetRef="checks_join"/>', "scenario-failed",
                     id="a branch leads into the wrong join"),
        pytest.param(OBJECTION, 'decision == "granted"', 'decision == "accepted"', "scenario-failed",
                     id="an objection is never granted"),
        pytest.param(ADDRESS, UPDATE_JOIN, UPDATE_JOIN.replace("exclusive", "parallel"), "scenario-failed",
                     id="a join waits for both of two ways"),
        pytest.param(ADDRESS, '<bpmn:endEvent id="refused"', '<bpmn:endEvent id="declined"',
                     "dangling-flow", id="an end is dropped"),
        pytest.param(PERMIT, 'one["opinion"] == "veto" for', 'one["opinion"] == "no" for', "scenario-failed",
                     id="a veto no longer ends the other reviews"),
        pytest.param(PERMIT, "rounds &lt; 2", "rounds &lt; 3", "scenario-failed",
                     id="plans are corrected once too often"),
        pytest.param(PERMIT, 'attachedToRef="examination" cancelActivity="false"',
                     'attachedToRef="examination"', "scenario-failed", id="a term ends the examination"),
        pytest.param(PERMIT, '"source": "silence"', '"source": "reply"', "scenario-failed",
                     id="a silence is recorded as a reply"),
        pytest.param(PERMIT, '"against"]) &gt; 2', '"against"]) &gt; 1', "scenario-failed",
                     id="two of four votes are a majority"),
        pytest.param(PERMIT, "{'utility': utility}\" parvandeh:result",
                     "{'utility': parcel}\" parvandeh:result", "scenario-failed",
                     id="an opinion has the wrong key"),
        pytest.param(LICENCE, "{'postal_code': premises_postal_code}", "{'postal_code': national_id}",
                     "scenario-failed", id="a registry is asked for the wrong thing"),
    ],
)  # fmt: skip
def test_seeded_defect_is_noticed(key: str, old: str, new: str, noticed: str) -> None:
    files = factories.shipped(key)
    [name, *_] = [name for name in ("process.bpmn", *files) if old.encode() in files[name]]
    broken = files[name].replace(old.encode(), new.encode(), 1)
    findings, _ = judged(key, {**files, name: broken})
    assert noticed in {finding.code for finding in findings}, findings
