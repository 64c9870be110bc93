"""Running cases are brought to another version: those that can be, exactly, once, and whole."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from engine import cases, events, tasks
from engine.cases import CaseView, incidents, messages, migration
from engine.cases.migration import commands as migration_commands
from engine.models import Case, DefinitionVersion, Event, Incident, MigratedCase, Task, Wait
from engine.platform import jobs
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Conflict, Invalid, NotFound
from tests import bpmn, factories, working
from tests.conftest import conninfo
from tests.integration.conftest import Act
from tests.waiting import until

DAY = timedelta(days=1)
EACH = 10  # cases at each place

ROOTS = (
    '<bpmn:message id="m" name="paid"/><bpmn:message id="n" name="settled"/>',
    '<bpmn:signal id="s" name="alarm"/><bpmn:signal id="z" name="all clear"/>',
)
TWO = bpmn.in_line("userTask a", "userTask b")
THREE = bpmn.in_line("userTask a", "userTask b", "userTask c")


def timer(duration: str) -> str:
    text = f"<bpmn:timeDuration>{duration}</bpmn:timeDuration>"
    return f"<bpmn:timerEventDefinition>{text}</bpmn:timerEventDefinition>"


def line(*names: str) -> list[str]:
    return [bpmn.flow(source, target) for source, target in pairwise(names)]


def permit(*after: str, inside: tuple[str, ...], decide: str, days: int, fee: str) -> list[str]:
    """Reception, a check on the spot, two opinions, a delay, a fee, a decision with a reminder, these."""
    return [
        *(bpmn.node("startEvent", "start"), bpmn.node("userTask", "receive")),
        bpmn.node("subProcess", "check", "".join(bpmn.in_line(*inside, prefix="check_"))),
        *(bpmn.node("parallelGateway", name) for name in ("fork", "join")),
        *(bpmn.node("userTask", name) for name in ("law", "craft")),
        bpmn.node("intermediateCatchEvent", "delay", timer(f"P{days}D")),
        bpmn.script("fee", fee),
        f'<bpmn:userTask id="decide" name="{decide}"/>',
        bpmn.node(
            "boundaryEvent", "remind", timer(f"P{days}D"), attachedToRef="decide", cancelActivity="false"
        ),
        bpmn.node("userTask", "reminder"),
        *(bpmn.node("userTask", name) for name in after),
        bpmn.node("endEvent", "end"),
        *line("start", "receive", "check", "fork", "law", "join", "delay", "fee", "decide", *after, "end"),
        *(*line("fork", "craft", "join"), *line("remind", "reminder")),
    ]


FIRST = permit(
    "archive", inside=("userTask look", "userTask note"), decide="Decide", days=30, fee="fee = 9 // x"
)
# A step added (publish), one removed (archive), one renamed (decide), a sub-process changed; other times.
SECOND = permit(
    "publish",
    inside=("userTask look", "userTask measure"),
    decide="Grant or refuse",
    days=90,
    fee="fee = 9 // (x or 1)",
)
# The way to each place: tasks that are answered, and after how many days timers are looked at.
READY = ("receive", "look", "note", "law", "craft")
PLACES: Mapping[str, tuple[str | int, ...]] = {
    "receive": (),
    "look": READY[:1],
    "note": READY[:2],
    "craft and law": READY[:3],
    "join": READY[:4],
    "delay": READY,
    "fee": (*READY, 30),
    "decide": (*READY, 30),
    "reminder": (*READY, 30, 61),
    "archive": (*READY, 30, "decide"),
}
GONE = {"note", "archive"}


@dataclass(frozen=True, slots=True)
class Office:
    """An installation with the definition `p`, its people and its worker."""

    database: Database
    act: Act
    work: Callable[..., None]

    def deploy(self, *body: str, more: str = "") -> None:
        """A new version of `p`, with `more` attributes."""
        process = bpmn.process_element(*body, attributes=f'isExecutable="true" {more}')
        factories.deploy(self.database, {"p.bpmn": bpmn.definitions(*ROOTS, process)})

    def start(self, key: str | None = None, **data: Any) -> CaseView:
        """A case of `p`, perhaps with a business key."""
        begun: CaseView = self.act(
            "caseworker", lambda uow: cases.start(uow, "p", data, cases.Application(business_key=key))
        )
        return begun

    def see(self, case: UUID) -> CaseView:
        """A case as it is now."""
        shown: CaseView = self.act("caseworker", lambda uow: cases.get(uow, case))
        return shown

    def go(self, case: UUID, *way: str | int) -> CaseView:
        """`go(case, "a", 30, "b")`: somebody answers a task, 30 days pass, somebody answers another."""
        for name in way:
            if isinstance(name, int):
                self.act("administrator", lambda uow: cases.wake(uow, case), name * DAY)
            else:
                (task,) = (task for task in self.see(case).tasks if task["element"] == name)
                self.act("caseworker", partial(tasks.complete, task_id=task["id"], data={}))
        return self.see(case)

    def plan(self, source: int = 1, target: int = 2) -> UUID:
        """A migration that is yet to be planned."""
        made = self.act("administrator", lambda uow: migration.plan(uow, "p", source, target))
        assert (made.migration["status"], sum(made.counts.values())) == ("planning", 0)
        migration_id: UUID = made.migration["id"]
        return migration_id

    def planned(self, source: int = 1, target: int = 2) -> UUID:
        """A migration that is ready to be started."""
        migration_id = self.plan(source, target)
        self.work()
        assert self.status(migration_id) == "planned"
        return migration_id

    def ready(self, number: int) -> tuple[UUID, list[UUID]]:
        """So many cases of version 1, and their migration to version 2, planned."""
        self.deploy(*TWO)
        made = [self.start().id for _ in range(number)]
        self.deploy(*THREE)
        return self.planned(), made

    def begin(self, migration_id: UUID) -> migration.Overview:
        """Start a planned migration."""
        begun: migration.Overview = self.act("administrator", lambda uow: migration.start(uow, migration_id))
        return begun

    def carry(self, case: UUID) -> Any:
        """What the job of a case does."""
        return self.act("administrator", lambda uow: migration.migrate_case(uow, case))

    def cancel(self, migration_id: UUID) -> migration.Overview:
        """Cancel a migration."""
        cancelled: migration.Overview = self.act(
            "administrator", lambda uow: migration.cancel(uow, migration_id)
        )
        return cancelled

    def look(self, migration_id: UUID) -> migration.Overview:
        """A migration as it is now."""
        found: migration.Overview = self.act("administrator", lambda uow: migration.get(uow, migration_id))
        return found

    def status(self, migration_id: UUID) -> str:
        """The status of a migration."""
        return str(self.look(migration_id).migration["status"])

    def counts(self, migration_id: UUID) -> dict[str, int]:
        """How many cases of a migration are how far."""
        return {status: number for status, number in self.look(migration_id).counts.items() if number}

    def rows(self, key: Any, *values: Any, where: Any = True) -> dict[Any, Any]:
        """The values of these columns, the first as the key."""
        with self.database.transaction() as session:
            found = session.execute(select(key, *values).where(where)).all()
        return {name: rest[0] if len(rest) == 1 else tuple(rest) for name, *rest in found}

    def moved(self) -> list[UUID]:
        """The cases that the log says were moved, each as often as it does."""
        with self.database.transaction() as session:
            return list(session.scalars(select(Event.case_id).where(Event.kind == "case.moved")))


@pytest.fixture
def office(
    database: Database, act: Act, work: Callable[..., None], actor: Callable[..., Actor]
) -> Iterator[Office]:
    """The same. In the end every chain verifies."""
    for role in ("administrator", "caseworker", "service"):
        actor(role)
    yield Office(database, act, work)
    with database.transaction() as session:
        assert not events.verify(session)


def open_at(case: CaseView) -> list[str]:
    return sorted(task["element"] for task in case.tasks)


def test_no_case_moves_before_the_start(office: Office) -> None:
    move, (case,) = office.ready(1)
    assert office.carry(case) is None
    office.begin(move)
    assert office.carry(case) == "moved"


def test_cases_that_are_planned_while_a_move_is_cancelled_stay(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.deploy(*TWO)
    office.start()
    office.deploy(*THREE)
    move, change = office.plan(), migration_commands._pass

    def judge_first(uow: UnitOfWork, *arguments: Any) -> None:
        office.act("administrator", lambda other: migration.judge(other, move))
        change(uow, *arguments)

    monkeypatch.setattr(migration_commands, "_pass", judge_first)
    office.cancel(move)
    assert (office.status(move), office.counts(move)) == ("cancelled", {"stays": 1})


def at_each_place(office: Office) -> dict[str, list[UUID]]:
    """Ten cases at each place; what a person begins with and decides is claimed, and one case suspended."""
    there = {
        place: [office.go(office.start(x=0 if place == "fee" else 1).id, *way).id for _ in range(EACH)]
        for place, way in PLACES.items()
    }
    for case in (*there["receive"], *there["decide"]):
        (task,) = office.see(case).tasks
        office.act("caseworker", lambda uow, task=task: tasks.claim(uow, task.id), name="somebody")
    office.act("administrator", lambda uow: cases.suspend(uow, there["delay"][0]))
    return there


def go_on(office: Office, there: Mapping[str, Sequence[UUID]]) -> None:
    """Between plan and migration: one ends, one comes to where it has to stay, one leaves such a place."""
    office.act("administrator", lambda uow: cases.cancel(uow, there["receive"][0]))
    (task,) = office.see(there["decide"][0]).tasks
    office.act("caseworker", lambda uow: tasks.complete(uow, task["id"], {}), name="somebody")
    office.go(there["note"][0], "note")


def lasting(office: Office) -> list[dict[Any, Any]]:
    """What a migration leaves as it is."""
    return [
        office.rows(Task.id, Task.element, Task.assignee_id, Task.opened_at, Task.status),
        office.rows(Wait.id, Wait.element, Wait.due_at, Wait.closed_at),
        office.rows(Incident.id, Incident.element, Incident.status),
    ]


def test_hundred_cases_are_migrated_as_the_plan_says(office: Office) -> None:
    office.deploy(*FIRST)
    there = at_each_place(office)
    office.deploy(*SECOND)

    migration_id = office.planned()
    assert office.counts(migration_id) == {"movable": 8 * EACH, "stays": 2 * EACH}
    assert {(one.element, one.code, one.cases) for one in office.look(migration_id).obstacles} == {
        ("note", "removed", EACH),
        ("archive", "removed", EACH),
    }
    foretold = office.rows(MigratedCase.case_id, MigratedCase.status)
    for place, some in there.items():
        assert {foretold[case] for case in some} == {"stays" if place in GONE else "movable"}

    go_on(office, there)
    before = lasting(office)
    office.begin(migration_id)
    office.work()
    assert office.status(migration_id) == "done"
    assert office.counts(migration_id) == {"stays": 21, "moved": 78, "ended": 1}
    assert lasting(office) == before
    all_migrated(
        office, {case for place in GONE for case in there[place]} | {there["decide"][0], there["receive"][0]}
    )
    assert office.rows(Case.id, Case.status)[there["delay"][0]] == "suspended"
    in_the_new_version(office, there)


def all_migrated(office: Office, besides: set[UUID]) -> None:
    """All cases but these are of the new version, complete, and the log says so."""
    versions = office.rows(Case.id, Case.version_id)
    moved = versions.keys() - besides
    (new,) = {versions[case] for case in moved}
    assert {case for case, version in versions.items() if version == new} == moved
    told = office.rows(Event.case_id, Event.payload, Event.version_id, where=Event.kind == "case.moved")
    assert (set(told), len(office.moved())) == (moved, len(moved))
    assert {(payload["from"], payload["to"], version) for payload, version in told.values()} == {(1, 2, new)}
    waits = office.rows(Wait.id, Wait.version_id, where=Wait.closed_at.is_(None) & Wait.case_id.in_(moved))
    assert set(waits.values()) == {new}
    decide = (Task.element == "decide") & (Task.status == "open") & Task.case_id.in_(moved)
    assert set(office.rows(Task.id, Task.name, where=decide).values()) == {"Grant or refuse"}


def in_the_new_version(office: Office, there: Mapping[str, Sequence[UUID]]) -> None:
    """They continue there, and timers that ran before are due when they would have been."""
    first = {place: some[-1] for place, some in there.items()}
    assert open_at(office.go(first["look"], "look", "measure")) == ["craft", "law"]
    assert open_at(office.go(first["craft and law"], "law", "craft", 29)) == []
    assert open_at(office.go(first["join"], "craft", 31)) == []  # begun only now: it waits for 90 days
    held = there["delay"][0]
    office.act("administrator", lambda uow: cases.resume(uow, held))
    assert open_at(office.go(held, 29)) == []
    assert open_at(office.go(held, 31)) == ["decide"]  # begun before
    assert open_at(office.go(first["decide"], 61)) == ["decide", "reminder"]
    (incident,) = office.see(first["fee"]).incidents
    office.act("administrator", lambda uow: incidents.retry(uow, incident["id"]))
    ended = office.go(first["fee"], "decide", "publish")
    assert (ended.version, ended.status, ended.data["fee"]) == (2, "completed", 9)


def test_plan_goes_through_all_cases_in_batches(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration, "BATCH", 3)
    migration_id, made = office.ready(9)
    assert office.counts(migration_id) == {"movable": 9}
    assert set(office.rows(MigratedCase.case_id, MigratedCase.status)) == set(made)
    assert office.act("administrator", lambda uow: migration.judge(uow, migration_id)) == 0


def test_ended_cases_and_those_of_other_versions_are_not_planned(office: Office) -> None:
    office.deploy(*TWO)
    ended = office.start()
    office.act("administrator", lambda uow: cases.cancel(uow, ended.id))
    office.deploy(*THREE)
    office.start()
    migration_id = office.planned()
    assert office.counts(migration_id) == {}
    begun = office.begin(migration_id)
    assert (begun.migration["status"], begun.migration["finished_at"]) == (
        "done",
        begun.migration["started_at"],
    )


@pytest.mark.parametrize(
    ("source", "target", "faults"),
    [
        (1, 1, {("/to", "same")}),
        (1, 7, {("/to", "unknown")}),
        (7, 1, {("/from", "unknown")}),
        (8, 9, {("/from", "unknown"), ("/to", "unknown")}),
    ],
)
def test_plan_needs_two_versions_of_the_definition(
    office: Office, source: int, target: int, faults: set[tuple[str, str]]
) -> None:
    office.deploy(*TWO)
    with pytest.raises(Invalid) as error:
        office.act("administrator", lambda uow: migration.plan(uow, "p", source, target))
    assert {(fault.pointer, fault.code) for fault in error.value.faults} == faults


def test_two_migrations_of_a_definition_do_not_go_on_at_once(office: Office) -> None:
    office.deploy(*TWO)
    office.deploy(*THREE)

    found = factories.at_once(4, lambda number: office.plan(1 + number % 2, 2 - number % 2))
    (made,) = (one for one in found if isinstance(one, UUID))
    others = [one for one in found if isinstance(one, Conflict)]
    assert (len(others), {one.state["migration"]["id"] for one in others}) == (3, {made})
    office.cancel(made)
    assert office.plan() != made


def test_migration_is_started_once_and_not_before_it_is_planned(office: Office) -> None:
    migration_id, _ = office.ready(3)
    begun = factories.at_once(3, lambda _: office.begin(migration_id))
    assert sorted(type(one).__name__ for one in begun) == ["Conflict", "Conflict", "Overview"]
    with office.database.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar_one() == 3
    office.work()
    assert office.counts(migration_id) == {"moved": 3}
    for too_late in (office.begin, office.cancel):
        with pytest.raises(Conflict) as error:
            too_late(migration_id)
        assert error.value.state["migration"]["status"] == "done"
    with pytest.raises(Conflict):
        office.begin(office.plan(2, 1))
    with pytest.raises(NotFound):
        office.begin(uuid4())


@pytest.mark.parametrize("status", ["draft", "retired"])
def test_cases_do_not_move_into_a_version_that_is_not_published(office: Office, status: str) -> None:
    migration_id, _ = office.ready(1)
    with office.database.transaction() as session:
        target = update(DefinitionVersion).where(DefinitionVersion.number == 2)
        session.execute(target.values(status=status))
    with pytest.raises(Conflict) as error:
        office.begin(migration_id)
    assert (error.value.code, office.status(migration_id)) == ("migration-target-closed", "planned")


def test_case_is_migrated_once_however_often_its_job_runs(office: Office) -> None:
    migration_id, (case,) = office.ready(1)
    office.begin(migration_id)
    done = factories.at_once(4, lambda _: office.carry(case))
    assert Counter(done) == {"moved": 1, None: 3}
    assert office.moved() == [case]
    assert office.status(migration_id) == "done"


def wake(uow: UnitOfWork, case: CaseView) -> bool:
    return cases.wake(uow, case.id) == 1


def suspend(uow: UnitOfWork, case: CaseView) -> bool:
    return cases.suspend(uow, case.id).status == "suspended"


def complete(uow: UnitOfWork, case: CaseView) -> bool:
    return tasks.complete(uow, case.tasks[0]["id"], {}).case_id == case.id


def retry(uow: UnitOfWork, case: CaseView) -> bool:
    return incidents.retry(uow, case.incidents[0]["id"]).id == case.id


@pytest.mark.parametrize("command", [wake, suspend, complete, retry])
def test_who_waits_for_a_case_that_is_migrated_finds_it_in_its_new_version(
    office: Office, actor: Callable[..., Actor], command: Callable[[UnitOfWork, CaseView], bool]
) -> None:
    body = (
        *bpmn.in_line("parallelGateway fork", "userTask a", bpmn.script("c", "y = 1 // x")),
        *(bpmn.node("userTask", "u"), bpmn.flow("t", "u"), bpmn.flow("fork", "c")),
        bpmn.node("boundaryEvent", "t", timer("P1D"), attachedToRef="a", cancelActivity="false"),
    )
    office.deploy(*body)
    case = office.start(x=0)
    office.deploy(*body, bpmn.node("userTask", "v"), bpmn.flow("u", "v"))
    office.begin(office.planned())
    role = "caseworker" if command is complete else "administrator"
    blocked = text("SELECT 1 FROM pg_locks WHERE NOT granted")

    def someone_waits() -> bool:
        with office.database.transaction() as session:
            return session.execute(blocked).first() is not None

    with ThreadPoolExecutor(1) as thread:
        with office.database.transaction() as session:
            moving = UnitOfWork(session, actor("administrator"), datetime.now(UTC))
            assert migration.migrate_case(moving, case.id) == "moved"
            done = thread.submit(office.act, role, lambda uow: command(uow, case), 2 * DAY)
            until(someone_waits)
        assert done.result(30) is True
    assert office.see(case.id).version == 2


def test_last_of_many_at_once_finds_that_the_migration_is_done(office: Office) -> None:
    migration_id, made = office.ready(8)
    office.begin(migration_id)
    done = factories.at_once(8, lambda n: office.carry(made[n]))
    assert done == ["moved"] * 8
    assert office.status(migration_id) == "done"


def test_cancelled_in_the_middle_the_others_stay(office: Office) -> None:
    migration_id, made = office.ready(5)
    office.begin(migration_id)
    for case in made[:2]:
        office.carry(case)
    cancelled = office.cancel(migration_id)
    assert [(one.code, one.cases) for one in cancelled.obstacles] == [("cancelled", 3)]
    office.work()
    assert office.counts(migration_id) == {"moved": 2, "stays": 3}
    assert sorted(office.moved()) == made[:2]
    assert office.status(migration_id) == "cancelled"


def test_cancelled_at_the_same_moment_each_case_is_migrated_or_stays(office: Office) -> None:
    migration_id, made = office.ready(7)
    office.begin(migration_id)

    def one(number: int) -> Any:
        return (
            office.carry(made[number])
            if number < len(made)
            else office.cancel(migration_id).migration["status"]
        )

    done = factories.at_once(len(made) + 1, one)
    moved = {case for case, became in zip(made, done, strict=False) if became == "moved"}
    assert set(done) <= {"moved", None, "cancelled"} or isinstance(done[-1], Conflict), done
    assert set(office.moved()) == moved
    turns = office.rows(MigratedCase.case_id, MigratedCase.status)
    assert {case for case, status in turns.items() if status == "moved"} == moved
    assert set(turns.values()) <= {"moved", "stays"}


def test_plan_that_is_cancelled_while_it_is_made_leaves_nothing_movable(office: Office) -> None:
    office.deploy(*TWO)
    office.start()
    office.deploy(*THREE)
    migration_id = office.plan()
    office.cancel(migration_id)
    office.work()
    assert (office.counts(migration_id), office.status(migration_id)) == ({}, "cancelled")


def test_case_whose_job_was_given_up_stays(office: Office) -> None:
    migration_id, (case,) = office.ready(1)
    office.begin(migration_id)
    office.act("administrator", lambda uow: migration.give_up(uow, case, "ten times"))
    found = office.look(migration_id)
    assert [(one.code, one.detail) for one in found.obstacles] == [("given-up", "ten times")]
    assert found.migration["status"] == "done"


def test_only_tasks_that_changed_get_a_new_revision(office: Office) -> None:
    def asking(name: str, form: Mapping[str, Any], more: str) -> None:
        tasks_of_p = (
            f'<bpmn:userTask id="a" name="{name}"/>',
            bpmn.node("userTask", "b", camunda__formKey="f.json"),
            bpmn.node("userTask", "c", camunda__formKey="g.json"),
        )
        body = [
            *(bpmn.node("startEvent", "start"), bpmn.node("parallelGateway", "fork"), *tasks_of_p),
            *(bpmn.flow("start", "fork"), *(bpmn.flow("fork", task) for task in "abc"), more),
        ]
        factories.deploy(office.database, factories.files(bpmn.process(*body), f=form, g=factories.form()))

    asking("Look", factories.form(x={"type": "string"}), "")
    case = office.start()
    asking("Look", factories.form(x={"type": "integer"}), bpmn.node("userTask", "d") + bpmn.flow("c", "d"))
    office.begin(office.planned())
    office.work()
    assert office.rows(Task.element, Task.revision) == {"a": 1, "b": 2, "c": 1}
    asking("Look closely", factories.form(x={"type": "integer"}), "")
    office.begin(office.planned(2, 3))
    office.work()
    assert office.rows(Task.element, Task.revision) == {"a": 2, "b": 2, "c": 1}
    assert open_at(office.see(case.id)) == ["a", "b", "c"]


def test_cases_of_a_suspended_definition_are_migrated_and_stay_suspended(office: Office) -> None:
    migration_id, made = office.ready(2)
    office.act("administrator", lambda uow: cases.suspend(uow, made[0]))
    office.act("administrator", lambda uow: cases.suspend_definition(uow, "p"))
    office.begin(migration_id)
    office.work()
    assert office.rows(Case.id, Case.status) == {made[0]: "suspended", made[1]: "active"}
    assert office.counts(migration_id) == {"moved": 2}


def test_business_keys_run_once_at_a_time_where_the_new_version_says_so(office: Office) -> None:
    office.deploy(*TWO)
    first, second, keyless = office.start("k").id, office.start("k").id, office.start().id
    office.deploy(*TWO, more='parvandeh:businessKey="unique"')
    migration_id = office.planned()
    office.begin(migration_id)
    office.work()
    assert office.rows(MigratedCase.case_id, MigratedCase.status) == {
        first: "moved", second: "stays", keyless: "moved"
    }  # fmt: skip
    assert [(one.element, one.code) for one in office.look(migration_id).obstacles] == [("", "business-key")]
    with pytest.raises(IntegrityError):
        office.start("k")
    office.deploy(*THREE)
    office.begin(office.planned(2, 3))
    office.work()
    assert office.rows(Case.id, Case.running_key) == {first: None, second: None, keyless: None}


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("", 'parvandeh:statutory="P5D"', "no-clock"),
        ('parvandeh:statutory="P5D"', 'parvandeh:statutory="P9D"', "clock-not-started"),
    ],
)
def test_a_case_that_would_lose_its_statutory_term_stays(
    office: Office, before: str, after: str, code: str
) -> None:
    started = bpmn.node("userTask", "a", parvandeh__clock="start")
    office.deploy(*bpmn.in_line(started if before else "userTask a"), more=before)
    case = office.start()
    office.deploy(*bpmn.in_line("userTask a"), more=after)
    migration_id = office.planned()
    office.begin(migration_id)
    office.work()
    assert office.rows(MigratedCase.case_id, MigratedCase.status) == {case.id: "stays"}
    assert [(one.element, one.code) for one in office.look(migration_id).obstacles] == [("", code)]


def test_what_is_waited_for_under_another_name_comes_under_that(office: Office) -> None:
    def waiting(message: str) -> list[str]:
        definition = f'<bpmn:messageEventDefinition messageRef="{message}"/>'
        return bpmn.in_line(bpmn.node("intermediateCatchEvent", "wait", definition), "userTask a")

    office.deploy(*waiting("m"))
    case = office.start()
    office.deploy(*waiting("n"))
    office.begin(office.planned())
    office.work()

    def send(name: str) -> str:
        keep = timedelta(hours=1)
        sent = office.act("service", lambda uow: messages.send(uow, name, {}, {}, keep=keep))
        status: str = sent.status
        return status

    assert (send("paid"), send("settled")) == ("kept", "delivered")
    assert open_at(office.see(case.id)) == ["a"]


def test_signal_that_came_before_is_not_taken_for_the_one_that_is_waited_for_now(office: Office) -> None:
    def waiting(signal: str) -> list[str]:
        definition = f'<bpmn:signalEventDefinition signalRef="{signal}"/>'
        return bpmn.in_line(bpmn.node("intermediateCatchEvent", "wait", definition), "userTask a")

    def throw(signal: str) -> None:
        definition = f'<bpmn:signalEventDefinition signalRef="{signal}"/>'
        body = bpmn.in_line(bpmn.node("intermediateThrowEvent", "throw", definition))
        process = bpmn.process_element(*body, key="q")
        factories.deploy(office.database, {"q.bpmn": bpmn.definitions(*ROOTS, process)})
        office.act("caseworker", lambda uow: cases.start(uow, "q", {}))
        office.work()

    office.deploy(*waiting("s"))
    case = office.start()
    office.deploy(*waiting("z"))
    office.act("administrator", lambda uow: cases.suspend(uow, case.id))
    throw("s")
    office.begin(office.planned())
    office.work()
    office.act("administrator", lambda uow: cases.resume(uow, case.id))
    office.work()
    assert open_at(office.see(case.id)) == []
    throw("z")
    assert open_at(office.see(case.id)) == ["a"]


def test_events_beside_work_come_and_go_with_the_version(office: Office) -> None:
    def with_event(name: str, when: str) -> list[str]:
        event = bpmn.node("boundaryEvent", name, timer(when), attachedToRef="a")
        return [*TWO, event, bpmn.flow(name, "b")]

    office.deploy(*with_event("old", "bad"))
    case = office.start(bad=1)
    assert [incident["element"] for incident in case.incidents] == ["old"]
    office.deploy(*with_event("new", "P1D"))
    office.begin(office.planned())
    office.work()
    assert office.see(case.id).incidents == []
    assert set(office.rows(Incident.element, Incident.status).items()) == {("old", "resolved")}
    assert list(office.rows(Wait.element, Wait.closed_at).items()) == [("new", None)]
    office.work(2 * DAY)
    assert open_at(office.see(case.id)) == ["b"]


def test_what_becomes_true_with_the_new_version_goes_on_at_once(office: Office) -> None:
    definition = bpmn.node("conditionalEventDefinition", "d", "<bpmn:condition>x == 1</bpmn:condition>")
    event = bpmn.node("boundaryEvent", "now", definition, attachedToRef="a")
    office.deploy(*TWO)
    goes, stays, held = (office.start(x=x).id for x in (1, 2, 1))
    office.deploy(*TWO, event, bpmn.node("userTask", "c"), bpmn.flow("now", "c"))
    office.act("administrator", lambda uow: cases.suspend(uow, held))
    migration_id = office.planned()
    office.begin(migration_id)
    office.work()
    assert (open_at(office.see(goes)), open_at(office.see(stays))) == (["c"], ["a"])
    assert (office.see(held).status, open_at(office.see(held))) == ("suspended", ["a"])
    assert [(one.element, one.code) for one in office.look(migration_id).obstacles] == [("now", "suspended")]


def test_other_jobs_run_before_migrations_and_these_make_nothing_late(office: Office) -> None:
    migration_id, made = office.ready(3)
    office.begin(migration_id)
    depth, *_ = office.act("administrator", lambda uow: jobs.depth(uow.connection))
    assert (depth.waiting, depth.age) == (3, None)
    office.act("administrator", lambda uow: jobs.defer(uow, "wake", queue="cases", case_id=made[0]))
    with office.database.transaction() as session:
        add = text("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")
        worker = session.execute(add).scalar_one()
        fetch = text("SELECT task_name FROM procrastinate_fetch_job_v2(ARRAY['cases'], :worker)")
        taken = [session.execute(fetch, {"worker": worker}).scalar_one() for _ in range(2)]
    assert taken == ["wake", "move"]


def test_killed_worker_leaves_each_case_in_one_version(
    office: Office, database_url: str, tmp_path: Path
) -> None:
    migration_id, made = office.ready(30)
    office.begin(migration_id)
    with (
        working.serving(database_url, tmp_path, "--queue", "cases") as worker,
        psycopg.connect(conninfo(database_url)) as holding,
    ):
        holding.execute("SELECT FROM cases WHERE id = %s FOR UPDATE", [made[12]])
        until(lambda: office.counts(migration_id).get("moved") == 12)
        worker.kill()
    assert office.counts(migration_id) == {"moved": 12, "movable": 18}
    gone = text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    office.act("administrator", lambda uow: uow.connection.execute(gone).rowcount)
    with working.serving(database_url, tmp_path, "--queue", "cases"):
        until(lambda: office.status(migration_id) == "done")
        back = office.plan(2, 1)
        until(lambda: office.status(back) == "planned")
    assert (office.counts(migration_id), office.counts(back)) == ({"moved": 30}, {"movable": 30})
    assert sorted(office.moved()) == made
    assert len(set(office.rows(Case.id, Case.version_id).values())) == 1
