"""An office with a case in it, for tests of the caseworker's desk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from engine.models import Definition, Unit
from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import Client, body
from tests.organisation import a_member, a_unit

FORM = factories.form(
    ("decision",),
    decision={"type": "string"},
    area={"type": "integer", "x-visible-to": ["caseworker"]},
    grade={"type": "integer", "x-visible-to": ["head"]},
)


@dataclass(frozen=True, slots=True)
class Office:
    """Sara and Reza work in `office`, where Mina is supervisor; Omid works in `fire`, another agency."""

    client: Clients
    case: str
    task: str

    def __getitem__(self, name: str) -> Client:
        return self.client("caseworker", name)

    def claimed(self, name: str = "sara") -> Client:
        """Who has the task from now on."""
        assert self[name].post(f"/tasks/{self.task}/claim").status_code == 200
        return self[name]

    def shown(self, name: str = "sara", task: str | None = None) -> dict[str, Any]:
        """The task as somebody reads it."""
        return body(self[name].get(f"/tasks/{task or self.task}"))

    def events(self) -> list[Mapping[str, Any]]:
        """The log of the case."""
        found: list[Mapping[str, Any]] = body(self["mina"].get(f"/cases/{self.case}/events"))["items"]
        return found


def an_office(client: Clients, database: Database) -> Office:
    """The office, with a case that the portal started and one open task `a` of the form FORM."""
    for unit in ("office", "fire"):
        a_unit(database, unit, kind="agency")
    for name, unit, role in (
        ("sara", "office", "caseworker"),
        ("reza", "office", "caseworker"),
        ("mina", "office", "supervisor"),
        ("omid", "fire", "caseworker"),
    ):
        a_member(database, name, unit, role)
    factories.deploy(database, factories.with_form(FORM))
    with database.transaction() as session:
        office = select(Unit.id).where(Unit.key == "office").scalar_subquery()
        session.execute(update(Definition).values(unit_id=office))
    case = client("portal").start(data={"area": 12, "grade": 3})
    return Office(client, case["id"], case["tasks"][0]["id"])
