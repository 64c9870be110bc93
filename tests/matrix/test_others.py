"""What diagrams of Camunda, Operaton, Activiti, Flowable and SpiffArena say, in our own words."""

from datetime import UTC, datetime

from engine import bpmn
from tests.driving import Run, flow, path
from tests.eventful import line
from tests.matrix.table import Section
from tests.matrix.test_activities import RULES

SECTION = Section("Vocabulary of other engines")


def task(kind: str, attributes: str, inside: str = "") -> str:
    """A line with one activity `a` that has these attributes."""
    return line(f'<{kind} id="a" {attributes}>{inside}</{kind}>')


def extension(inside: str) -> str:
    """Extension elements."""
    spaces = {
        "zeebe": "http://camunda.org/schema/zeebe/1.0",
        "spiffworkflow": "http://spiffworkflow.org/bpmn/schema/1.0/core",
    }
    known = "".join(f' xmlns:{name}="{uri}"' for name, uri in spaces.items() if f"<{name}:" in inside)
    return f"<extensionElements{known}>{inside}</extensionElements>"


@SECTION.translated(
    "`${…}` and `#{…}` in conditions: evaluated by the rules of JUEL",
    '<startEvent id="start"/><exclusiveGateway id="choice" default="choice-b"/>'
    '<userTask id="a"/><userTask id="b"/>'
    + path("start", "choice")
    + flow("choice", "a", "${amount &gt; 10 &amp;&amp; !done}")
    + flow("choice", "b"),
    "translated-expression",
)
def test_expression_is_evaluated_as_juel(process: bpmn.Spec) -> None:
    assert Run(process, amount=11, done=False).waiting == ["a"]
    assert Run(process, amount=11, done=True).waiting == ["b"]


@SECTION.translated(
    "`camunda:class`: work for another system",
    task("serviceTask", 'camunda:class="org.example.Register"'),
    "translated-service",
)
def test_class_is_work_for_another_system(process: bpmn.Spec) -> None:
    [call] = Run(process).calls.values()
    assert call.topic == "org.example.Register"


@SECTION.translated(
    "`camunda:delegateExpression`: the same",
    task("serviceTask", 'camunda:delegateExpression="${registrar}"'),
    "translated-service",
)
def test_delegate_is_work_for_another_system(process: bpmn.Spec) -> None:
    [call] = Run(process).calls.values()
    assert call.topic == "registrar"


@SECTION.translated(
    "`camunda:topic`: the same",
    task("serviceTask", 'camunda:type="external" camunda:topic="register"'),
    "translated-service",
)
def test_topic_is_work_for_another_system(process: bpmn.Spec) -> None:
    [call] = Run(process).calls.values()
    assert call.topic == "register"


@SECTION.translated(
    "`camunda:expression` that calls no Java: a script in JUEL",
    task("serviceTask", 'camunda:expression="${a + 1}" camunda:resultVariable="b"'),
    "translated-service",
)
def test_expression_of_a_service_task_is_a_script(process: bpmn.Spec) -> None:
    assert Run(process, a=1).data["b"] == 2


@SECTION.translated(
    "`camunda:assignee`, `candidateUsers`, `candidateGroups`, `dueDate`, `followUpDate`, `priority`",
    task(
        "userTask",
        'camunda:assignee="${who}" camunda:candidateGroups="law, tax" camunda:priority="70" '
        'camunda:dueDate="2026-04-01T00:00:00Z"',
    ),
    "translated-assignment",
)
def test_people_and_dates_come_with_the_task(process: bpmn.Spec) -> None:
    [work] = Run(process, who="sara").open.values()
    assert work.people is not None
    assert (work.people.assignee, work.people.groups, work.people.priority) == ("sara", ["law", "tax"], 70)
    assert work.people.due == datetime(2026, 4, 1, tzinfo=UTC)


@SECTION.translated(
    "`camunda:inputOutput`",
    task(
        "userTask",
        "",
        extension(
            '<camunda:inputOutput><camunda:inputParameter name="limit">${amount * 2}</camunda:inputParameter>'
            '<camunda:outputParameter name="agreed">${answer}</camunda:outputParameter></camunda:inputOutput>'
        ),
    ),
    "translated-mapping",
)
def test_inputs_and_outputs_are_mapped(process: bpmn.Spec) -> None:
    run = Run(process, amount=2)
    assert "limit" not in run.data
    assert run.answer("a", answer=True).data["agreed"] is True


