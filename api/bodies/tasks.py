"""Requests and responses about tasks."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from api.faults import fault
from api.shapes import (
    Account,
    Body,
    CaseId,
    CaseNumber,
    DefinitionKey,
    ElementPath,
    HandlingUnit,
    Instant,
    OpenIncident,
    OpenTask,
    Page,
    Request,
    SizedQuery,
    Text,
    VersionNumber,
)
from engine import tasks
from engine.models import CaseStatus, TaskKind, TaskStatus
from engine.tasks import Scope


class InboxQuery(SizedQuery):
    """Which open tasks."""

    scope: Scope = "team"
    """Which part of the inbox."""
    role: Text | None = None
    """Only tasks for this role in a unit, such as `inspector`."""
    unit: Text | None = None
    """Only tasks for the unit with this key and those below it."""
    definition: Text | None = None
    """Only tasks of cases of the definition with this key."""
    holder: UUID | None = None
    """With `scope=supervised`: only tasks that are assigned to the account with this id; of closed tasks
    those that it completed."""
    due: AwareDatetime | None = None
    """Only tasks that are due at this instant or earlier."""
    overdue: bool = False
    """Only tasks that are overdue."""
    today: bool = False
    """Only tasks that fall due before this day ends, in the time zone of the installation."""
    returned: bool = False
    """Only tasks whose applicant has made the requested correction."""
    priority: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] | None = None
    """Only tasks with at least this priority."""


class TasksQuery(InboxQuery):
    """Which tasks: those of a case, open ones of the inbox, or closed ones of all cases."""

    case: UUID | None = None
    """Only tasks of the case with this id, oldest first; the filters of the inbox don't apply then."""
    status: TaskStatus | None = None
    """Only tasks with this status. Without `case`, it lists open ones unless you ask for others."""
    closed_from: AwareDatetime | None = None
    """Of closed tasks: when they were completed or cancelled at the earliest."""
    closed_to: AwareDatetime | None = None
    """Of closed tasks: the instant before which they were completed or cancelled."""

    @property
    def closed(self) -> bool:
        """Whether it asks for closed tasks of all cases."""
        return self.case is None and self.status not in (None, "open")

    @model_validator(mode="after")
    def _filters_belong_to_the_status(self) -> Self:
        if self.closed and self.model_fields_set & _OF_OPEN:
            raise fault("filters-of-open")
        if not self.closed and self.model_fields_set & {"closed_from", "closed_to"}:
            raise fault("filters-of-closed")
        return self


# Filters of the inbox that closed tasks don't have.
_OF_OPEN = frozenset({"scope", "due", "overdue", "today", "returned", "priority"})


class PeopleBody(Body):
    """Whom the diagram names for a task. These names grant no permissions."""

    assignee: str | None
    """Name of the person to whom the diagram assigns the task; null if it names none."""
    users: list[str]
    """Names of the people who may claim the task."""
    groups: list[str]
    """Names of the groups that may claim the task; by default its lane."""


class TaskSummary(Body):
    """A task in a list."""

    id: UUID
    """Id of the task."""
    case: CaseId
    case_number: CaseNumber
    kind: TaskKind
    """What kind of work the task is."""
    definition: DefinitionKey
    version: VersionNumber
    unit: HandlingUnit
    subject: str
    """What the case is about, in one line; by default, or if the caller may not see it, the name of the
    process.
    """
    element: ElementPath
    name: str
    """Name of the task in the diagram; it may be written as `Persian | English`."""
    lane: str | None
    """Name of the lane of the task in the diagram; null if the process has none."""
    status: TaskStatus
    """Status of the task."""
    assignee: Account | None
    """Who works on the task; null if nobody has claimed it and it isn't assigned, and for portals and
    applicants if it is an official."""
    opened_at: Instant
    """When the task was opened."""
    closed_at: Instant | None
    """When the task was completed or cancelled; null while it is open."""
    due_at: Instant | None
    """When the task is due; null if it has no due date."""
    serve_by: Instant | None
    """Until when the task has to come first in the inbox by the class of its service; null without a class.
    """
    follow_up_at: Instant | None
    """When somebody should look at the task again, as the diagram states; null if it states nothing."""
    priority: int | None
    """Priority that the diagram states, higher numbers first; null if it states none."""
    people: PeopleBody | None
    """Whom the diagram names for the task; null if it names nobody."""
    assignment: str | None
    """`random` or `least-loaded` if the task is assigned automatically, so that nobody can claim it;
    otherwise null.
    """


class ListedTask(TaskSummary):
    """A task in a list, with the time that is left for it."""

    clock: Literal["near", "over", "paused"] | None
    """Mark of the statutory term of the case; null if there is nothing to mark."""
    remaining_seconds: int | None
    """Seconds of office hours until `due_at`, 0 if it is past. Null for a task without a due date, one that
    is not open, or if the calendar lacks a year.
    """


class FormBody(Body):
    """A form."""

    form_schema: dict[str, Any] = Field(alias="schema")  # pydantic's models have a `schema` of their own
    """JSON Schema (draft 2020-12) that an answer must fit, with only the fields that the caller's roles may
    see.
    """
    ui: dict[str, Any] | None
    """Hints for drawing the form, such as order, groups and texts; null if there are none."""


