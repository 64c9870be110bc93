"""What a command did: the result that `engine.cases` writes to the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from engine.bpmn.notation.candidate_roles import CandidateRole

Movement = Literal["entered", "passed", "cancelled"]


@dataclass(frozen=True, slots=True)
class People:
    """Who does a human task, and when it is due. Names are those of the diagram.

    `term` is the term whose end is `due`, if a calendar counts it.
    """

    assignee: str | None
    users: Sequence[str]
    groups: Sequence[str]
    due: datetime | None
    follow_up: datetime | None
    priority: int | None
    term: str | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """A human task that was opened; `token` becomes the task's id.

    Holders of the roles in `candidate_roles` may claim it, if the diagram names any.
    """

    token: UUID
    element: str
    name: str
    lane: str | None
    people: People | None = None
    candidate_roles: frozenset[CandidateRole] = frozenset()


@dataclass(frozen=True, slots=True)
class TokenTransition:
    """A token entered, passed or left an element; in order of occurrence.

    `element` is the element's path, `human` whether it is a person's task. `changes` are the variables that
    the element set, `why` the reasons of a decision for them. `scopes` has the path of the activity to which
    a variable belongs: a call, an instance of many, a sub-process. Without one, it is the case's. A reply has
    `overwritten` the variables that were changed since its call was made.
    """

    movement: Movement
    token: UUID
    element: str
    human: bool
    changes: Mapping[str, Any]
    why: Mapping[str, Any] | None = None
    scopes: Mapping[str, str] = field(default_factory=dict)
    overwritten: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """A token that couldn't continue; it stays at its element until `retry`.

    `line` counts within the script. `year` is the one whose holidays a term needs.
    """

    token: UUID
    element: str
    name: str
    code: str
    message: str
    line: int | None
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """A token that waits for a timer, a message, a signal or a condition, whose text is its `name`.

    `due` is the instant of a timer, `term` its term in working time; `keys` are a message's correlation keys.
    """

    token: UUID
    element: str
    kind: Literal["timer", "message", "signal", "condition"]
    name: str | None
    keys: Mapping[str, Any]
    due: datetime | None
    term: str | None = None


@dataclass(frozen=True, slots=True)
class Unwaited:
    """A wait that has ended: its event occurred, or is no longer awaited. `call` is the id of a call."""

    token: UUID
    element: str
    kind: Literal["timer", "message", "signal", "condition", "call"]
    due: datetime | None = None
    call: UUID | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Work for another system. `id` is the same when the same request is sent again.

    It is sent to a connector, or fetched by a worker of its topic.
    """

    id: UUID
    token: UUID
    element: str
    connector: str | None
    topic: str | None
    operation: str | None
    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fired:
    """A wait that has ended because its event occurred; `missed` repetitions were skipped."""

    token: UUID
    element: str
    kind: str
    name: str | None
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Thrown:
    """A message or signal that leaves the case; `reached` are the case's own events that have received it."""

    kind: Literal["message", "signal"]
    name: str
    keys: Mapping[str, Any]
    data: Mapping[str, Any]
    element: str
    reached: Sequence[Fired] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Issued:
    """A bill that a payment service issued at an element.

    The message that confirms its payment has the amount and currency in the parts `paid_amount` and
    `paid_currency`.
    """

    element: str
    reference: str
    amount: Decimal
    currency: str
    due: date | None
    link: str | None
    purpose: str | None
    message: str
    paid_amount: str
    paid_currency: str


@dataclass(frozen=True, slots=True)
class Disputed:
    """A variable that parallel branches of an earlier release had set to these values; the last one counts.

    `scope` is the path of the activity to which it belongs; None: the case.
    """

    name: str
    values: Sequence[Any]
    scope: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """The new state and everything that happened before it. `state` is None once the process has ended.

    `waits` are new, or have a new instant; the tokens in `unwaited` no longer wait for an event or a call:
    `ended_waits` are what they waited for. `changes` are the case's variables that were set. `scopes` are
    those of the variables that the command itself set, as in TokenTransition. `bills` were issued; those with
    the numbers in `unpaid` are no longer awaited. `disputed` were found in the state of an earlier release.
    """

    state: bytes | None
    changes: Mapping[str, Any]
    opened: tuple[Work, ...]
    passages: tuple[TokenTransition, ...]
    failures: tuple[Failure, ...]
    ended: bool
    outcome: str | None
    waits: tuple[Wait, ...] = ()
    unwaited: tuple[UUID, ...] = ()
    calls: tuple[Outgoing, ...] = ()
    thrown: tuple[Thrown, ...] = ()
    fired: tuple[Fired, ...] = ()
    scopes: Mapping[str, str] = field(default_factory=dict)
    bills: tuple[Issued, ...] = ()
    unpaid: tuple[str, ...] = ()
    disputed: tuple[Disputed, ...] = ()
    ended_waits: tuple[Unwaited, ...] = ()
