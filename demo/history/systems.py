"""Other systems, messages, bills and timers in a case: calls, their failures, and waits."""

from dataclasses import replace

from demo.history.offices import HOUR, MINUTE, SECOND, Actor, text_of
from demo.history.plans import Plan, World
from demo.history.shapes import Await, Bill, Call, Timer
from demo.history.stories import BillRow, CallRow, Facts, IncidentRow, Pause, Story, WaitRow

TIMEOUT = 30 * SECOND
PAUSES = (10 * SECOND, 60 * SECOND)  # between the attempts of a call
NO_REPLY = "The system did not reply in time."
APPLICANT = "applicant"
OWN = "installation"  # whose an outage or a suspension is


class Systems:
    """What a case does with them. After each, the installation or another system is the actor."""

    def __init__(self, story: Story, world: World, plan: Plan) -> None:
        self.story, self.world, self.plan = story, world, plan
        self._repairer = replace(world.administrator, unit=None)  # retries record no unit

    def wait(self, node: Call | Await | Timer | Bill, at: int, actor: Actor) -> tuple[int, Actor]:
        """Call or wait, as the actor who acted last. Return when the case continues, and by whom."""
        if isinstance(node, Call):
            return self._call(node, at, actor, {node.element: {"ok": True}} if node.stores else None)
        if isinstance(node, Bill):
            return self._bill(node, at, actor)
        return self._await(node, at, actor) if isinstance(node, Await) else self._timer(node, at, actor)

    def _up(self, at: int) -> int:
        return self.world.up(at, self.story.service.key)

    def _call(self, node: Call, at: int, actor: Actor, reply: Facts | None) -> tuple[int, Actor]:
        story, place, system = self.story, (node.element, None), self.world.system
        who, step = node.agency or node.connector, story.new_step()
        made = CallRow(story.new_id(at), node.element, node.connector, node.operation, at, at)
        story.calls.append(made)
        if node.element in self.plan.late:
            at, actor = self._incident(node, made, at, actor), self._repairer
        self._made(node, made, at, actor)
        begin, attempt, bucket = at, 1, "other_agency"
        if self.plan.retried:
            failed = at + TIMEOUT
            self._tried(made, failed, "timeout", 1)
            story.spend((at, failed), bucket, who, node.element, step, task=False)
            begin, attempt, bucket = failed, 2, "technical_failure"
        took = int(story.pick(node.seconds) * SECOND)
        end = self._up(begin + took + (PAUSES[0] if attempt > 1 else 0))
        made.closed, made.attempts = end, attempt
        self._tried(made, end, "ok", attempt, took)
        facts = {"call": made.id, "seconds": f"{took / SECOND:.3f}", "attempts": attempt}
        seen = {"call": made.id, "seconds": took / SECOND, "request_digest": made.id.replace("-", "")}
        story.emit(end, "call.answered", system, place, facts, seen)
        story.passed(end, system, [node.element], reply)
        story.spend((begin, end), bucket, who, node.element, step, task=False)
        return end, system

    def _made(self, node: Call, made: CallRow, at: int, actor: Actor) -> None:
        place = (node.element, None)
        said = {"call": made.id, "connector": node.connector, "operation": node.operation}
        self.story.emit(at, "element.entered", actor, place)
        party = {"party": node.agency} if node.agency else {}
        self.story.emit(at, "call.made", actor, place, said | party, said)

    def _tried(self, call: CallRow, at: int, code: str, attempt: int, took: int = TIMEOUT) -> None:
        facts = {"call": call.id, "code": code, "attempt": attempt, "ms": took}
        self.story.emit(at, "call.tried", self.world.system, (call.element, None), facts)

    def _incident(self, node: Call, call: CallRow, at: int, actor: Actor) -> int:
        """Let the call fail for good, until somebody retries it. Return when that is."""
        story, place, system = self.story, (node.element, None), self.world.system
        who, step = node.agency or node.connector, story.new_step()
        self._made(node, call, at, actor)
        failed = first = self._up(at + TIMEOUT)
        for attempt, pause in enumerate((*PAUSES, 0), 1):
            self._tried(call, failed, "timeout", attempt)
            failed = self._up(failed + pause + TIMEOUT) if pause else failed
        facts = {"call": call.id, "code": "timeout", "attempts": 3}
        more = {"seconds": f"{TIMEOUT / SECOND:.3f}"}
        story.emit(failed, "call.failed", system, place, facts | more, facts | {"detail": NO_REPLY})
        end = story.office.works.after(failed + int(self.plan.late[node.element] * HOUR), MINUTE)
        incident = IncidentRow(story.new_id(failed), node.element, node.name, "timeout", failed, end)
        story.incidents.append(incident)
        known = {"incident": incident.id, "code": incident.code}
        story.emit(failed, "incident.opened", system, place, known, known | {"message": NO_REPLY})
        retried = {"incident": incident.id}
        story.emit(end, "incident.retried", self._repairer, place, retried, retried)
        story.spend((at, first), "other_agency", who, node.element, step, task=False)
        story.spend((first, failed), "technical_failure", who, node.element, step, task=False)
        story.spend((failed, end), "technical_failure", who, node.element, story.new_step(), task=False)
        return end

    def _await(self, node: Await, at: int, actor: Actor) -> tuple[int, Actor]:
        hours = self.plan.late.get(node.element) or self.story.pick(node.hours)
        end = self._up(at + int(hours * HOUR))
        wait = self._wait(node.element, node.message, node.party, (at, end), actor)
        self._opened(wait, actor)
        if node.pauses:
            pause = Pause(at, end, "agency", "wait", actor, self.world.service)
            self.story.pauses.append(pause)
        self._received(wait, end)
        return end, self.world.service

    def _wait(self, element: str, message: str, party: str, span: tuple[int, int], actor: Actor) -> WaitRow:
        story, place, (at, end) = self.story, (element, None), span
        facts = {"wait": story.new_id(at), "kind": "message", "party": party}
        wait = WaitRow(facts["wait"], element, "message", message, at, end, facts)
        story.waits.append(wait)
        story.emit(at, "element.entered", actor, place)
        bucket = "with_applicant" if party == APPLICANT else "other_agency"
        story.spend(span, bucket, party, element, story.new_step(), task=False)
        return wait

    def _opened(self, wait: WaitRow, actor: Actor) -> None:
        opened = {"name": wait.name, "keys": wait.keys}
        self.story.emit(wait.opened, "wait.opened", actor, (wait.element, None), wait.facts, opened)

    def _received(self, wait: WaitRow, end: int, changes: Facts | None = None) -> None:
        """Add that the awaited message has arrived."""
        story, service, place = self.story, self.world.service, (wait.element, None)
        message = {"message": story.new_id(end)}
        story.emit(end, "message.received", service, place, message, message | {"name": wait.name})
        story.emit(end, "wait.closed", service, place, wait.facts)
        story.passed(end, service, [wait.element], changes)

    def _bill(self, node: Bill, at: int, actor: Actor) -> tuple[int, Actor]:
        """Let a bill be issued, and the applicant pay it."""
        story = self.story
        number = f"B-{story.number}"
        call = Call(node.element, node.name, "payments", "bill")
        amount = str(node.amount)
        reply = {"bill": {"bill": number, "amount_rials": node.amount}} if node.stores else None
        issued, system = self._call(call, at, actor, reply)
        story.passed(issued, system, node.via)
        end = self._up(issued + int(story.pick(node.hours) * HOUR))
        bill = BillRow(story.new_id(issued), node.element, number, node.amount, node.message, issued, end)
        story.bills.append(bill)
        facts = {"bill": bill.id, "amount": amount, "currency": "IRR"}
        said = {"bill": bill.id, "reference": number, "amount": amount, "currency": "IRR"}
        wait = self._wait(node.paid, node.message, APPLICANT, (issued, end), system)
        wait.keys = {"bill": number}
        self._opened(wait, system)
        story.emit(issued, "bill.issued", system, (node.element, None), facts, said)
        payment = {"payment": {"amount_rials": node.amount, "currency": "IRR"}} if node.stores else None
        self._received(wait, end, payment)
        billed = {"billed_amount": amount, "billed_currency": "IRR"}
        story.emit(end, "bill.paid", self.world.service, (node.element, None), facts, said | billed)
        if node.pauses:
            story.pauses.append(Pause(issued, end, APPLICANT, "wait", system, self.world.service))
        return end, self.world.service

    def _timer(self, node: Timer, at: int, actor: Actor) -> tuple[int, Actor]:
        story, place, system = self.story, (node.element, None), self.world.system
        due = at + node.hours * HOUR
        end = self._up(due + story.rng.randrange(SECOND))
        facts = {"wait": story.new_id(at), "kind": "timer", "due_at": text_of(due)}
        story.waits.append(WaitRow(facts["wait"], node.element, "timer", None, at, end, facts, due))
        story.emit(at, "element.entered", actor, place)
        story.emit(at, "wait.opened", actor, place, facts)
        fired = {"due_at": text_of(due), "lateness": (end - due) // SECOND}
        story.emit(end, "timer.fired", system, place, fired)
        story.emit(end, "wait.closed", system, place, facts)
        story.passed(end, system, [node.element])
        step = story.new_step()
        story.spend((at, end), "scheduled_wait", story.service.key, node.element, step, task=False)
        return end, system
