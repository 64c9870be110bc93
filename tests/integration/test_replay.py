"""A case can be rebuilt from its events alone: whatever happened in it, the tables say the same."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import delete, select, text, update

from engine import cases, tasks
from engine.bpmn import CallFailure, timers
from engine.cases import CaseView, erasure, incidents, messages, migration, staged_documents
from engine.cli import main
from engine.definitions.scenarios.plan import Action, Scenario
from engine.definitions.scenarios.reading import read_file
from engine.models import Bill, Call, Case, CaseClock, Decision, Event, Incident, Task, User, Wait
from engine.oversight import replay, timeline
from engine.platform.config import ROOT
from engine.platform.db import Database, UnitOfWork
from engine.tasks import Marks, Question
from tests import bpmn, factories
from tests.desks import Desks, desks
from tests.integration.conftest import Act, look

Work = Callable[..., None]
Start = Callable[..., CaseView]
_LASTING = "<bpmn:timeDuration>P1D</bpmn:timeDuration>"
TIMER = f"<bpmn:timerEventDefinition>{_LASTING}</bpmn:timerEventDefinition>"
SHIPPED = sorted(ROOT.glob("processes/*/*/scenarios/*.yaml"))


def compared(database: Database) -> replay.Compared:
    return database.run(lambda session, _: replay.compare(session), "snapshot")


def differences(database: Database) -> list[tuple[str, str]]:
    """The table and column of each difference."""
    return [(one.table, one.column) for one in compared(database).differences]


@dataclass
class Player:
    """Plays a scenario with a case of an installation; `later` is the time since its start."""

    database: Database
    act: Act
    work: Work
    case: UUID
    later: timedelta = timedelta(0)
    done: int = 0

    def play(self, action: Action) -> None:
        """Do a step of the scenario, and what workers do then."""
        if not action.refused:
            here = replace(action, data=self.own(action.data), keys=self.own(action.keys))
            getattr(self, here.kind)(here)
            self.work(self.later)

    def own(self, values: Any) -> Any:
        """Data of the scenario as those of this case: bills of different cases have different numbers."""
        (number,) = self.rows(Case.number)
        told = orjson.dumps(values).decode().replace('"B-', f'"B-{number}-')
        return orjson.loads(told.replace('"case_number":"any"', f'"case_number":"{number}"'))

    def rows(self, column: Any, *where: Any) -> list[Any]:
        model = column.class_
        mine = (Case.id if model is Case else model.case_id) == self.case
        with self.database.transaction() as session:
            found = select(column).where(mine, *where).order_by(model.id)
            return list(session.scalars(found))

    def task(self, action: Action) -> None:
        at = (Task.element == action.name, Task.status == "open")
        task = self.rows(Task.id, *at)[0]
        (group,) = self.rows(Task.candidate_group_id, Task.id == task)
        assignee = select(User.name).where(User.id == Task.assignee_id).scalar_subquery()
        self.done += 1
        name = self.act("service", lambda uow: uow.session.scalar(select(assignee).where(Task.id == task)))
        role, name = (
            ("portal", None) if group is None else ("caseworker", name or f"official {self.case} {self.done}")
        )

        def complete(uow: Any) -> Any:
            official = replace(uow, actor=replace(uow.actor, acr="high"))
            return tasks.complete(uow if group is None else official, task, action.data)

        self.act(role, complete, self.later, name)

    def wait(self, action: Action) -> None:
        now: datetime = self.act("service", lambda uow: uow.now)
        until = timers.duration(action.name).after(now + self.later) - now
        while due := self.due(now + until):
            self.later = max(self.later, min(due) - now + timedelta(seconds=1))
            self.act("administrator", lambda uow: cases.sweep_clocks(uow, 10), self.later)
            self.work(self.later)
        self.later = until

    def due(self, until: datetime) -> list[datetime]:
        """When the case's timers fire, and the next step of its clock is due."""
        clock = select(CaseClock.next_at).where(CaseClock.case_id == self.case, CaseClock.next_at <= until)
        with self.database.transaction() as session:
            steps = [at for at in session.scalars(clock) if at is not None]
        return steps + self.rows(Wait.due_at, Wait.due_at <= until, Wait.closed_at.is_(None))

    def message(self, action: Action) -> None:
        given: Any = (action.name, action.keys, {**self.paid(action), **action.data})
        if action.name == "case.withdraw":
            self.act("portal", lambda uow: cases.withdraw(uow, self.case), self.later)
        else:
            self.act("service", lambda uow: messages.send(uow, *given), self.later)

    def paid(self, action: Action) -> dict[str, Any]:
        """The parts of a payment, which the simulated case of a scenario doesn't need."""
        amounts = self.rows(Bill.amount, Bill.reference == str(action.keys.get("bill")))
        return {"amount_rials": int(amounts[0]), "currency": "IRR"} if amounts else {}

    def reply(self, action: Action) -> None:
        call = self.call(action)
        self.act("service", lambda uow: cases.answer(uow, call, action.data), self.later)

    def fail(self, action: Action) -> None:
        failure = CallFailure("unreachable", "no answer", action.error, action.data)
        call = self.call(action)
        self.act("service", lambda uow: cases.fail_call(uow, call, failure, 3), self.later)

    def call(self, action: Action) -> UUID:
        found: UUID = self.rows(Call.id, Call.element == action.name, Call.status == "open")[0]
        return found

    def retry(self, action: Action) -> None:
        again = self.incident(action)
        self.act("administrator", lambda uow: incidents.retry(uow, again, repair=action.data), self.later)

    def skip(self, action: Action) -> None:
        over = self.incident(action)
        self.act("administrator", lambda uow: incidents.skip(uow, over, action.data, "done"), self.later)

    def incident(self, action: Action) -> UUID:
        found: UUID = self.rows(Incident.id, Incident.element == action.name, Incident.status == "open")[0]
        return found


