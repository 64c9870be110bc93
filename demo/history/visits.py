"""Visits of the applicant in a case: recorded by officials of its office, corrected, and rated."""

from demo.history.offices import DAY, HOUR, MINUTE, Span, text_of
from demo.history.plans import Plan, World
from demo.history.stories import Story, TaskRow

LATER = 3 * MINUTE  # after the end of the step the visit is recorded
RATED_WITHIN = 4 * DAY


def visit(story: Story, world: World, plan: Plan, task: TaskRow, reason: str, span: Span) -> None:
    """Record the visit that a task required, which took place while it was open."""
    begin, end = span
    came = max(begin, end - int(story.pick((5, 30)) * MINUTE))
    at = world.up(end + LATER + int(story.pick((0, 2)) * MINUTE), story.service.key)
    works = story.service_at(at).works  # as the version says that the case runs when it is recorded
    planned = any(work.element == task.element and work.presence == "required" for work in works)
    _record(story, at, (task.element, task.id), (reason, "in_person", planned), came, plan.corrected_visit)


def other_visits(story: Story, world: World, plan: Plan) -> None:
    """Record what no step planned: a visit, or a telephone call, which is none."""
    last = story.until if story.ended is None else story.ended
    for reason, channel in ((plan.unplanned, "in_person"), (plan.called, "phone")):
        if reason is not None:
            came = story.started + int(story.pick((0.05, 0.9)) * (last - story.started))
            at = world.up(came + LATER, story.service.key)
            _record(story, at, (None, None), (reason, channel, False), came, None)


def _record(
    story: Story,
    at: int,
    place: tuple[str | None, str | None],
    what: tuple[str, str, bool],
    came: int,
    wrong: str | None,
) -> None:
    """Record a visit, and correct it if something was wrong: its reason, or that it took place."""
    official, known = story.rng.choice(story.office.counter), {"visit": story.new_id(at)}
    reason, channel, planned = what
    facts = {"reason": "other" if wrong == "reason" else reason, "channel": channel, "planned": planned}
    story.emit(at, "visit.recorded", official, place, {**known, **facts, "occurred_at": text_of(came)})
    if wrong is not None:
        right = {"reason": reason} if wrong == "reason" else {"withdrawn": True}
        story.emit(at + HOUR, "visit.corrected", official, place, known | right)


def rate(story: Story, plan: Plan) -> None:
    """Add the applicant's rating, some days after the end."""
    if plan.stars is None or story.ended is None:
        return
    at = story.ended + HOUR + int(story.rng.random() * RATED_WITHIN)
    reasons = [one.facts["reason"] for one in story.events if one.kind == "visit.recorded" and one.at < at]
    visited = bool(reasons) or plan.unrecorded
    facts: dict[str, str | int | bool] = {"stars": plan.stars, "visited": visited}
    if visited:
        facts["visit_reason"] = reasons[-1] if reasons else "information"
    story.emit(at, "rating.given", story.applicant, facts=facts)


def count(story: Story) -> None:
    """Count what the events of a case say of visits, and the steps for which one was planned."""
    found: dict[str, tuple[bool, str]] = {}
    required: dict[str | None, str | None] = {}
    planned: set[str | None] = set()
    for event in story.events:
        facts = event.facts
        match event.kind:
            case "task.created" if facts.get("presence") == "required":
                required[event.task] = event.element
            case "task.completed" if event.task in required:
                planned.add(required[event.task])
            case "visit.recorded" if facts["channel"] == "in_person":
                found[facts["visit"]] = facts["planned"], facts["reason"]
            case "visit.corrected" if facts.get("withdrawn"):
                found.pop(facts["visit"], None)
            case "visit.corrected" if facts["visit"] in found:
                found[facts["visit"]] = found[facts["visit"]][0], facts["reason"]
            case "rating.given":
                story.stars, story.stated = facts["stars"], facts["visited"]
    story.visits, story.planned = list(found.values()), len(planned)
