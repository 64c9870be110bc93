"""A service to apply for, and an applicant at its pages."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from engine import cases, tasks
from engine.models import Case, Task, User
from engine.platform.db import Actor, Database
from tests import bpmn, factories
from tests.web.conftest import Browser

ME, OTHER = "0012345679", "0084575948"
GROUND = {"code": "tax_debt", "text": "Taxes of 1404 are unpaid."}
FIELDS = [f"f{number}" for number in range(1, 9)]
PROPERTIES: dict[str, Any] = {
    **{name: {"type": "string", "title": f"فیلد {name} | Field {name}"} for name in FIELDS},
    "f2": {"type": "integer", "minimum": 4, "title": "تعداد | Count"},
}
START = factories.form(("f1", "f7"), **PROPERTIES)
ANSWERS = {"f1": "first", "f2": "۱۲", "f7": "seventh"}


def service(key: str = "p", start: Mapping[str, Any] = START, more: str = "") -> dict[str, bytes]:
    """Start with a form of two steps → a decision, which can be appealed → end; `more`: attributes."""
    outcomes = {"granted": "grants", "refused": "refuses", "partly": "grants"}
    form = factories.form(decision={"enum": list(outcomes)}) | {"additionalProperties": True}
    decide = bpmn.node(
        "userTask", "decide", camunda__formKey="d.json", parvandeh__decision="decision", name="بررسی | Review"
    )
    body = [
        bpmn.declared(**outcomes),
        bpmn.node("startEvent", "start", camunda__formKey="f.json"),
        decide,
        bpmn.node("endEvent", "end"),
        bpmn.flow("start", "decide"),
        bpmn.flow("decide", "end"),
    ]
    marks = 'parvandeh:appeal="objection" parvandeh:appealWithin="P20D" ' + more
    named = f'isExecutable="true" name="خدمت {key} | Service {key}" {marks}'
    return factories.files(bpmn.process(*body, key=key, attributes=named), f=start, d=form)


def secret_of(page: str) -> str:
    """The secret that a page shows; looked for at its place, since ids may contain something like it."""
    (secret,) = re.findall(r"<bdi class=\"ltr[^\"]*\">((?:[0-9A-Z]{4}-){2}[0-9A-Z]{4})</bdi>", page)
    return str(secret)


class Applicant:
    """Somebody whose account is known to be theirs, in a browser."""

    def __init__(self, browser: Browser, actor: Actor, database: Database) -> None:
        self.browser, self.actor, self.database = browser, actor, database

    def get(self, path: str) -> str:
        """The text of a page in English."""
        page = self.browser.get(f"{path}{'&' if '?' in path else '?'}lang=en")
        assert page.status_code == 200, (page.status_code, page.headers.get("Location"))
        return page.text

    def post(self, path: str, form: Mapping[str, Any], on: str | None = None) -> Any:
        """A form, with the word of its page."""
        return self.browser.post(path, {"token": self.browser.token(on or path), **form})

    def fill(self, key: str = "p", answers: Mapping[str, str] | None = None) -> None:
        """Answer both steps."""
        given = {f"data/{name}": value for name, value in {**ANSWERS, **(answers or {})}.items()}
        for number, names in ((1, FIELDS[:6]), (2, FIELDS[6:])):
            form = {name: value for name, value in given.items() if name.removeprefix("data/") in names}
            sent = self.post(f"/services/{key}/apply/{number}", form)
            assert sent.status_code == 303, sent.text

    def apply(self, key: str = "p") -> UUID:
        """Apply, and the id of the case."""
        self.fill(key)
        sent = self.post(f"/services/{key}/apply/check", {})
        assert sent.status_code == 303, sent.text
        return UUID(sent.headers["Location"].split("/")[3])

    def task(self, case_id: UUID, **where: Any) -> UUID:
        """The open task of a case."""
        found = select(Task.id).where(Task.case_id == case_id, Task.status == "open")
        with self.database.transaction() as session:
            return session.scalars(found.filter_by(**where)).one()

    def case(self, case_id: UUID) -> Case:
        """What is stored."""
        with self.database.transaction() as session:
            found = session.get(Case, case_id)
            assert found is not None
            session.expunge(found)
            return found


@pytest.fixture
def apply_here(database: Database) -> None:
    """The service `p` is offered."""
    factories.deploy_shipped(database, "objection")
    factories.deploy(database, service())


@pytest.fixture
def me(
    database: Database,
    actor: Callable[..., Actor],
    session_of: Callable[[Actor], Browser],
    apply_here: None,
) -> Applicant:
    """The applicant ME."""
    return an_applicant(database, actor, session_of, "me", ME)


def an_applicant(
    database: Database, actor: Callable[..., Actor], session_of: Any, name: str, person: str
) -> Applicant:
    """Somebody with this national id."""
    who = actor("applicant", name)
    with database.transaction() as session:
        session.execute(update(User).where(User.id == who.id).values(person=person))
    return Applicant(session_of(who), who, database)


def decided(
    database: Database, office: Actor, me: Applicant, case_id: UUID, outcome: str = "refused"
) -> None:
    """The office decides."""
    answer = {"decision": outcome, "ground": GROUND}
    task = me.task(case_id)
    factories.as_actor(database, office, lambda uow: tasks.complete(uow, task, answer))


def sent_back(database: Database, office: Actor, me: Applicant, case_id: UUID) -> UUID:
    """The office marks the second field; the applicant's task."""
    marks = tasks.Marks([("/f2", "It is far too many.")], "Please look again.")
    task = me.task(case_id)
    factories.as_actor(database, office, lambda uow: tasks.claim(uow, task))
    return factories.as_actor(database, office, lambda uow: tasks.request_correction(uow, task, marks))


def started(database: Database, me: Applicant, key: str = "p") -> UUID:
    """A case that was not begun on the pages."""
    data = {"f1": "first", "f2": 12, "f7": "seventh"}
    return factories.as_actor(database, me.actor, lambda uow: cases.start(uow, key, data)).id