def scenarios() -> Iterator[Scenario]:
    for path in SHIPPED:
        found, findings = read_file(path.name, path.read_bytes())
        assert not findings
        yield from (one for one in found if one.start.kind == "person" and not one.start.refused)


def test_shipped_scenarios_can_be_rebuilt_from_their_events(
    database: Database, act: Act, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staged_documents, "claim", lambda *_: staged_documents.NOTHING)
    agencies = Declared()
    monkeypatch.setattr(UnitOfWork, "connectors", property(lambda _: agencies))
    for key in sorted({path.parent.parent.name for path in SHIPPED}):
        factories.deploy_shipped(database, key)
    played = list(scenarios())
    ended = [play(database, act, work, one) for one in played]
    found = compared(database)
    assert [str(one) for one in found.differences] == []
    assert found.judged >= len(played) > 40
    assert ended.count("completed") > 30
    as_events_count, as_tables_count = counted(database), of_tables(database)
    assert {name: sum(found.values()) for name, found in as_events_count.items()} == as_tables_count
    assert as_events_count["waits"]["message", "applicant"] > 5
    assert as_events_count["calls"]["payments", "agency of payments", "call.answered"] > 5
    splits = times(act, ids(database))
    for case in ids(database, Case.status == "completed"):
        erase(database, case)
    forge(database, update(Event).values(payload=None, salt=None))
    assert counted(database) == as_events_count
    assert times(act, ids(database, Case.status == "completed")).items() <= splits.items()
    assert factories.whole(database)


def times(act: Act, found: list[UUID]) -> dict[UUID, Any]:
    """The time split, steps and critical path of cases; they add up, and nothing of them is unknown."""
    splits = {}
    for case in found:
        one = act("administrator", partial(timeline.of_case, case_id=case), timedelta(days=400)).timeline
        assert not one.approximate
        assert sum(one.totals.values()) == one.end - one.start
        assert [leg.begin for leg in one.path] == [one.start, *(leg.end for leg in one.path)][: len(one.path)]
        assert all(leg.step is not None for leg in one.path)
        assert all(step.how for step in one.steps) or one.history.end is None
        steps = [(step.kind, step.element, step.opened, step.closed, step.how) for step in one.steps]
        splits[case] = one.totals, steps
    return splits


class Declared(dict[str, Any]):
    """What connectors declare, by `connector/operation`: each has an agency of its own."""

    def get(self, called: str, default: Any = None) -> Any:
        return {"agency": f"agency of {called.partition('/')[0]}"}


