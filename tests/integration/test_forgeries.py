"""Whatever the owner of the database forges with SQL, a verification names it: also next to an erased case.

Past Parvandeh and with all triggers off. What only a checkpoint shows is in test_checkpoints.py.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import pytest
from sqlalchemy import Column, Connection, Table, text
from sqlalchemy.dialects import postgresql

from engine import cases, documents, tasks
from engine.cases import Application, erasure, messages
from engine.cases.proposals import propose_variables
from engine.documents.intake import Received
from engine.events import administration_log
from engine.models import Base
from engine.organisation import calendars
from engine.oversight import replay
from engine.oversight.audit import checkpoints, verification
from engine.oversight.audit.statement import Signed
from engine.oversight.audit.tables import BY_EVENTS
from engine.platform.db import Database, connection
from tests import bpmn, clocks, factories
from tests.desks import Desks
from tests.integration.conftest import Act
from tests.integration.test_bills import FEE, REPLY, RIGHT
from tests.integration.test_replay import a_story, office, open_task

__all__ = ["office"]
GUARDED = ("events", "organisation_log", "calendar_versions")


class _Undone(Exception):
    """Ends a transaction without a trace."""


@dataclass(frozen=True, slots=True)
class World:
    """An installation with cases of which each compared table has rows, and the checkpoint of then."""

    database: Database
    checkpoint: Signed

    def named_after(self, *statements: str, outside: bool = False) -> set[str]:
        """The tables and columns, or codes, that a verification names after a forgery, which is undone."""
        given = self.checkpoint if outside else None
        found: set[str] = set()
        with suppress(_Undone), self.database.transaction("snapshot") as session:
            bound = connection(session)
            for name in GUARDED if statements else ():
                bound.execute(text(f"ALTER TABLE {name} DISABLE TRIGGER USER"))
            for one in statements:
                assert bound.execute(text(one)).rowcount
            found |= {_name(one) for one in verification.verify(session, given).findings}
            raise _Undone
        return found


def _name(one: verification.Finding) -> str:
    if one.code == "forged":
        return f"{one.values['table']}.{one.values['column']}"
    return _place(one)


def _place(one: verification.Finding) -> str:
    return f"{one.values['table']}: {one.code}" if one.subject == "row" else f"{one.subject}: {one.code}"


@pytest.fixture
def world(office: Desks, database: Database, act: Act) -> World:
    database.run(lambda session, now: calendars.install(session, now, "Asia/Tehran"))
    while database.run(lambda session, _: administration_log.record_upgrade(session, "1")):
        """The next batch."""
    case = a_story(office)
    last = open_task(office, case)
    office.do("sara", lambda uow: tasks.comment(uow, "seen", case=case))
    received = Received("a.pdf", "application/pdf", 7, b"\1" * 32)
    office.do("sara", lambda uow: documents.add(uow, received, case=case, title="Lease"))
    act("administrator", lambda uow: propose_variables(uow, case, {"note": "w"}, "typing error"))
    office.do("reza", lambda uow: tasks.recuse(uow, last, reason="a friend"))
    factories.deploy_shipped(database, "collect-fee")
    act("portal", lambda uow: cases.start(uow, "collect-fee", FEE, Application(applicant="0000004091")))
    factories.answer_calls(database, issue_bill=REPLY)
    act("service", lambda uow: messages.send(uow, "payment.confirmed", {"bill": "B-1"}, RIGHT))
    failing = bpmn.process(*bpmn.in_line(bpmn.script("s", "y = 1 // x")), key="q")
    factories.deploy(database, factories.files(failing))
    act("portal", lambda uow: cases.start(uow, "q", {"x": 0}))
    factories.deploy(database, clocks.deciding())
    act("portal", lambda uow: cases.start(uow, "p", {}))
    made = database.run(lambda session, now: checkpoints.take(session, now, []), "snapshot")
    return World(database, made)


_AGAIN = "INSERT INTO {0} SELECT gen_random_uuid(), {1} FROM {0} LIMIT 1"
_TOKEN = (
    "INSERT INTO tokens (id, user_id, digest, created_at)"
    " SELECT gen_random_uuid(), id, 'x', now() FROM users LIMIT 1"
)
# Of each kind what the owner of the database does, and what is named.
FORGERIES = {
    "UPDATE cases SET applicant = '0000004092' WHERE applicant IS NOT NULL": "cases.applicant",
    "UPDATE cases SET number = '1405-999999' WHERE applicant IS NOT NULL": "cases.number",
    "UPDATE cases SET secret = sha256('mine') WHERE applicant IS NOT NULL": "cases.secret",
    "UPDATE cases SET data = '{}' WHERE applicant IS NOT NULL": "cases.data.fee_rials",
    "UPDATE cases SET outcome = 'x'": "cases.outcome",
    "UPDATE cases SET ended_at = now()": "cases.ended_at",
    "UPDATE bills SET amount = 1": "bills.amount",
    "UPDATE bills SET paid_amount = 'x'": "bills.terms",
    "UPDATE bills SET status = 'open', paid_at = NULL": "bills.status",
    "UPDATE decisions SET outcome = 'refused'": "decisions.outcome",
    "UPDATE decisions SET grounds = '[1]'": "decisions.grounds",
    "UPDATE decisions SET decided_by = (SELECT id FROM users WHERE name = 'sara')": "decisions.decided_by",
    "UPDATE tasks SET due_at = now() WHERE due_at IS NOT NULL": "tasks.due_at",
    "UPDATE clocks SET due_at = now()": "clocks.due_at",
    _AGAIN.format("comments", "case_id, task_id, author_id, text, true, at"): "comments.id",
    "UPDATE comments SET text = 'x'": "comments.text",
    "UPDATE document_versions SET sha256 = sha256('x')": "documents.versions",
    "DELETE FROM recusals": "recusals.id",
    "UPDATE case_proposals SET change = '{}'": "proposals.change",
    "UPDATE incidents SET message = 'x'": "incidents.message",
    "UPDATE events SET facts = '{\"unit\": \"x\"}' WHERE kind = 'case.started'": "case: changed",
    "UPDATE events SET at = now()": "case: changed",
    "UPDATE events SET (payload, salt) = (NULL, NULL) WHERE kind = 'comment.added'": (
        "case: erased-without-event"
    ),
    "UPDATE organisation_log SET payload = '{}'": "administration: changed",
    "UPDATE organisation_log SET rows = NULL": "administration: changed",
    _AGAIN.format("memberships", "user_id, unit_id, '*', valid_from"): "memberships: row-added",
    "UPDATE users SET role = 'administrator' WHERE name = 'sara'": "users: row-changed",
    "UPDATE users SET person = '0000004092' WHERE name = 'sara'": "users: row-changed",
    _TOKEN: "tokens: row-added",
    "INSERT INTO passwords SELECT id, 'h', false, now() FROM users LIMIT 1": "passwords: row-added",
    "UPDATE calendar_versions SET document = '{}'": "calendar_versions: row-changed",
    "UPDATE deployment_files SET content = 'x' WHERE name LIKE '%.bpmn'": "deployment_files: row-changed",
    "UPDATE definition_versions SET digest = 'x'": "definition_versions: row-changed",
    "DELETE FROM unit_lines WHERE ancestor_id <> unit_id": "unit_lines: row-removed",
}


@pytest.mark.parametrize("outside", [False, True], ids=["stored", "given"])
def test_each_forgery_is_named(world: World, outside: bool) -> None:
    assert world.named_after(outside=outside) == set()
    missed = {}
    for statement, named in FORGERIES.items():
        if named not in (found := world.named_after(statement, outside=outside)):
            missed[statement] = found
    assert missed == {}


def test_forgery_next_to_an_erased_case_is_named(world: World, office: Desks, act: Act) -> None:
    with world.database.transaction() as session:
        found = text("SELECT id FROM cases WHERE applicant IS NOT NULL")
        erased = connection(session).execute(found).scalar_one()
    act("administrator", lambda uow: erasure.erase(uow, str(erased), "Act 1", "root"))
    assert world.named_after() == world.named_after(outside=True) == set()
    assert "comments.text" in world.named_after("UPDATE comments SET text = 'x'")
    assert "bills.amount" in world.named_after("UPDATE bills SET amount = 1")
    own = f"UPDATE cases SET applicant = '0000004092' WHERE id = '{erased}'"
    assert "cases.applicant" in world.named_after(own)


_OTHER = {
    "TEXT": "'forged' || coalesce({0}, '')",
    "UUID": "gen_random_uuid()",
    "TIMESTAMP WITH TIME ZONE": "coalesce({0} + interval '1 day', now())",
    "DATE": "coalesce({0} + 1, current_date)",
    "INTEGER": "coalesce({0}, 0) + 1",
    "BIGINT": "{0} + 1",
    "NUMERIC(19, 4)": "coalesce({0}, 0) + 1",
    "BOOLEAN": "NOT {0}",
    "JSONB": """'[{{"forged": true}}]'""",
    "BYTEA": "sha256('forged')",
    "TEXT[]": "ARRAY['forged']",
}


def other(column: Column[Any]) -> str:
    """SQL of another value than the column has."""
    return _OTHER[column.type.compile(dialect=cast(Any, postgresql.dialect)())].format(column.name)


def missed_in(database: Database, name: str, columns: Collection[str]) -> set[str]:
    """The columns of a table that can be changed in all its rows without a finding."""
    table, missed = Base.metadata.tables[name], set()
    with suppress(_Undone), database.transaction("snapshot") as session:
        bound = connection(session)
        _loosen(bound, table)
        for column in columns:
            savepoint = bound.begin_nested()
            only = " WHERE term IS NULL" if (name, column) in COUNTED else ""
            forged = f"UPDATE {name} SET {column} = {other(table.c[column])}{only}"
            assert bound.execute(text(forged)).rowcount, name
            if not replay.compare(session).differences:
                missed.add(column)
            savepoint.rollback()
        raise _Undone
    return missed


def _loosen(bound: Connection, table: Table) -> None:
    found = (
        "SELECT conname FROM pg_constraint WHERE conrelid = CAST(:name AS regclass) AND contype IN ('f', 'c')"
    )
    for key in bound.execute(text(found), {"name": table.name}).scalars().all():
        bound.execute(text(f'ALTER TABLE {table.name} DROP CONSTRAINT "{key}"'))


# Due times in working time follow from calendars.
COUNTED = {("tasks", "due_at"), ("waits", "due_at")}
# Not every column of the case changes for every row: those of the version and the unit must lead to one.
LEADING = {"cases": {"version_id", "unit_id"}}


@pytest.mark.parametrize("name", sorted(BY_EVENTS))
def test_each_compared_column_of_a_case_is_verified(world: World, name: str) -> None:
    columns = replay.compared_columns()[name] - LEADING.get(name, set())
    assert missed_in(world.database, name, columns) == set()
