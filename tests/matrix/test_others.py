"""What diagrams of Camunda, Operaton, Activiti and Flowable say, in the words of this engine."""

from datetime import UTC, datetime

from engine import bpmn
from tests.driving import Run, flow, path
from tests.eventful import line
from tests.matrix.table import Section

SECTION = Section("Words of other engines")


def task(kind: str, attributes: str, inside: str = "") -> str:
    """A line with one activity `a` that has these attributes."""
    return line(f'<{kind} id="a" {attributes}>{inside}</{kind}>')


def extension(inside: str) -> str:
    """Extension elements."""
    return f"<extensionElements>{inside}</extensionElements>"


@SECTION.translated(
    "`${…}` and `#{…}` in conditions, with a meaning in Python",
    '<startEvent id="start"/><exclusiveGateway id="choice" default="choice-b"/>'
    '<userTask id="a"/><userTask id="b"/>'
    + path("start", "choice")
    + flow("choice", "a", "${amount &gt; 10 &amp;&amp; !done}")
    + flow("choice", "b"),
    "translated-expression",
)
def test_expression_is_read_as_python(process: bpmn.Spec) -> None:
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
    "`camunda:expression` with a meaning in Python: a script",
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
    "`camunda:asyncBefore`, `asyncAfter`, `failedJobRetryTimeCycle`: what happens anyway",
    task(
        "serviceTask",
        'camunda:type="external" camunda:topic="t" camunda:asyncBefore="true" camunda:asyncAfter="true"',
        extension("<camunda:failedJobRetryTimeCycle>R3/PT10M</camunda:failedJobRetryTimeCycle>"),
    ),
    "translated-service",
)
def test_jobs_of_other_engines_change_nothing(process: bpmn.Spec) -> None:
    assert Run(process).reply("a").step.ended


test_listener_is_refused = SECTION.refused(
    "listeners: leaving them out would change what happens",
    task("userTask", "", extension('<camunda:taskListener event="create" class="org.example.Tell"/>')),
    "unsupported-extension",
)