def ids(database: Database, *where: Any) -> list[UUID]:
    with database.transaction() as session:
        return list(session.scalars(select(Case.id).where(*where).order_by(Case.id)))


def counted(database: Database) -> dict[str, Counter[Any]]:
    """What reports count, from facts alone: a call that is repeated and a wait that changes count once."""
    found: dict[str, dict[Any, Any]] = {
        name: {} for name in ("tasks", "calls", "waits", "outcomes", "decisions")
    }
    made: dict[str, Any] = {}
    with database.transaction() as session:
        for event in session.scalars(select(Event).order_by(Event.case_id, Event.seq)):
            facts: Any = event.facts
            match event.kind:
                case "task.created" | "opinion.asked" | "correction.asked":
                    whose = [facts.get(name) for name in ("side", "unit", "role", "presence")]
                    found["tasks"][event.task_id] = tuple(whose)
                case "call.made":
                    made[facts["call"]] = facts["connector"], facts["agency"]
                case "call.answered" | "call.failed":
                    found["calls"][facts["call"]] = (*made[facts["call"]], event.kind)
                case "wait.opened":
                    found["waits"][facts["wait"]] = facts["kind"], facts.get("party")
                case "case.completed":
                    outcome = [facts.get(name) for name in ("outcome", "effect", "by")]
                    found["outcomes"][event.case_id] = tuple(outcome)
                case "decision.made" | "clock.deemed":
                    decided = [facts.get(name) for name in ("outcome", "effect", "grounds")]
                    found["decisions"][facts["decision"]] = tuple(decided)
    return {name: Counter(values.values()) for name, values in found.items()}


def of_tables(database: Database) -> dict[str, int]:
    """How many of these there are in the tables."""
    count = partial(factories.count, database)
    return {
        "tasks": count(Task),
        "calls": count(Call, Call.status.in_(("done", "failed"))),
        "waits": count(Wait, Wait.case_id.is_not(None)),
        "outcomes": count(Case, Case.status == "completed"),
        "decisions": count(Decision),
    }


def play(database: Database, act: Act, work: Work, scenario: Scenario) -> str:
    """Play a scenario; return the status of its case at the end."""
    case = act("portal", lambda uow: cases.start(uow, scenario.process, scenario.start.data))
    player = Player(database, act, work, case.id)
    for step in scenario.steps:
        player.play(step)
    return str(look(act, case).status)


FORM = factories.form(note={"type": "string"})
RULING = factories.form(("decision",), decision={"enum": ["granted", "refused"]})


@pytest.fixture
def office(database: Database) -> Desks:
    """The office; its process has a task with output mappings, a decision, and one that comes after it."""
    found = desks(database)
    first = bpmn.node("userTask", "a", camunda__formKey="f.json", parvandeh__outputs="{'twice': note + note}")
    second = bpmn.node(
        "userTask", "b", camunda__formKey="g.json", parvandeh__decision="decision", parvandeh__due="P9D"
    )
    start = bpmn.node("startEvent", "start", camunda__formKey="f.json")
    body = bpmn.in_line(first, second, "userTask c")
    declared = bpmn.declared(granted="grants", refused="refuses")
    process = bpmn.process(declared, start, *body[1:])
    found.deploy(factories.files(process, f=FORM, g=RULING))
    return found


def a_story(office: Desks) -> UUID:
    """A case in which much has happened on the desk; its task `c` is open."""
    case = factories.a_case(office.database, office["portal"], data={"note": "x"})
    (first,) = case.tasks
    task = first["id"]
    office.claimed("sara", task)
    office.do("sara", lambda uow: tasks.assign(uow, task, "reza"))
    office.do("reza", lambda uow: tasks.release(uow, task))
    office.claimed("sara", task)
    opinions = [
        office.do(
            "sara", lambda uow, to=to: tasks.request_opinion(uow, task, Question("?", unit="fire", to=to))
        )
        for to in ("omid", None)
    ]
    office.do("omid", lambda uow: tasks.complete(uow, opinions[0], {"opinion": "yes"}))
    office.do("sara", lambda uow: tasks.withdraw_request(uow, opinions[1]))
    asked = office.do("sara", lambda uow: tasks.request_correction(uow, task, Marks([("/note", "wrong")])))
    office.do("portal", lambda uow: tasks.complete(uow, asked, {"note": "y"}))
    office.do("sara", lambda uow: tasks.complete(uow, task, {"note": "z"}))
    second = open_task(office, case.id)
    office.do("reza", lambda uow: tasks.complete(uow, second, {"decision": "granted"}))
    return case.id


