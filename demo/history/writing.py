"""Writes composed cases with COPY: their rows, and their events chained by the code of the log."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

import orjson
from psycopg import Connection, Cursor
from sqlalchemy.orm import Session

from demo.history.offices import instant_of, text_of
from demo.history.stories import Story, TaskRow, WaitRow
from demo.history.systems import NO_REPLY
from engine.bpmn.values import canonical
from engine.cases.case_numbers import Numbering
from engine.events import hash_chain
from engine.platform.db import connection

# The candidate group of a task, by process, unit of the case and element.
Groups = Mapping[tuple[str, str, str], str]
Row = Sequence[str | None]

_SILENCE = {"deemed_granted": "grant", "deemed_refused": "refuse", "escalate": "escalate", None: "none"}
_COLUMNS = {
    "cases": (
        *("id", "number", "version_id", "status", "outcome", "applicant", "data", "revision", "log_length"),
        *(
            "log_hash",
            "started_by",
            "started_at",
            "ended_at",
            "unit_id",
            "appeal_of",
            "channel",
            "parties",
            "subject",
        ),
    ),
    "tasks": (
        *("id", "case_id", "element", "name", "status", "assignee_id", "revision", "opened_at", "closed_at"),
        *("kind", "candidate_group_id", "assignment", "parent_id", "search", "due_at", "asked", "asks"),
    ),
    "waits": (
        *("id", "case_id", "version_id", "token_id", "element", "kind", "name", "correlation", "due_at"),
        *("opened_at", "closed_at"),
    ),
    "calls": (
        *("id", "case_id", "token_id", "element", "connector", "operation", "request", "status", "attempts"),
        *("due_at", "fence", "opened_at", "closed_at"),
    ),
    "incidents": (
        *("id", "case_id", "token_id", "element", "name", "code", "message", "attempts", "status"),
        *("opened_at", "resolved_at"),
    ),
    "bills": (
        *("id", "case_id", "element", "reference", "amount", "currency", "status", "issued_at", "paid_at"),
        *("message", "paid_amount", "paid_currency"),
    ),
    "decisions": (
        *("id", "case_id", "task_id", "decided_by", "unit", "outcome", "grounds", "decided_at", "appeal_id"),
        "silent_units",
    ),
    "clocks": (
        *("case_id", "state", "stage", "filed_at", "term", "started_at", "due_at", "stopped_at", "reasons"),
        *("pauses", "on_silence", "reassigns", "calendar", "outage_days"),
    ),
    "migrated_cases": ("migration_id", "case_id", "status", "obstacles", "at"),
    "events": (
        *("case_id", "seq", "at", "kind", "element", "task_id", "actor_id", "actor_role", "actor_unit"),
        *("version_id", "hash", "payload_hash", "payload", "salt", "facts"),
    ),
}


def write(session: Session, stories: Sequence[Story], groups: Groups) -> int:
    """Write cases in the session's transaction. Return the number of their events."""
    rows: dict[str, list[Row]] = {name: [] for name in _COLUMNS}
    for story in stories:
        rows["events"] += _chained(story)  # first: the row of the case has the head of its chain
        rows["cases"].append(_case(story))
        rows["tasks"] += [_task(story, task, groups) for task in story.tasks]
        rows["waits"] += [_wait(story, wait) for wait in story.waits]
        rows["calls"] += _calls(story)
        rows["incidents"] += _incidents(story)
        rows["bills"] += _bills(story)
        rows["decisions"] += _decisions(story)
        rows["clocks"] += _clocks(story)
        rows["migrated_cases"] += _moves(story)
    driver = cast(Connection[Any], connection(session).connection.driver_connection)
    with driver.cursor() as cursor:
        for name in _COLUMNS:
            _copy(cursor, name, rows[name])
    return len(rows["events"])


def _copy(cursor: Cursor[Any], name: str, rows: Iterable[Row]) -> None:
    columns = ", ".join(_COLUMNS[name])
    text = "".join(
        ["\t".join(["\\N" if value is None else value for value in row]) + "\n" for row in rows]
    ).encode()
    if text:
        with cursor.copy(f"COPY {name} ({columns}) FROM STDIN".encode()) as copy:
            copy.write(text)


