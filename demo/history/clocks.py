"""What happens to the statutory term of a case: pauses, the warning, its end, and who or what ended it."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import replace

from demo.history.offices import SECOND, Actor, text_of
from demo.history.plans import World
from demo.history.stories import NONE, DecisionRow, Pause, Story, TaskRow

WARNED = (4, 5)  # of the office time of a term
NOTICED = 200  # milliseconds after a suspended process has been resumed: the term is counted again
ESCALATION = "مهلت قانونی گذشت | The statutory term is over"


def run(story: Story, world: World) -> bool:
    """Add what happens to the term of a case. Return whether silence has decided at its end."""
    return story.term is not None and _Run(story, world).play()


def due_at(story: Story, at: int) -> int | None:
    """Return the end of the term as it was known after an instant; None if it did not run."""
    dues = story.term.dues if story.term is not None else []
    place = bisect_right(dues, at, key=lambda change: change[0])
    return dues[place - 1][1] if place else None


class _Run:
    def __init__(self, story: Story, world: World) -> None:
        if story.term is None:
            raise ValueError("The case has no term.")
        self.story, self.world, self.term = story, world, story.term
        self.office = story.office
        stopped = story.stopped
        self.stop = stopped if stopped is not None and stopped[0] <= story.until else None
        self.horizon = self.stop[0] if self.stop else story.until
        self.floor = self.since = 0
        self.silent = False

    def play(self) -> bool:
        """Play it from its start to its end, or that of the history."""
        term, story = self.term, self.story
        self._count(term.started)
        facts: dict[str, str | None] = {"term": term.length, "code": term.code}
        facts |= {"started_at": text_of(term.started), "due_at": text_of(term.due)}
        facts["calendar"] = self.office.calendar
        started = next(one.actor for one in story.events if one.at >= term.started)
        self._emit(term.started, "clock.started", started, facts)
        for pause in self._pauses():
            if pause.begin > self.horizon or not self._settle(pause.begin):
                break
            self._pause(pause)
        if term.state == "running":
            self._settle(self.horizon)
        if self.stop is not None and not self.silent:
            at, code, actor = self.stop
            self._emit(at, "clock.stopped", actor, {"code": code, "due_at": text_of(term.due)})
            term.stopped, term.state = at, "stopped"
            term.dues.append((at, None))
        return self.silent

    def _emit(self, at: int, kind: str, actor: Actor, facts: dict[str, str | None]) -> None:
        known = {name: value for name, value in facts.items() if value is not None}
        self.story.emit(at, kind, actor, facts=known)

    def _count(self, at: int) -> None:
        """Count the end of the term again, at an instant, and add the days that outages took."""
        term = self.term
        ended = [(begin, end) for begin, end in term.pauses if end is not None]
        due = self.office.due(term.started, term.length, ended)
        for _ in term.lost:
            due = self.office.next_close(due)
        if due <= at:
            self.floor = max(self.floor, self.office.next_close(at))
        term.due = max(due, self.floor)
        term.dues.append((at, term.due))
        self.since = at

    def _pauses(self) -> Iterator[Pause]:
        """Return the pauses, of which none overlap, and the suspensions of the process outside of them."""
        story, system = self.story, self.world.system
        stops = self._suspensions()
        found = [Pause(*span, "office", "suspension", system, system) for span in stops]
        merged: list[Pause] = []
        for one in sorted([*story.pauses, *found], key=lambda pause: pause.begin):
            if merged and one.begin <= merged[-1].end:
                last = merged[-1]
                if one.end > last.end:
                    merged[-1] = replace(last, end=one.end, ended=one.ended)
            else:
                merged.append(one)
        yield from merged

    def _suspensions(self) -> list[tuple[int, int]]:
        spans = self.world.suspensions.get(self.story.service.key, ())
        return [span for span in spans if span[0] > self.term.started and span[1] + NOTICED <= self.horizon]

    def _pause(self, pause: Pause) -> None:
        term = self.term
        if pause.began is self.world.system and pause.code == "suspension":
            self._add(pause.begin, pause.end)
            return
        because: dict[str, str | None] = {"side": pause.side, "code": pause.code}
        self._emit(pause.begin, "clock.paused", pause.began, because)
        term.dues.append((pause.begin, None))
        for begin, end in self._suspensions():
            if pause.begin <= begin and end < pause.end:
                self._add(begin, end)
                self._emit(end + NOTICED, "clock.paused", self.world.system, because)
                term.dues.append((end + NOTICED, None))
        if pause.end > self.horizon:
            term.pauses.append((pause.begin, None))
            term.state = "paused"
            return
        term.pauses.append((pause.begin, pause.end))
        self._count(pause.end)
        facts = {"paused_at": text_of(pause.begin), "due_at": text_of(term.due)}
        self._emit(pause.end, "clock.resumed", pause.ended, {**facts})

    def _add(self, begin: int, end: int) -> None:
        """Add the time for which the process was suspended, after it was resumed."""
        self.term.pauses.append((begin, end))
        at, system = end + NOTICED, self.world.system
        self._emit(at, "clock.paused", system, {"side": "office", "code": "suspension"})
        self._count(at)
        facts = {"paused_at": text_of(begin), "due_at": text_of(self.term.due)}
        self._emit(at, "clock.resumed", system, {**facts})

    def _settle(self, until: int) -> bool:
        """Do what is due before an instant. Return whether the term still runs."""
        term = self.term
        if term.stage == "none":
            at = self.world.up(max(self._warning(), self.since))
            if at >= until:
                return True
            self._emit(at, "clock.warned", self.world.system, {"due_at": text_of(term.due)})
            term.stage = "warned"
        if term.due >= until:
            return True
        down = self._down()
        if down is not None and down + SECOND >= until:
            return True
        if down is not None:
            before, at = term.due, down + SECOND
            term.lost.append(self.office.local(before)[:10])
            self._count(at)
            facts: dict[str, str | None] = {
                "code": "outage",
                "before_at": text_of(before),
                "due_at": text_of(term.due),
            }
            facts |= {"days": ",".join(term.lost), "calendar": self.office.calendar}
            self._emit(at, "clock.recomputed", self.world.system, facts)
            return self._settle(until)
        self._breach()
        return False

    def _down(self) -> int | None:
        """Return the end of the outage that left the office no time on the last day; None if none did."""
        hours = self.office.open
        number = bisect_left(hours.begins, self.term.due) - 1
        opens = max(hours.begins[number], self.term.started)
        spans = (end for begin, end in self.world.outages if begin <= opens and self.term.due <= end)
        return next(spans, None)

    def _warning(self) -> int:
        """Return when four fifths of the office time of the term are over, without its pauses."""
        term, hours = self.term, self.office.open
        pauses = [(begin, end) for begin, end in sorted(term.pauses) if end is not None]
        left = hours.between(term.started, term.due) - sum(hours.between(*span) for span in pauses)
        part, whole = WARNED
        wanted = -(-left * part // whole)  # in the engine there are fractions of milliseconds
        at = hours.after(term.started, wanted - 1) + 1
        for begin, end in pauses:
            if begin < at:
                wanted += hours.between(begin, end)
                at = hours.after(term.started, wanted - 1) + 1
        return min(at, term.due)

    def _breach(self) -> None:
        term, story, world = self.term, self.story, self.world
        waiting = {pause.begin for pause in story.pauses}
        late = [task for task in story.tasks if task.kind == "step" and _open_at(task, term.due)]
        units = {task.unit for task in late if task.side != "applicant" and task.opened not in waiting}
        silent = ",".join(sorted(unit for unit in units if unit)) or self.office.key
        facts: dict[str, str | None] = {"due_at": text_of(term.due), "units": silent}
        self._emit(term.due, "clock.breached", world.system, facts)
        term.stage = term.state = "breached"
        term.dues.append((term.due, None))
        silence = story.service.silence or ""
        if silence == "escalate":
            self._escalate(late)
        if silence.startswith("deemed"):
            made = DecisionRow(story.new_id(term.due), None, None, silence, term.due)
            made.silent_units = silent.split(",")
            story.decisions = [made]
            stated = {"decision": made.id, "outcome": silence, **facts}
            self._emit(term.due, "clock.deemed", world.system, stated)
            term.stage, term.state, term.stopped = "deemed", "deemed", term.due
            self.silent = True

    def _escalate(self, late: list[TaskRow]) -> None:
        """Give a supervisor a task, until somebody decides."""
        story, term = self.story, self.term
        place = late[0].element if late else story.service.begins
        task = TaskRow(story.new_id(term.due), place, ESCALATION, term.due)
        task.kind, task.unit, task.role = "escalation", self.office.key, "supervisor"
        task.due = self.office.next_close(term.due)
        task.asked = {"by": {"id": self.world.system.id, "name": ""}, "clock": "breach", "rung": 1}
        facts = {"kind": task.kind, "side": "office", "role": task.role, "due_at": text_of(task.due)}
        story.tasks.append(task)
        step = story.new_step()
        story.waited.add(step)  # the case never waits for it
        story.spend((term.due, self.horizon), "in_queue", self.office.key, place, step)
        story.emit(term.due, "task.created", self.world.system, (place, task.id), facts)
        if self.stop is not None:
            at, _, actor = self.stop
            task.closed, task.status = at, "cancelled"
            story.emit(at, "task.cancelled", actor, (place, task.id), NONE)


def _open_at(task: TaskRow, at: int) -> bool:
    return task.opened <= at and (task.closed is None or at < task.closed)
