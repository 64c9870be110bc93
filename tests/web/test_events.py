"""The history of a case in plain words."""

from collections.abc import Callable, Iterator
from typing import Any, get_args
from uuid import uuid4

import pytest

from engine import cases, tasks
from engine.events import Kind
from engine.identity.accounts import SYSTEM
from engine.platform.db import Actor, Database
from tests import factories
from tests.catalogues import forms, placeholders, speaking, texts
from web import events

# What events contain, as docs/events.md has it: the end of the key of the text of each.
PAID = {"amount": "4", "currency": "IRR", "billed_amount": "5", "billed_currency": "IRR"}
PAYLOADS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "case.started": [("", {"case_number": "1405-000001", "data": {}, "applicant": "0000004091"})],
    "case.completed": [(".with-outcome", {"outcome": "granted"})],
    "case.cancelled": [(".because", {"reason": "twice"})],
    "case.withdrawn": [(".because", {"reason": "twice"})],
    "case.suspended": [
        (".because", {"reason": "audit"}),
        (".because", {"reason_code": "court-order"}),
        (".coded", {"reason": "audit", "reason_code": "court-order"}),
    ],
    "case.moved": [(".between", {"move": "m", "from": 1, "to": 2})],
    "case.erased": [(".because", {"legal_basis": "Order 12", "operator": "root", "rows": {}, "files": 0})],
    "case.blocked": [
        (".conflict-of-interest", {"reason": "conflict-of-interest"}),
        ("", {"reason": "other"}),
    ],
    "element.passed": [("", {"changes": {"a": 1}})],
    "timer.fired": [(".late", {"missed": 1}), (".late", {"missed": 3})],
    "message.received": [(".named", {"message": "m", "name": "fee-paid"}), (".named", {"name": "fee-paid"})],
    "message.sent": [(".named", {"message": "m", "name": "fee-paid", "keys": {}})],
    "message.unmatched": [(".named", {"name": "fee-paid"})],
    "signal.received": [(".named", {"message": "m", "name": "storm"})],
    "signal.sent": [(".named", {"message": "m", "name": "storm", "keys": {}})],
    "call.made": [
        (".of-connector", {"call": "c", "connector": "registry", "operation": "ask"}),
        (".of-topic", {"call": "c", "topic": "invoice"}),
    ],
    "wait.opened": [
        (".for", {"wait": "w", "kind": "message", "party": "fire-department", "name": "m"}),
        (".applicant", {"wait": "w", "kind": "message", "party": "applicant"}),
    ],
    "call.tried": [(".ended", {"call": "c", "attempt": 2, "code": "timeout", "ms": 5000})],
    "call.answered": [("", {"call": "c", "seconds": 1})],
    "call.failed": [(".after", {"call": "c", "code": "timeout", "detail": "no answer", "attempts": 5})],
    **{
        f"bill.{what}": [(".numbered", {"bill": "b", "reference": "B-1"})]
        for what in ("issued", "paid", "expired", "cancelled")
    },
    **{
        f"bill.{what}": [(".numbered", {"bill": "b", "reference": "B-1", **PAID})]
        for what in ("mismatch", "late")
    },
    "task.assigned": [
        (f".{how}", {"account": "a", "name": "sara", "how": how})
        for how in ("named", "random", "least-loaded", "given")
    ],
    "task.blocked": [
        (f".{reason}", {"reason": reason, "at": "claim"})
        for reason in ("four-eyes", "conflict-of-interest", "first-decider")
    ],
    "task.completed": [("", {"data": {"a": 1}})],
    "decision.evaluated": [
        (".rule", {"decision": "d", "tables": [{"rules": [{"number": 3, "id": "r3"}]}]}),
        (".rules", {"decision": "d", "tables": [{"rules": [{"number": 3}, {"number": 4}]}]}),
        ("", {"decision": "d", "tables": []}),
    ],
    "decision.made": [(".as", {"decision": "d", "outcome": "granted", "grounds": []})],
    "appeal.filed": [
        (".under", {"decision": "d", "appeal": "a", "case_number": "1405-000002"}),
        (".here", {"appeal_of": "a"}),
    ],
    "appeal.decided": [(".as", {"appeal": "a", "case_number": "1405-000002", "outcome": "granted"})],
    "incident.opened": [("", {"incident": "i", "code": "script-failed", "message": "no"})],
    "incident.retried": [("", {"incident": "i"}), (".because", {"incident": "i", "reason": "mended"})],
    "incident.skipped": [(".because", {"incident": "i", "reason": "done by hand", "changes": {}})],
    "change.proposed": [(".because", {"reason": "typo", "names": ["x"]})],
    "change.confirmed": [(".because", {"reason": "typo", "changes": {}})],
    "data.repaired": [(".because", {"incident": "i", "reason": "typo", "changes": {}})],
    "data.prefilled": [
        (".login", {"source": "login", "fields": "a"}),
        (".portal", {"source": "portal", "fields": "a"}),
        (".registry", {"source": "registry", "fields": "a,b", "connector": "c", "operation": "o"}),
    ],
    "document.added": [(".called", {"document": "d", "version": 1, "title": "Lease", "name": "a.pdf"})],
    "document.replaced": [(".called", {"document": "d", "version": 2, "title": "Lease", "name": "a.pdf"})],
    "document.shared": [(".called", {"document": "d", "version": 2, "title": "Lease"})],
    "representation.ended": [("", {}), (".because", {"reason": "revoked"})],
    "comment.added": [
        ("", {"comment": "c", "text": "t", "visible": False}),
        (".visible", {"comment": "c", "text": "t", "visible": True}),
    ],
    "correction.asked": [(".fields", {"parent": "t", "fields": [{"pointer": "/a", "text": "x"}]})],
}