def _escaped(text: str) -> str:
    """Return a text as COPY reads it."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def _json(value: Any) -> str:
    return _escaped(orjson.dumps(value).decode())


def _at(at: int | None) -> str | None:
    return None if at is None else text_of(at)


def _chained(story: Story) -> list[Row]:
    """Return the events of a case as rows, and set the head of its chain."""
    head, rows, version = hash_chain.GENESIS, [], story.version_id
    for seq, event in enumerate(story.events, 1):
        if event.kind == "case.moved" and story.moved is not None:
            version = story.moved.version_id
        sealed = hash_chain.sealed(event.payload)
        actor = event.actor
        members = {
            "case_id": story.id,
            "seq": seq,
            "at": text_of(event.at),
            "kind": event.kind,
            "element": event.element,
            "task_id": event.task,
            "actor_id": actor.id,
            "actor_role": actor.role,
            "actor_unit": actor.unit,
            "purpose": None,
            "version_id": version,
            "payload_hash": sealed["payload_hash"],
            "facts": event.facts,
        }
        head = hash_chain.digest(head, members)
        rows.append(_event(members, head.hex(), sealed))
    story.last, story.hash = len(rows), head.hex()
    return rows


def _event(members: Mapping[str, Any], digest: str, sealed: Mapping[str, Any]) -> Row:
    names = ("case_id", "at", "kind", "element", "task_id", "actor_id", "actor_role", "actor_unit")
    case, at, kind, element, task, actor, role, unit = (members[name] for name in names)
    facts = _json(members["facts"]) if members["facts"] else "{}"
    payload = salt = payload_hash = None
    if sealed["payload"] is not None:
        payload = _json(sealed["payload"])
        salt, payload_hash = f"\\\\x{sealed['salt']}", f"\\\\x{sealed['payload_hash']}"
    head = (case, str(members["seq"]), at, kind, element, task, actor, role, unit, members["version_id"])
    return (*head, f"\\\\x{digest}", payload_hash, payload, salt, facts)


def _case(story: Story) -> Row:
    status = "completed" if story.ended is not None else _status(story)
    starter = story.events[0].actor.id
    return (
        *(story.id, story.number, _version(story), status, story.outcome, story.person, _json(story.data)),
        *(str(len(story.events)), str(story.last), f"\\\\x{story.hash}", starter, _at(story.started)),
        *(
            _at(story.ended),
            story.office.id,
            story.appeal_of,
            story.channel,
            "{" + story.person + "}",
            story.subject,
        ),
    )


def _version(story: Story, until: int | None = None) -> str:
    """Return the id of the version that a case runs at the end, or ran at an instant."""
    moved = story.moved
    return story.version_id if moved is None or (until and until < moved.at) else moved.version_id


def _status(story: Story) -> str:
    kinds = [event.kind for event in story.events if event.kind in ("case.suspended", "case.resumed")]
    return "suspended" if kinds and kinds[-1] == "case.suspended" else "active"


def _task(story: Story, task: TaskRow, groups: Groups) -> Row:
    element = task.element if task.kind == "step" else f"{task.kind} {task.unit}"
    asks = any(other.parent == task.id for other in story.tasks)
    group = groups.get((story.service.key, story.office.key, element))
    revision = "1" if task.status == "open" and task.assignee is None else "3"
    return (
        *(task.id, story.id, task.element, task.name, task.status, task.assignee, revision),
        *(_at(task.opened), _at(task.closed), task.kind, group, task.assignment, task.parent),
        *(_escaped(f"{story.number} {task.name}".lower()), _at(task.due)),
        *(None if task.asked is None else _json(task.asked), str(asks).lower()),
    )


def _wait(story: Story, wait: WaitRow) -> Row:
    keys = _escaped(canonical(wait.keys)) if wait.kind == "message" else None
    return (
        *(wait.id, story.id, _version(story, wait.closed), wait.id, wait.element, wait.kind, wait.name, keys),
        *(_at(wait.due), _at(wait.opened), _at(wait.closed)),
    )


def _calls(story: Story) -> list[Row]:
    return [
        (
            *(call.id, story.id, call.id, call.element, call.connector, call.operation, "{}", call.status),
            *(str(call.attempts), _at(call.opened), "0", _at(call.opened)),
            None if call.status == "open" else _at(call.closed),
        )
        for call in story.calls
    ]


def _incidents(story: Story) -> list[Row]:
    return [
        (
            *(one.id, story.id, one.id, one.element, one.name, one.code, NO_REPLY, "3"),
            "open" if one.closed > story.until else "resolved",
            *(_at(one.opened), None if one.closed > story.until else _at(one.closed)),
        )
        for one in story.incidents
    ]


def _bills(story: Story) -> list[Row]:
    return [
        (
            *(one.id, story.id, one.element, one.reference, str(one.amount), "IRR"),
            *("open" if one.paid is None else "paid", _at(one.issued), _at(one.paid)),
            *(one.message, "amount_rials", "currency"),
        )
        for one in story.bills
    ]


def _decisions(story: Story) -> list[Row]:
    return [
        (
            *(one.id, story.id, one.task, one.by.id if one.by else None, one.by.unit if one.by else None),
            one.outcome,
            *(_json(one.grounds), _at(one.at), one.appeal),
            "{" + ",".join(one.silent_units) + "}" if one.silent_units else None,
        )
        for one in story.decisions
    ]


def _clocks(story: Story) -> list[Row]:
    term = story.term
    if term is None:
        return []
    ends = [[_at(begin), _at(end)] for begin, end in term.pauses]
    reasons = {"history": {"side": "applicant", "code": "wait"}} if term.state == "paused" else {}
    silence = _SILENCE[story.service.silence]
    return [
        (
            *(story.id, term.state, term.stage, _at(story.started), term.length, _at(term.started)),
            *(_at(term.due), _at(term.stopped), _json(reasons), _json(ends)),
            *(silence, "false", story.office.calendar, _json(term.lost) if term.lost else None),
        )
    ]


def _moves(story: Story) -> list[Row]:
    moved = story.moved
    return [] if moved is None else [(moved.migration, story.id, "moved", "[]", _at(moved.at))]


def numbered(numbering: Numbering, zone_offset: int) -> Callable[[int, int], str]:
    """Return a function that writes the number of a case as the installation does: from year and count."""
    return lambda at, count: numbering.number(instant_of(at) + timedelta(milliseconds=zone_offset), count)
