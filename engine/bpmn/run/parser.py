"""SpiffWorkflow's parsers with this package's elements."""

from typing import Any

from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser, full_tag
from SpiffWorkflow.bpmn.parser.event_parsers import EndEventParser, StartEventParser
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.parser.task_parsers import (
    CallActivityParser,
    ConditionalGatewayParser,
    GatewayParser,
    ScriptTaskParser,
    SubWorkflowParser,
)
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import SimpleBpmnTask
from SpiffWorkflow.bpmn.specs.defaults import EndEvent, ManualTask, NoneTask, UserTask

from engine.bpmn.notation.events import STARTER, Trigger, trigger
from engine.bpmn.notation.rule_tasks import DECISION, MAPPING, RESULT, is_strict
from engine.bpmn.notation.service_tasks import service
from engine.bpmn.run.elements.activities import (
    CallActivity,
    EventSubProcess,
    RuleTask,
    ScriptTask,
    StartEvent,
    SubProcessTask,
)
from engine.bpmn.run.elements.calls import ServiceTask
from engine.bpmn.run.elements.compensation import CancelEvent, CompensateEvent
from engine.bpmn.run.elements.events import BoundaryEvent, CatchEvent, EventBasedGateway, ThrowEvent
from engine.bpmn.run.elements.events import EndEvent as ThrowingEnd
from engine.bpmn.run.elements.gateways import EndJoin, ExclusiveGateway, InclusiveGateway, ParallelGateway
from engine.bpmn.run.elements.handlers import HandlerStart, ScopeStart
from engine.bpmn.run.elements.multi_instance import (
    ParallelMultiInstance,
    SequentialMultiInstance,
    StandardLoop,
)
from engine.bpmn.run.normalize import ADDED


class ProcessSpec(BpmnProcessSpec):
    """A built process that ends in an EndJoin; `handlers` start its event sub-processes.

    `gathers`: somewhere in the case, the answers of parallel instances are gathered.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.handlers: tuple[HandlerStart, ...] = ()
        self.gathers = False
        name = f"{self.name}.EndJoin"
        del self.task_specs[name], self.task_specs["Start"], self.task_specs["End"]
        self.start: ScopeStart = ScopeStart(self, "Start")
        self.end: EndJoin = EndJoin(self, name)
        self.end.connect(SimpleBpmnTask(self, "End"))
        self.compensator = CompensateEvent(self, f"{self.name}{ADDED} back", trigger=Trigger("compensate"))
        self.compensator.connect(self.end)

    @property
    def back(self) -> Any:
        """Returns where it starts for compensation after it has completed."""
        return next(
            (event for event in self.handlers if event.trigger.kind == "compensate"), self.compensator
        )

    @property
    def compensates(self) -> bool:
        """Whether one of its own event sub-processes compensates it."""
        return self.back is not self.compensator


class _Process(ProcessParser):
    def create_spec(self) -> ProcessSpec:
        return ProcessSpec(name=self.bpmn_id, description=self.get_name(), filename=self.filename)

    def _index_process_nodes(self) -> None:
        super()._index_process_nodes()
        # A form's field may have the name of an element.
        self.nodes_by_id = {node.get("id"): node for node in self.xpath(".//bpmn:*[@id]")}

    def add_tasks(self) -> None:
        """Makes each start event a separate beginning: only one of them is used."""
        for node in self.xpath("./bpmn:startEvent"):
            self.parse_node(node)
        for node in self.xpath("./bpmn:subProcess[@triggeredByEvent='true']"):
            self.add_handler(node)
        for node in self.xpath("./bpmn:*[@isForCompensation='true'][not(@triggeredByEvent='true')]"):
            # SpiffWorkflow would require a flow into it.
            self.parse_node(node).inputs = [self.spec.start]

    def add_handler(self, node: Any) -> None:
        """Adds an event sub-process, and its start event, which waits in the enclosing scope."""
        activity = self.parse_node(node)
        start = node.find(full_tag("startEvent"))
        interrupting = start.get("isInterrupting", "true") == "true"
        event = HandlerStart(
            self.spec, start.get("id"), interrupting, trigger=trigger(start), lane=activity.lane
        )
        event.bpmn_name = start.get("name")
        event.connect(activity)
        self.spec.handlers += (event,)


def _ours(base: type) -> type:
    """Returns the parser, changed to create this package's multi-instance activities and boundary events."""

    def _add_boundary_event(self: Any, children: list[Any]) -> Any:
        for event in children:
            self.process_parser.parse_node(event)
        return self.task

    made = {
        "PARALLEL_MI_CLASS": ParallelMultiInstance,
        "STANDARD_LOOP_CLASS": StandardLoop,
        "SEQUENTIAL_MI_CLASS": SequentialMultiInstance,
        "_add_boundary_event": _add_boundary_event,
    }
    return type(base.__name__, (base,), made)


class _EventParser(TaskParser):
    """Events, and send or receive tasks."""

    def create_task(self) -> Any:
        parts = {"trigger": trigger(self.node), **self.bpmn_attributes}
        if self.node.find(full_tag("compensateEventDefinition")) is not None:
            return CompensateEvent(self.spec, self.bpmn_id, **parts)
        return self.spec_class(self.spec, self.bpmn_id, **parts)


