"""What lists show and search of a case: its subject, its parties, and the words that find its tasks."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, update

from engine import bpmn
from engine.bpmn import Spec, Work
from engine.models import Task
from engine.organisation import eligibility
from engine.organisation.candidate_groups import CaseScope
from engine.platform import persian
from engine.platform.db import UnitOfWork

MAX_WORDS = 1_000  # characters that a task is found by
_BEFORE_SUBJECT = "\x1f"  # between the other words of a task and the subject: no word has it


@dataclass(frozen=True, slots=True)
class ListFields:
    """The columns of a case by which lists show and hide it."""

    subject: str | None
    parties: list[str]

    @property
    def columns(self) -> dict[str, Any]:
        """By name."""
        return {"subject": self.subject, "parties": self.parties}


def fields_of(
    uow: UnitOfWork,
    spec: Spec,
    data: Mapping[str, Any],
    *,
    changed: Collection[str] = (),
    before: str | None = None,
) -> ListFields:
    """What a case with these data is about: still `before`, if nothing has changed that its subject reads."""
    kept = before is not None and not bpmn.depends_on(spec, changed)
    parties = sorted(eligibility.parties((), spec, data)) if spec.rules.parties else []
    return ListFields(before if kept else bpmn.subject(spec, data, uow.now), parties)


def search_words(home: CaseScope, spec: Spec, data: Mapping[str, Any]) -> str:
    """What the tasks of a case are found by: its numbers, its applicant, and what its process names."""
    named = (data.get(name) for name in spec.rules.searchable)
    found = [str(value) for value in named if isinstance(value, str | int)]
    return " ".join([*home.words, *found])[:MAX_WORDS]


def search_text(spec: Spec, work: Work, words: str, subject: str | None, *, delegated: bool) -> str:
    """What a task is found by; by the subject if all who may take it see the case, or its form shows it."""
    found = persian.normalise(f"{work.name} {words}")
    elsewhere = any(post.unit is not None for post in work.posts) and not bpmn.shown_by(spec, work.element)
    return (
        found if elsewhere or spec.rules.subject is None else found + _ending(None if delegated else subject)
    )


def search_text_with(subject: str | None) -> ColumnElement[str]:
    """What a task is found by once its case is about something else, or nothing that its takers may know."""
    own = func.split_part(Task.search, _BEFORE_SUBJECT, 1).concat(_ending(subject))
    return case((func.strpos(Task.search, _BEFORE_SUBJECT) > 0, own), else_=Task.search)


def shows_subject() -> ColumnElement[bool]:
    """Whether all who may take a task may know the subject of its case."""
    return and_(func.strpos(Task.search, _BEFORE_SUBJECT) > 0, Task.home_pool_id.is_(None))


def update_search_text(uow: UnitOfWork, case_id: UUID, subject: str | None) -> None:
    """Let the open tasks of a case be found by another subject."""
    own = update(Task).where(Task.case_id == case_id, Task.status == "open", Task.home_pool_id.is_(None))
    uow.connection.execute(own.values(search=search_text_with(subject)))


def _ending(subject: str | None) -> str:
    return _BEFORE_SUBJECT + persian.normalise(subject or "")
