"""A whole case: its beginning, its term, its end, what follows it, and what of it lies before the end."""

from collections.abc import Sequence
from dataclasses import replace

from demo.history.offices import DAY, HOUR, MINUTE, text_of
from demo.history.plans import Plan, World
from demo.history.plays import Play
from demo.history.stories import Event, Story, TaskRow, Term

WARNED = 0.8  # of the office time of a term
ESCALATION = "مهلت قانونی گذشت | The statutory term is over"


def compose(story: Story, world: World, plan: Plan) -> Story:
    """Fill a story that has only its beginning, as its plan says, up to the end of the history."""
    service = story.service
    _begin(story, world)
    play = Play(story, world, plan)
    play.actor = story.applicant if story.channel == "online" else world.portal
    story.passed(story.started, play.actor, [service.begins])
    if service.term is not None and service.accepted is None:
        story.term = Term(story.started, service.term)
    decided = play.run(service.nodes, story.started)
    _close_term(story, world)
    if decided is not None:
        _end(story, play, plan, play.run(service.ends[plan.outcome], decided) or decided)
    if plan.unplanned is not None and story.ended is not None:
        visit = {"visit": story.new_id(story.ended), "channel": "in_person", "reason": plan.unplanned}
        at = story.ended - MINUTE
        story.visits.append((False, plan.unplanned))
        facts = {**visit, "planned": False, "occurred_at": text_of(at)}
        story.emit(at, "visit.recorded", play.actor, facts=facts)
    _rate(story, plan)
    return cut(story)


def _begin(story: Story, world: World) -> None:
    facts = {"unit": story.office.key, "channel": story.channel, "represented": False}
    if story.appeal_of is not None:
        facts["appeal_of"] = story.appeal_of
    if story.begun is not None:
        facts |= {"begun_at": text_of(story.begun), "sent_at": text_of(story.started)}
    actor = story.applicant if story.channel == "online" else world.portal
    payload = {
        "case_number": story.number,
        "data": story.data,
        "applicant": story.person,
        "channel": story.channel,
    }
    story.emit(story.started, "case.started", actor, facts=facts, payload=payload)


def _close_term(story: Story, world: World) -> None:
    """Add what happens to the term at its start, when it is nearly over, at its end, and when it stops."""
    term = story.term
    if term is None:
        return
    office = story.office
    if story.service.accepted is None:
        first = office.due(term.started, term.length, ())
        started = {"term": term.length, "code": "filed", "started_at": text_of(term.started)}
        facts = {**started, "due_at": text_of(first)}
        story.events.insert(
            1, Event(term.started, "clock.started", None, None, story.events[0].actor, facts, None)
        )
    term.due = due = office.due(term.started, term.length, term.pauses)
    warned = office.open.after(term.started, int(WARNED * office.open.between(term.started, due)))
    if term.stopped is None or warned < term.stopped:
        story.emit(warned, "clock.warned", world.system, facts={"due_at": text_of(due)})
        term.stage = "warned"
    if term.stopped is None or due < term.stopped:
        units = {task.unit for task in story.tasks if _open_at(task.opened, task.closed, due) and task.unit}
        facts = {"due_at": text_of(due), "units": ",".join(sorted(units or {office.key}))}
        story.emit(due, "clock.breached", world.system, facts=facts)
        term.stage = "breached"
        silence = story.service.silence or ""
        if silence == "escalate":
            _escalate(story, term, world)
        if term.stopped is None and silence.startswith("deemed"):
            _deem(story, term, world, facts)
    if term.stopped is not None and not term.deemed:
        decision = story.decisions[0]
        facts = {"code": "decision", "due_at": text_of(due)}
        story.emit(term.stopped, "clock.stopped", decision.by, facts=facts)


def _open_at(begin: int, end: int | None, at: int) -> bool:
    return begin <= at and (end is None or at < end)


def _escalate(story: Story, term: Term, world: World) -> None:
    """Give a supervisor a task, until somebody decides."""
    place = next((task.element for task in story.tasks if _open_at(task.opened, task.closed, term.due)), "")
    task = TaskRow(story.new_id(term.due), place or story.service.begins, ESCALATION, term.due)
    task.kind, task.unit, task.role = "escalation", story.office.key, "supervisor"
    facts = {"kind": task.kind, "side": "office", "role": task.role}
    story.tasks.append(task)
    story.emit(term.due, "task.created", world.system, (task.element, task.id), facts)
    if term.stopped is not None:
        task.closed, task.status = term.stopped, "cancelled"
        by = story.decisions[0].by
        story.emit(term.stopped, "task.cancelled", by, (task.element, task.id))


