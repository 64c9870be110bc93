"""The commands that begin and end cases."""

import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from persiantools.jdatetime import JalaliDate
from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError

from engine import access, bpmn, definitions, events, forms
from engine.bpmn.values import plain
from engine.cases.entry import Entry, at_start_event, to_start
from engine.cases.hold import lock, named, require_active, require_revision, require_size
from engine.cases.progress import Setting, apply, begin, facts, progress, rows_of
from engine.cases.views import CaseView, get
from engine.db import UnitOfWork
from engine.errors import Conflict
from engine.events import Fact, Head
from engine.ids import uuid7
from engine.pools import Home

# What a case view takes straight from the case's row.
_SHOWN = (
    *("id", "number", "status", "outcome", "applicant", "representative", "business_key"),
    *("data", "revision", "started_at", "ended_at"),
)


@dataclass(frozen=True, slots=True)
class Application:
    """Whose case it is to be, and of which unit: by its key; None is the definition's or caseworker's own."""

    applicant: str | None = None
    representative: str | None = None
    business_key: str | None = None
    unit: str | None = None


NOBODY = Application()


def start(uow: UnitOfWork, key: str, data: Mapping[str, Any], application: Application = NOBODY) -> CaseView:
    """Start a case of the definition's current version and run it to its first wait."""
    access.require(uow.actor, "cases.start")
    entry = to_start(uow, key, application.unit)
    spec = definitions.spec(uow.session, entry.version)
    if not spec.startable:
        raise Conflict("Its cases begin by themselves or by a message.", definition={"key": key})
    answer = forms.check(spec.start_form, data)
    require_size(answer)
    return _begin(uow, entry, answer, application)


def begin_at(
    uow: UnitOfWork,
    version: definitions.Version,
    element: str,
    data: Mapping[str, Any],
    happened: Fact,
) -> CaseView:
    """Start a case at a start event that was triggered, as `happened` says.

    Of that event's own version, even if a newer one is being published. Raises Invalid for data that a case
    cannot hold.
    """
    require_size(data)
    return _begin(uow, at_start_event(uow, version), data, NOBODY, (element, happened))


def _begin(
    uow: UnitOfWork,
    entry: Entry,
    data: Mapping[str, Any],
    application: Application,
    trigger: tuple[str, Fact] | None = None,
) -> CaseView:
    version = entry.version
    spec = definitions.spec(uow.session, version)
    at = trigger and trigger[0]
    starter = None if trigger else uow.actor.on_behalf_of or uow.actor.name
    step = bpmn.start(spec, data, uow.now, at=at, starter=starter)
    case_id = uuid7()
    key = running_key(version.key, application.business_key) if spec.unique_business_key else None
    number = case_number(uow.now, entry.counter)
    secret = _secret()
    given = {name: getattr(application, name) for name in ("applicant", "representative", "business_key")}
    fixed = {
        "id": case_id,
        "number": number,
        "unit_id": entry.unit_id,
        "version_id": version.id,
        "revision": 1,
        "started_by": uow.actor.id,
        "started_at": uow.now,
        "appeal_of": None,
        "secret": hashlib.sha256(secret.encode()).digest(),
        **given,
    }
    words = named(number, application.applicant, application.business_key)
    persons = named(application.applicant, application.representative)
    home = Home(entry.unit_id, version.key, entry.delegated, words, persons)
    setting = Setting(home, spec, {**data, **step.changes})
    opened = rows_of(uow, case_id, version.id, step, setting)
    started = Fact("case.started", payload={"case_number": fixed["number"], "data": data, **given})
    happened = [started, *([trigger[1]] if trigger else []), *facts(step, opened)]
    head, log = events.chain(uow, Head(case_id, version.id), happened, unit=entry.acting)
    values = progress(uow, step, head, plain({**data, **step.changes}), running_key=key)
    row = {**fixed, **values}
    begin(uow, row, opened, log)
    shown = {name: row[name] for name in _SHOWN}
    return CaseView(
        key=version.key,
        version=version.number,
        tasks=opened.tasks,
        incidents=opened.incidents,
        unit=entry.unit,
        secret=secret,
        **shown,
    )


def _secret() -> str:
    """What opens a case's status together with its number: 58 random bits, no letters that look alike."""
    letters = "".join(secrets.choice("23456789ABCDEFGHJKMNPQRSTVWXYZ") for _ in range(12))
    return "-".join((letters[:4], letters[4:8], letters[8:]))


def taken(error: IntegrityError) -> Conflict | None:
    """The refusal if a command failed because a case with its business key runs already."""
    cause = error.orig
    if isinstance(cause, UniqueViolation) and cause.diag.constraint_name == "uq_cases_running_key":
        return Conflict("A case with this business key runs already.")
    return None


def running_key(definition: str, business_key: str | None) -> str | None:
    """What may be there only once while a case runs; None if it has no business key."""
    return None if business_key is None else f"{definition}\n{business_key}"


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