class _BoundaryParser(_EventParser):
    def create_task(self) -> Any:
        parts = {
            "trigger": trigger(self.node),
            "host": self.node.get("attachedToRef"),
            "interrupting": self.node.get("cancelActivity", "true") == "true",
            **self.bpmn_attributes,
        }
        return self.spec_class(self.spec, self.bpmn_id, **parts)


class _SubProcessParser(SubWorkflowParser):
    """Sub-processes; SpiffWorkflow doesn't recognise event sub-processes."""

    def create_task(self) -> Any:
        if self.node.get("triggeredByEvent") == "true":
            self.spec_class = EventSubProcess
        name = self.process_parser.parser.add_inner(self)
        return self.spec_class(self.spec, self.bpmn_id, subworkflow_spec=name, **self.bpmn_attributes)


class _StartParser(StartEventParser):
    def create_task(self) -> Any:
        found = trigger(self.node)
        for definition in self.node.findall("*"):  # SpiffWorkflow's own would wait for it
            if definition.tag.endswith("EventDefinition"):
                self.node.remove(definition)
        task = super().create_task()
        task.trigger = found
        task.starter = self.node.get(STARTER)
        task.handles = self.node.getparent().get("triggeredByEvent") == "true"
        return task


class _EndParser(EndEventParser):
    """None and terminate end events are SpiffWorkflow's, those that throw are this package's."""

    def create_task(self) -> Any:
        found = trigger(self.node)
        if found is None:
            return super().create_task()
        kinds = {"compensate": CompensateEvent, "cancel": CancelEvent}
        task = kinds.get(found.kind, ThrowingEnd)(
            self.spec, self.bpmn_id, trigger=found, **self.bpmn_attributes
        )
        task.connect(self.spec.end)
        return task


class _ServiceParser(TaskParser):
    def create_task(self) -> Any:
        parts = {"service": service(self.node), **self.bpmn_attributes}
        return self.spec_class(self.spec, self.bpmn_id, **parts)


class _RuleParser(TaskParser):
    def create_task(self) -> Any:
        decision, result, how = (self.node.get(name) for name in (DECISION, RESULT, MAPPING))
        parts = {"how": how, "strict": is_strict(self.node), **self.bpmn_attributes}
        return self.spec_class(self.spec, self.bpmn_id, decision, result, **parts)


class _ManyOut:
    """Several flows may lead out of it."""

    def handles_multiple_outgoing(self) -> bool:
        return True


class _EventGatewayParser(_ManyOut, TaskParser):
    pass


class Parser(BpmnParser):
    """Parses what `engine.bpmn.check` accepts, and nothing else.

    There is no class for other elements. `shared` are the ids of processes and sub-processes that several
    files have: the library stores both in one table, where the sub-processes of those ids need other names.
    """

    shared: frozenset[str] = frozenset()

    PROCESS_PARSER_CLASS = _Process
    PARSER_CLASSES = {  # noqa: RUF012  # the library's own way to configure a parser
        full_tag(name): (_ours(parser), spec)
        for name, parser, spec in (
            ("startEvent", _StartParser, StartEvent),
            ("endEvent", _EndParser, EndEvent),
            ("intermediateCatchEvent", _EventParser, CatchEvent),
            ("intermediateThrowEvent", _EventParser, ThrowEvent),
            ("boundaryEvent", _BoundaryParser, BoundaryEvent),
            ("receiveTask", _EventParser, CatchEvent),
            ("sendTask", _EventParser, ThrowEvent),
            ("serviceTask", _ServiceParser, ServiceTask),
            ("eventBasedGateway", _EventGatewayParser, EventBasedGateway),
            ("task", TaskParser, NoneTask),
            ("userTask", TaskParser, UserTask),
            ("manualTask", TaskParser, ManualTask),
            ("scriptTask", ScriptTaskParser, ScriptTask),
            ("businessRuleTask", _RuleParser, RuleTask),
            ("subProcess", _SubProcessParser, SubProcessTask),
            ("callActivity", CallActivityParser, CallActivity),
            ("exclusiveGateway", ConditionalGatewayParser, ExclusiveGateway),
            ("parallelGateway", GatewayParser, ParallelGateway),
            ("inclusiveGateway", ConditionalGatewayParser, InclusiveGateway),
        )
    }

    def add_inner(self, task: TaskParser) -> str:
        """Adds the parser of a sub-process to the table. Returns its name there."""
        name = f"{task.filename}/{task.bpmn_id}" if task.bpmn_id in self.shared else task.bpmn_id
        if name in self.process_parsers:
            raise ValidationException(f"Duplicate id: {name}", node=task.node, file_name=task.filename)
        inner = _Process(
            self, task.node, self.namespaces, self.data_stores, filename=task.filename, lane=task.lane
        )
        inner.parent = task.process_parser
        self.process_parsers[name] = inner
        return str(name)

    def _add_collaborations(self, bpmn: Any) -> None:
        """Runs each pool as a separate process."""

    def _add_correlations(self, bpmn: Any) -> None:
        """Ignores correlations in the diagram: the check accepts some that no message uses."""
