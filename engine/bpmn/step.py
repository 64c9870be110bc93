"""What a command did: the result that `engine.cases` writes to the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

Movement = Literal["entered", "passed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Work:
    """A human task that was opened; `token` becomes the task's id."""

    token: UUID
    element: str
    name: str
    lane: str | None


@dataclass(frozen=True, slots=True)
class Passage:
    """A token went into, through or out of an element; in the order in which it happened.

    `element` is the element's path, `human` whether it is a person's task. `changes` are the variables that
    the element set.
    """

    movement: Movement
    token: UUID
    element: str
    human: bool
    changes: Mapping[str, Any]


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
class Step:
    """The new state and everything that happened on the way to it. `state` is None once the process has
    ended.

    `changes` are the case's variables that were set; those of a single instance of many are not the case's.
    """

    state: bytes | None
    changes: Mapping[str, Any]
    opened: tuple[Work, ...]
    passages: tuple[Passage, ...]
    failures: tuple[Failure, ...]
    ended: bool
    outcome: str | None