def _deem(story: Story, term: Term, world: World, facts: dict[str, str]) -> None:
    """Let silence decide: open work is cancelled, and the case ends."""
    due, outcome = term.due, str(story.service.silence)
    term.stage, term.stopped, term.deemed = "deemed", due, True
    story.emit(due, "clock.deemed", world.system, facts={"outcome": outcome, **facts})
    for task in story.tasks:
        if task.closed is None:
            task.closed, task.status = due, "cancelled"
            story.emit(due, "task.cancelled", world.system, (task.element, task.id))
    story.spent = [replace(spent, end=min(spent.end, due)) for spent in story.spent]
    effect = "grants" if outcome == "deemed_granted" else "refuses"
    ended = {"outcome": outcome, "effect": effect, "by": "silence"}
    story.emit(due, "case.completed", world.system, facts=ended, payload={"outcome": outcome})
    story.ended, story.outcome = due, outcome


def _end(story: Story, play: Play, plan: Plan, end: int) -> None:
    outcome = story.service.results.get(plan.outcome, plan.outcome)
    officials = any(task.kind == "step" and task.role != "applicant" for task in story.tasks)
    facts = {"outcome": outcome, "effect": story.service.effects[plan.outcome]}
    facts["by"] = "person" if officials else "rule"
    story.emit(end, "case.completed", play.actor, facts=facts, payload={"outcome": outcome})
    story.ended, story.outcome = end, outcome


def _rate(story: Story, plan: Plan) -> None:
    """Add the applicant's rating, some days after the end."""
    if plan.stars is None or story.ended is None:
        return
    at = story.ended + HOUR + int(story.rng.random() * 4 * DAY)
    visited = bool(story.visits) or plan.unrecorded
    facts: dict[str, str | int | bool] = {"stars": plan.stars, "visited": visited}
    if visited:
        facts["visit_reason"] = story.visits[-1][1] if story.visits else "information"
    story.emit(at, "rating.given", story.applicant, facts=facts)
    if at <= story.until:
        story.stars, story.stated = plan.stars, visited


def cut(story: Story) -> Story:
    """Remove what happens after the end of the history: the case is open then."""
    last = story.until
    story.events.sort(key=lambda event: event.at)
    if story.events[-1].at <= last:
        return story
    story.events = [event for event in story.events if event.at <= last]
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
    _cut_times(story, last)
    return story


def _cut_times(story: Story, last: int) -> None:
    story.spent = [replace(one, end=min(one.end, last)) for one in story.spent if one.begin < last]
    if story.ended is not None and story.ended > last:
        story.ended = story.outcome = None
    story.visits = [
        (bool(event.facts["planned"]), str(event.facts["reason"]))
        for event in story.events
        if event.kind == "visit.recorded"
    ]
    story.planned = sum(event.facts.get("presence") == "required" for event in story.events)
    term = story.term
    if term is None:
        return
    if term.stopped is not None and term.stopped > last:
        term.stopped, term.deemed = None, False
    term.pauses = [pause for pause in term.pauses if pause[0] <= last]
    # While a term is paused, its end is that of the pauses before.
    over = [pause for pause in term.pauses if pause[1] <= last]
    term.due = story.office.due(term.started, term.length, over)
    kinds = [event.kind.removeprefix("clock.") for event in story.events if event.kind.startswith("clock.")]
    term.stage = next((kind for kind in reversed(kinds) if kind in ("warned", "breached", "deemed")), "none")


def appeal(original: Story, appealing: Story, world: World, plan: Plan) -> Sequence[Story]:
    """Let a case appeal the decision of another one that has ended. Return both."""
    decision = original.decisions[0]
    appealing.appeal_of, decision.appeal = original.id, appealing.id
    filed = {"decision": decision.id, "appeal": appealing.id}
    compose(appealing, world, plan)
    said = {**filed, "case_number": appealing.number}
    original.emit(appealing.started, "appeal.filed", appealing.applicant, facts=filed, payload=said)
    if appealing.decisions:
        made = appealing.decisions[0]
        said = {"appeal": appealing.id, "case_number": appealing.number, "outcome": made.outcome}
        place = (None, made.task)
        original.emit(made.at, "appeal.decided", made.by, place, {"appeal": appealing.id}, said)
    back = {"appeal_of": original.id}
    first = appealing.events[0]
    appealing.events.insert(1, Event(first.at, "appeal.filed", None, None, first.actor, back, back))
    return cut(original), appealing
