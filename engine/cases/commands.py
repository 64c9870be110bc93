"""The commands that begin and end cases."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from persiantools.jdatetime import JalaliDate

from engine import access, bpmn, definitions, events, forms
from engine.bpmn.values import plain
from engine.cases.hold import lock, require_active, require_revision, require_size
from engine.cases.progress import apply, begin, facts, progress, rows_of
from engine.cases.views import CaseView, get
from engine.db import UnitOfWork
from engine.events import Fact, Head
from engine.ids import uuid7

# What a case view takes straight from the case's row.
_SHOWN = (
    *("id", "number", "status", "outcome", "applicant", "business_key"),
    *("data", "revision", "started_at", "ended_at"),
)


def start(
    uow: UnitOfWork,
    key: str,
    data: Mapping[str, Any],
    *,
    applicant: str | None = None,
    business_key: str | None = None,
) -> CaseView:
    """Start a case of the definition's current version and run it to its first wait."""
    access.require(uow.actor, "cases.start")
    version, counter = definitions.to_start(uow.session, key)
    spec = definitions.spec(uow.session, version)
    answer = forms.check(spec.start_form, data)
    require_size(answer)
    step = bpmn.start(spec, answer, uow.now)
    given = {"applicant": applicant, "business_key": business_key}
    case_id = uuid7()
    fixed = {
        "id": case_id,
        "number": case_number(uow.now, counter),
        "version_id": version.id,
        "revision": 1,
        "started_by": uow.actor.id,
        "started_at": uow.now,
        "running_key": None,
        **given,
    }
    opened = rows_of(uow, case_id, step)
    started = Fact("case.started", payload={"case_number": fixed["number"], "data": answer, **given})
    head, log = events.chain(uow, Head(case_id, version.id), [started, *facts(step, opened)])
    row = {**fixed, **progress(uow, step, head, plain({**answer, **step.changes}))}
    begin(uow, row, opened, log)
    shown = {name: row[name] for name in _SHOWN}
    return CaseView(
        key=version.key, version=version.number, tasks=opened.tasks, incidents=opened.incidents, **shown
    )


def case_number(now: datetime, counter: int) -> str:
    """A number that people can read and say: the Jalali year and a running number, as in 1405-000123."""
    return f"{JalaliDate.to_jalali(now.year, now.month, now.day).year}-{counter:06d}"


def cancel(
    uow: UnitOfWork, case_id: UUID, *, reason: str | None = None, revisions: Collection[int] | None = None
) -> CaseView:
    """End a case early: its open tasks and incidents are closed with it."""
    access.require(uow.actor, "cases.cancel")
    case = lock(uow, case_id)
    require_revision(case.revision, revisions)
    state = require_active(case)
    step = bpmn.cancel(definitions.spec(uow.session, case.version), state, uow.now)
    apply(
        uow,
        case,
        step,
        [Fact("case.cancelled", payload={"reason": reason} if reason else None)],
        status="cancelled",
    )
    return get(uow, case_id)