@SECTION.runs(
    "`camunda:formData`",
    task(
        "userTask",
        "",
        extension('<camunda:formData><camunda:formField id="age" type="long"/></camunda:formData>'),
    ),
)
def test_form_data_are_a_form(process: bpmn.Spec) -> None:
    assert Run(process).waiting == ["a"]
    assert process.elements["a"].form is not None


@SECTION.translated(
    "`camunda:asyncBefore`, `asyncAfter`, `failedJobRetryTimeCycle`: the standard behaviour here",
    task(
        "serviceTask",
        'camunda:type="external" camunda:topic="t" camunda:asyncBefore="true" camunda:asyncAfter="true"',
        extension("<camunda:failedJobRetryTimeCycle>R3/PT10M</camunda:failedJobRetryTimeCycle>"),
    ),
    "translated-service",
)
def test_jobs_of_other_engines_change_nothing(process: bpmn.Spec) -> None:
    assert Run(process).reply("a").step.ended


@SECTION.translated(
    "`camunda:initiator`: the variable is set to the person who started the case",
    '<startEvent id="start" camunda:initiator="applicant"/><userTask id="a"/>' + path("start", "a"),
    "translated-starter",
)
def test_initiator_is_who_has_started_the_case(process: bpmn.Spec) -> None:
    assert Run(process, by="sara").data["applicant"] == "sara"


@SECTION.translated(
    "form properties (Activiti): a form",
    task("userTask", "", extension('<camunda:formProperty id="age" type="long" required="true"/>')),
    "translated-form",
)
def test_form_properties_are_a_form(process: bpmn.Spec) -> None:
    form = process.elements["a"].form
    assert form is not None
    assert form.schema["required"] == ["age"]


@SECTION.translated(
    "name of a message or signal with `${…}`: computed when it is thrown or awaited",
    line('<intermediateCatchEvent id="a"><signalEventDefinition signalRef="of"/></intermediateCatchEvent>'),
    "translated-expression",
    more='<signal id="of" name="paid-${number}"/>',
)
def test_name_is_computed(process: bpmn.Spec) -> None:
    [wait] = Run(process, number=7).waits.values()
    assert wait.name == "paid-7"


@SECTION.translated(
    "SpiffArena: `preScript` and `postScript` run before and after their activity",
    task(
        "userTask",
        "",
        extension(
            "<spiffworkflow:preScript>n = 1</spiffworkflow:preScript>"
            "<spiffworkflow:postScript>n = n + more</spiffworkflow:postScript>"
        ),
    ),
    "translated-script",
)
def test_scripts_run_before_and_after(process: bpmn.Spec) -> None:
    assert Run(process).answer("a", more=2).data["n"] == 3


@SECTION.translated(
    "SpiffArena: `serviceTaskOperator`, work for another system",
    task(
        "serviceTask",
        "",
        extension(
            '<spiffworkflow:serviceTaskOperator id="http/Get" resultVariable="found">'
            "<spiffworkflow:parameters>"
            '<spiffworkflow:parameter id="number" type="int" value="invoice.number"/>'
            "</spiffworkflow:parameters></spiffworkflow:serviceTaskOperator>"
        ),
    ),
    "translated-service",
)
def test_operator_is_work_for_another_system(process: bpmn.Spec) -> None:
    run = Run(process, invoice={"number": 7})
    [call] = run.calls.values()
    assert (call.topic, call.request) == ("http/Get", {"number": 7})
    assert run.reply("a", name="x").data["found"] == {"name": "x"}


@SECTION.translated(
    "Camunda 8: `zeebe:taskDefinition` with `ioMapping`, work for another system",
    task(
        "serviceTask",
        "",
        extension(
            '<zeebe:taskDefinition type="charge"/><zeebe:ioMapping>'
            '<zeebe:input source="=fee" target="amount"/>'
            '<zeebe:output source="=number" target="receipt"/></zeebe:ioMapping>'
        ),
    ),
    "translated-service",
)
def test_job_is_work_for_another_system(process: bpmn.Spec) -> None:
    run = Run(process, fee=5)
    [call] = run.calls.values()
    assert (call.topic, call.request) == ("charge", {"amount": 5})
    assert run.reply("a", number="A7", other=1).data == {"fee": 5, "receipt": "A7"}