def open_task(office: Desks, case: UUID) -> UUID:
    with office.database.transaction() as session:
        found = select(Task.id).where(Task.case_id == case, Task.status == "open")
        return session.scalars(found).one()


def test_what_happens_on_a_desk_can_be_rebuilt(office: Desks) -> None:
    case = a_story(office)
    assert differences(office.database) == []
    with office.database.transaction() as session:
        assert session.get_one(Case, case).data["twice"] == "zz"
    last = open_task(office, case)
    office.do("sara", lambda uow: tasks.complete(uow, last, {}))
    assert differences(office.database) == []


@pytest.mark.parametrize("way", ["repair", "skip"])
def test_case_whose_script_failed_can_be_rebuilt(
    database: Database, act: Act, start: Start, way: str
) -> None:
    factories.deploy(
        database, factories.files(bpmn.process(*bpmn.in_line(bpmn.script("s", "y = 1 // x"), "userTask a")))
    )
    case = start(x=0)
    (incident,) = case.incidents
    if way == "repair":
        act("administrator", lambda uow: incidents.retry(uow, incident["id"], repair={"x": 1}))
    else:
        act("administrator", lambda uow: incidents.skip(uow, incident["id"], {"y": 7}, "known"))
    assert look(act, case).data["y"] == {"repair": 1, "skip": 7}[way]
    assert differences(database) == []


def test_case_that_is_suspended_resumed_and_cancelled_can_be_rebuilt(
    database: Database, act: Act, start: Start
) -> None:
    factories.deploy(database, factories.forked(3))
    case = start(x=1)
    for done in (cases.suspend, cases.resume, cases.cancel):
        act("administrator", lambda uow, done=done: done(uow, case.id))
        assert differences(database) == []
    assert look(act, case).status == "cancelled"


def test_case_on_another_version_can_be_rebuilt(
    database: Database, act: Act, start: Start, work: Work
) -> None:
    late = [bpmn.node("boundaryEvent", "late", TIMER, attachedToRef="a"), bpmn.node("endEvent", "over")]
    body = [*bpmn.in_line("userTask a"), *late, bpmn.flow("late", "over")]
    factories.deploy(database, factories.files(bpmn.process(*body)))
    start(x=1)
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line("userTask a", "userTask b"))))
    planned = act("administrator", lambda uow: migration.plan(uow, "p", 1, 2)).migration["id"]
    work()
    act("administrator", lambda uow: migration.start(uow, planned))
    work()
    with database.transaction() as session:
        assert list(session.scalars(select(Event.kind).where(Event.kind == "case.moved"))) == ["case.moved"]
        assert list(session.scalars(select(Wait.id).where(Wait.closed_at.is_(None)))) == []
    assert differences(database) == []


def test_erased_case_is_judged_by_its_facts(office: Desks) -> None:
    case = a_story(office)
    last = open_task(office, case)
    office.do("sara", lambda uow: tasks.complete(uow, last, {}))
    erase(office.database, case)
    found = compared(office.database)
    assert (found.judged, found.erased, found.differences) == (1, 1, [])
    forge(office.database, update(Decision).values(outcome="refused"))
    forge(office.database, update(Task).where(Task.id == last).values(status="cancelled"))
    assert differences(office.database) == [("tasks", "status"), ("decisions", "outcome")]


def erase(database: Database, case: UUID) -> None:
    administrator = factories.an_actor(database, "administrator", "eraser")
    factories.as_actor(database, administrator, lambda uow: erasure.erase(uow, str(case), "Act 1", "root"))


