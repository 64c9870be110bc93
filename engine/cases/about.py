"""What lists know of a case: its subject, the words that find its tasks, the parties that it names."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Text, bindparam, func, update

from engine import bpmn, impartial, persian
from engine.bpmn import Spec, Work
from engine.db import UnitOfWork, table
from engine.models import Task
from engine.pools import Home

MAX_WORDS = 1_000  # characters that a task is found by
_BEFORE_SUBJECT = "\x1f"  # between the other words of a task and the subject: no word has it

_TASKS = table(Task)
_FIND_BY = (
    update(_TASKS)
    .where(
        _TASKS.c.case_id == bindparam("of_case"),
        _TASKS.c.status == "open",
        func.strpos(_TASKS.c.search, _BEFORE_SUBJECT) > 0,
    )
    .values(
        search=func.split_part(_TASKS.c.search, _BEFORE_SUBJECT, 1).concat(bindparam("words", type_=Text))
    )
)


@dataclass(frozen=True, slots=True)
class About:
    """The columns of a case by which lists show and hide it."""

    subject: str | None
    parties: list[str]

    @property
    def columns(self) -> dict[str, Any]:
        """By name."""
        return {"subject": self.subject, "parties": self.parties}


def about(
    uow: UnitOfWork,
    spec: Spec,
    data: Mapping[str, Any],
    *,
    changed: Collection[str] = (),
    before: str | None = None,
) -> About:
    """What a case with these data is about: still `before`, if nothing has changed that its subject reads."""
    kept = before is not None and not bpmn.depends_on(spec, changed)
    parties = sorted(impartial.parties((), spec, data)) if spec.rules.parties else []
    return About(before if kept else bpmn.subject(spec, data, uow.now), parties)


def words(home: Home, spec: Spec, data: Mapping[str, Any]) -> str:
    """What the tasks of a case are found by: its numbers, its applicant, and what its process names."""
    named = (data.get(name) for name in spec.rules.searchable)
    found = [str(value) for value in named if isinstance(value, str | int)]
    return " ".join([*home.words, *found])[:MAX_WORDS]


def search(spec: Spec, work: Work, words: str, subject: str | None, *, delegated: bool) -> str:
    """What a task is found by; by the subject only where all who may take it see the case, too."""
    found = persian.normalise(f"{work.name} {words}")
    elsewhere = delegated or any(post.unit is not None for post in work.posts)
    return found if elsewhere or spec.rules.subject is None else found + _ending(subject)


def find_by(uow: UnitOfWork, case_id: UUID, subject: str | None) -> None:
    """Let the open tasks of a case be found by another subject."""
    uow.connection.execute(_FIND_BY, {"of_case": case_id, "words": _ending(subject)})


def _ending(subject: str | None) -> str:
    return _BEFORE_SUBJECT + persian.normalise(subject or "")