class Mark(Body):
    """A field that the applicant has to correct."""

    pointer: str
    """JSON Pointer of the field in the answer, such as `/address/postal_code`."""
    text: str
    """What is wrong with the field."""


class AskedBody(Body):
    """What was requested by a task of the kind `opinion` or `correction`."""

    question: str | None
    """The question; null for a correction."""
    text: str | None
    """Explanation of the whole correction; null if there is none, and for an opinion."""
    fields: list[Mark]
    """The fields to correct; empty for an opinion."""
    by: Account | None
    """Who requested it; null for portals and applicants."""
    parent: UUID
    """Id of the task from which it was requested."""


class CorrectionBody(Body):
    """A correction that was requested from the applicant for a task."""

    id: UUID
    """Id of the applicant's task, which completes the correction."""
    text: str | None
    """Explanation of the whole correction; null if there is none."""
    fields: list[Mark]
    """The fields to correct."""
    by: Account
    """Who requested it."""
    asked_at: Instant
    """When it was requested."""
    due_at: Instant | None
    """When it is due; null if it has no due date."""
    status: TaskStatus
    """Status of the applicant's task: `completed` when the correction was made, `cancelled` when it was
    withdrawn or came too late.
    """
    closed_at: Instant | None
    """When it was made, withdrawn or too late; null while it is awaited."""


class OpinionBody(Body):
    """An opinion that was requested from a task."""

    id: UUID
    """Id of the task in which the opinion is given."""
    question: str
    """What the person who requested it wants to know."""
    unit: str | None
    """Key of the unit that was asked; null if it is that of the case."""
    role: str | None
    """Role in the unit that was asked; null for all of its members."""
    by: Account
    """Who requested it."""
    asked_at: Instant
    """When it was requested."""
    due_at: Instant | None
    """When it is due; null if it has no due date."""
    status: TaskStatus
    """Status of its task: `completed` when the opinion was given, `cancelled` when it was withdrawn or came
    too late.
    """
    assignee: Account | None
    """Who gives the opinion; null while nobody has claimed its task."""
    closed_at: Instant | None
    """When it was given, withdrawn or too late; null while it is awaited."""
    opinion: str | None
    """The opinion; null until it is given."""
    favourable: bool | None
    """Whether the opinion is favourable; null if it says neither, or was not given yet."""


class TaskBody(TaskSummary):
    """A task with its form and what the form shows."""

    form: FormBody | None
    """The form; null if the task has none and accepts any data."""
    data: dict[str, Any]
    """The data of the case that the form shows."""
    draft: dict[str, Any] | None
    """An unfinished answer, as stored by `PUT /tasks/{task_id}/draft`; null if there is none, or for others
    than the assignee.
    """
    asked: AskedBody | None
    """What was requested, if the task is an opinion or a correction; otherwise null."""
    opinions: list[OpinionBody]
    """Opinions that were requested from the task, oldest first."""
    corrections: list[CorrectionBody]
    """Corrections that were requested from the task, oldest first."""


class TaskPage(Page[ListedTask]):
    """A page of tasks."""


class ReleaseTask(Request):
    """The reason code for the release; required if the task was assigned at random."""

    reason: tasks.ReasonCode | None = None
    """Why the task is released; required if it was assigned at random."""


class CompleteTask(Request):
    """The answer to the task's form."""

    data: dict[str, Any] = Field(default_factory=dict)
    """The answer to the form. A legal decision needs an outcome, a refusal also its grounds."""


class SearchBody(InboxQuery):
    """What to search for, and in which part of the inbox."""

    text: Text | None = None
    """One to ten words; each matches the beginning of a word."""
    business_key: Text | None = None
    """Number of the case in another system, which must be equal."""


class TaskCounts(Body):
    """The number of open tasks; 1000 means 1000 or more."""

    mine: int
    """Tasks that are assigned to you, or to somebody whose substitute you are."""
    team: int
    """Tasks that you may claim, whether assigned or not."""
    free: int
    """Tasks of the team that are unassigned and can be claimed."""
    overdue: int
    """Tasks of the team that are overdue."""
    today: int
    """Tasks of the team that fall due before this day ends."""
    returned: int
    """Tasks of the team whose applicant has made the requested correction."""
    supervised: int
    """Tasks that you may reassign."""


class TaskState(Body):
    """A task after a command."""

    id: UUID
    """Id of the task."""
    status: TaskStatus
    """Status of the task."""


class CaseState(Body):
    """A case after a command."""

    id: CaseId
    case_number: CaseNumber
    status: CaseStatus
    """Status of the case."""
    outcome: str | None
    """How the case ended or what was decided, in the word of the process; null before that, or without an
    outcome.
    """


class CompletedBody(Body):
    """The result of completing a task."""

    task: TaskState
    """The task that was completed."""
    case: CaseState
    """The case after the step."""
    tasks: list[OpenTask]
    """The tasks that the step opened."""
    incidents: list[OpenIncident]
    """The incidents that the step opened."""
