"""Statutory terms of many cases: steps due at once, a closure; and how fast the logs are verified.

Rates depend on what else the machine does; processor time, of the worker and of PostgreSQL together, hardly.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import quantiles
from typing import Any
from uuid import UUID

from bench import inbox
from bench.audited import audited
from bench.place import Place, place
from bench.processor import of_tree
from engine import definitions, organisation
from engine.cases import recalculation
from engine.cases.clock.reckoning import reckon
from engine.cases.clock.rows import Clock
from engine.identity import accounts
from engine.models import ROOT
from engine.organisation import calendars
from engine.platform.db import UnitOfWork
from engine.platform.ids import uuid7

DUE = 10_000
OPEN = 100_000
ASKED = 200
DAY = timedelta(days=1)
ROLE = "caseworker"
_PROCESS = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:parvandeh="https://parvandeh.org/bpmn"><process id="{key}" isExecutable="true"
 parvandeh:statutory="P20WD" parvandeh:onSilence="{silence}"><startEvent id="s"/>
<userTask id="t" name="Review" parvandeh:due="P5WD"/><endEvent id="e"/>
<sequenceFlow id="a" sourceRef="s" targetRef="t"/><sequenceFlow id="b" sourceRef="t" targetRef="e"/>
</process></definitions>"""
SILENT, ESCALATED, LASTING = "silent", "escalated", "lasting"
_SET = """
UPDATE clocks SET filed_at = %(at)s, started_at = %(at)s, due_at = %(due)s, warn_at = %(warn)s,
    next_at = CASE WHEN stage = 'none' THEN %(warn)s ELSE %(due)s END
FROM cases JOIN definition_versions ON definition_versions.id = cases.version_id
WHERE cases.id = clocks.case_id AND definition_versions.key = ANY(%(keys)s)
"""
_WAITING = "SELECT FROM clocks WHERE next_at <= now() LIMIT 1"
# Each began in the last ten days. What they contain is that of the first; their logs can't be verified.
_CLONES = (
    """
CREATE TEMPORARY TABLE clones AS SELECT gen_random_uuid() AS id, n, random() * interval '10 days' AS age
FROM generate_series(1, %(count)s) n
""",
    """
INSERT INTO cases SELECT (jsonb_populate_record(cases, jsonb_build_object('id', clones.id, 'number',
    'n' || n))).* FROM cases, clones WHERE cases.id = %(case)s
""",
    """
INSERT INTO tasks SELECT (jsonb_populate_record(tasks, jsonb_build_object('id', gen_random_uuid(),
    'case_id', clones.id, 'opened_at', opened_at - age))).* FROM tasks, clones WHERE case_id = %(case)s
""",
    """
INSERT INTO clocks SELECT (jsonb_populate_record(clocks, jsonb_build_object('case_id', clones.id,
    'started_at', started_at - age, 'filed_at', filed_at - age))).*
FROM clocks, clones WHERE case_id = %(case)s
""",
    "VACUUM ANALYZE",
)


@dataclass(frozen=True, slots=True)
class Rate:
    """How many a second, and the milliseconds of processor time that each takes."""

    rate: float
    processor: float


@dataclass(frozen=True, slots=True)
class Clocks:
    """`warned`, `breached` and `deemed`: cases; the latter have a breach and a decision by silence each.

    `closure` is in seconds, with its processor time; `before` and `during` it are the 95th percentiles of an
    inbox, in milliseconds. `chains` and `verified` are entries of the logs.
    """

    warned: Rate
    breached: Rate
    deemed: Rate
    closure: float
    closure_processor: float
    before: float
    during: float
    chains: float
    verified: float


def measure() -> Clocks:
    """Measure on separate servers, in temporary folders."""
    with place() as found:
        warned, breached, deemed = _steps(found)
    with place() as found:
        closure = _closure(found)
    with place() as found:
        return Clocks(warned, breached, deemed, *closure, *audited(found))


def _deploy(found: Place, key: str, silence: str) -> None:
    content = _PROCESS.format(key=key, silence=silence).encode()
    found.do(lambda uow: definitions.deploy(uow, {"p.bpmn": content}))


