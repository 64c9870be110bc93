"""What lists show and search of a case: its subject, its parties, and the search words of its tasks."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, update

from engine import bpmn
from engine.bpmn import Spec, Work
from engine.cases.search_values import searchable
from engine.models import Task
from engine.organisation import eligibility
from engine.platform import persian
from engine.platform.db import UnitOfWork

MAX_WORDS = 1_000  # maximum length of a task's search text
_BEFORE_SUBJECT = "\x1f"  # separates the other words of a task from the subject; no word contains it


@dataclass(frozen=True, slots=True)
class ListFields:
    """The columns of a case that lists use to show it and to hide it."""

    subject: str | None
    parties: list[str]

    @property
    def columns(self) -> dict[str, Any]:
        """Returns them by name."""
        return {"subject": self.subject, "parties": self.parties}


def fields_of(
    uow: UnitOfWork,
    spec: Spec,
    data: Mapping[str, Any],
    *,
    changed: Collection[str] = (),
    before: str | None = None,
) -> ListFields:
    """Returns the list fields of a case with these data, or `before` if its subject reads nothing new."""
    kept = before is not None and not bpmn.depends_on(spec, changed)
    parties = sorted(eligibility.parties((), spec, data)) if spec.rules.parties else []
    return ListFields(before if kept else bpmn.subject(spec, data, uow.now), parties)


def search_words(words: Iterable[str], spec: Spec, data: Mapping[str, Any]) -> str:
    """Returns the search words of a case's tasks: `words`, its numbers and its applicant, and its values.

    No values that a form hides from some role: who may not see a value must not find out by searching for it.
    """
    named = (data.get(name) for name in searchable(spec))
    found = [str(value) for value in named if isinstance(value, str | int)]
    return " ".join([*words, *found])[:MAX_WORDS]


def search_text(spec: Spec, work: Work, words: str, subject: str | None, *, delegated: bool) -> str:
    """Returns the search text of a task.

    It contains the subject if all candidates see the case, or its form shows the subject.
    """
    found = persian.normalise(f"{work.name} {words}")
    elsewhere = any(role.unit is not None for role in work.candidate_roles) and not bpmn.shown_by(
        spec, work.element
    )
    return (
        found if elsewhere or spec.rules.subject is None else found + _ending(None if delegated else subject)
    )


def search_text_with(subject: str | None) -> ColumnElement[str]:
    """Returns the search text of a task with another subject; None if its candidates may not know it."""
    own = func.split_part(Task.search, _BEFORE_SUBJECT, 1).concat(_ending(subject))
    return case((func.strpos(Task.search, _BEFORE_SUBJECT) > 0, own), else_=Task.search)


def rewritten(search: str, name: str, words: str) -> str:
    """Returns the search text `search` of a task named `name` with other search words of its case."""
    _, mark, subject = search.partition(_BEFORE_SUBJECT)
    return persian.normalise(f"{name} {words}") + mark + subject


def shows_subject() -> ColumnElement[bool]:
    """Returns whether all candidates for a task may know the subject of its case."""
    return and_(func.strpos(Task.search, _BEFORE_SUBJECT) > 0, Task.home_candidate_group_id.is_(None))


def update_search_text(uow: UnitOfWork, case_id: UUID, subject: str | None) -> None:
    """Updates the search text of the open tasks of a case with another subject."""
    own = update(Task).where(
        Task.case_id == case_id, Task.status == "open", Task.home_candidate_group_id.is_(None)
    )
    uow.connection.execute(own.values(search=search_text_with(subject)))


def _ending(subject: str | None) -> str:
    return _BEFORE_SUBJECT + persian.normalise(subject or "")
