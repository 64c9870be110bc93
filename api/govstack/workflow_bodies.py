"""Requests and responses of the building block Workflow, as its OpenAPI document names them."""

from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, RootModel

from api.govstack.shapes import CamelRequest, CodedValue, FilledBody, OpenRequest
from api.shapes import Instant, Text

State = Literal["running", "suspended", "completed", "stopped"]
ProcessType = Literal["None", "Private", "Public"]


class WorkflowDefinition(FilledBody):
    """What a process is."""

    name: str
    """Name of the process, in the language of `Accept-Language`."""
    type: ProcessType
    """Type in BPMN: `Private`, as all processes that are executed here."""
    version: str
    """Number of the version."""
    is_executable: bool
    """Whether it can be executed: true for all."""
    is_closed: bool
    """Whether nothing but what is drawn can happen: false, since cases can be suspended and cancelled."""
    description: str
    """Name of the process in both languages, as `Persian | English`."""
    process_body: list[CodedValue]
    """Its status, hash and time of publishing."""


class WorkflowProcess(WorkflowDefinition):
    """A published version of a definition, with its fields at both places where GovStack looks for them."""

    id: str
    """Key and number: `address-change:3`."""
    key: str
    """Key of the definition."""
    category: str
    """The namespace of its diagram."""
    process_definition: WorkflowDefinition
    """The same fields, nested."""


class WorkflowProcessList(RootModel[list[WorkflowProcess]]):
    """Processes, by key."""


class WorkflowValue(OpenRequest):
    """A named value, or an object of values by name."""

    model_config = ConfigDict(extra="allow")

    code: Text | None = None
    """Name of the value."""
    value: Any = None
    """The value: a text or any other JSON."""


class StartInstance(OpenRequest):
    """The start of an instance."""

    process_started_by: Text | None = None
    """Who started it: the caller itself, or the person on whose behalf it acts."""
    instance_values: dict[str, Any] | list[WorkflowValue] = Field(
        default_factory=dict, alias="InstanceValues"
    )
    """The answer to the start form: an object, or a list of `code` and `value`."""
    confirm_duplicate: bool = False
    """Whether a further case is meant, although the same person has an open one of this service."""


class InstanceState(FilledBody):
    """An instance after a command."""

    id: UUID
    """Id of the instance: that of its case."""
    process_ref: str
    """Id of its process."""
    suspended: bool
    """Whether it is suspended."""
    ended: bool
    """Whether it has ended."""
    state: State
    """`running`, `suspended`, `completed` (at an end event) or `stopped` (cancelled)."""


class StartedInstance(InstanceState):
    """A new instance."""

    case_number: str
    """Number of its case, for people."""
    secret: str
    """Opens the status of the case with its number, for the applicant. It is only returned here."""


class WorkflowInstance(FilledBody):
    """An instance."""

    id: UUID
    """Id of the instance: that of its case."""
    process_ref: str
    """Id of its process."""
    init_time: Instant
    """When it started."""
    last_change_time: Instant | None
    """When something last happened to it."""
    state: State
    """Its state."""


class WorkflowInstanceList(RootModel[list[WorkflowInstance]]):
    """Instances, newest first."""


class InstancesQuery(CamelRequest):
    """Which instances."""

    process_id: Text | None = None
    """Only those of this process: a key, or key and number of a version."""
    cursor: UUID | None = None
    """Only those after this one; the header `Link` has the address of the next page."""
