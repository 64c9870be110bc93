"""SpiffWorkflow's parsers with our elements in them."""

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
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import SimpleBpmnTask
from SpiffWorkflow.bpmn.specs.defaults import EndEvent, ManualTask, NoneTask, UserTask

from engine.bpmn.elements.activities import CallActivity, DataObject, ScriptTask, StartEvent, SubProcessTask
from engine.bpmn.elements.gateways import EndJoin, ExclusiveGateway, InclusiveGateway, ParallelGateway
from engine.bpmn.elements.multi_instance import ParallelMultiInstance, SequentialMultiInstance


class ProcessSpec(BpmnProcessSpec):
    """A built process whose branches end in our own join."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        name = f"{self.name}.EndJoin"
        del self.task_specs[name], self.task_specs["End"]
        self.end: EndJoin = EndJoin(self, name)
        self.end.connect(SimpleBpmnTask(self, "End"))


class _Process(ProcessParser):
    def create_spec(self) -> ProcessSpec:
        return ProcessSpec(name=self.bpmn_id, description=self.get_name(), filename=self.filename)

    def parse_data_object(self, obj: Any) -> Any:
        return self.create_data_spec(obj, DataObject)


def _with_multi_instance(base: type) -> type:
    """The parser, making our multi-instance activities."""
    ours = {"PARALLEL_MI_CLASS": ParallelMultiInstance, "SEQUENTIAL_MI_CLASS": SequentialMultiInstance}
    return type(base.__name__, (base,), ours)


class Parser(BpmnParser):
    """Parses what `engine.bpmn.check` lets through, and nothing else.

    There is no class for other elements.
    """

    PROCESS_PARSER_CLASS = _Process
    PARSER_CLASSES = {  # noqa: RUF012  # the library's own way to configure a parser
        full_tag(name): (_with_multi_instance(parser), spec)
        for name, parser, spec in (
            ("startEvent", StartEventParser, StartEvent),
            ("endEvent", EndEventParser, EndEvent),
            ("task", TaskParser, NoneTask),
            ("userTask", TaskParser, UserTask),
            ("manualTask", TaskParser, ManualTask),
            ("scriptTask", ScriptTaskParser, ScriptTask),
            ("subProcess", SubWorkflowParser, SubProcessTask),
            ("callActivity", CallActivityParser, CallActivity),
            ("exclusiveGateway", ConditionalGatewayParser, ExclusiveGateway),
            ("parallelGateway", GatewayParser, ParallelGateway),
            ("inclusiveGateway", ConditionalGatewayParser, InclusiveGateway),
        )
    }

    def _add_collaborations(self, bpmn: Any) -> None:
        """Pools run as processes of their own."""