def forge(database: Database, statement: Any) -> None:
    with database.transaction() as session:
        session.execute(statement)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (
            update(Case).values(data={"note": "z", "twice": "zz", "decision": "refused"}),
            ("cases", "data.decision"),
        ),
        (update(Case).values(status="suspended"), ("cases", "status")),
        (update(Case).values(outcome="refused"), ("cases", "outcome")),
        (update(Task).where(Task.element == "c").values(status="completed"), ("tasks", "status")),
        (update(Task).where(Task.element == "b").values(assignee_id=None), ("tasks", "assignee_id")),
        (update(Task).where(Task.element == "b").values(due_at=None), ("tasks", "due_at")),
        (delete(Task).where(Task.element == "c"), ("tasks", "id")),
        (update(Decision).values(outcome="refused"), ("decisions", "outcome")),
        (update(Decision).values(grounds=[{"code": "x"}]), ("decisions", "grounds")),
        (delete(Decision), ("decisions", "id")),
    ],
)
def test_forged_value_is_named(office: Desks, statement: Any, named: tuple[str, str]) -> None:
    a_story(office)
    forge(office.database, statement)
    assert differences(office.database) == [named]


def test_forged_wait_is_named(database: Database, start: Start) -> None:
    event = bpmn.node("intermediateCatchEvent", "t", TIMER)
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(event))))
    start()
    forge(database, update(Wait).where(Wait.case_id.is_not(None)).values(due_at=datetime.now(UTC)))
    assert differences(database) == [("waits", "due_at")]
    forge(database, delete(Wait).where(Wait.case_id.is_not(None)))
    assert differences(database) == [("waits", "id")]


def test_log_that_was_changed_by_hand_is_named_and_not_judged(database: Database, start: Start) -> None:
    event = bpmn.node("intermediateCatchEvent", "t", TIMER)
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(event))))
    start()
    forge(database, text("ALTER TABLE events DISABLE TRIGGER USER"))
    forge(database, update(Event).where(Event.kind == "wait.opened").values(facts={"wait": "x"}))
    assert differences(database) == [("events", "facts")]


@pytest.mark.parametrize(
    ("forged", "column"),
    [
        *((f"events SET payload = '{value}'", "facts") for value in ("[1]", '"x"', "7")),
        *((f"events SET facts = '{value}'", "facts") for value in ("[]", '"x"')),
        ("cases SET data = '[]'", "facts"),
        ("events SET facts = NULL WHERE seq > 1", "facts"),
        ('cases SET data = \'{"x": true, "y": [1]}\'', "data.x"),
    ],
)
def test_whatever_is_forged_is_a_difference_of_its_case(
    database: Database, start: Start, forged: str, column: str
) -> None:
    factories.deploy(database, factories.one_task())
    start(x=1, y=[1.0])
    assert differences(database) == []
    forge(database, text("ALTER TABLE events DISABLE TRIGGER USER"))
    forge(database, text(f"UPDATE {forged}"))
    found = compared(database)
    assert (found.judged, found.earlier) == (1, 0)
    assert [one.column for one in found.differences] == [column]


def test_payload_that_was_erased_by_hand_is_named(database: Database, start: Start) -> None:
    factories.deploy(database, factories.one_task())
    start(x=1)
    forge(database, update(Event).values(payload=None, salt=None))
    assert differences(database) == [("cases", "data.x")]


def test_command_names_differences_and_counts_what_it_could_not_judge(
    database: Database,
    database_url: str,
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setattr("engine.oversight.replay.reading.BATCH", 2)
    factories.deploy(database, factories.one_task())
    begun = [start(x=number) for number in range(5)]
    forge(database, text("ALTER TABLE events DISABLE TRIGGER USER"))
    forge(database, update(Event).where(Event.case_id == begun[0].id).values(facts=None))
    assert main(["audit", "replay"]) == 0
    told = capsys.readouterr().out
    assert told.splitlines() == [
        "4 cases compared with their events, 0 of them erased: by their facts alone.",
        "1 cases could not be judged: an earlier release began them.",
        "No difference.",
    ]
    forge(database, update(Case).where(Case.id == begun[4].id).values(status="suspended", data={"x": 7}))
    assert main(["audit", "replay"]) == 1
    told = capsys.readouterr().out
    where = f"case {begun[4].number}, cases"
    assert f"{where}, status: “suspended” in the table, “active” by the events" in told
    assert f"{where}, data.x: differs from the events" in told
    assert "2 differences." in told
