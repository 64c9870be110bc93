"""Appeals through the queue: the case that was appealed hears what came of it."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from engine import cases, events, tasks
from engine.models import Event
from engine.platform.db import Database
from engine.portal import appeals
from tests import bpmn, factories
from tests.api.test_decisions import deciding

Act = Callable[..., Any]
REFUSED = {"decision": "refused", "ground": {"code": "tax_debt", "text": "Taxes of 1404 are unpaid."}}


def decide(act: Act, case: cases.CaseView, data: dict[str, Any], name: str) -> None:
    act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], data), name=name)


def test_worker_tells_the_first_case_and_both_chains_hold(
    database: Database, act: Act, work: Callable[..., None]
) -> None:
    factories.deploy(database, deciding(parvandeh__appeal="p"))
    first = act("portal", lambda uow: cases.start(uow, "p", {}))
    decide(act, first, REFUSED, "first")
    appeal = act("portal", lambda uow: appeals.file(uow, first.id, {}))
    decide(act, appeal, {"decision": "granted"}, "second")
    work()
    with database.transaction() as session:
        kinds = session.scalars(select(Event.kind).where(Event.case_id == first.id).order_by(Event.seq)).all()
        assert events.verify(session) == []
    assert list(kinds[-2:]) == ["appeal.filed", "appeal.decided"]


def test_lot_of_an_appeal_does_not_fall_on_who_decided_first(database: Database, act: Act) -> None:
    factories.deploy(database, deciding(parvandeh__appeal="q"))
    by_lot = bpmn.node("userTask", "review", parvandeh__assignment="random")
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(by_lot), key="q")))
    first = act("portal", lambda uow: cases.start(uow, "p", {}))
    decide(act, first, REFUSED, "first")
    appeal = act("portal", lambda uow: appeals.file(uow, first.id, {}))
    task = appeal.tasks[0]["id"]
    assert act("caseworker", lambda uow: tasks.get(uow, task), name="first")["assignee"] is None
    act("caseworker", tasks.counts, name="second")
    assert act("administrator", lambda uow: tasks.reallocate(uow, task))
    assert act("caseworker", lambda uow: tasks.get(uow, task), name="first")["assignee"] == "second"
