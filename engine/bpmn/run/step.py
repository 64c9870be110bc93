"""What a command did: the result that `engine.cases` writes to the database."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from engine.bpmn.notation.candidate_roles import CandidateRole

Movement = Literal["entered", "passed", "cancelled"]


@dataclass(frozen=True, slots=True)
class People:
    """Who is to work on a human task, and until when. Names are those of the diagram."""

    assignee: str | None
    users: Sequence[str]
    groups: Sequence[str]
    due: datetime | None
    follow_up: datetime | None
    priority: int | None


@dataclass(frozen=True, slots=True)
class Work:
    """A human task that was opened; `token` becomes the task's id.

    `posts` are those whose holders may take it, as far as the diagram names any.
    """

    token: UUID
    element: str
    name: str
    lane: str | None
    people: People | None = None
    posts: frozenset[CandidateRole] = frozenset()


@dataclass(frozen=True, slots=True)
class TokenTransition:
    """A token went into, through or out of an element; in the order in which it happened.

    `element` is the element's path, `human` whether it is a person's task. `changes` are the variables that
    the element set, `why` how a decision came to them. `scope` is the path of the activity whose own
    variables they are: a call with mappings, or one instance of many. None: they are the case's.
    """

    movement: Movement
    token: UUID
    element: str
    human: bool
    changes: Mapping[str, Any]
    why: Mapping[str, Any] | None = None
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A token that could not go on; it stands at its element until `retry`.

    `line` counts within the script.
    """

    token: UUID
    element: str
    name: str
    code: str
    message: str
    line: int | None


@dataclass(frozen=True, slots=True)
class Wait:
    """A token that waits for a timer, a message, a signal or a condition, whose text is its `name`.

    `due` is the instant of a timer; `keys` are a message's correlation. `late` is one that began to wait only
    after the command itself had thrown its signal.
    """

    token: UUID
    element: str
    kind: Literal["timer", "message", "signal", "condition"]
    name: str | None
    keys: Mapping[str, Any]
    due: datetime | None
    late: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Work for another system. `id` stays the same when the same request is made again.

    It goes to a connector, or is taken by whoever serves the topic.
    """

    id: UUID
    token: UUID
    element: str
    connector: str | None
    topic: str | None
    operation: str | None
    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Thrown:
    """A message or signal that leaves the case; `before` are the tokens of the case that waited by then."""

    kind: Literal["message", "signal"]
    name: str
    keys: Mapping[str, Any]
    data: Mapping[str, Any]
    element: str
    before: Collection[UUID] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Fired:
    """A wait that has ended because what it waited for happened; `missed` repetitions were skipped."""

    token: UUID
    element: str
    kind: str
    name: str | None
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Issued:
    """A bill that a payment service has issued at an element.

    The message that confirms its payment says in the parts `paid_amount` and `paid_currency` what was paid.
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
class Step:
    """The new state and everything that happened on the way to it. `state` is None once the process has
    ended.

    `waits` are new, or have a new instant; the tokens in `unwaited` wait no more, whether for an event or a
    call. `changes` are the case's variables that were set; those of a single instance of many, or of a called
    process with mappings, are not the case's. `scope` says whose variables the command itself set, as in
    TokenTransition. `bills` were issued; those with the numbers in `unpaid` are awaited no more.
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
    scope: str | None = None
    bills: tuple[Issued, ...] = ()
    unpaid: tuple[str, ...] = ()
