"""Other systems, messages and timers in a case: calls, their failures, and waits."""

from demo.history.offices import HOUR, SECOND, Actor, text_of
from demo.history.plans import Plan, World
from demo.history.shapes import Await, Call, Timer
from demo.history.stories import CallRow, IncidentRow, Story, WaitRow

TIMEOUT = 30 * SECOND
PAUSES = (10 * SECOND, 60 * SECOND)  # between the attempts of a call


class Systems:
    """What a case does with them. After each, the installation itself is the actor."""

    def __init__(self, story: Story, world: World, plan: Plan) -> None:
        self.story, self.world, self.plan = story, world, plan

    def wait(self, node: Call | Await | Timer, at: int, actor: Actor) -> int:
        """Call or wait, as the actor who acted last has made it. Return when the case continues."""
        if isinstance(node, Call):
            return self._call(node, at, actor)
        return self._await(node, at, actor) if isinstance(node, Await) else self._timer(node, at, actor)

    def _call(self, node: Call, at: int, actor: Actor) -> int:
        story, place = self.story, (node.element, None)
        story.emit(at, "element.entered", actor, place)
        who = node.agency or node.connector
        if node.element in self.plan.late:
            at = self._incident(node, at, who, actor)
        made = CallRow(story.new_id(at), node.element, node.connector, node.operation, at, at)
        self._made(made, node, actor)
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
        facts = {"call": made.id, "seconds": f"{took / SECOND:.3f}", "attempts": attempt}
        story.emit(end, "call.answered", self.world.system, place, facts)
        story.passed(end, self.world.system, [node.element])
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

    def _incident(self, node: Call, at: int, who: str, actor: Actor) -> int:
        """Let the call fail for good, until somebody retries it. Return when that is."""
        story, place, system = self.story, (node.element, None), self.world.system
        call = CallRow(story.new_id(at), node.element, node.connector, node.operation, at, at, "failed", 3)
        self._made(call, node, actor)
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
        return end

    def _await(self, node: Await, at: int, actor: Actor) -> int:
        story, place = self.story, (node.element, None)
        hours = self.plan.late.get(node.element) or story.pick(node.hours)
        end = self.world.up(at + int(hours * HOUR))
        wait = WaitRow(story.new_id(at), node.element, "message", node.message, at, end)
        story.waits.append(wait)
        facts = {"wait": wait.id, "kind": "message", "party": node.party}
        story.emit(at, "element.entered", actor, place)
        story.emit(at, "wait.opened", actor, place, facts, {"name": node.message, "keys": {}})
        bucket = "with_applicant" if node.party == "applicant" else "other_agency"
        if node.pauses:
            side = "applicant" if node.party == "applicant" else "agency"
            story.pause(at, end, side, "wait", (actor, self.world.system))
        story.emit(end, "message.received", self.world.system, place, {"message": story.new_id(end)})
        story.emit(end, "wait.closed", self.world.system, place, facts)
        story.passed(end, self.world.system, [node.element])
        story.spend(at, end, bucket, node.party, node.element)
        return end

    def _timer(self, node: Timer, at: int, actor: Actor) -> int:
        story, place = self.story, (node.element, None)
        due = at + node.hours * HOUR
        end = self.world.up(due)
        wait = WaitRow(story.new_id(at), node.element, "timer", None, at, end, due)
        story.waits.append(wait)
        facts = {"wait": wait.id, "kind": "timer", "due_at": text_of(due)}
        story.emit(at, "element.entered", actor, place)
        story.emit(at, "wait.opened", actor, place, facts)
        fired = {"due_at": text_of(due), "lateness": (end - due) // SECOND, "missed": 0}
        story.emit(end, "timer.fired", self.world.system, place, fired)
        story.emit(end, "wait.closed", self.world.system, place, facts)
        story.passed(end, self.world.system, [node.element])
        story.spend(at, end, "scheduled_wait", story.service.key, node.element)
        return end
