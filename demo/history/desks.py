"""What officials do with a task: they wait, claim it, ask others, work, and decide."""

from demo.history.clocks import due_at
from demo.history.offices import DAY, HOUR, MINUTE, SECOND, Actor, Office, text_of
from demo.history.plans import Plan, World
from demo.history.requests import Requests, note
from demo.history.shapes import Work
from demo.history.stories import DecisionRow, Facts, Pause, Story, TaskRow
from demo.history.systems import OWN
from demo.history.visits import visit

SUSPENSIONS = ("court-order", "other-agency", "applicant-request")


class Desk:
    """The officials of a case. `complete` is their next answer to whether a loop ends."""

    def __init__(self, story: Story, world: World, plan: Plan) -> None:
        self.story, self.world, self.plan = story, world, plan
        self.complete = True
        self._requests = Requests(story, world, plan)

    def requires(self, node: Work, at: int) -> bool:
        """Return whether the applicant has to come, by the version that the case runs at an instant."""
        return self._node(node, at).presence == "required"

    def _node(self, node: Work, at: int) -> Work:
        service = self.story.service_at(at)
        if service is self.story.service:
            return node
        return next(work for work in service.works if work.element == node.element)

    def open(self, node: Work, at: int, office: Office, actor: Actor) -> TaskRow:
        """Open a task as the actor who acted last."""
        story, node = self.story, self._node(node, at)
        task = TaskRow(story.new_id(at), node.element, node.name, at, assignment=node.assignment)
        task.unit, task.role, task.side = office.key, node.role, node.side
        story.tasks.append(task)
        facts = {"kind": "step", "side": node.side, "role": node.role, "unit": node.unit}
        facts |= {"presence": node.presence, "channel": node.channel, "assignment": node.assignment}
        if node.side == "delegate":
            facts["delegation"] = self.world.delegations[node.element, office.key]
        known = {name: value for name, value in facts.items() if value is not None}
        story.emit(at, "task.created", actor, (node.element, task.id), known)
        return task

    def work(self, node: Work, at: int, actor: Actor) -> tuple[int | None, Actor]:
        """A step of an official. Return when it was done, and by whom; None: it was not."""
        story = self.story
        office = self.world.offices[node.unit] if node.unit else story.office
        task, step = self.open(node, at, office, actor), story.new_step()
        if node.decides and self.plan.silent:
            story.spend((at, story.until), "in_queue", office.key, node.element, step)
            return None, actor
        if node.decides and self.plan.withdrawn:
            self._withdraw(task, office, step)
            return None, story.applicant
        official = self._assigned(node, task, office, actor)
        since = self._suspended(at, node, office, step) if node.decides and self.plan.suspended else at
        begin = self._begin(node, since, office)
        task.assignee, task.claimed = official.id, begin
        if not node.assignment:
            story.emit(begin, "task.claimed", official, (node.element, task.id))
        if node.decides:
            since, begin = self._requests.ask((task, step), official, office, (since, begin))
        end = self._worked(node, task, office, begin, official)
        waits = "other_agency" if node.side == "delegate" else "in_queue"
        story.spend((since, end), waits, office.key, node.element, step)
        self._complete(task, node, end, official)
        if self.requires(node, at):
            visit(story, self.world, self.plan, task, node.visit, (at, end))
        return end, official

    def _withdraw(self, task: TaskRow, office: Office, step: int) -> None:
        """Let the applicant withdraw while it should be decided."""
        story, applicant = self.story, self.story.applicant
        at = self.world.up(task.opened + int(story.pick((1, 20)) * HOUR), story.service.key)
        story.emit(at, "case.withdrawn", applicant)
        task.closed, task.status = at, "cancelled"
        story.emit(at, "task.cancelled", applicant, (task.element, task.id))
        effect = story.service.effects.get("withdrawn")  # an outcome that the process declares, or not
        facts = {"outcome": "withdrawn", "effect": effect} if effect else {}
        story.emit(at, "case.completed", applicant, facts=facts, payload={"outcome": "withdrawn"})
        story.spend((task.opened, at), "in_queue", office.key, task.element, step)
        story.ended, story.outcome, story.stopped = at, "withdrawn", (at, "withdrawal", applicant)

    def _assigned(self, node: Work, task: TaskRow, office: Office, actor: Actor) -> Actor:
        """Return who works on it; somebody else than at first, if a random assignment was changed."""
        rng, people = self.story.rng, office.people[node.role]
        official = rng.choice(people)
        if node.decides and self.plan.official is not None:
            official = self.plan.official
        if node.assignment:
            self._assign(task, official, node.assignment, (task.opened, actor))
        if node.assignment == "random" and "reassigned_random_task" in self.plan.flags:
            official = people[(people.index(official) + 1) % len(people)]
            head = rng.choice(office.people["supervisor"])
            at = office.works.after(task.opened, 10 * MINUTE)
            more = {"reason": "workload", "assignment": node.assignment}
            self._assign(task, official, "given", (at, Actor(head.id, head.role)), more)
        return official

    def _assign(
        self, task: TaskRow, to: Actor, how: str, by: tuple[int, Actor], more: Facts | None = None
    ) -> None:
        at, actor = by
        said = {"account": to.id, "how": how, **(more or {})}
        place = (task.element, task.id)
        payload = {**said, "name": to.name}
        self.story.emit(at, "task.assigned", actor, place, {**said, "unit": to.unit}, payload)

    def _begin(self, node: Work, at: int, office: Office) -> int:
        """Return when somebody begins to work on it."""
        waits = self.story.pick(node.waits)
        if node.element in self.plan.late:
            waits = (node.norm or 0) + self.plan.late[node.element]
        if node.decides and "queue_jumping" in self.plan.flags:
            waits = 1 / 60
        begin = office.works.after(at, int(waits * HOUR))
        if node.assignment and "reassigned_random_task" in self.plan.flags:
            begin = max(begin, office.works.after(at, HOUR))
        if node.decides and "outside_hours" in self.plan.flags:
            night = (begin + office.offset) // DAY * DAY + 26 * HOUR - office.offset
            begin = self.world.up(night, self.story.service.key)
        return begin

    def _worked(self, node: Work, task: TaskRow, office: Office, begin: int, official: Actor) -> int:
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
            note(self.story, task, official, stretch, closed=stretch[1] == end)
        return end

    def _complete(self, task: TaskRow, node: Work, at: int, official: Actor) -> None:
        story, place = self.story, (node.element, task.id)
        task.closed, task.status, task.assignee = at, "completed", official.id
        answer: dict[str, object] = {} if node.form is None else {"complete": self.complete}
        if node.decides:
            self._decide(task, official, at, answer)
        story.emit(at, "task.completed", official, place, payload={"data": answer} if answer else None)
        if node.decides:
            self._state(story.decisions[-1], place, official)

    def _decide(self, task: TaskRow, official: Actor, at: int, answer: dict[str, object]) -> None:
        """Make the legal decision, with grounds if it refuses."""
        story, outcome = self.story, self.plan.outcome
        answer["decision"] = outcome
        made = DecisionRow(story.new_id(at), task.id, official, outcome, at)
        if story.service.effects[outcome] == "refuses":
            code, text = story.rng.choice(list(story.service.grounds.items()))
            made.grounds = [{"code": code, "text": text}]
            answer["ground"] = made.grounds[0]
        story.decisions.append(made)
        story.stopped = at, "decision", official

    def _state(self, made: DecisionRow, place: tuple[str, str], official: Actor) -> None:
        facts = {"decision": made.id, "outcome": made.outcome}
        stated = facts | {"effect": self.story.service.effects[made.outcome]}
        if made.grounds:
            stated["grounds"] = ",".join(str(one["code"]) for one in made.grounds)
        payload = {**facts, "grounds": list(made.grounds)}
        self.story.emit(made.at, "decision.made", official, place, stated, payload)

    def _suspended(self, at: int, node: Work, office: Office, step: int) -> int:
        """Suspend the case for some days from an instant on. Return when it is resumed."""
        story, begin = self.story, office.works.after(at, HOUR)
        end = office.works.after(begin, int(story.pick((16, 40)) * HOUR))
        administrator, because = self.world.administrator, {"reason_code": story.rng.choice(SUSPENSIONS)}
        story.spend((at, begin), "in_queue", office.key, node.element, step)
        story.emit(begin, "case.suspended", administrator, facts=because, payload=because)
        story.spend((begin, end), "suspended", OWN, node.element, step)
        story.emit(end, "case.resumed", administrator)
        story.pauses.append(Pause(begin, end, "office", "suspension", administrator, administrator))
        return end


def set_due(story: Story) -> None:
    """Let the tasks of offices be due with the term, as it was known when they were opened, and after."""
    if story.term is None:
        return
    created = {event.task: event for event in story.events if event.kind == "task.created"}
    for task in story.tasks:
        first = due_at(story, task.opened) if task.kind == "step" and task.side != "applicant" else None
        if first is None:
            continue
        task.due = first
        created[task.id].facts = {**created[task.id].facts, "due_at": text_of(first)}
        for at, due in story.term.dues:
            if due is not None and task.opened < at and (task.closed is None or at < task.closed):
                task.due = due
