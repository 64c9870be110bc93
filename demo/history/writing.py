"""Writes composed cases with COPY: their rows, and their events chained by the code of the log."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

import orjson
from persiantools.jdatetime import JalaliDateTime
from psycopg import Connection, Cursor
from sqlalchemy.orm import Session

from demo.history.offices import instant_of, text_of
from demo.history.stories import Event, Story, TaskRow, WaitRow
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
        *("kind", "candidate_group_id", "assignment", "parent_id", "search"),
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
    "decisions": (
        *("id", "case_id", "task_id", "decided_by", "unit", "outcome", "grounds", "decided_at", "appeal_id"),
    ),
    "clocks": (
        *("case_id", "state", "stage", "filed_at", "term", "started_at", "due_at", "stopped_at", "reasons"),
        *("pauses", "on_silence", "reassigns"),
    ),
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
        rows["decisions"] += _decisions(story)
        rows["clocks"] += _clocks(story)
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
    head, rows = hash_chain.GENESIS, []
    for seq, event in enumerate(story.events, 1):
        sealed = hash_chain.sealed(event.payload)
        at = text_of(event.at)
        members = _members(story, event, seq, at, sealed["payload_hash"])
        head = hash_chain.digest(head, members)
        rows.append(_event(members, head.hex(), sealed))
    story.last, story.hash = len(rows), head.hex()
    return rows


def _members(story: Story, event: Event, seq: int, at: str, payload_hash: str | None) -> dict[str, Any]:
    actor = event.actor
    return {
        "case_id": story.id,
        "seq": seq,
        "at": at,
        "kind": event.kind,
        "element": event.element,
        "task_id": event.task,
        "actor_id": actor.id,
        "actor_role": actor.role,
        "actor_unit": actor.unit,
        "purpose": None,
        "version_id": story.version_id,
        "payload_hash": payload_hash,
        "facts": event.facts,
    }


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
        *(story.id, story.number, story.version_id, status, story.outcome, story.person, _json(story.data)),
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


def _status(story: Story) -> str:
    kinds = [event.kind for event in story.events if event.kind in ("case.suspended", "case.resumed")]
    return "suspended" if kinds and kinds[-1] == "case.suspended" else "active"


def _task(story: Story, task: TaskRow, groups: Groups) -> Row:
    element = task.element if task.kind == "step" else f"{task.kind} {task.unit}"
    group = groups.get((story.service.key, story.office.key, element))
    revision = "1" if task.status == "open" and task.assignee is None else "3"
    return (
        *(task.id, story.id, task.element, task.name, task.status, task.assignee, revision),
        *(_at(task.opened), _at(task.closed), task.kind, group, task.assignment, task.parent),
        _escaped(f"{story.number} {task.name}".lower()),
    )


def _wait(story: Story, wait: WaitRow) -> Row:
    keys = "{}" if wait.kind == "message" else None
    return (
        *(wait.id, story.id, story.version_id, wait.id, wait.element, wait.kind, wait.name, keys),
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
            *(one.id, story.id, one.id, one.element, one.name, one.code, one.code, "3"),
            "open" if one.closed > story.until else "resolved",
            *(_at(one.opened), None if one.closed > story.until else _at(one.closed)),
        )
        for one in story.incidents
    ]


def _decisions(story: Story) -> list[Row]:
    return [
        (
            *(one.id, story.id, one.task, one.by.id, one.by.unit, one.outcome, "[]", _at(one.at)),
            one.appeal,
        )
        for one in story.decisions
    ]


def _clocks(story: Story) -> list[Row]:
    term = story.term
    if term is None:
        return []
    paused = term.pauses and term.pauses[-1][1] > story.until
    state = "deemed" if term.deemed else "stopped" if term.stopped is not None else "running"
    if state == "running":
        state = "paused" if paused else "breached" if term.stage == "breached" else "running"
    ends = [[_at(begin), None if end > story.until else _at(end)] for begin, end in term.pauses]
    silence = _SILENCE[story.service.silence]
    return [
        (
            *(story.id, state, term.stage, _at(story.started), term.length, _at(term.started)),
            *(_at(term.due), _at(term.stopped), _json({"history": {}} if paused else {}), _json(ends)),
            *(silence, "false"),
        )
    ]


def numbered(zone_offset: int) -> Callable[[int, int], str]:
    """Return a function that writes the number of a case as the installation does: year, count."""

    def number(at: int, count: int) -> str:
        local = instant_of(at) + timedelta(milliseconds=zone_offset)
        return f"{JalaliDateTime(local).year}-{count:06d}"

    return number