@SECTION.translated(
    "Camunda 8: `zeebe:assignmentDefinition`",
    task("userTask", "", extension('<zeebe:assignmentDefinition assignee="=who" candidateGroups="law"/>')),
    "translated-assignment",
)
def test_people_of_camunda_8_come_with_the_task(process: bpmn.Spec) -> None:
    [work] = Run(process, who="sara").open.values()
    assert work.people is not None
    assert (work.people.assignee, work.people.groups) == ("sara", ["law"])


@SECTION.runs(
    "FEEL after an equals sign: conditions, times, lists, mappings",
    '<startEvent id="start"/><exclusiveGateway id="g" default="g-b"/><userTask id="a"/><userTask id="b"/>'
    + path("start", "g")
    + flow("g", "a", "= amount * 2 &gt; limit")
    + flow("g", "b"),
)
def test_feel_is_evaluated(process: bpmn.Spec) -> None:
    assert Run(process, amount=6, limit=10).waiting == ["a"]
    assert Run(process, amount=5, limit=10).waiting == ["b"]


@SECTION.translated(
    "FEEL by its `language`, or by the `expressionLanguage` of the file",
    '<startEvent id="start"/><exclusiveGateway id="g" default="g-b"/><userTask id="a"/><userTask id="b"/>'
    + path("start", "g")
    + flow("g", "a", "amount in [1..5]").replace(
        "<conditionExpression", '<conditionExpression language="FEEL"'
    )
    + flow("g", "b"),
    "translated-expression",
)
def test_feel_is_known_by_its_language(process: bpmn.Spec) -> None:
    assert Run(process, amount=5).waiting == ["a"]
    assert Run(process, amount=6).waiting == ["b"]


@SECTION.translated(
    "Camunda 8: `zeebe:loopCharacteristics`, a list and its collected results",
    line(
        '<userTask id="a"><multiInstanceLoopCharacteristics>'
        + extension(
            '<zeebe:loopCharacteristics inputCollection="= list" inputElement="one" outputCollection="all"'
            ' outputElement="= one * 10"/>'
        )
        + "</multiInstanceLoopCharacteristics></userTask>"
    ),
    "translated-marker",
)
def test_instances_of_camunda_8_are_collected(process: bpmn.Spec) -> None:
    run = Run(process, list=[1, 2])
    run.answer("a")
    run.answer("a")
    assert run.data["all"] == [10, 20]


@SECTION.translated(
    "`camunda:decisionRef` with `resultVariable` and `mapDecisionResult`",
    task(
        "businessRuleTask",
        'camunda:decisionRef="route" camunda:resultVariable="found" camunda:mapDecisionResult="singleResult"',
    ),
    "translated-decision",
    files=RULES,
)
def test_decision_of_camunda_is_ours(process: bpmn.Spec) -> None:
    assert Run(process, amount=5).data["found"] == {"route": "auto", "days": 3}


@SECTION.translated(
    "SpiffArena: `calledDecisionId`, whose outputs are variables",
    task(
        "businessRuleTask",
        "",
        extension("<spiffworkflow:calledDecisionId>route</spiffworkflow:calledDecisionId>"),
    ),
    "translated-decision",
    files=RULES,
)
def test_decision_of_spiffarena_is_ours(process: bpmn.Spec) -> None:
    assert Run(process, amount=5).data["route"] == "auto"


@SECTION.translated(
    "Camunda 8: `zeebe:calledDecision`",
    task("businessRuleTask", "", extension('<zeebe:calledDecision decisionId="route" resultVariable="r"/>')),
    "translated-decision",
    files=RULES,
)
def test_decision_of_camunda_8_is_ours(process: bpmn.Spec) -> None:
    assert Run(process, amount=5).data["r"] == {"route": "auto", "days": 3}


test_listener_is_refused = SECTION.refused(
    "listeners: ignoring them would change the behaviour",
    task("userTask", "", extension('<camunda:taskListener event="create" class="org.example.Tell"/>')),
    "unsupported-extension",
)
