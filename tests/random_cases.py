"""An office that works on cases at random, by a clock that the test sets."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, tzinfo
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from engine import cases, tasks
from engine.bpmn import CallFailure
from engine.cases import external_calls, incidents, messages
from engine.deadlines import Hours
from engine.events import Fact, administration_log
from engine.models import Call, Case, Event, Incident, Task, Wait
from engine.organisation import calendars
from engine.organisation.calendars import Document, Holiday, NewCalendar
from engine.platform import db
from engine.platform.db import UnitOfWork
from engine.platform.errors import Refusal
from engine.tasks import Marks, Question, delegations
from engine.tasks.delegations import NewDelegation
from tests import factories
from tests.desks import Desks, desks
from tests.organisation import a_member, a_unit

HOUR = timedelta(hours=1)
NOTHING = timedelta(0)
OWNERS = ("task.created", "task.delegated", "task.returned", "opinion.asked", "correction.asked")
PAUSES = (
    *(NOTHING, NOTHING, timedelta(microseconds=300), timedelta(seconds=7), timedelta(minutes=20)),
    *(HOUR, 2 * HOUR, 3 * HOUR, 5 * HOUR, 7 * HOUR, 26 * HOUR),
)


class Clock:
    """The clock of all commands, which the test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
        self.now = now
        monkeypatch.setattr(db, "datetime", SimpleNamespace(now=self._in))

    def _in(self, zone: tzinfo) -> datetime:
        return self.now.astimezone(zone)


