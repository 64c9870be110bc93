"""An office with a case in it, for tests of the pages of caseworkers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from werkzeug.test import TestResponse

from engine import tasks
from engine.models import Definition, Unit
from engine.platform.db import Actor, Database
from tests import bpmn, factories
from tests.organisation import a_member, a_unit
from tests.web.conftest import Browser

APPLICATION = factories.form(
    ("name",),
    name={"type": "string", "title": "نام | Name"},
    born={"type": "string", "format": "date", "title": "تاریخ تولد | Born on"},
    secret={"type": "string", "title": "راز | Secret", "x-visible-to": ["head"]},
)
ANSWER = factories.form(
    ("decision",),
    name={"type": "string", "title": "نام | Name", "readOnly": True, "not": {}},
    decision={"type": "string", "enum": ["granted", "refused"], "title": "تصمیم | Decision"},
    area={"type": "integer", "title": "مساحت | Area"},
    why={"type": "string", "title": "چرا | Why", "maxLength": 50},
    rows={"type": "array", "title": "مالکان | Owners", "items": {"type": "string"}},
    ground={
        "type": "object",
        "title": "دلیل | Ground",
        "properties": {"code": {"type": "string"}, "text": {"type": "string"}},
    },
)


def process(**marks: Any) -> dict[str, bytes]:
    """Start with a form → `a` → `b` → end; both tasks have the same form, and `marks`."""
    told = {f"parvandeh__{name}": value for name, value in marks.items()}
    body = [
        bpmn.node("startEvent", "start", camunda__formKey="start.json"),
        bpmn.node("userTask", "a", camunda__formKey="answer.json", **told),
        bpmn.node("userTask", "b", camunda__formKey="answer.json", **told),
        bpmn.node("endEvent", "end"),
        *(bpmn.flow(*pair) for pair in (("start", "a"), ("a", "b"), ("b", "end"))),
    ]
    return factories.files(bpmn.process(*body), start=APPLICATION, answer=ANSWER)


@dataclass(frozen=True, slots=True)
class Office:
    """Sara and Reza work in `office`, where Mina is supervisor; Omid works in `fire`, another agency."""

    database: Database
    session_of: Callable[[Actor], Browser]
    actors: dict[str, Actor]
    case: UUID

    def __getitem__(self, name: str) -> "Worker":
        return Worker(self, self.actors[name], self.session_of(self.actors[name]))

    def do(self, name: str, command: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """A command of the engine, as somebody."""
        return factories.as_actor(
            self.database, self.actors[name], lambda uow: command(uow, *arguments, **named)
        )

    @property
    def task(self) -> UUID:
        """The one open step."""
        rows = self.do("mina", tasks.latest, self.case)
        (found,) = (row["id"] for row in rows if row["status"] == "open" and row["kind"] == "step")
        return UUID(str(found))


@dataclass(frozen=True, slots=True)
class Worker:
    """Somebody of the office at a browser."""

    office: Office
    actor: Actor
    browser: Browser

    def see(self, path: str, lang: str = "en") -> TestResponse:
        """A page of the desk."""
        return self.browser.get(f"/desk{path}?lang={lang}")

    def send(self, path: str, headers: Mapping[str, str] | None = None, **form: Any) -> TestResponse:
        """A form; `data__name` is the field `data/name`."""
        page = self.browser.get("/account?lang=en").text
        found = re.search(r'name="token" value="([0-9a-f]{64})"', page)
        assert found
        sent = {name.replace("__", "/"): value for name, value in form.items()}
        return self.browser.post(f"/desk{path}", {"token": found[1], **sent}, **(headers or {}))

    def claimed(self) -> UUID:
        """The task, which is this person's from now on."""
        task = self.office.task
        self.office.do(self.actor.name, tasks.claim, task)
        return task


def an_office(
    database: Database, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser], **marks: Any
) -> Office:
    """The office, with a case that the portal has started and its first open task."""
    for unit in ("office", "fire"):
        a_unit(database, unit, kind="agency")
    actors = {
        name: a_member(database, name, unit, role)
        for name, unit, role in (
            ("sara", "office", "caseworker"),
            ("reza", "office", "caseworker"),
            ("mina", "office", "*"),
            ("omid", "fire", "caseworker"),
        )
    }
    factories.deploy(database, process(**marks))
    with database.transaction() as session:
        office = select(Unit.id).where(Unit.key == "office").scalar_subquery()
        session.execute(update(Definition).values(unit_id=office))
    data = {"name": "پروین", "born": "2001-03-21"}
    case = factories.a_case(database, actor("portal"), data=data)
    return Office(database, session_of, {**actors, "portal": actor("portal")}, case.id)
