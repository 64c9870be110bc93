"""The logs of many finished cases, and how fast they are verified."""

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from bench import load, w1
from bench.place import Place
from engine import definitions, events, tasks
from engine.events import Fact, Head
from engine.identity import accounts
from engine.models import Case, Event, Task
from engine.platform.db import Actor, UnitOfWork, table
from engine.platform.ids import uuid7

ENTRIES = 300_000
AT_ONCE = 200  # cases
_STATED = re.compile(r"([\d,]+) per second\.\nThe logs are intact")


def audited(found: Place) -> tuple[float, float]:
    """Return how many entries a second are verified: the chains alone; all, with checkpoint and tables."""
    found.do(lambda uow: definitions.deploy(uow, w1.files()))
    found.start(1, w1.KEY, load.case_data(1))
    found.do(_complete)
    filled = 0
    while filled < ENTRIES:
        filled += found.do(_fill)
    found.sql.execute("VACUUM ANALYZE")
    found.audit("key", "--new")
    found.audit("checkpoint")
    began = time.perf_counter()
    found.audit()
    chains = filled / (time.perf_counter() - began)
    said = found.audit("verify")
    stated = _STATED.search(said)
    if stated is None:
        raise RuntimeError(f"audit verify: {said[-500:]}")
    return chains, float(stated[1].replace(",", ""))


def _complete(uow: UnitOfWork) -> None:
    person = accounts.find_or_create(uow.session, uow.now, "worker", "caseworker")
    actor = Actor(person.id, person.name, "caseworker")
    task = uow.connection.execute(select(Task.id)).scalar_one()
    tasks.complete(replace(uow, actor=actor), task, load.task_data())


def _fill(uow: UnitOfWork) -> int:
    """Write more cases like the first one, with the same events. Returns how many events."""
    cases, works = table(Case), table(Task)
    first = uow.connection.execute(select(cases).order_by(cases.c.started_at).limit(1)).mappings().one()
    done = uow.connection.execute(select(works).where(works.c.case_id == first["id"])).mappings().one()
    names = (Event.kind, Event.element, Event.task_id, Event.payload, Event.facts)
    logged = select(*names).where(Event.case_id == first["id"]).order_by(Event.seq)
    log = uow.connection.execute(logged).all()
    written: list[Any] = []
    made: tuple[list[dict[str, Any]], list[dict[str, Any]]] = [], []
    for _ in range(AT_ONCE):
        case, task = uuid7(), uuid7()
        facts = _facts(log, case, task, first["secret"])
        head, rows = events.chain(uow, Head(case, first["version_id"]), facts)
        written += events.stored(rows)
        at = {"started_at": uow.now, "ended_at": uow.now, "started_by": uow.actor.id}
        ends = {"log_length": head.length, "log_hash": head.hash}
        made[0].append({**first, "id": case, "number": str(case), **ends, **at})
        closed = {"opened_at": uow.now, "closed_at": uow.now, "assignee_id": uow.actor.id}
        made[1].append({**done, "id": task, "case_id": case, **closed})
    uow.connection.execute(insert(cases), made[0])
    uow.connection.execute(insert(works), made[1])
    uow.write(events.APPEND, {"events": written})
    return len(written)


def _facts(log: Sequence[Any], case: UUID, task: UUID, secret: bytes) -> list[Fact]:
    own = {"case_number": str(case), "secret": events.mark(case, secret)}
    return [
        Fact(row.kind, row.element, row.task_id and task, _payload(row, own), {**row.facts}) for row in log
    ]


def _payload(row: Any, own: dict[str, str]) -> Any:
    return {**row.payload, **own} if row.kind == "case.started" else row.payload
