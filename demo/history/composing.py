"""A whole case: its beginning, its term, its end, what follows it, and what of it lies before the end."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from demo.history import clocks, visits
from demo.history.desks import set_due
from demo.history.offices import MINUTE, SECOND, text_of
from demo.history.plans import Plan, World
from demo.history.plays import Play
from demo.history.stories import Event, Moved, Story, Term
from engine import events

# The order of the events of one command, after the action itself (docs/events.md).
_ORDER: Mapping[str, int] = {
    "wait.closed": 1,
    **dict.fromkeys(("element.entered", "element.passed", "element.cancelled", "task.cancelled"), 2),
    "task.created": 3,
    "task.assigned": 4,
    "bill.issued": 5,
    "call.made": 6,
    "wait.opened": 7,
    "incident.opened": 8,
    "case.completed": 9,
    **dict.fromkeys(("clock.started", "clock.paused", "clock.resumed"), 10),
    **dict.fromkeys(("clock.recomputed", "clock.stopped"), 10),
}
LAST = 11  # the clock closes the tasks that it opened for supervisors
JITTER = 30 * MINUTE  # a migration takes so long


def compose(story: Story, world: World, plan: Plan, next_version: Moved | None = None) -> Story:
    """Fill a story that has only its beginning, as its plan says, up to the end of the history.

    `next_version` is that to which it is migrated, if it is still open then.
    """
    service = story.service
    story.moved = next_version
    _begin(story, world)
    play = Play(story, world, plan)
    story.passed(story.started, play.actor, [service.begins])
    if service.term is not None and service.accepted is None:
        story.term = Term(story.started, service.term)
    decided = play.run(service.nodes, story.started)
    if decided is not None:
        _end(story, play, plan, play.run(service.ends[plan.outcome], decided) or decided)
    _move(story, world)
    if clocks.run(story, world):
        _end_silently(story, world)
    visits.other_visits(story, world, plan)
    visits.rate(story, plan)
    return cut(story)


def migrating(story: Story, target: Moved) -> Moved | None:
    """Return when a case is migrated to another version; None if it began with that version."""
    at = target.at + int(story.pick((0, 1)) * JITTER)
    return replace(target, at=at) if story.started < target.at else None


def _begin(story: Story, world: World) -> None:
    facts = {"unit": story.office.key, "channel": story.channel, "represented": False}
    if story.begun is not None:
        facts |= {"begun_at": text_of(story.begun), "sent_at": text_of(story.started)}
    actor = story.applicant if story.channel == "online" else world.portal
    payload = {
        "case_number": story.number,
        "data": story.data,
        "applicant": story.person,
        "representative": None,
        "business_key": None,
        "channel": story.channel,
    }
    story.emit(story.started, "case.started", actor, facts=facts, payload=payload)


def _move(story: Story, world: World) -> None:
    """Migrate a case that is still open then."""
    moved, last = story.moved, story.until if story.ended is None else min(story.ended, story.until)
    if moved is None or moved.at >= last:
        story.moved = None
        return
    numbers = {"from": story.service.version, "to": moved.service.version}
    said = {"move": moved.migration, **numbers}
    story.emit(moved.at, "case.moved", world.system, facts=said, payload=said)


def _end(story: Story, play: Play, plan: Plan, end: int) -> None:
    service = story.service
    outcome = service.results.get(plan.outcome, plan.outcome)
    officials = any(task.kind == "step" and task.side != "applicant" for task in story.tasks)
    facts = {"outcome": outcome, "effect": service.effects[plan.outcome]}
    facts["by"] = "person" if officials else "rule"
    story.emit(end, "case.completed", play.actor, facts=facts, payload={"outcome": outcome})
    story.ended, story.outcome = end, outcome


def _end_silently(story: Story, world: World) -> None:
    """Let silence end a case: what is open is cancelled, and nothing follows."""
    made = story.decisions[0]
    at, system = made.at, world.system
    story.events = [event for event in story.events if event.at <= at]
    _cut_rows(story, at)
    for task in story.tasks:
        if task.closed is None:
            task.closed, task.status = at, "cancelled"
            kind = "task.cancelled" if task.kind in ("step", "escalation") else f"{task.kind}.withdrawn"
            story.emit(at, kind, system, (task.element, task.id))
    for wait in story.waits:
        if wait.closed is None:
            wait.closed = at
            story.emit(at, "wait.closed", system, (wait.element, None), wait.facts)
            story.emit(at, "element.cancelled", system, (wait.element, None))
    effect = "grants" if made.outcome == "deemed_granted" else "refuses"
    ended = {"outcome": made.outcome, "effect": effect, "by": "silence"}
    story.emit(at, "case.completed", system, facts=ended, payload={"outcome": made.outcome})
    story.ended, story.outcome = at, made.outcome


def cut(story: Story) -> Story:
    """Order the events and remove what happens after the end of the history: the case is open then."""
    last = story.until
    closed_last = {task.id for task in story.tasks if task.kind == "escalation"}
    story.events.sort(key=lambda event: (event.at, _place(event, closed_last)))
    if story.events[-1].at > last:
        story.events = [event for event in story.events if event.at <= last]
        _cut_rows(story, last)
        if story.ended is not None and story.ended > last:
            story.ended = story.outcome = None
    set_due(story)
    visits.count(story)
    data = dict(story.data)
    for event in story.events:
        if event.payload is not None:
            data.update(events.changes(event.kind, event.payload))
    story.data = data
    return story


def _place(event: Event, closed_last: Collection[str]) -> int:
    """Return the place of an event in its command."""
    if event.kind == "task.cancelled" and event.task in closed_last:
        return LAST
    return _ORDER.get(event.kind, 0)


def _cut_rows(story: Story, last: int) -> None:
    """Remove rows, and parts of them, after an instant. Times are cut there, too."""
    story.tasks = [task for task in story.tasks if task.opened <= last]
    for task in story.tasks:
        if task.closed is not None and task.closed > last:
            task.closed, task.status = None, "open"
            if not task.assignment and (task.claimed is None or task.claimed > last):
                task.assignee = None
    story.waits = [wait for wait in story.waits if wait.opened <= last]
    for wait in story.waits:
        wait.closed = wait.closed if wait.closed is not None and wait.closed <= last else None
    story.calls = [call for call in story.calls if call.opened <= last]
    for call in story.calls:
        if call.closed > last:
            call.status, call.attempts = "open", 0
    story.incidents = [one for one in story.incidents if one.opened <= last]
    story.decisions = [one for one in story.decisions if one.at <= last]
    story.bills = [one for one in story.bills if one.issued <= last]
    for bill in story.bills:
        bill.paid = bill.paid if bill.paid is not None and bill.paid <= last else None
    story.spent = [replace(one, end=min(one.end, last)) for one in story.spent if one.begin < last]


def appeal(original: Story, appealing: Story, world: World, plan: Plan) -> Sequence[Story]:
    """Let a case appeal the decision of another one that has ended. Return both."""
    decision = original.decisions[0]
    appealing.appeal_of, decision.appeal = original.id, appealing.id
    filed = {"decision": decision.id, "appeal": appealing.id}
    compose(appealing, world, plan)
    said = {**filed, "case_number": appealing.number}
    original.emit(appealing.started, "appeal.filed", appealing.applicant, facts=filed, payload=said)
    if appealing.decisions and appealing.decisions[0].by is not None:
        made, done = appealing.decisions[0], {"appeal": appealing.id}
        said = {**done, "case_number": appealing.number, "outcome": made.outcome}
        original.emit(made.at + SECOND, "appeal.decided", world.system, (None, made.task), done, said)
    back = {"appeal_of": original.id}
    first = appealing.events[0]
    appealing.events.insert(1, Event(first.at, "appeal.filed", None, None, first.actor, back, back))
    return cut(original), appealing
