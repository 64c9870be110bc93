"""Activities, sub-processes and calls: BPMN 2.0.2 §10.3, §13.3."""

from engine import bpmn
from tests.dmn_files import data, dmn, table
from tests.driving import Run, path, script
from tests.eventful import line, sub
from tests.matrix.table import Section

SECTION = Section("Activities")
RULES = {"rules.dmn": dmn(data("amount") + table())}

ASKING = '<serviceTask id="ask" parvandeh:topic="registry" parvandeh:result="reply"/>'


@SECTION.runs("task, user task, manual task: work for a person", line("task a", "userTask b", "manualTask c"))
def test_people_work_one_after_the_other(process: bpmn.Spec) -> None:
    run = Run(process)
    for name in "abc":
        assert run.waiting == [name]
        run.answer(name)
    assert run.step.ended


@SECTION.runs(
    "`parvandeh:role` and `parvandeh:unit` of a lane: who does its tasks",
    '<laneSet id="set"><lane id="l" name="Visits" parvandeh:role="inspector" parvandeh:unit="health-network">'
    "<flowNodeRef>a</flowNodeRef></lane></laneSet>" + line("task a"),
)
def test_tasks_are_for_the_role_and_unit_of_their_lane(process: bpmn.Spec) -> None:
    [work] = Run(process).open.values()
    assert work.candidate_roles == {("inspector", "health-network")}


@SECTION.runs("script task in Python", line(script("a", "total = sum(parts)")))
def test_script_sets_variables(process: bpmn.Spec) -> None:
    assert Run(process, parts=[1, 2]).data["total"] == 3


test_script_in_another_language_is_refused = SECTION.refused(
    "script task in another language",
    line('<scriptTask id="a" scriptFormat="groovy"><script>x = 1</script></scriptTask>'),
    "script-language",
)


@SECTION.runs("service task: another system is called, and the case waits for its reply", line(ASKING))
def test_service_task_waits_for_its_reply(process: bpmn.Spec) -> None:
    run = Run(process)
    assert run.awaited == ["ask"]
    assert run.reply("ask", found=True).step.ended
    assert run.data["reply"] == {"found": True}


@SECTION.runs(
    "service task without a system: it uses the topic of its own id, with a warning",
    line("serviceTask ask"),
)
def test_service_task_that_asks_nobody_is_for_its_own_topic(process: bpmn.Spec) -> None:
    [call] = Run(process).calls.values()
    assert call.topic == "ask"


@SECTION.runs("send task", line('<sendTask id="tell" messageRef="asked"/>'))
def test_send_task_throws_its_message(process: bpmn.Spec) -> None:
    run = Run(process)
    assert [thrown.name for thrown in run.step.thrown] == ["asked"]
    assert run.step.ended


@SECTION.runs("receive task", line('<receiveTask id="hear" messageRef="paid"/>'))
def test_receive_task_waits_for_its_message(process: bpmn.Spec) -> None:
    run = Run(process)
    assert run.awaited == ["hear"]
    assert run.happens("hear", sum=5).data == {"sum": 5}


@SECTION.runs("sub-process: it shares the data of the case", line(sub("s", "userTask a"), "userTask after"))
def test_sub_process_is_passed(process: bpmn.Spec) -> None:
    run = Run(process).answer("a", x=1)
    assert run.waiting == ["after"]
    assert run.data == {"x": 1}


@SECTION.translated(
    "sub-process without start and end event: it begins at all elements without an incoming flow",
    line('<subProcess id="s"><userTask id="a"/><userTask id="b"/></subProcess>', "userTask after"),
    "translated-start",
)
def test_sub_process_begins_at_all_that_nothing_leads_to(process: bpmn.Spec) -> None:
    run = Run(process)
    assert run.waiting == ["a", "b"]
    assert run.answer("a").answer("b").waiting == ["after"]


@SECTION.runs(
    "call activity: a process of this upload or one deployed before, in the version current at deployment",
    line('<callActivity id="call" calledElement="called"/>', "userTask after"),
    more='<process id="called" isExecutable="true"><startEvent id="in"/><userTask id="inner"/>'
    f"{path('in', 'inner')}</process>",
)
def test_call_activity_runs_another_process(process: bpmn.Spec) -> None:
    run = Run(process)
    assert run.waiting == ["called/inner"]
    assert run.answer("called/inner", x=1).waiting == ["after"]
    assert run.data == {"x": 1}


test_call_of_a_process_that_is_not_there_is_refused = SECTION.refused(
    "call activity whose process doesn't exist",
    line('<callActivity id="call" calledElement="gone"/>'),
    "unknown-process",
)
test_call_of_a_computed_process_is_refused = SECTION.refused(
    "call activity whose process is computed",
    line('<callActivity id="call" calledElement="${which}"/>'),
    "called-process-computed",
)


@SECTION.runs(
    "business rule task: a decision (DMN) of this upload sets its variables, and the log records the reasons",
    line('<businessRuleTask id="rule" parvandeh:decisionRef="route"/>', "userTask after"),
    files=RULES,
)
def test_business_rule_task_asks_a_decision(process: bpmn.Spec) -> None:
    run = Run(process, amount=5)
    assert (run.data["route"], run.waiting) == ("auto", ["after"])


@SECTION.runs(
    "business rule task whose rules contradict each other: an incident",
    line('<businessRuleTask id="rule" parvandeh:decisionRef="route"/>'),
    files={
        "rules.dmn": dmn(
            data("amount") + table(rules=(("? * 1 &lt; 10", "1"), ("? * 1 &lt; 20", "2")), outputs=("a",))
        )
    },
)
def test_two_rules_where_one_may_match_are_an_incident(process: bpmn.Spec) -> None:
    assert Run(process, amount=5).failed == [("rule", "decision-failed")]


test_rules_that_overlap_are_refused = SECTION.refused(
    "business rule task whose table has rules that overlap where only one may match",
    line('<businessRuleTask id="rule" parvandeh:decisionRef="route"/>'),
    "overlapping-rules",
    files={
        "rules.dmn": dmn(data("amount") + table(rules=(("&lt; 10", "1"), ("&lt; 20", "2")), outputs=("a",)))
    },
)
test_business_rule_task_without_its_decision_is_refused = SECTION.refused(
    "business rule task whose decision doesn't exist",
    line('<businessRuleTask id="rule" camunda:decisionRef="table"/>'),
    "unknown-decision",
)
test_business_rule_task_without_a_decision_is_refused = SECTION.refused(
    "business rule task without a decision", line('<businessRuleTask id="rule"/>'), "decision-unnamed"
)
test_ad_hoc_sub_process_is_refused = SECTION.refused(
    "ad-hoc sub-process",
    line('<adHocSubProcess id="s"><userTask id="a"/></adHocSubProcess>'),
    "unsupported-element",
)
