"""Plays a case through the nodes of its service: what the engine would have written, and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from demo.history.offices import DAY, HOUR, MINUTE, SECOND, Actor, Office, Span, text_of
from demo.history.shapes import Await, Call, Entered, Fork, Node, Passed, Timer, Work
from demo.history.stories import CallRow, DecisionRow, IncidentRow, Story, TaskRow, Term, WaitRow

NOTED = 20 * SECOND  # until a worker has noted a stretch that nothing can extend any more
LONGEST_GAP = 15 * MINUTE  # within a stretch of work
TIMEOUT = 30 * SECOND
PAUSES = (10 * SECOND, 60 * SECOND)  # between the attempts of a call


@dataclass(frozen=True, slots=True)
class Plan:
    """What is unusual in a case.

    `late` has the hours by which an element takes longer than its norm: of office time for a task, else of
    time. `flags` are what an auditor should find. `official` decides, whoever else could.
    """

    outcome: str
    late: Mapping[str, float] = field(default_factory=dict)
    corrections: int = 0
    corrected_on_last_day: bool = False
    opinion: str | None = None  # the key of the unit that is asked
    suspended: bool = False
    retried: bool = False
    silent: bool = False
    flags: frozenset[str] = frozenset()
    official: Actor | None = None
    stars: int | None = None
    unplanned: str | None = None  # the reason of a visit that no step planned


@dataclass(frozen=True, slots=True)
class World:
    """The units by key, who acts where nobody does, and when the installation did not run."""

    offices: Mapping[str, Office]
    system: Actor
    portal: Actor
    outages: Sequence[Span] = ()
    delegations: Mapping[tuple[str, str], str] = field(default_factory=dict)  # by element and delegate

    def up(self, at: int) -> int:
        """Return an instant, or the end of the outage in which it lies."""
        for begin, end in self.outages:
            if begin <= at < end:
                return end + SECOND
        return at


class Play:
    """One case while its nodes are passed. `actor` is who acted last."""

    def __init__(self, story: Story, world: World, plan: Plan) -> None:
        self.story, self.world, self.plan = story, world, plan
        self.actor = story.applicant
        self._corrections = plan.corrections

    def run(self, nodes: Sequence[Node], at: int) -> int | None:
        """Pass these nodes from an instant on. Return when the last one was passed; None: nobody decided."""
        reached: int | None = at
        for node in nodes:
            if reached is None:
                return None
            reached = self._pass(node, reached)
        return reached

    def _pass(self, node: Node, at: int) -> int | None:
        if isinstance(node, Passed):
            self.story.passed(at, self.actor, node.elements)
            if self.story.service.accepted in node.elements:
                self._accept(at)
            return at
        if isinstance(node, Entered):
            self.story.emit(at, "element.entered", self.actor, (node.element, None))
            return at
        if isinstance(node, Work):
            return self._answer(node, at) if node.side == "applicant" else self._work(node, at)
        return self._pass_system(node, at)

    def _accept(self, at: int) -> None:
        """Let the term begin: the application is complete."""
        story = self.story
        if story.service.term is not None:
            story.term = term = Term(at, story.service.term)
            due = story.office.due(at, term.length, ())
            facts = {
                "term": term.length,
                "code": "complete",
                "started_at": text_of(at),
                "due_at": text_of(due),
            }
            story.emit(at, "clock.started", self.actor, facts=facts)

    def _pass_system(self, node: Call | Await | Timer | Fork, at: int) -> int | None:
        match node:
            case Call():
                return self._call(node, at)
            case Await():
                return self._await(node, at)
            case Timer():
                return self._timer(node, at)
            case Fork():
                return self._fork(node, at)

    def _fork(self, node: Fork, at: int) -> int | None:
        self.story.passed(at, self.actor, [node.split])
        before, ends = self.actor, []
        for branch in node.branches:
            self.actor, first = before, len(self.story.spent)
            end = self.run(branch, at)
            if end is None:
                return None
            ends.append((end, self.actor, {spent.element for spent in self.story.spent[first:]}))
        last, self.actor, _ = max(ends, key=lambda end: end[0])
        for end, _, elements in ends:
            if end < last:
                self.story.waited |= elements
        self.story.passed(last, self.actor, [node.join])
        return last

    # People

    def _open(self, node: Work, at: int, office: Office) -> TaskRow:
        task = TaskRow(self.story.new_id(at), node.element, node.name, at, assignment=node.assignment)
        task.unit, task.role = office.key, node.role
        self.story.tasks.append(task)
        self.story.planned += node.presence == "required"
        facts = {"kind": "step", "side": node.side, "role": node.role, "unit": node.unit}
        facts |= {"presence": node.presence, "assignment": node.assignment}
        if node.side == "delegate":
            facts["delegation"] = self.world.delegations[node.element, office.key]
        facts = {name: value for name, value in facts.items() if value is not None}
        self.story.emit(at, "task.created", self.actor, (node.element, task.id), facts)
        return task

    def _answer(self, node: Work, at: int) -> int:
        """A step of the applicant."""
        story = self.story
        task = self._open(node, at, story.office)
        end = self.world.up(at + int(story.pick(node.waits) * HOUR))
        if node.pauses:
            story.pause(at, end, "applicant", "wait", (self.actor, story.applicant))
        story.spend(at, end, "with_applicant", "applicant", node.element)
        self.actor = story.applicant
        self._complete(task, node, end)
        return end

    def _work(self, node: Work, at: int) -> int | None:
        """A step of an official: it waits, is claimed, and done."""
        story = self.story
        office = self.world.offices[node.unit] if node.unit else story.office
        task = self._open(node, at, office)
        if node.decides and self.plan.silent:
            story.spend(at, story.until, "in_queue", office.key, node.element)
            return None
        official = self._official(node, office)
        if node.assignment:
            given = {"account": official.id, "unit": official.unit, "how": node.assignment}
            story.emit(at, "task.assigned", self.actor, (node.element, task.id), given)
        since = self._suspended(at, node, office) if node.decides and self.plan.suspended else at
        begin = self._begin(node, since, office)
        task.assignee, task.claimed = official.id, begin
        if not node.assignment:
            story.emit(begin, "task.claimed", official, (node.element, task.id))
        self.actor = official
        since, begin = self._ask(node, task, office, since, begin)
        end = self._worked(node, task, office, begin)
        waits = "other_agency" if node.side == "delegate" else "in_queue"
        story.spend(since, end, waits, office.key, node.element)
        self._complete(task, node, end)
        return end

    def _official(self, node: Work, office: Office) -> Actor:
        if node.decides and self.plan.official is not None:
            return self.plan.official
        return self.story.rng.choice(office.people[node.role])

    def _begin(self, node: Work, at: int, office: Office) -> int:
        """Return when somebody begins to work on it."""
        waits = self.story.pick(node.waits)
        if node.element in self.plan.late:
            waits = (node.norm or 0) + self.plan.late[node.element]
        if node.decides and "queue_jumping" in self.plan.flags:
            waits = 1 / 60
        begin = office.works.after(at, int(waits * HOUR))
        if node.decides and "outside_hours" in self.plan.flags:
            begin = self.world.up(
                (begin + office.offset) // (24 * HOUR) * 24 * HOUR + 26 * HOUR - office.offset
            )
        return begin

    def _worked(self, node: Work, task: TaskRow, office: Office, begin: int) -> int:
        """Add the stretches of work from an instant on. Return when it was done."""
        length = int(self.story.pick(node.minutes) * MINUTE)
        if node.decides and "decided_in_seconds" in self.plan.flags:
            length = int(self.story.pick((2, 7)) * SECOND)
        if node.decides and "outside_hours" in self.plan.flags:
            end, stretches = begin + length, [(begin, begin + length)]
        else:
            end = office.works.after(begin, length)
            stretches = office.works.within(begin, end)
        for stretch in stretches:
            self._note(task, node.element, office, stretch, closed=stretch[1] == end)
        return end

    def _note(self, task: TaskRow, element: str, office: Office, stretch: Span, *, closed: bool) -> None:
        begin, end = stretch
        if begin == end:
            return
        self.story.spend(begin, end, "worked", office.key, element)
        noted = end + NOTED + (0 if closed else LONGEST_GAP)
        facts = {
            "from_at": text_of(begin),
            "to_at": text_of(end),
            "source": "answer,page" if closed else "page",
        }
        self.story.emit(noted, "work.noted", self.actor, (element, task.id), facts)

    def _complete(self, task: TaskRow, node: Work, at: int) -> None:
        story, place = self.story, (node.element, task.id)
        task.closed, task.status, task.assignee = at, "completed", self.actor.id
        story.emit(at, "task.completed", self.actor, place)
        if node.presence == "required":
            self._visit(at, node.element, task.id, reason="identity")
        if not node.decides:
            return
        made = DecisionRow(story.new_id(at), task.id, self.actor, self.plan.outcome, at)
        story.decisions.append(made)
        effect = story.service.effects[made.outcome]
        facts = {"decision": made.id, "outcome": made.outcome, "effect": effect}
        payload = {"decision": made.id, "outcome": made.outcome, "grounds": []}
        story.emit(at, "decision.made", self.actor, place, facts, payload)
        if story.term is not None:
            story.term.stopped = at

    def _visit(self, at: int, element: str, task: str, reason: str) -> None:
        """Record a visit that a step required."""
        visit = {"visit": self.story.new_id(at), "channel": "in_person", "reason": reason, "planned": True}
        self.story.visits.append((True, reason))
        actor = self.actor if self.actor.role != "applicant" else self.world.portal
        self.story.emit(at, "visit.recorded", actor, (element, task), {**visit, "occurred_at": text_of(at)})

    # What interrupts an official

    def _suspended(self, at: int, node: Work, office: Office) -> int:
        """Suspend the case for some days from an instant on. Return when it is resumed."""
        story, begin = self.story, office.works.after(at, HOUR)
        end = office.works.after(begin, int(story.pick((16, 40)) * HOUR))
        head = story.rng.choice(office.people[node.role])
        story.spend(at, begin, "in_queue", office.key, node.element)
        story.emit(begin, "case.suspended", head, facts={"reason_code": "court"})
        story.spend(begin, end, "suspended", office.key, node.element)
        story.emit(end, "case.resumed", head)
        story.pause(begin, end, "office", "suspension", (head, head))
        return end

    def _ask(self, node: Work, task: TaskRow, office: Office, since: int, begin: int) -> tuple[int, int]:
        """Let the official ask others first. Return since when it waits again, and when work begins again."""
        story = self.story
        while node.decides and self._corrections > 0:
            self._corrections -= 1
            asked = self._asking_at(office, begin)
            self._note(task, node.element, office, (begin, begin + 5 * MINUTE), closed=False)
            story.spend(since, asked, "in_queue", office.key, node.element)
            since = self._correction(task, node, asked)
            begin = office.works.after(since, HOUR)
        if node.decides and self.plan.opinion is not None:
            story.spend(since, begin, "in_queue", office.key, node.element)
            since = self._opinion(task, node, begin)
            begin = office.works.after(since, HOUR)
        return since, begin

    def _asking_at(self, office: Office, begin: int) -> int:
        """Return when the applicant is asked: soon, or on the last day of the term."""
        term = self.story.term
        if not self.plan.corrected_on_last_day or term is None:
            return begin + 5 * MINUTE
        return office.due(term.started, term.length, term.pauses) - 2 * HOUR

    def _correction(self, parent: TaskRow, node: Work, at: int) -> int:
        """Ask the applicant for a correction. Return when it was made."""
        story, official = self.story, self.actor
        end = at + int(story.pick((6, 60)) * HOUR)
        if self.plan.corrected_on_last_day:  # answered in the evening: the term then ends a working day later
            end = (end + story.office.offset) // DAY * DAY + 20 * HOUR - story.office.offset
        end = self.world.up(max(end, at + HOUR))
        task = TaskRow(
            story.new_id(at), node.element, node.name, at, end, "completed", "correction", parent.id
        )
        task.assignee, task.claimed = story.applicant.id, end
        story.tasks.append(task)
        place = (node.element, task.id)
        facts = {"parent": parent.id, "side": "applicant"}
        story.emit(at, "correction.asked", official, place, facts, {"parent": parent.id})
        story.emit(end, "data.corrected", story.applicant, place)
        story.pause(at, end, "applicant", "correction", (official, story.applicant))
        story.spend(at, end, "with_applicant", "applicant", node.element)
        return end

    def _opinion(self, parent: TaskRow, node: Work, at: int) -> int:
        """Ask another unit for an opinion. Return when it was given."""
        story, asked = self.story, self.world.offices[str(self.plan.opinion)]
        role = next(iter(asked.people))
        adviser = story.rng.choice(asked.people[role])
        begin = asked.works.after(at, int(story.pick((2, 10)) * HOUR))
        end = asked.works.after(begin, 20 * MINUTE)
        task = TaskRow(story.new_id(at), node.element, node.name, at, end, "completed", "opinion", parent.id)
        task.assignee, task.claimed, task.unit, task.role = adviser.id, begin, asked.key, role
        story.tasks.append(task)
        place = (node.element, task.id)
        facts = {"parent": parent.id, "side": "office", "unit": asked.key, "role": role}
        story.emit(at, "opinion.asked", self.actor, place, facts, {"parent": parent.id})
        story.emit(begin, "task.claimed", adviser, place)
        story.emit(end, "opinion.given", adviser, place, payload={"data": {"favourable": True}})
        story.spend(at, end, "other_agency", asked.key, node.element)
        return end

    # Other systems, and waits

    def _call(self, node: Call, at: int) -> int:
        story, place = self.story, (node.element, None)
        story.emit(at, "element.entered", self.actor, place)
        who = node.agency or node.connector
        if node.element in self.plan.late:
            at = self._incident(node, at, who)
        made = CallRow(story.new_id(at), node.element, node.connector, node.operation, at, at)
        self._made(made, node, self.actor)
        begin = began = at
        attempt, bucket = 1, "other_agency"
        if self.plan.retried:
            attempt = 2
            failed = at + TIMEOUT
            self._tried(made, failed, "timeout", 1)
            story.spend(begin, failed, "other_agency", who, node.element)
            begin = failed + PAUSES[0]
            bucket, began = "technical_failure", failed
        took = int(story.pick(node.seconds) * SECOND)
        end = begin + took
        made.closed, made.attempts = end, attempt
        self._tried(made, end, "ok", attempt, took)
        self.actor = self.world.system
        facts = {"call": made.id, "seconds": f"{took / SECOND:.3f}", "attempts": attempt}
        story.emit(end, "call.answered", self.actor, place, facts)
        story.passed(end, self.actor, [node.element])
        story.spend(began, end, bucket, who, node.element)
        return end

    def _made(self, call: CallRow, node: Call, actor: Actor) -> None:
        self.story.calls.append(call)
        facts = {"call": call.id, "connector": node.connector, "operation": node.operation}
        facts |= {"agency": node.agency} if node.agency else {}
        self.story.emit(call.opened, "call.made", actor, (node.element, None), facts)

    def _tried(self, call: CallRow, at: int, code: str, attempt: int, took: int = TIMEOUT) -> None:
        facts = {"call": call.id, "code": code, "attempt": attempt, "ms": took}
        self.story.emit(at, "call.tried", self.world.system, (call.element, None), facts)

    def _incident(self, node: Call, at: int, who: str) -> int:
        """Let the call fail for good, until somebody retries it. Return when that is."""
        story, place, system = self.story, (node.element, None), self.world.system
        call = CallRow(story.new_id(at), node.element, node.connector, node.operation, at, at, "failed", 3)
        self._made(call, node, self.actor)
        failed = first = at + TIMEOUT
        for attempt, pause in enumerate((*PAUSES, 0), 1):
            self._tried(call, failed, "timeout", attempt)
            failed += pause + (TIMEOUT if pause else 0)
        call.closed = failed
        facts = {"call": call.id, "code": "timeout", "attempts": 3, "seconds": f"{TIMEOUT / SECOND:.3f}"}
        story.emit(failed, "call.failed", system, place, facts)
        end = story.office.works.after(failed + int(self.plan.late[node.element] * HOUR), 0)
        incident = IncidentRow(story.new_id(failed), node.element, node.name, "timeout", failed, end)
        story.incidents.append(incident)
        known = {"incident": incident.id, "code": incident.code}
        story.emit(failed, "incident.opened", system, place, known)
        story.emit(end, "incident.retried", system, place, known)
        story.spend(at, first, "other_agency", who, node.element)
        story.spend(first, end, "technical_failure", who, node.element)
        self.actor = system
        return end

    def _await(self, node: Await, at: int) -> int:
        story, place = self.story, (node.element, None)
        hours = self.plan.late.get(node.element) or story.pick(node.hours)
        end = self.world.up(at + int(hours * HOUR))
        wait = WaitRow(story.new_id(at), node.element, "message", node.message, at, end)
        story.waits.append(wait)
        facts = {"wait": wait.id, "kind": "message", "party": node.party}
        story.emit(at, "element.entered", self.actor, place)
        story.emit(at, "wait.opened", self.actor, place, facts, {"name": node.message, "keys": {}})
        bucket = "with_applicant" if node.party == "applicant" else "other_agency"
        if node.pauses:
            side = "applicant" if node.party == "applicant" else "agency"
            story.pause(at, end, side, "wait", (self.actor, self.world.system))
        self.actor = self.world.system
        story.emit(end, "message.received", self.actor, place, {"message": story.new_id(end)})
        story.emit(end, "wait.closed", self.actor, place, facts)
        story.passed(end, self.actor, [node.element])
        story.spend(at, end, bucket, node.party, node.element)
        return end

    def _timer(self, node: Timer, at: int) -> int:
        story, place = self.story, (node.element, None)
        due = at + node.hours * HOUR
        end = self.world.up(due)
        wait = WaitRow(story.new_id(at), node.element, "timer", None, at, end, due)
        story.waits.append(wait)
        facts = {"wait": wait.id, "kind": "timer", "due_at": text_of(due)}
        story.emit(at, "element.entered", self.actor, place)
        story.emit(at, "wait.opened", self.actor, place, facts)
        self.actor = self.world.system
        fired = {"due_at": text_of(due), "lateness": (end - due) // SECOND, "missed": 0}
        story.emit(end, "timer.fired", self.actor, place, fired)
        story.emit(end, "wait.closed", self.actor, place, facts)
        story.passed(end, self.actor, [node.element])
        story.spend(at, end, "scheduled_wait", story.service.key, node.element)
        return end
