"""What an official asks before a decision: the applicant for corrections, another unit for an opinion."""

from demo.history.offices import DAY, HOUR, MINUTE, SECOND, Actor, Office, Span, text_of
from demo.history.plans import Plan, World
from demo.history.stories import Pause, Story, TaskRow

CORRECTION = "اصلاح اطلاعات | Correct what was sent"
QUESTION = "آیا از نظر شما مانعی هست؟ | Do you see an obstacle?"
NOTED = 20 * SECOND  # until a worker has noted a stretch that nothing can extend any more
LONGEST_GAP = 15 * MINUTE  # within a stretch of work
READ = 5 * MINUTE  # before somebody knows what to ask
WRONG = "این مورد کامل نیست. | This is incomplete."


class Requests:
    """The requests of a case, and what comes of them."""

    def __init__(self, story: Story, world: World, plan: Plan) -> None:
        self.story, self.world, self.plan = story, world, plan
        self._corrections = plan.corrections

    def ask(self, of: tuple[TaskRow, int], official: Actor, office: Office, span: Span) -> Span:
        """Let the official ask others first. Return since when the task waits again, and when work begins.

        `of` is the task with the number of its passage, `span` since when it waits and when it was claimed.
        """
        (task, step), (since, begin) = of, span
        while self._corrections > 0:
            self._corrections -= 1
            note(self.story, task, official, (begin, begin + READ), closed=False)
            asked = self._asking_at(begin)
            self.story.spend((since, asked), "in_queue", office.key, task.element, step)
            since = self._correct(task, official, asked)
            begin = office.works.after(since, HOUR)
        if self.plan.opinion is not None:
            self.story.spend((since, begin), "in_queue", office.key, task.element, step)
            since = self._opinion(task, official, begin)
            begin = office.works.after(since, HOUR)
        return since, begin

    def _asking_at(self, begin: int) -> int:
        """Return when the applicant is asked: soon, or on the last day of the term."""
        term = self.story.term
        if not self.plan.corrected_on_last_day or term is None:
            return begin + READ
        pauses = [(pause.begin, pause.end) for pause in self.story.pauses]
        return self.story.office.due(term.started, term.length, pauses) - 2 * HOUR

    def _correct(self, parent: TaskRow, official: Actor, at: int) -> int:
        """Ask the applicant for a correction. Return when it was made."""
        story, offset = self.story, self.story.office.offset
        end = at + int(story.pick((6, 60)) * HOUR)
        if self.plan.corrected_on_last_day:  # answered in the evening: the term then ends a working day later
            end = (end + offset) // DAY * DAY + 20 * HOUR - offset
        end = self.world.up(max(end, at + HOUR), story.service.key)
        task = TaskRow(
            story.new_id(at), parent.element, CORRECTION, at, end, "completed", "correction", parent.id
        )
        task.assignee, task.side = story.applicant.id, "applicant"
        field, value = list(story.data.items())[-1]
        fields = [{"pointer": f"/{field}", "text": WRONG}]
        task.asked = {"by": {"id": official.id, "name": official.name}, "fields": fields, "form": None}
        story.tasks.append(task)
        place = (parent.element, task.id)
        facts = {"parent": parent.id, "side": "applicant"}
        story.emit(at, "correction.asked", official, place, facts, {"parent": parent.id, "fields": fields})
        story.emit(end, "data.corrected", story.applicant, place, payload={"changes": {field: value}})
        story.pauses.append(Pause(at, end, "applicant", "correction", official, story.applicant))
        story.spend((at, end), "with_applicant", "applicant", parent.element, story.new_step())
        return end

    def _opinion(self, parent: TaskRow, official: Actor, at: int) -> int:
        """Ask another unit for an opinion. Return when it was given."""
        story, asked = self.story, self.world.offices[str(self.plan.opinion)]
        adviser = story.rng.choice(asked.people[next(iter(asked.people))])
        begin = asked.works.after(at, int(story.pick((2, 10)) * HOUR))
        begin = self.world.up(begin, story.service.key)
        end = self.world.up(asked.works.after(begin, 20 * MINUTE), story.service.key)
        task = TaskRow(
            story.new_id(at), parent.element, parent.name, at, end, "completed", "opinion", parent.id
        )
        task.assignee, task.claimed, task.unit, task.role = adviser.id, begin, asked.key, "caseworker"
        said = {"question": QUESTION, "unit": asked.key}
        by = {"id": official.id, "name": official.name}
        task.asked = {"by": by, **said, "unit_name": asked.name, "role": None, "show": []}
        story.tasks.append(task)
        place, facts = (parent.element, task.id), {"parent": parent.id, "side": "office", "unit": asked.key}
        story.emit(at, "opinion.asked", official, place, facts, {"parent": parent.id, **said})
        story.emit(begin, "task.claimed", adviser, place)
        answer = {"opinion": "بلامانع | No obstacle", "favourable": True}
        story.emit(end, "opinion.given", adviser, place, payload={"data": answer})
        story.spend((at, end), "other_agency", asked.key, parent.element, story.new_step())
        return end


def note(story: Story, task: TaskRow, official: Actor, stretch: Span, *, closed: bool) -> None:
    """Note a stretch of work on a task; `closed`: it ended with the answer."""
    begin, end = stretch
    if begin == end:
        return
    story.spend(stretch, "worked", str(task.unit), task.element, 0)
    at = end + NOTED + (0 if closed else LONGEST_GAP)
    source = "answer,page" if closed else "page"
    facts = {"from_at": text_of(begin), "to_at": text_of(end), "source": source}
    story.emit(at, "work.noted", official, (task.element, task.id), facts)