def row(kind: str, payload: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """An event as `cases.log` gives it."""
    return {
        "seq": 1,
        "kind": kind,
        "element": "licence/review",
        "task_id": uuid4(),
        "actor": "sara",
        "actor_name": {"fa": "سارا", "en": "Sara"},
        "actor_role": "caseworker",
        "payload": payload,
        **more,
    }


def events_of_all_kinds() -> Iterator[tuple[str, str, dict[str, Any] | None]]:
    """Kinds with ends of keys and payloads; each also without one, as after erasure."""
    for kind in get_args(Kind):
        yield kind, "", None
        for ending, payload in PAYLOADS.get(kind, ()):
            yield kind, ending, payload


@pytest.mark.parametrize(("kind", "ending", "payload"), list(events_of_all_kinds()))
def test_an_event_is_told_by_what_it_holds(kind: str, ending: str, payload: dict[str, Any] | None) -> None:
    key, values = events.describe(row(kind, payload))
    assert key == f"events.{kind}{ending}"
    for text in texts("events")[key].values():
        assert all(placeholders(form) <= set(values) for form in forms(text))


def test_each_way_of_telling_is_used() -> None:
    told = {events.describe(row(kind, payload))[0] for kind, _, payload in events_of_all_kinds()}
    assert told | {"events.case.started.by-itself"} == set(texts("events"))


def test_what_begins_by_itself_was_begun_by_nobody() -> None:
    assert events.describe(row("case.started", {}, actor=SYSTEM))[0] == "events.case.started.by-itself"


def test_an_element_is_called_by_its_name_where_it_is_known() -> None:
    say = speaking("fa").say
    key, values = events.describe(row("task.completed", None), {"licence/review": "بازبینی"})
    assert say(key, **values) == "سارا کار «بازبینی» را انجام داد."
    key, values = events.describe(row("task.completed", None))
    assert say(key, **values) == "سارا کار «licence/review» را انجام داد."


def test_a_sentence_counts_in_english() -> None:
    say = speaking("en").say
    said = []
    for missed in (1, 3):
        key, values = events.describe(row("timer.fired", {"missed": missed}))
        said.append(say(key, **values).partition("; ")[2])
    assert said == ["1 earlier repetition was missed.", "3 earlier repetitions were missed."]


def test_a_case_tells_its_own_history(database: Database, actor: Callable[..., Actor]) -> None:
    factories.deploy(database, factories.one_task())
    worker = actor("caseworker")
    case = factories.a_case(database, worker)
    task = case.tasks[0]["id"]
    for command in (
        lambda uow: tasks.claim(uow, task),
        lambda uow: tasks.comment(uow, "seen", task=task, visible=True),
        lambda uow: tasks.complete(uow, task, {}),
    ):
        factories.as_actor(database, worker, command)
    say = speaking("en").say
    happened = factories.as_actor(database, worker, lambda uow: cases.log(uow, case.id))
    said = [say(key, **values) for key, values in (events.describe(row, {"a": "Review"}) for row in happened)]
    assert said == [
        "caseworker started the case.",
        "The case passed “start”.",
        "The task “Review” was opened.",
        "caseworker claimed the task “Review”.",
        "caseworker wrote a comment that the applicant can also see.",
        "caseworker completed the task “Review”.",
        "The case passed “end”.",
        "The case ended.",
    ]