class Office:
    """The people of `Desks`, the firm as a delegate, and a worker; one case at a time."""

    def __init__(self, database: db.Database, clock: Clock) -> None:
        self.desks: Desks = desks(database)
        self.clock = clock
        a_unit(database, "firm", kind="delegate")
        self.desks.people |= {
            "boss": a_member(database, "boss", "root", "*", "administrator"),
            "fay": a_member(database, "fay", "firm"),
            "service": factories.an_actor(database, "service"),
            "system": factories.an_actor(database, "administrator", "system"),
        }
        self.random = Random(0)
        self.case = UUID(int=0)
        self.key = ""

    def open(self, unit: str, week: dict[str, Hours], holiday: date) -> None:
        """Give a unit office hours, and a day without work."""
        document = Document(week, False, frozenset({holiday.year}), [Holiday(holiday, "off")])
        self.do("boss", lambda uow: calendars.create(uow, NewCalendar(unit, unit, unit, document)))
        self.do("boss", lambda uow: calendars.choose(uow, unit, unit))

    def do(self, name: str, command: Callable[[UnitOfWork], Any]) -> Any:
        """Run a command of one of them."""
        return self.desks.do(name, command)

    def attempt(self, name: str, command: Callable[[UnitOfWork], Any]) -> Any:
        """Run it; what is refused changes nothing."""
        try:
            return self.do(name, command)
        except Refusal:
            return None

    def play(self, key: str, seed: str, steps: int) -> UUID:
        """Start a case of a process, and do so many things with it, or until it ends."""
        self.random, self.key = Random(seed), key
        given = {"order": seed, "divisor": 0, "name": "x"}
        self.case = self.do("portal", lambda uow: cases.start(uow, key, given)).id
        for _ in range(steps):
            self.clock.now += self.random.choice(PAUSES)
            if self.random.random() < 0.4:
                self._wake()
            if self._ended():
                break
            self._act()
        self._calm()
        return self.case

    def _rows(self, model: Any, *columns: Any, where: Sequence[Any] = ()) -> Sequence[Any]:
        with self.desks.database.transaction() as session:
            found = select(model.id, *columns).where(model.case_id == self.case, *where).order_by(model.id)
            return session.execute(found).all()

    def _ended(self) -> bool:
        with self.desks.database.transaction() as session:
            return session.scalars(select(Case.ended_at).where(Case.id == self.case)).one() is not None

    def _wake(self) -> None:
        """What a worker does with what is due."""
        self.attempt("system", lambda uow: cases.do_due(uow, self.case))
        self.attempt("system", lambda uow: cases.wake(uow, self.case))

    def _calm(self) -> None:
        """The definition runs again, for the next case."""
        self.attempt("boss", lambda uow: cases.resume_definition(uow, self.key))

    def _act(self) -> None:
        kinds = (
            *(self._task, self._task, self._task, self._task, self._message, self._call, self._call),
            *(self._incident, self._incident, self._incident),
            *(self._stop, self._request, self._request, self._rarely),
        )
        self.random.choice(kinds)()

    def _task(self) -> None:
        """Somebody claims, releases, delegates or completes a task, or notes work on it."""
        found = self._rows(Task, Task.kind, where=[Task.status == "open"])
        if not found:
            return
        task, kind = self.random.choice(found)
        who = self._who(task)
        answers: dict[str, dict[str, Any]] = {"opinion": {"opinion": "fine"}, "correction": {"name": "y"}}
        complete = partial(tasks.complete, task_id=task, data=answers.get(kind, {}))
        acts: Sequence[Callable[[UnitOfWork], Any]] = (
            *(partial(tasks.claim, task_id=task), complete, complete, complete),
            *(partial(tasks.release, task_id=task), partial(self._note_work, task)),
            lambda uow: tasks.assign(uow, task, "reza"),
        )
        act = self.random.choice(acts)
        if act is complete and who != "portal":
            self.attempt(who, acts[0])
        self.attempt("mina" if act is acts[-1] else who, act)

    def _who(self, task: UUID) -> str:
        """Somebody who may work on a task, as the log says."""
        with self.desks.database.transaction() as session:
            found = (
                select(Event.facts).where(Event.task_id == task, Event.kind.in_(OWNERS)).order_by(Event.seq)
            )
            facts = session.scalars(found).all()[-1] or {}
        if facts.get("side") == "applicant":
            return "portal"
        people = {"fire": ("omid",), "firm": ("fay",)}.get(facts.get("unit", ""), ("sara", "sara", "reza"))
        return self.random.choice(people)

    def _note_work(self, task: UUID, uow: UnitOfWork) -> None:
        """An overlapping stretch of work on a task, which may have begun before it was opened."""
        begin = uow.now - self.random.choice((HOUR / 3, 2 * HOUR, 9 * HOUR))
        end = begin + self.random.choice((HOUR / 7, HOUR, 2 * HOUR))
        facts = {"from_at": begin, "to_at": min(end, uow.now), "source": "page"}
        cases.note(uow, cases.lock(uow, self.case), [Fact("work.noted", None, task, facts=facts)])

    def _request(self) -> None:
        """Sara asks for an opinion or a correction, or withdraws a request."""
        found = self._rows(Task, Task.kind, where=[Task.status == "open"])
        if found:
            self._ask(*self.random.choice(found))
        self.attempt("system", tasks.expire_requests)

    def _ask(self, task: UUID, kind: str) -> None:
        if kind != "step":
            self.attempt("sara", partial(tasks.withdraw_request, task_id=task))
            return
        due = self.clock.now + self.random.choice((HOUR, 30 * HOUR))
        self.attempt("sara", partial(tasks.claim, task_id=task))
        if self.random.random() < 0.6:
            asked = Question("?", unit=self.random.choice(("fire", "fire", "office")), due_at=due)
            self.attempt("sara", partial(tasks.request_opinion, task_id=task, asked=asked))
        else:
            marks = Marks([("/name", "wrong")], due_at=due)
            self.attempt("sara", partial(tasks.request_correction, task_id=task, marks=marks))

    def _message(self) -> None:
        found = self._rows(Wait, Wait.name, where=[Wait.kind == "message", Wait.closed_at.is_(None)])
        if found:
            name = self.random.choice(found)[1]
            keys = {"order": self._order()}
            self.attempt("service", lambda uow: messages.send(uow, name, keys, {}))

    def _order(self) -> Any:
        with self.desks.database.transaction() as session:
            return session.scalars(select(Case.data["order"]).where(Case.id == self.case)).one()

    def _call(self) -> None:
        """A system answers, fails for a time, or for good."""
        found = self._rows(Call, Call.connector, where=[Call.status == "open"])
        if not found:
            return
        call, connector = self.random.choice(found)
        fate = self.random.random()
        if connector is not None:
            self._try_connector(call, fate)
            return
        lease = partial(external_calls.lease_calls, topics=["t"], count=50, lease=HOUR, worker="w")
        for work in self.attempt("service", lease) or ():
            if work["id"] != call or fate < 0.1:
                continue
            if fate < 0.7:
                act = partial(external_calls.complete, reply={})
            else:
                pause = HOUR / 2 if fate < 0.85 else None
                act = partial(external_calls.fail, detail="down", retry_in=pause)
            self.attempt("service", partial(act, call_id=call, fence=work["fence"]))

    def _try_connector(self, call: UUID, fate: float) -> None:
        attempt = self.attempt("system", lambda uow: external_calls.begin_attempt(uow, call, HOUR))
        if attempt is None:
            return
        if fate < 0.5:
            self.attempt("system", lambda uow: external_calls.settle(uow, attempt, {}, {}, 1.0))
            return
        pause = HOUR / 4 if fate < 0.85 else None
        failure = CallFailure("unreachable", "no connection")
        self.attempt("system", lambda uow: external_calls.retry_later(uow, attempt, failure, pause, 1.0))

    def _incident(self) -> None:
        for incident, element in self._rows(Incident, Incident.element, where=[Incident.status == "open"]):
            choice = self.random.random()
            if choice < 0.4:
                repair = self.random.choice((None, {"divisor": 2} if "script" in element else None))
                act: Any = partial(incidents.retry, repair=repair)
            else:
                act = partial(incidents.skip, data={}, reason="known")
            self.attempt("boss", partial(act, incident_id=incident))

    def _stop(self) -> None:
        """The case or its definition is suspended or resumed."""
        acts: Sequence[Callable[[UnitOfWork], Any]] = (
            *(partial(cases.suspend, case_id=self.case), partial(cases.resume, case_id=self.case)),
            *(
                partial(cases.suspend_definition, key=self.key),
                partial(cases.resume_definition, key=self.key),
            ),
        )
        weights = (2, 8, 1, 6)
        self.attempt("boss", *self.random.choices(acts, weights))

    def _rarely(self) -> None:
        chance = self.random.random()
        if chance < 0.4:
            begin = self.clock.now - self.random.choice((HOUR / 10, 4 * HOUR))
            period = {"from_at": begin, "to_at": self.clock.now, "seconds": 60}
            self.do("system", lambda uow: administration_log.note(uow, "installation.outage", None, period))
        elif chance < 0.42:
            self.attempt("boss", partial(cases.cancel, case_id=self.case))
        elif chance < 0.44:
            self.attempt("portal", partial(cases.withdraw, case_id=self.case))
        elif chance < 0.7:
            self._delegate()

    def _delegate(self) -> None:
        """An open step is delegated for some hours, and the open task with it; what has expired returns."""
        found = self._rows(Task, Task.element, where=[Task.status == "open", Task.kind == "step"])
        if found:
            element = self.random.choice(found)[1]
            until = self.clock.now + 3 * HOUR
            new = NewDelegation(self.key, [element], "office", "firm", take_over=True, valid_to=until)
            self.attempt("boss", lambda uow: delegations.create(uow, new))
        self.attempt("system", delegations.give_back)
