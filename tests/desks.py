"""An office with a desk: its people, a process and cases, for tests with many tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from engine import tasks
from engine.models import Definition, Task, Unit
from engine.platform.db import Actor, Database
from tests import factories
from tests.organisation import a_member, a_unit

FORM = factories.form(("decision",), decision={"type": "string", "title": "تصمیم | Decision"})
DONE = {"decision": "granted"}


@dataclass
class Desks:
    """Sara and Reza work in `office`, where Mina is supervisor; Omid works in `fire`, another agency."""

    database: Database
    people: dict[str, Actor] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Actor:
        return self.people[name]

    def deploy(self, files: Mapping[str, bytes]) -> None:
        """Publish a process of the office."""
        factories.deploy(self.database, files)
        with self.database.transaction() as session:
            office = select(Unit.id).where(Unit.key == "office").scalar_subquery()
            session.execute(update(Definition).values(unit_id=office))

    def do(self, name: str, command: Any) -> Any:
        """Run a command of one of them."""
        return factories.as_actor(self.database, self[name], command)

    def some(self, count: int, key: str = "p", **due: float) -> Sequence[UUID]:
        """Return the tasks of so many new cases; with `days=` or `hours=` their due date from now."""
        made = [factories.a_case(self.database, self["portal"], key).tasks[0]["id"] for _ in range(count)]
        if due:
            self.change(made, due_at=datetime.now(UTC) + timedelta(**due))
        return made

    def change(self, ids: Sequence[UUID], **values: Any) -> None:
        """Set columns of tasks, as time or a process would."""
        with self.database.transaction() as session:
            session.execute(update(Task).where(Task.id.in_(ids)).values(values))

    def row(self, task_id: UUID) -> Any:
        """Return a task as it is in the database."""
        with self.database.transaction() as session:
            return session.execute(select(Task.__table__).where(Task.id == task_id)).one()

    def claimed(self, name: str, task_id: UUID) -> None:
        """Set the assignee of a task."""
        self.do(name, lambda uow: tasks.claim(uow, task_id))


def desks(database: Database) -> Desks:
    """The office, whose process is a start, a task `a` with FORM, and an end."""
    found = Desks(database)
    for unit in ("office", "fire"):
        a_unit(database, unit, kind="agency")
    for name, unit, role in (
        ("sara", "office", "caseworker"),
        ("reza", "office", "caseworker"),
        ("mina", "office", "supervisor"),
        ("omid", "fire", "caseworker"),
    ):
        found.people[name] = a_member(database, name, unit, role)
    found.people["portal"] = factories.an_actor(database, "portal")
    found.deploy(factories.with_form(FORM))
    return found
