"""Work time: which signals make a stretch, and that the log gets each once."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from engine import cases, events, tasks
from engine.cases import erasure, work_notes
from engine.events import feed
from engine.models import Case, Event, WorkStretch
from engine.oversight.audit import search
from engine.platform.db import Actor, Database, UnitOfWork
from engine.tasks import work_time
from tests import factories
from tests.measured import a_stretch
from tests.organisation import a_member, a_unit

MINUTE = timedelta(minutes=1)
Act = Callable[..., Any]


class Worker:
    """A caseworker with a claimed task, and what this person does at which minute."""

    def __init__(self, act: Act, name: str | None = None) -> None:
        self.act = act
        self.name = name
        view = act("caseworker", lambda uow: cases.start(uow, "p", {}), name=name)
        self.case: UUID = view.id
        (row,) = act("caseworker", lambda uow: tasks.of_case(uow, self.case), name=name)
        self.task: UUID = row["id"]
        self.do(tasks.claim, self.task, at=0)

    def do(self, command: Callable[..., Any], *given: Any, at: float, **named: Any) -> Any:
        return self.act("caseworker", lambda uow: command(uow, *given, **named), at * MINUTE, self.name)

    def signal(self, *minutes: float, source: work_notes.Source = "page") -> None:
        for minute in minutes:
            assert self.do(work_time.signal, self.task, source, at=minute)

    def sweep(self, at: float) -> None:
        while self.act("administrator", work_notes.note_ended, at * MINUTE):
            pass


@pytest.fixture
def worker(database: Database, act: Act) -> Worker:
    factories.deploy(database, factories.one_task())
    return Worker(act)


@pytest.fixture
def noted(database: Database) -> Callable[[UUID], list[Mapping[str, Any]]]:
    """The events of a case about work time, and their lengths in minutes; the chain is verified."""

    def read(case: UUID) -> list[Mapping[str, Any]]:
        with database.transaction() as session:
            assert events.verify(session, case) == []
            wanted = (
                select(Event).where(Event.case_id == case, Event.kind == "work.noted").order_by(Event.seq)
            )
            return [
                {
                    "actor": one.actor_id,
                    "role": one.actor_role,
                    "unit": one.actor_unit,
                    "task": one.task_id,
                    "element": one.element,
                    "source": (one.facts or {})["source"],
                    "minutes": _minutes(one.facts or {}),
                }
                for one in session.scalars(wanted)
            ]

    return read


def _minutes(facts: Mapping[str, Any]) -> float:
    began, ended = (datetime.fromisoformat(facts[name]) for name in ("from_at", "to_at"))
    return round((ended - began) / MINUTE, 1)


Noted = Callable[[UUID], list[Mapping[str, Any]]]


def test_signals_without_a_gap_are_one_stretch_of_their_person(
    worker: Worker, noted: Noted, actor: Callable[..., Actor]
) -> None:
    worker.signal(1, 5, 19)
    worker.sweep(at=33)
    assert noted(worker.case) == []
    worker.sweep(at=35)
    worker.sweep(at=36)
    assert noted(worker.case) == [
        {
            "actor": actor("caseworker").id,
            "role": "caseworker",
            "unit": "root",
            "task": worker.task,
            "element": "a",
            "source": "page",
            "minutes": 18.0,
        }
    ]


def test_a_gap_of_more_than_fifteen_minutes_ends_a_stretch(worker: Worker, noted: Noted) -> None:
    worker.signal(1, 4)
    worker.signal(20, 22, source="api")  # nobody has swept between
    worker.signal(60, 74)
    worker.sweep(at=100)
    found = [(one["source"], one["minutes"]) for one in noted(worker.case)]
    assert found == [("page", 3.0), ("api", 2.0), ("page", 14.0)]


def test_an_answer_extends_the_stretch_before_it(worker: Worker, noted: Noted) -> None:
    worker.signal(1)
    worker.do(tasks.save_draft, worker.task, {}, at=6)
    worker.do(tasks.complete, worker.task, {}, at=13)
    worker.sweep(at=13.5)  # nothing extends it any more
    assert [(one["source"], one["minutes"]) for one in noted(worker.case)] == [("answer,draft,page", 12.0)]


def test_asking_for_an_opinion_is_work_on_the_task(worker: Worker, noted: Noted) -> None:
    worker.signal(1)
    worker.do(tasks.request_opinion, worker.task, tasks.Question("Is it safe?"), at=7)
    worker.sweep(at=60)
    assert [(one["source"], one["minutes"]) for one in noted(worker.case)] == [("answer,page", 6.0)]


def test_a_task_that_is_released_and_claimed_again_has_its_stretches_once(
    worker: Worker, noted: Noted
) -> None:
    worker.signal(1)
    worker.do(tasks.release, worker.task, at=5)
    assert not worker.do(work_time.signal, worker.task, "page", at=6)
    worker.do(tasks.claim, worker.task, at=30)
    worker.signal(31, 33)
    worker.sweep(at=60)
    assert [(one["source"], one["minutes"]) for one in noted(worker.case)] == [
        ("answer,page", 4.0),
        ("page", 2.0),
    ]


def test_without_opening_it_or_with_one_signal_alone_nothing_is_noted(
    worker: Worker, noted: Noted, act: Act
) -> None:
    other = Worker(act)
    worker.do(tasks.complete, worker.task, {}, at=3)
    other.signal(1)
    other.do(tasks.complete, other.task, {}, at=40)
    worker.sweep(at=60)
    assert noted(worker.case) == noted(other.case) == []
    assert worker.do(work_time.measured, other.case, other.task, at=60) is None


def test_only_the_assignee_is_measured(worker: Worker, database: Database, noted: Noted, act: Act) -> None:
    def another(uow: UnitOfWork) -> bool:
        return work_time.signal(uow, worker.task, "page")

    worker.signal(1, 2)
    assert not act("caseworker", another, 2 * MINUTE, "another")
    assert not act("administrator", another, 2 * MINUTE)
    assert not act("portal", another, 2 * MINUTE)
    with database.transaction() as session:
        assert len(session.scalars(select(WorkStretch)).all()) == 1


def test_an_answer_of_somebody_else_extends_nothing(worker: Worker, noted: Noted, act: Act) -> None:
    worker.signal(1, 4)
    worker.do(tasks.release, worker.task, at=20)
    act("caseworker", lambda uow: tasks.complete(uow, worker.task, {}), 18 * MINUTE, "another")
    worker.sweep(at=40)
    assert [(one["source"], one["minutes"]) for one in noted(worker.case)] == [("page", 3.0)]


def test_noting_changes_neither_revision_nor_status(worker: Worker, noted: Noted) -> None:
    worker.do(tasks.complete, worker.task, {}, at=0)
    before = worker.do(cases.get, worker.case, at=1)
    assert before.status == "completed"
    other = Worker(worker.act)
    other.signal(1, 4)
    seen = other.do(cases.get, other.case, at=5)
    other.sweep(at=30)
    assert other.do(cases.get, other.case, at=31).revision == seen.revision
    assert len(noted(other.case)) == 1


def test_many_tabs_at_once_make_one_row(worker: Worker, database: Database, noted: Noted) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda tab: worker.signal(1 + tab % 8), range(64)))
    with database.transaction() as session:
        assert len(session.scalars(select(WorkStretch)).all()) == 1
    worker.sweep(at=60)
    (one,) = noted(worker.case)
    assert one["minutes"] <= 8


def test_sweeps_at_once_note_each_stretch_once(worker: Worker, noted: Noted, act: Act) -> None:
    workers = [worker, *(Worker(act) for _ in range(5))]
    for one in workers:
        one.signal(1, 3)
        one.signal(30, 32)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: worker.sweep(at=90), range(16)))
    worker.sweep(at=91)  # the concurrent ones skip locked cases
    assert [[event["minutes"] for event in noted(one.case)] for one in workers] == [[2.0, 2.0]] * 6


def test_a_sweep_that_fails_after_taking_a_stretch_leaves_it(
    worker: Worker, noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.signal(1, 3)

    def fail(*_: object) -> None:
        raise RuntimeError("the process ends")

    with monkeypatch.context() as broken:
        broken.setattr(events, "stored", fail)
        with pytest.raises(RuntimeError):
            worker.sweep(at=60)
    assert noted(worker.case) == []
    worker.sweep(at=60)
    assert len(noted(worker.case)) == 1


def test_a_sweep_skips_a_locked_case_and_signals_do_not_wait_for_it(
    worker: Worker, database: Database, noted: Noted
) -> None:
    worker.signal(1, 3)
    with database.transaction() as session:
        session.execute(select(Case.id).where(Case.id == worker.case).with_for_update())
        worker.sweep(at=30)
        worker.signal(31)
    worker.sweep(at=60)
    assert [one["minutes"] for one in noted(worker.case)] == [2.0]


def test_erasing_a_case_notes_its_stretches_before(worker: Worker, noted: Noted, act: Act) -> None:
    worker.signal(1)
    worker.do(tasks.complete, worker.task, {}, at=4)
    act(
        "administrator",
        lambda uow: erasure.erase(uow, str(worker.case), "Archive act, §7", "operator"),
        4.5 * MINUTE,
    )
    assert [one["minutes"] for one in noted(worker.case)] == [3.0]
    worker.sweep(at=60)
    assert len(noted(worker.case)) == 1


def test_only_the_person_reads_the_events(worker: Worker, database: Database, act: Act) -> None:
    worker.signal(1, 4)
    worker.sweep(at=60)

    def kinds(role: str, name: str | None = None) -> set[str]:
        rows = act(role, lambda uow: cases.log(uow, worker.case), name=name)
        return {row["kind"] for row in rows}

    assert "work.noted" in kinds("caseworker")
    assert "work.noted" not in kinds("caseworker", "another") | kinds("administrator")
    wanted = search.Wanted(case=str(worker.case))
    found = act("auditor", lambda uow: search.find(uow, wanted, "a complaint", before=None))
    assert "task.claimed" in {row["kind"] for row in found}
    assert "work.noted" not in {row["kind"] for row in found}
    followed = act("administrator", feed.read)
    assert "task.claimed" in {row["kind"] for row in followed.items}
    assert "work.noted" not in {row["kind"] for row in followed.items}


def test_of_tasks_at_the_same_time_each_minute_of_a_day_counts_once(worker: Worker, act: Act) -> None:
    other = Worker(act)
    worker.signal(1, 11)
    other.signal(6, 16)
    worker.sweep(at=12)  # both may still be extended

    def totals(at: float) -> tuple[int, list[int]]:
        now = worker.do(lambda uow: uow.now, at=at)
        days = worker.do(work_time.own_days, work_time.Week.of(now.date()), at=at)
        return sum(day.seconds for day in days), sorted(one.seconds for day in days for one in day.tasks)

    going = totals(at=20)
    worker.sweep(at=60)
    assert going == totals(at=60)
    total, each = going
    assert (total, sum(each)) == (15 * 60, 20 * 60)
    assert worker.do(work_time.measured, worker.case, worker.task, at=60) == 600


def test_a_unit_is_shown_from_five_people_on(database: Database, act: Act) -> None:
    factories.deploy(database, factories.one_task())
    for key, parent in (("tax", None), ("north", "tax"), ("south", "tax")):
        a_unit(database, key, parent)
    boss = a_member(database, "boss", "tax", "supervisor")
    people = {"north": ["n1", "n2", "n3", "n4", "n5"], "south": ["s1", "s2", "s3", "s4"]}
    for unit, names in people.items():
        for name in names:
            a_stretch(database, a_member(database, name, unit), unit, minutes=10, days=10)
    week = work_time.Week.of((datetime.now(UTC) - timedelta(days=10)).date())

    def of(key: str) -> work_time.UnitTime:
        found: work_time.UnitTime = factories.as_actor(
            database, boss, lambda uow: work_time.of_unit(uow, key, week)
        )
        return found

    north, south, whole = of("north"), of("south"), of("tax")
    assert (north.seconds, north.left_out) == (3000, False)
    assert (south.seconds, south.cells, south.left_out) == (None, [], True)
    # Five and four: what is above them shows nothing more, or the four would be the difference.
    assert ([cell.unit for cell in whole.cells], whole.seconds, whole.left_out) == (["north"], 3000, True)
    a_stretch(database, a_member(database, "t1", "tax"), "tax", minutes=10, days=10)
    whole = of("tax")
    assert [(cell.unit, cell.people, cell.seconds, cell.includes) for cell in whole.cells] == [
        ("tax", 5, 3000, ["south"]),
        ("north", 5, 3000, []),
    ]
    assert of("south").seconds is None