def _steps(found: Place) -> tuple[Rate, Rate, Rate]:
    for key, silence in ((SILENT, "grant"), (ESCALATED, "escalate")):
        _deploy(found, key, silence)
        found.start(DUE // 2, key)
    found.sql.execute("VACUUM ANALYZE")
    with found.worker("cases") as worker:

        def done(keys: list[str], over: Callable[[Clock, datetime], bool], count: int) -> Rate:
            _set(found, keys, over)
            return _timed(found, worker.pid, count, lambda: found.await_rows(_WAITING, 0, pause=0.1))

        return (
            done([SILENT, ESCALATED], lambda clock, now: _past(clock.warn_at, now), DUE),
            done([ESCALATED], lambda clock, now: _past(clock.due_at, now), DUE // 2),
            done([SILENT], lambda clock, now: _past(clock.due_at, now), DUE // 2),
        )


def _past(instant: datetime | None, now: datetime) -> bool:
    return instant is not None and instant <= now


def _set(found: Place, keys: list[str], over: Callable[[Clock, datetime], bool]) -> None:
    """Let the terms have begun on the last day from which they have come so far."""

    def begun(uow: UnitOfWork) -> Clock:
        clock = Clock(uuid7(), "running", "none", uow.now, term="P20WD")
        for days in range(1, 100):
            clock = reckon(uow, ROOT, replace(clock, started_at=uow.now - days * DAY))
            if over(clock, uow.now):
                return clock
        raise AssertionError("the term doesn't end")

    clock = found.do(begun)
    given = {"at": clock.started_at, "due": clock.due_at, "warn": clock.warn_at, "keys": keys}
    found.sql.execute(_SET, given)


def _timed(found: Place, worker: int, count: int, done: Callable[[], None]) -> Rate:
    used, began = _used(found, worker), time.perf_counter()
    done()
    took = time.perf_counter() - began
    return Rate(count / took, 1000 * (_used(found, worker) - used) / count)


def _used(found: Place, worker: int) -> float:
    return of_tree(found.server) + of_tree(worker)


def _closure(found: Place) -> tuple[float, float, float, float]:
    """Declare a closure that moves the terms and tasks of all open cases."""
    _deploy(found, LASTING, "escalate")
    found.start(1, LASTING)
    ((case,),) = found.sql.execute("SELECT id FROM cases").fetchall()
    for statement in _CLONES:
        found.sql.execute(statement, {"case": case, "count": OPEN} if "%" in statement else None)
    client = _member(found)

    def ask() -> float:
        began = time.perf_counter()
        answer = client.get("/api/v1/tasks")
        if answer.status_code != 200:
            raise RuntimeError(f"the inbox: {answer.status_code} {answer.text[:200]}")
        return time.perf_counter() - began

    before = [ask() for _ in range(ASKED)]
    with found.worker("checks") as worker:
        begun = found.do(_declare)
        used, began, during = _used(found, worker.pid), time.perf_counter(), []
        while not found.sql.execute(_DONE, (begun,)).fetchone():
            during.append(ask())
            time.sleep(0.05)
        took = time.perf_counter() - began
        used = _used(found, worker.pid) - used
    (changed,) = found.sql.execute("SELECT changed FROM recalculations").fetchone() or (0,)
    if changed < OPEN:
        raise RuntimeError(f"only {changed} deadlines have moved")
    return took, used, 1000 * quantiles(before, n=20)[-1], 1000 * quantiles(during, n=20)[-1]


_DONE = "SELECT true FROM recalculations WHERE id = %s AND done_at IS NOT NULL"


def _declare(uow: UnitOfWork) -> UUID:
    first = (uow.now + DAY).date()
    _, unit = calendars.declare(uow, "root", first, first + 9 * DAY, "air")
    (order,) = recalculation.order(uow, [unit])
    return order


def _member(found: Place) -> Any:
    """Return a client of a person whose inbox has all these tasks."""

    def enrol(uow: UnitOfWork) -> None:
        person = accounts.find_or_create(uow.session, uow.now, "member", ROLE, position=None)
        organisation.enrol(uow.session, person.id, unit_id=ROOT, role="*", valid_from=person.created_at)

    found.do(enrol)
    return inbox.client(inbox.application(found.url, found.database), found.database, "member", ROLE)
