"""Processes and cases with a statutory term, for tests."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine import cases
from engine.cases.clock import rows
from engine.cases.clock.reckoning import reckon
from engine.cases.clock.rows import Clock
from engine.identity import accounts
from engine.models import Case, Event
from engine.platform.db import Actor, Database, UnitOfWork
from tests import bpmn, factories

TERM = timedelta(hours=10)  # of the process below
MINUTE = timedelta(minutes=1)
DECISION = {"decision": "granted"}
_FORM = factories.form(("decision",), decision={"enum": ["granted", "refused"]}, ground={"type": "object"})
_OUTCOMES = bpmn.declared(granted="grants", refused="refuses")


def deciding(
    *more: str, before: Sequence[str] = (), after: Sequence[str] = (), **attributes: str
) -> dict[str, bytes]:
    """Start → elements → user task `decide`, a legal decision → elements → end; the term is ten hours."""
    decide = bpmn.node("userTask", "decide", camunda__formKey="f.json", parvandeh__decision="decision")
    given = {"statutory": "PT10H", **attributes}
    said = " ".join(f'parvandeh:{name}="{value}"' for name, value in given.items() if value)
    body = [_OUTCOMES, *bpmn.in_line(*before, decide, *after), *more]
    content = bpmn.process(*body, attributes=f'isExecutable="true" {said}')
    return factories.files(content, f=_FORM)


def clock_of(database: Database, case_id: UUID) -> Clock | None:
    nobody = cast(Actor, None)  # reading needs no actor
    return database.run(lambda session, now: rows.read(UnitOfWork(session, nobody, now), case_id))


def age(database: Database, case_id: UUID, by: timedelta) -> None:
    """Let the term of a case have begun so much earlier; its other instants follow from that."""

    def command(session: Session, now: datetime) -> None:
        uow = UnitOfWork(session, accounts.system(session, now), now)
        clock = rows.read(uow, case_id)
        assert clock is not None
        assert clock.started_at is not None
        unit = session.execute(select(Case.unit_id).where(Case.id == case_id)).scalar_one()
        begun = replace(clock, filed_at=clock.filed_at - by, started_at=clock.started_at - by)
        rows.write(uow, reckon(uow, unit, begun))

    database.run(command)


def silence(database: Database, case_id: UUID) -> None:
    """The term of a case has ended, and the clock has done what is due."""
    age(database, case_id, TERM * 2)

    def command(session: Session, now: datetime) -> None:
        uow = UnitOfWork(session, accounts.system(session, now), now)
        cases.do_due(uow, case_id)

    for _ in ("warned", "breached", "deemed"):
        database.run(command)


def due(database: Database, case_id: UUID) -> datetime:
    """When the term of a case ends."""
    clock = clock_of(database, case_id)
    assert clock is not None
    assert clock.due_at is not None
    return clock.due_at


def forget(database: Database, case_id: UUID, by: timedelta) -> None:
    """Let a case have begun so much earlier, its term due at once; events say nothing of the time since."""
    moved = {"by": by, "case": case_id}
    with database.transaction() as session:
        session.execute(text("ALTER TABLE events DISABLE TRIGGER USER"))
        session.execute(text("DELETE FROM events WHERE case_id = :case AND kind = 'task.created'"), moved)
        session.execute(text("UPDATE events SET at = at - :by WHERE case_id = :case"), moved)
        due = """
            UPDATE events SET facts = facts || jsonb_build_object('due_at', at, 'started_at', at)
            WHERE case_id = :case AND kind = 'clock.started'
        """
        session.execute(text(due), moved)


def kinds(database: Database, case_id: UUID, begin: str = "clock.") -> list[str]:
    """The kinds of the case's events that begin so, in their order."""
    return [kind for kind, _ in logged(database, case_id) if kind.startswith(begin)]


def logged(database: Database, case_id: UUID) -> list[tuple[str, Mapping[str, Any]]]:
    found = select(Event.kind, Event.facts).where(Event.case_id == case_id).order_by(Event.seq)
    with database.transaction() as session:
        return [(kind, facts) for kind, facts in session.execute(found)]
