"""Has people and systems do in the engine what a generated case says they did, each at the same instant."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, text

from bench.history.organisation import Setting
from demo.history.offices import instant_of
from demo.history.stories import Event, Story
from engine import cases, tasks
from engine.bpmn import CallFailure
from engine.cases import Application, Correction, NewVisit, Rating, Tried, incidents, messages, migration
from engine.identity import accounts
from engine.models import Call, Case, Decision, Incident, Task, Wait
from engine.models import Event as Logged
from engine.platform.db import Actor, Database, UnitOfWork
from engine.portal import appeals
from engine.tasks import Marks, Question

CURRENT = "UPDATE definitions SET current_version_id = :version WHERE key = :key"
MOVABLE = """
INSERT INTO migrated_cases (migration_id, case_id, status, obstacles, at)
VALUES (:move, :case, 'movable', '[]', :now)
"""
MOVING = "UPDATE case_migrations SET status = 'moving', finished_at = NULL WHERE id = :move"
# They follow from what somebody does: no command of their own.
FOLLOWS = frozenset({
    "element.entered", "element.passed", "element.cancelled", "task.created", "task.cancelled", "wait.opened",
    "wait.closed", "call.made", "call.answered", "bill.issued", "bill.paid", "incident.opened",
    "decision.made", "case.completed", "clock.started", "clock.resumed", "clock.stopped",
    "work.noted", "call.failed",
})  # fmt: skip


class Reenactment:
    """One generated case in the engine, with its `appeal`, if there is one. `case` is its id there."""

    def __init__(
        self, database: Database, setting: Setting, story: Story, zone: ZoneInfo, appeal: Story | None = None
    ) -> None:
        self._database, self._setting, self.story, self._zone = database, setting, story, zone
        self.appeal = None if appeal is None else Reenactment(database, setting, appeal, zone)
        self._tasks: dict[str, UUID] = {}
        self._visits: dict[str, UUID | None] = {}
        self.case = UUID(int=0)

    def play(self) -> None:
        """Do all of it. What follows by itself is left to the engine."""
        for number, event in enumerate(self.story.events):
            act = getattr(self, f"_{event.kind.replace('.', '_')}", None)
            if act is not None:
                act(event, self.story.events[number + 1 :])
            else:
                assert event.kind in FOLLOWS, event.kind

    def log(self) -> list[Logged]:
        """Its events, without noted work, which a worker adds later."""
        with self._database.transaction() as session:
            found = select(Logged).where(Logged.case_id == self.case, Logged.kind != "work.noted")
            return list(session.scalars(found.order_by(Logged.seq)))

    def _do(self, event: Event, command: Callable[[UnitOfWork], Any], who: Actor | None = None) -> Any:
        is_system = event.actor.role == accounts.SYSTEM
        role: Any = "administrator" if is_system else event.actor.role
        name = event.actor.name or accounts.SYSTEM
        named = Actor(UUID(event.actor.id), name, role, logged_as=accounts.SYSTEM if is_system else None)
        now: datetime = instant_of(event.at).astimezone(self._zone)
        return self._database.run(lambda session, _: command(UnitOfWork(session, who or named, now)))

    def _one(self, wanted: Any) -> Any:
        with self._database.transaction() as session:
            return session.scalars(wanted).one()

    def _task(self, event: Event) -> UUID:
        """The open task of the engine that corresponds to that of an event."""
        name = str(event.task)
        if name not in self._tasks:
            known = list(self._tasks.values())
            found = select(Task.id).where(Task.case_id == self.case, Task.element == event.element)
            kind = next(task.kind for task in self.story.tasks if task.id == event.task)
            found = found.where(Task.kind == kind, Task.id.not_in(known))
            self._tasks[name] = self._one(found.order_by(Task.opened_at).limit(1))
        return self._tasks[name]

    def _worker(self, task: UUID) -> Actor | None:
        """Whom the engine has assigned it at random: another one than in the generated case."""
        with self._database.transaction() as session:
            row = session.execute(select(Task.assignee_id, Task.assignment).where(Task.id == task)).one()
        names = self._setting.names
        return Actor(row[0], names[str(row[0])], "caseworker") if row[1] and row[0] else None

    def _call(self) -> UUID:
        found: UUID = self._one(select(Call.id).where(Call.case_id == self.case, Call.status == "open"))
        return found

    def _case_started(self, event: Event, _: Any) -> None:
        if self.story.appeal_of is not None:  # the appeal of its case has started it
            return
        story, payload = self.story, event.payload or {}
        with self._database.transaction() as session:
            session.execute(text(CURRENT), {"version": story.version_id, "key": story.service.key})
        begun = instant_of(story.begun) if story.begun is not None else None
        person = None if event.actor.role == "applicant" else story.person
        application = Application(person, unit=story.office.key, channel=payload["channel"], begun_at=begun)
        key, data = story.service.key, payload["data"]
        self.case = self._do(event, lambda uow: cases.start(uow, key, data, application)).id

    def _appeal_filed(self, event: Event, _: Any) -> None:
        if self.appeal is not None:
            data = (self.appeal.story.events[0].payload or {})["data"]
            self.appeal.case = self._do(event, lambda uow: appeals.file(uow, self.case, data)).id
            self.appeal.play()

    def _appeal_decided(self, event: Event, _: Any) -> None:
        assert self.appeal is not None
        made = self._one(select(Decision.id).where(Decision.case_id == self.appeal.case))
        self._do(event, lambda uow: appeals.notify_appealed(uow, made))

    def _task_claimed(self, event: Event, _: Any) -> None:
        self._do(event, lambda uow: tasks.claim(uow, self._task(event)))

    def _task_assigned(self, event: Event, _: Any) -> None:
        if event.facts["how"] != "given":
            return
        to, reason = self._setting.names[event.facts["account"]], event.facts["reason"]
        self._do(event, lambda uow: tasks.assign(uow, self._task(event), to, reason=reason))

    def _task_completed(self, event: Event, _: Any) -> None:
        task, data = self._task(event), (event.payload or {}).get("data", {})
        self._do(event, lambda uow: tasks.complete(uow, task, data), self._worker(task))

    def _data_corrected(self, event: Event, _: Any) -> None:
        data = (event.payload or {})["changes"]
        self._do(event, lambda uow: tasks.complete(uow, self._task(event), data))

    def _opinion_given(self, event: Event, _: Any) -> None:
        data = (event.payload or {})["data"]
        self._do(event, lambda uow: tasks.complete(uow, self._task(event), data))

    def _correction_asked(self, event: Event, _: Any) -> None:
        said = event.payload or {}
        marks = Marks([(one["pointer"], one["text"]) for one in said["fields"]])
        parent = self._tasks[said["parent"]]
        made = self._do(event, lambda uow: tasks.request_correction(uow, parent, marks))
        self._tasks[str(event.task)] = made

    def _opinion_asked(self, event: Event, _: Any) -> None:
        said = event.payload or {}
        question = Question(said["question"], unit=said["unit"])
        parent = self._tasks[said["parent"]]
        made = self._do(event, lambda uow: tasks.request_opinion(uow, parent, question))
        self._tasks[str(event.task)] = made

    def _call_tried(self, event: Event, later: list[Event]) -> None:
        facts, failed = event.facts, event.facts["code"] != "ok"
        tried = Tried(facts["attempt"], facts["code"], facts["ms"] / 1000)
        if not failed:
            answered, passed = later[0], next(one for one in later if one.kind == "element.passed")
            reply = next(iter((passed.payload or {})["changes"].values()))
            seen = {name: value for name, value in (answered.payload or {}).items() if name != "call"}
            attempts = answered.facts["attempts"]
            self._attempt(attempts)
            self._do(event, lambda uow: cases.answer(uow, self._call(), reply, seen, tried))
        elif later and later[0].kind == "call.failed":
            failure = CallFailure("timeout", (later[0].payload or {})["detail"])
            attempts = later[0].facts["attempts"]
            self._do(event, lambda uow: cases.fail_call(uow, self._call(), failure, attempts, tried))
        else:
            self._do(event, lambda uow: cases.note_attempt(uow, self._call(), tried))

    def _attempt(self, count: int) -> None:
        """The worker counts its attempts in the row of the call."""
        with self._database.transaction() as session:
            session.get_one(Call, self._call()).attempts = count

    def _incident_retried(self, event: Event, _: Any) -> None:
        found = self._one(select(Incident.id).where(Incident.case_id == self.case, Incident.status == "open"))
        self._do(event, lambda uow: incidents.retry(uow, found))

    def _message_received(self, event: Event, later: list[Event]) -> None:
        passed = next(one for one in later if one.kind == "element.passed" and one.element == event.element)
        data = next(iter((passed.payload or {"changes": {"": {}}})["changes"].values()))
        wait = select(Wait.correlation).where(Wait.case_id == self.case, Wait.element == event.element)
        keys: Mapping[str, Any] = {"case_number": self._number()}
        if "bill" in self._one(wait):
            keys = {"bill": f"B-{self.story.number}"}
        name = (event.payload or {})["name"]
        self._do(event, lambda uow: messages.send(uow, name, keys, data))

    def _number(self) -> str:
        found: str = self._one(select(Case.number).where(Case.id == self.case))
        return found

    def _timer_fired(self, event: Event, _: Any) -> None:
        self._do(event, lambda uow: cases.wake(uow, self.case))

    def _case_suspended(self, event: Event, _: Any) -> None:
        self._do(event, lambda uow: cases.suspend(uow, self.case, reason_code=event.facts["reason_code"]))

    def _case_resumed(self, event: Event, _: Any) -> None:
        self._do(event, lambda uow: cases.resume(uow, self.case))

    def _case_withdrawn(self, event: Event, _: Any) -> None:
        self._do(event, lambda uow: cases.withdraw(uow, self.case))

    def _case_moved(self, event: Event, _: Any) -> None:
        given = {"move": event.facts["move"], "case": self.case, "now": instant_of(event.at)}
        with self._database.transaction() as session:
            session.execute(text(MOVING), given)
            session.execute(text(MOVABLE), given)
        assert self._do(event, lambda uow: migration.migrate_case(uow, self.case)) == "moved"

    def _clock_paused(self, event: Event, _: Any) -> None:
        if event.actor.role == accounts.SYSTEM and event.facts["code"] == "suspension":
            self._do(event, lambda uow: cases.add_pause(uow, self.case))

    def _clock_warned(self, event: Event, _: Any) -> None:
        self._do(event, lambda uow: cases.do_due(uow, self.case))

    _clock_breached = _clock_deemed = _clock_recomputed = _clock_warned

    def _visit_recorded(self, event: Event, _: Any) -> None:
        facts = event.facts
        came = datetime.fromisoformat(facts["occurred_at"])
        task = self._tasks.get(str(event.task))
        visit = NewVisit(came, facts["reason"], facts["channel"], task)
        made = self._do(event, lambda uow: cases.record_visit(uow, self.case, visit))
        self._visits[facts["visit"]] = made.id

    def _visit_corrected(self, event: Event, _: Any) -> None:
        facts, visit = event.facts, self._visits[event.facts["visit"]]
        right = Correction(reason=facts.get("reason"), withdrawn=facts.get("withdrawn", False))
        assert visit is not None
        self._do(event, lambda uow: cases.correct_visit(uow, self.case, visit, right))

    def _rating_given(self, event: Event, _: Any) -> None:
        facts = event.facts
        rating = Rating(facts["stars"], facts["visited"], facts.get("visit_reason"))
        self._do(event, lambda uow: cases.rate(uow, self.case, rating))
