"""Reads the events of a case: its life, each passage of a step, and who worked when.

A step is a task, an opinion, a correction, a wait, a call, a bill or an incident. Events of format 1 have no
facts: what they don't say is in the queue of the case's unit, and the result is approximate.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from engine.timeline.history import History, Step
from engine.timeline.records import (
    AGENCY,
    APPLICANT,
    NOTICES,
    QUEUE,
    SCHEDULED,
    TECHNICAL,
    THE_APPLICANT,
    ms_of_text,
)

Facts = Mapping[str, Any]
NONE: Facts = {}


def read(events: Iterable[Sequence[Any]], unit: str, process: str | None = None) -> History:
    """Returns the history of a case from its events, in the order of `seq`, as tuples like `Event`.

    `unit` is the case's, if its first event doesn't say. `process` is the key of its definition.
    """
    case = History(unit, process)
    last: int | None = None
    for _, at, kind, element, task_id, _, actor_unit, facts in events:
        if at != last:
            if last is None:
                case.start = at
            case.next_command()
            last = at
        if facts is None:
            case.approximate = True
        handle = _HANDLERS.get(kind)
        if handle is not None:
            handle(case, _Now(at, kind, element, task_id, actor_unit, NONE if facts is None else facts))
    _finish(case)
    return case


def units_of(events: Iterable[Sequence[Any]], unit: str) -> set[str]:
    """Returns whose office hours the timeline of these events may need: keys of units and parties."""
    found = {unit}
    for event in events:
        facts = event[7] or NONE
        for name in ("unit", "party", "agency"):
            if facts.get(name):
                found.add(facts[name].partition(",")[0])
    return found - {THE_APPLICANT}


class _Now:
    """The event that is read."""

    __slots__ = ("at", "element", "facts", "kind", "task", "unit")

    def __init__(
        self, at: int, kind: str, element: str | None, task: Any, unit: str | None, facts: Facts
    ) -> None:
        self.at, self.kind, self.element = at, kind, element
        self.task, self.unit, self.facts = task, unit, facts


def _started(case: History, now: _Now) -> None:
    case.unit = now.facts.get("unit") or case.unit


def _ended(case: History, now: _Now) -> None:
    case.end = now.at


def _created(case: History, now: _Now) -> None:
    facts = now.facts
    side = facts.get("side", "office")
    rank = _RANKS.get(side, QUEUE)
    kind = "escalation" if facts.get("kind") == "escalation" else "task"
    step = case.add(kind, now.task, now.element, now.at, rank)
    step.side, step.role, step.unit = side, facts.get("role"), facts.get("unit")
    step.party = THE_APPLICANT if rank == APPLICANT else step.unit or case.unit
    case.tasks[now.task] = step


def _asked(case: History, now: _Now) -> None:
    facts = now.facts
    unit = facts.get("unit")
    if now.kind == "correction.asked":
        step = case.add("correction", now.task, now.element, now.at, APPLICANT)
        step.side, step.party = "applicant", THE_APPLICANT
    else:
        other = unit is not None and unit != case.unit
        step = case.add("opinion", now.task, now.element, now.at, AGENCY if other else QUEUE)
        step.side, step.role, step.unit = "office", facts.get("role"), unit
        step.party = unit or case.unit
        step.claimed = now.at if "account" in facts else None
    case.tasks[now.task] = step
    step.parent = _parent(case, now.element, facts.get("parent"))
    if step.parent is not None:
        step.parent.children.append(step)


def _parent(case: History, element: str | None, key: str | None) -> Step | None:
    """Returns the open task to which a request belongs; without facts the one of the same element."""
    for kind, task in reversed(case.opened):
        if kind == "task":
            step = case.opened[kind, task]
            if str(task) == key or (key is None and step.element == element):
                return step
    return None


def _closes(kind: str, how: str) -> Callable[[History, "_Now"], None]:
    def close(case: History, now: _Now) -> None:
        case.close(kind, now.task, now.at, how)

    return close


def _closed_task(case: History, now: _Now) -> None:
    step = case.tasks.get(now.task)
    if step is not None:
        case.close(step.kind, now.task, now.at, "completed" if now.kind == "task.completed" else "cancelled")


def _claimed(case: History, now: _Now) -> None:
    step = case.tasks.get(now.task)
    if step is not None and step.claimed is None:
        step.claimed = now.at


def _moved_task(case: History, now: _Now) -> None:
    """The task is delegated, or returned: it has another unit from now on."""
    step = case.tasks.get(now.task)
    if step is None or step.closed is not None:
        return
    if step.since < now.at:
        step.turns.append((step.since, now.at, step.rank, step.party))
    step.since = now.at
    step.unit = now.facts.get("unit")
    step.party = step.unit or case.unit
    step.side, step.rank = ("delegate", AGENCY) if now.kind == "task.delegated" else ("office", QUEUE)


def _waits(case: History, now: _Now) -> None:
    facts = now.facts
    key = facts.get("wait")
    if key is None:
        return  # of format 1: nobody knows for what it waits
    if facts.get("kind") == "call":
        _called(case, now)
        return
    party = facts.get("party")
    rank = SCHEDULED if party is None else APPLICANT if party == THE_APPLICANT else AGENCY
    step = case.add("wait", key, now.element, now.at, rank)
    if step.since < now.at and (step.rank, step.party) != (rank, party):  # its process was migrated
        step.turns.append((step.since, now.at, step.rank, step.party))
        step.since = now.at
    step.rank, step.party, step.element = rank, party, now.element
    step.side = None if party is None else "applicant" if rank == APPLICANT else "agency"
    step.awaits = facts.get("kind")
    step.due = ms_of_text(facts["due_at"]) if facts.get("due_at") else None


def _unwaits(case: History, now: _Now) -> None:
    key = now.facts.get("wait")
    case.close("call" if now.facts.get("kind") == "call" else "wait", key, now.at, "dropped")


def _fired(case: History, now: _Now) -> None:
    case.fired.add((now.at, now.element))


def _happened(case: History, now: _Now) -> None:
    case.begin_action()
    _fired(case, now)


def _called(case: History, now: _Now) -> None:
    facts = now.facts
    step = case.add("call", facts.get("call", facts.get("wait", now.element)), now.element, now.at, AGENCY)
    step.party = facts.get("party") or facts.get("agency") or facts.get("connector") or step.party
    step.side = "agency"
    if step.party == THE_APPLICANT:
        step.rank, step.side = APPLICANT, "applicant"


def _tried(case: History, now: _Now) -> None:
    step = case.opened.get(("call", now.facts.get("call", now.element)))
    if step is not None and step.failing is None and now.facts.get("code") != "ok":
        step.failing = now.at


def _replied(case: History, now: _Now) -> None:
    key = now.facts.get("call", now.element)
    if now.kind == "call.answered":
        case.close("call", key, now.at, "answered")
        return
    step = case.opened.get(("call", key))
    if step is not None:
        case.failed[step.element] = step
    case.close("call", key, now.at, "failed")


def _billed(case: History, now: _Now) -> None:
    key = now.facts.get("bill", now.element)
    if now.kind == "bill.issued":
        step = case.add("bill", key, now.element, now.at, APPLICANT)
        step.side, step.party = "applicant", THE_APPLICANT
    else:
        case.close("bill", key, now.at, now.kind[5:])


def _broken(case: History, now: _Now) -> None:
    if now.facts.get("code") in NOTICES and case.process in (None, now.element):
        return  # it stops nothing
    step = case.add("incident", now.facts.get("incident", now.element), now.element, now.at, TECHNICAL)
    call = case.failed.get(now.element)
    if call is not None and call.closed == now.at and call.party != THE_APPLICANT:
        step.party, step.side = call.party, call.side


def _repaired(case: History, now: _Now) -> None:
    case.close("incident", now.facts.get("incident", now.element), now.at, now.kind[9:])


def _suspended(case: History, now: _Now) -> None:
    if case.suspended is None:
        case.suspended = now.at


def _resumed(case: History, now: _Now) -> None:
    if case.suspended is not None:
        case.suspensions.append((case.suspended, now.at))
        case.suspended = None


def _worked(case: History, now: _Now) -> None:
    begin, end = (now.facts.get(name) for name in ("from_at", "to_at"))
    if begin is None or end is None:
        return
    stretch = ms_of_text(begin), ms_of_text(end), now.unit
    case.work.append((*stretch, now.element))
    step = case.tasks.get(now.task)
    if step is not None:
        step.work.append(stretch)


def _clock(case: History, now: _Now) -> None:
    clock, facts = case.clock, now.facts
    due = facts.get("due_at")
    if due is not None:
        clock.due = ms_of_text(due)
    match now.kind:
        case "clock.started":
            clock.started = ms_of_text(facts["started_at"]) if facts.get("started_at") else now.at
        case "clock.paused":
            clock.paused = now.at
        case "clock.resumed":
            begin = ms_of_text(facts["paused_at"]) if facts.get("paused_at") else clock.paused
            clock.pauses.append((now.at if begin is None else begin, now.at))
            clock.paused = None
        case "clock.stopped" | "clock.deemed":
            clock.ended = now.at
            clock.deemed = now.kind == "clock.deemed"


def _explained(case: History, now: _Now) -> None:
    case.explained = now.facts.get("code")


def _finish(case: History) -> None:
    """Closes what is open at the end, then finds what each wait came to and what each step followed."""
    if case.end is not None:
        for step in case.opened.values():
            step.closed, step.how, step.closed_by = case.end, "ended", case.command
        if case.suspended is not None:
            case.suspensions.append((case.suspended, case.end))
            case.suspended = None
    _connect(case)


def _connect(case: History) -> None:
    closers: dict[int, list[int]] = {}
    for step in case.steps:
        if step.closed is None:
            continue
        if step.kind == "wait" and (step.closed, step.element) in case.fired:
            step.how = "happened"
        closers.setdefault(step.closed_by, []).append(step.number)
    for step in case.steps:
        found = closers.get(step.opened_by)
        if found:
            step.predecessors = tuple(number for number in found if number < step.number)


_RANKS = {"office": QUEUE, "applicant": APPLICANT, "delegate": AGENCY}
_HANDLERS: Mapping[str, Callable[[History, _Now], None]] = {
    "case.started": _started,
    "case.completed": _ended,
    "case.cancelled": _ended,
    "task.created": _created,
    "opinion.asked": _asked,
    "correction.asked": _asked,
    "task.assigned": _claimed,
    "task.claimed": _claimed,
    "task.delegated": _moved_task,
    "task.returned": _moved_task,
    "task.completed": _closed_task,
    "task.cancelled": _closed_task,
    "opinion.given": _closes("opinion", "given"),
    "opinion.expired": _closes("opinion", "expired"),
    "opinion.withdrawn": _closes("opinion", "withdrawn"),
    "data.corrected": _closes("correction", "corrected"),
    "correction.expired": _closes("correction", "expired"),
    "correction.withdrawn": _closes("correction", "withdrawn"),
    "wait.opened": _waits,
    "wait.closed": _unwaits,
    **dict.fromkeys(("timer.fired", "message.received", "signal.received"), _happened),
    "element.passed": _fired,
    "call.made": _called,
    "call.tried": _tried,
    "call.answered": _replied,
    "call.failed": _replied,
    **dict.fromkeys(("bill.issued", "bill.paid", "bill.expired", "bill.cancelled"), _billed),
    "incident.opened": _broken,
    **dict.fromkeys(("incident.retried", "incident.closed", "incident.skipped"), _repaired),
    "case.suspended": _suspended,
    "case.resumed": _resumed,
    "work.noted": _worked,
    "clock.started": _clock,
    "clock.paused": _clock,
    "clock.resumed": _clock,
    "clock.extended": _clock,
    "clock.recomputed": _clock,
    "clock.stopped": _clock,
    "clock.breached": _clock,
    "clock.deemed": _clock,
    "delay.explained": _explained,
}
