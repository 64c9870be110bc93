"""What the events of a case say about it: status, outcome, data, tasks, waits, decisions and clock.

Pure: events in, a case out. Events with an erased payload contribute their facts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from engine import events
from engine.bpmn.values import canonical
from engine.oversight.replay import attachments
from engine.oversight.replay.unknown import UNKNOWN


@dataclass(slots=True)
class Rebuilt:
    """A case as its events describe it. Rows are columns by name, by the id of the row.

    The clock's is that of the case. `begun` are the columns of the case since its start. `stops` are the
    times for which its definition was suspended, oldest first: they move due dates, too.
    """

    status: str = "active"
    outcome: Any = None
    data: dict[str, Any] = field(default_factory=dict)
    ended_at: datetime | None = None
    erased: bool = False
    tasks: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    waits: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    decisions: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    clocks: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    bills: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    comments: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    documents: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    incidents: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    calls: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    proposals: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    recusals: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    begun: dict[str, Any] = field(default_factory=dict)
    erased_at: datetime | None = None
    stops: Sequence[tuple[datetime, datetime]] = ()
    suspended_at: datetime | None = None

    def add(self, event: Any) -> None:
        """Applies the next event, a row of the log."""
        if self.stops:
            self.resume(event.at)
        if event.payload:
            self.data.update(events.changes(event.kind, event.payload))
        if (apply := _APPLIED.get(event.kind)) is not None:
            apply(self, event)

    def resume(self, until: datetime | None = None) -> None:
        """Applies the suspensions of its definition that ended before an instant; by default all."""
        while self.stops and (until is None or self.stops[0][1] <= until):
            (since, at), *self.stops = self.stops
            if self.status == "active":
                self.postpone(since, at)

    def postpone(self, since: datetime, now: datetime) -> None:
        """Moves the due dates of open tasks, but not of those that are due with the statutory term."""
        term_ends = {clock["due_at"] for clock in self.clocks.values()}
        for task in self.tasks.values():
            due = task["due_at"]
            if task["status"] == "open" and due is not None and due > since and due not in term_ends:
                task["due_at"] = due + (now - since)


def _status(status: str) -> Callable[[Rebuilt, Any], None]:
    def apply(case: Rebuilt, event: Any) -> None:
        case.status = status
        case.ended_at = event.at if status in ("completed", "cancelled") else None

    return apply


def _completed(case: Rebuilt, event: Any) -> None:
    case.status, case.ended_at = "completed", event.at
    case.outcome = event.facts.get("outcome", UNKNOWN)
    if event.payload is not None or event.payload_hash is None:
        case.outcome = (event.payload or {}).get("outcome")


def _suspended(case: Rebuilt, event: Any) -> None:
    case.status, case.suspended_at = "suspended", event.at


def _resumed(case: Rebuilt, event: Any) -> None:
    case.status = "active"
    if case.suspended_at is not None:
        case.postpone(case.suspended_at, event.at)


def _erased(case: Rebuilt, event: Any) -> None:
    case.erased, case.erased_at = True, event.at
    attachments.erase(case)


def _opened(kind: str) -> Callable[[Rebuilt, Any], None]:
    def apply(case: Rebuilt, event: Any) -> None:
        facts = event.facts
        case.tasks[event.task_id] = {
            "element": event.element,
            "kind": facts.get("kind", kind),
            "status": "open",
            "assignee_id": _uuid(facts.get("account")),
            "opened_at": event.at,
            "closed_at": None,
            "due_at": _instant(facts.get("due_at")),
            "follow_up_at": _instant(facts.get("follow_up_at")),
            "priority": facts.get("priority"),
            "assignment": facts.get("assignment"),
            "parent_id": _uuid(facts.get("parent")),
        }

    return apply


def _assigned(case: Rebuilt, event: Any) -> None:
    _change(case, event, assignee_id=_uuid(event.facts.get("account")))


def _claimed(case: Rebuilt, event: Any) -> None:
    _change(case, event, assignee_id=event.actor_id)


def _unassigned(case: Rebuilt, event: Any) -> None:
    _change(case, event, assignee_id=None)


def _answered(case: Rebuilt, event: Any) -> None:
    _change(case, event, status="completed", assignee_id=event.actor_id, closed_at=event.at)


def _dropped(case: Rebuilt, event: Any) -> None:
    _change(case, event, status="cancelled", closed_at=event.at)


def _change(case: Rebuilt, event: Any, **values: Any) -> None:
    """Changes a task. One that was never opened has no row here, and is a difference."""
    if event.task_id in case.tasks:
        case.tasks[event.task_id].update(values)


def _waits(case: Rebuilt, event: Any) -> None:
    facts, payload = event.facts, event.payload
    wait = UUID(facts["wait"])
    known = payload is not None or event.payload_hash is None
    said = payload or {}
    keys = canonical(said.get("keys", {})) if facts["kind"] == "message" else None
    case.waits[wait] = {
        "element": event.element,
        "kind": facts["kind"],
        "name": said.get("name") if known else UNKNOWN,
        "correlation": keys if known else UNKNOWN,
        "due_at": _instant(facts.get("due_at")),
        "opened_at": case.waits[wait]["opened_at"] if wait in case.waits else event.at,
        "closed_at": None,
    }


def _ended_wait(case: Rebuilt, event: Any) -> None:
    wait = UUID(event.facts["wait"])
    if wait in case.waits:  # a call is none: it has a table of its own
        case.waits[wait]["closed_at"] = event.at


def _decided(case: Rebuilt, event: Any) -> None:
    facts, payload = event.facts, event.payload
    case.decisions[UUID(facts["decision"])] = {
        "task_id": event.task_id,
        "decided_by": event.actor_id,
        "decided_at": event.at,
        "unit": event.actor_unit,
        "outcome": facts.get("outcome", UNKNOWN) if payload is None else payload["outcome"],
        "grounds": UNKNOWN if payload is None else payload["grounds"],
        "appeal_id": None,
        "silent_units": None,
    }


def _clock(**values: str) -> Callable[[Rebuilt, Any], None]:
    """Changes the clock to these values; its end moves the tasks that are due with it."""

    def apply(case: Rebuilt, event: Any) -> None:
        clock, due = case.clocks.get(event.case_id), _instant(event.facts.get("due_at"))
        if clock is None:
            return
        clock.update(values)
        if clock["state"] in ("stopped", "deemed"):
            clock["stopped_at"] = event.at
        if due is None or due == clock["due_at"]:
            return
        for task in case.tasks.values():
            if (task["status"], task["kind"], task["due_at"]) == ("open", "step", clock["due_at"]):
                task["due_at"] = due
        clock["due_at"] = due

    return apply


def _clock_started(case: Rebuilt, event: Any) -> None:
    facts = event.facts
    case.clocks[event.case_id] = {
        "state": "running",
        "stage": "none",
        "term": facts["term"],
        "extension": None,
        "started_at": _instant(facts["started_at"]),
        "due_at": _instant(facts["due_at"]),
        "stopped_at": None,
    }


def _clock_extended(case: Rebuilt, event: Any) -> None:
    _clock(extension=event.facts["term"])(case, event)


def _deemed(case: Rebuilt, event: Any) -> None:
    _clock(state="deemed", stage="deemed")(case, event)
    facts = event.facts
    if "decision" not in facts:  # made by a release that did not record it as a decision
        return
    case.decisions[UUID(facts["decision"])] = {
        "task_id": None,
        "decided_by": None,
        "decided_at": event.at,
        "unit": None,
        "outcome": facts["outcome"],
        "grounds": [],
        "appeal_id": None,
        "silent_units": facts["units"].split(","),
    }


def _appealed(case: Rebuilt, event: Any) -> None:
    attachments.appealing(case, event)
    decision = _uuid(event.facts.get("decision"))
    if decision in case.decisions:
        case.decisions[decision]["appeal_id"] = UUID(event.facts["appeal"])


def _uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


_APPLIED: Mapping[str, Callable[[Rebuilt, Any], None]] = MappingProxyType(
    {
        **attachments.APPLIED,
        "case.completed": _completed,
        "case.cancelled": _status("cancelled"),
        "case.suspended": _suspended,
        "case.resumed": _resumed,
        "case.erased": _erased,
        "task.created": _opened("step"),
        "opinion.asked": _opened("opinion"),
        "correction.asked": _opened("correction"),
        "task.assigned": _assigned,
        "task.claimed": _claimed,
        **dict.fromkeys(("task.released", "task.delegated", "task.returned"), _unassigned),
        **dict.fromkeys(("task.completed", "opinion.given", "data.corrected"), _answered),
        **dict.fromkeys(("task.cancelled", "opinion.expired", "opinion.withdrawn"), _dropped),
        **dict.fromkeys(("correction.expired", "correction.withdrawn"), _dropped),
        "wait.opened": _waits,
        "wait.closed": _ended_wait,
        "decision.made": _decided,
        "clock.started": _clock_started,
        "clock.paused": _clock(state="paused"),
        "clock.resumed": _clock(state="running"),
        "clock.extended": _clock_extended,
        "clock.recomputed": _clock(),
        "clock.stopped": _clock(state="stopped"),
        "clock.warned": _clock(stage="warned"),
        "clock.breached": _clock(state="breached", stage="breached"),
        "clock.deemed": _deemed,
        "appeal.filed": _appealed,
    }
)
