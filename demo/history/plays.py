"""Plays a case through the nodes of its service: what the engine would have written, and when."""

from collections.abc import Sequence

from demo.history.desks import Desk
from demo.history.offices import HOUR
from demo.history.plans import Plan, World
from demo.history.shapes import Entered, Fork, Loop, Node, Passed, Work
from demo.history.stories import Pause, Story, Term
from demo.history.systems import Systems
from demo.history.visits import visit


class Play:
    """One case while its nodes are passed. `actor` is who acted last."""

    def __init__(self, story: Story, world: World, plan: Plan) -> None:
        self.story, self.world, self.plan = story, world, plan
        self.actor = story.applicant if story.channel == "online" else world.portal
        self._systems = Systems(story, world, plan)
        self._desk = Desk(story, world, plan)

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
            if self.story.service.accepted in node.elements and self.story.service.term is not None:
                self.story.term = Term(at, self.story.service.term, "complete")
            return at
        if isinstance(node, Entered):
            self.story.emit(at, "element.entered", self.actor, (node.element, None))
            return at
        if isinstance(node, Fork):
            return self._fork(node, at)
        if isinstance(node, Loop):
            return self._loop(node, at)
        if isinstance(node, Work):
            return self._work(node, at)
        end, self.actor = self._systems.wait(node, at, self.actor)
        return end

    def _fork(self, node: Fork, at: int) -> int | None:
        story = self.story
        story.passed(at, self.actor, [node.split])
        before, ends = self.actor, []
        for branch in node.branches:
            self.actor, first = before, len(story.spent)
            end = self.run(branch, at)
            if end is None:
                return None
            ends.append((end, self.actor, {spent.step for spent in story.spent[first:]}))
        last, self.actor, _ = max(ends, key=lambda end: end[0])
        for end, _, steps in ends:
            if end < last:
                story.waited |= steps
        story.passed(last, self.actor, [node.join])
        return last

    def _loop(self, node: Loop, at: int) -> int | None:
        reached: int | None = at
        for turn in range(self.plan.turns + 1):
            self.story.passed(reached or at, self.actor, [node.begin])
            self._desk.complete = turn == self.plan.turns
            reached = self.run(node.nodes, reached or at)
            if reached is None:
                return None
            self.story.passed(reached, self.actor, [node.test])
            if turn < self.plan.turns:
                reached = self.run(node.back, reached)
                if reached is None:
                    return None
        return reached

    def _work(self, node: Work, at: int) -> int | None:
        if node.decides and self.plan.stalled:
            at = self.story.office.works.after(at, int(self.plan.stalled * HOUR))
        if node.side == "applicant":
            end: int | None = self._answer(node, at)
        else:
            end, self.actor = self._desk.work(node, at, self.actor)
        return end

    def _answer(self, node: Work, at: int) -> int:
        """A step of the applicant."""
        story, applicant = self.story, self.story.applicant
        task = self._desk.open(node, at, story.office, self.actor)
        end = self.world.up(at + int(story.pick(node.waits) * HOUR), story.service.key)
        if node.pauses:
            story.pauses.append(Pause(at, end, "applicant", "wait", self.actor, applicant))
        story.spend((at, end), "with_applicant", "applicant", node.element, story.new_step())
        self.actor = applicant
        task.closed, task.status, task.assignee = end, "completed", applicant.id
        story.emit(end, "task.completed", applicant, (node.element, task.id))
        if self._desk.requires(node, at):
            visit(story, self.world, self.plan, task, node.visit, (at, end))
        return end
