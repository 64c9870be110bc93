"""A case's status by its number and its secret: without an account, and never by one of them alone.

Guessing is slow and reveals nothing: wrong, unknown and missing secrets have the same answer, after the same
time. Returns facts only: `explanation` has the sentences for them.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import access, bpmn, cases, definitions
from engine.access import validity
from engine.bpmn import Effect, Spec
from engine.cases import BillView, Rated, Rating
from engine.identity import accounts, throttle
from engine.identity.throttle import Limit
from engine.models import (
    CandidateGroupRole,
    Case,
    CaseClock,
    Decision,
    Definition,
    DefinitionVersion,
    ServiceDuration,
    Task,
    Unit,
)
from engine.organisation import units
from engine.platform import persian
from engine.platform.db import Database, UnitOfWork, connection
from engine.platform.errors import NotFound
from engine.portal import appeals, durations
from engine.portal.durations import Usual
from engine.portal.service_names import SERVICE_NAME

# The sixth guess at a case from one address is delayed, and further ones longer. There is no limit over all
# addresses: a secret of 58 bits can't be guessed, and such a limit could be used to lock the applicant out.
HERE = Limit("status-here", 4, timedelta(minutes=15))  # a number from an address
ADDRESS = Limit("status-address", 200, timedelta(minutes=1))  # a whole town may share it

Words = Mapping[str, str]  # by language
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A number and a secret, as they were typed at an address."""

    number: str
    secret: str
    address: str


@dataclass(frozen=True, slots=True)
class ToDo:
    """What the applicant has to do, and what was requested."""

    name: str
    text: str | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Silence:
    """The statutory term whose end decided, the names of the units that were silent, and the law in words."""

    started_at: datetime
    due_at: datetime
    units: Sequence[str]
    legal_basis: str | None


@dataclass(frozen=True, slots=True)
class Decided:
    """The last decision.

    The names of an outcome are the declared ones, else those of its form; the names of grounds are those of
    the form. Empty where there are none.
    """

    outcome: str
    words: Words
    grounds: Sequence[tuple[Words, str]]
    decided_at: datetime
    process: bool  # whether there is one for appeals
    appealable: bool
    until: datetime | None
    appeal: str | None  # the number of the case that appeals it
    effect: Effect | None = None
    silence: Silence | None = None  # the statutory term that ended without a decision of the office


@dataclass(frozen=True, slots=True)
class Standing:
    """The status of a case. Names may be written `Persian

    English`.
    """

    service: str
    number: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    drawn: str | None  # the name of the outcome in the diagram
    cancelled: bool
    paused: bool
    unit: str
    holders: Sequence[str]  # the units with its tasks
    since: datetime
    to_do: Sequence[ToDo]
    expected_at: datetime | None
    decided: Decided | None
    bills: Sequence[BillView]
    asked_at: datetime  # in the reader's time zone
    latest_at: datetime | None = None  # the end of the statutory term, while that is to come
    paused_for: str | None = None  # who is awaited, while the statutory term doesn't run: applicant, agency
    paused_since: datetime | None = None
    awaits_since: datetime | None = None  # the end of a term whose decision by silence awaits its release
    done: int = 1  # steps by people, including the application
    steps: int | None = None  # in all, on the longest path; None if that can't be determined
    rateable: bool = False  # now, by its applicant
    rated: int | None = None  # the stars that they gave


def read(database: Database, attempt: Attempt) -> Standing:
    """Returns the status of the case. Raises NotFound, Throttled."""
    return open_case(database, attempt, find_status)


def rate(database: Database, attempt: Attempt, rating: Rating) -> Rated:
    """Rates the case as its applicant. Raises NotFound, Throttled, Invalid, Conflict."""

    def give(session: Session, case_id: UUID, now: datetime) -> Rated:
        actor = replace(accounts.system(session, now), logged_as=access.APPLICANT)
        return cases.rate_with_secret(UnitOfWork(session, actor, now), case_id, rating)

    return open_case(database, attempt, give)


def open_case(database: Database, attempt: Attempt, command: Callable[[Session, UUID, datetime], R]) -> R:
    """Runs a command on the case that this number and secret open. Raises NotFound, Throttled."""
    number = written(attempt.number)
    here, of_address = (HERE, f"{number}\n{attempt.address}"), (ADDRESS, attempt.address)
    database.run(lambda session, now: throttle.take(session, now, here, of_address))
    found = database.run(lambda session, _: _find(session, number), "single")
    kept = (found and found.secret) or bytes(32)
    if not hmac.compare_digest(kept, cases.digest(attempt.secret)) or found is None:
        raise NotFound("No case has this number and secret. Check both.")

    def run(session: Session, now: datetime) -> R:
        throttle.forgive(session, here)
        throttle.take_back(session, of_address)
        return command(session, found.id, now)

    return database.run(run)


def written(typed: str) -> str:
    """Returns a case number in stored form, from any digits and separators."""
    plain = persian.digits(typed).strip()
    figures = "".join(sign for sign in plain if sign.isdecimal())
    return f"{figures[:4]}-{figures[4:]}" if len(figures) > 4 else plain


def _find(session: Session, number: str) -> Any:
    return (
        connection(session).execute(select(Case.id, Case.secret).where(Case.number == number)).one_or_none()
    )


_CLOCK = (
    *(CaseClock.state, CaseClock.started_at, CaseClock.due_at),
    *(CaseClock.reasons, CaseClock.pauses, CaseClock.awaiting_at, CaseClock.released_at),
)
_CASE = (
    Case.id.label("case_id"),
    Case.number.label("case_number"),
    Case.started_at,
    Case.ended_at,
    Case.erased_at,
    Case.status,
    Case.outcome,
    Case.unit_id,
    SERVICE_NAME.label("service"),
    Definition.suspended_at,
    Unit.name.label("unit"),
    cases.list_bills().correlate(Case).scalar_subquery().label("bills"),
    *(column.label(f"clock_{column.key}") for column in _CLOCK),
    ServiceDuration.median_seconds,
    ServiceDuration.most_seconds,
    *definitions.VERSION,
)
_TASK = (
    Task.status,
    Task.element,
    Task.name,
    Task.kind,
    Task.candidate_group_id,
    Task.asked,
    Task.opened_at,
    Task.due_at,
)


def find_status(session: Session, case_id: UUID, now: datetime) -> Standing:
    """Returns the status of a case for those who may know it."""
    found = (
        select(*_CASE)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .join(Definition, Definition.key == DefinitionVersion.key)
        .join(Unit, Case.unit_id == Unit.id)
        .outerjoin(CaseClock, CaseClock.case_id == Case.id)
        .outerjoin(ServiceDuration, ServiceDuration.definition == Definition.key)
        .where(Case.id == case_id)
    )
    row: Any = session.execute(found).one()
    all_tasks = select(*_TASK).where(Task.case_id == case_id, Task.status != "cancelled")
    known = session.execute(all_tasks.order_by(Task.opened_at, Task.id)).all()
    tasks = [task for task in known if task.status == "open"]
    term = _term(row, now)
    staff = [task for task in tasks if task.candidate_group_id is not None and task.kind == "step"]
    done, steps = _steps(_spec(session, row), known)
    decided = _decided(session, row, now)
    return Standing(
        service=row.service,
        number=row.case_number,
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=row.outcome,
        drawn=_spec(session, row).outcome_name(row.outcome) if row.outcome else None,
        cancelled=row.status == "cancelled",
        paused=validity.status_of(row.status, row.suspended_at) == "suspended",
        unit=row.unit,
        holders=_holders(session, [task.candidate_group_id for task in staff]),
        since=min((task.opened_at for task in staff), default=None) or _last_done(session, row),
        to_do=[
            ToDo(task.name, _asked(task.asked), task.due_at)
            for task in tasks
            if task.candidate_group_id is None
        ],
        expected_at=_expected(row, decided, term.get("latest_at"), now),
        decided=decided,
        bills=cases.bills_of_case(row.bills, now),
        asked_at=now,
        done=done,
        steps=steps,
        **_rating(session, row, now),
        **term,
    )


def _expected(row: Any, decided: Decided | None, latest: datetime | None, now: datetime) -> datetime | None:
    """Returns when a decision can be expected; None once the case is decided, never one that is past."""
    if decided is not None and decided.effect != "neither":  # else another decision follows
        return None
    usual = None
    if row.median_seconds is not None:
        usual = Usual(timedelta(seconds=row.median_seconds), timedelta(seconds=row.most_seconds))
    return durations.expected(row.started_at, usual, latest, now)


def _rating(session: Session, row: Any, now: datetime) -> dict[str, Any]:
    """Returns whether an ended case was rated, or can be."""
    if row.ended_at is None:
        return {}
    rated = cases.rating_of(session, row.case_id)
    rateable = rated is None and row.erased_at is None and cases.is_rateable(row.ended_at, now)
    return {"rateable": rateable, "rated": None if rated is None else rated.stars}


def _term(row: Any, now: datetime) -> dict[str, Any]:
    """Returns what the applicant sees of the clock of the case."""
    if row.clock_state == "paused" and row.ended_at is None:
        reason: Mapping[str, str] = next(iter(row.clock_reasons.values()), {})
        awaited = reason.get("side")
        return {"paused_for": awaited, "paused_since": datetime.fromisoformat(row.clock_pauses[-1][0])}
    if row.clock_awaiting_at is not None and row.clock_released_at is None:
        return {"awaits_since": row.clock_due_at}
    to_come = row.clock_state == "running" and row.clock_due_at > now
    return {"latest_at": row.clock_due_at if to_come else None}


def _steps(spec: Spec, tasks: Sequence[Any]) -> tuple[int, int | None]:
    """Returns how many steps by people a case has completed, and how many there are in all."""
    own = [task for task in tasks if task.kind == "step"]
    done = 1 + sum(task.status == "completed" for task in own)
    at = [task.element for task in own if task.status == "open"]
    ahead = bpmn.steps_ahead(spec, at) if at else None
    return done, None if ahead is None else done + ahead


def _asked(asked: Mapping[str, Any] | None) -> str | None:
    """Returns what is wrong, according to the official who sent it back: overall, and for each field."""
    told = asked or {}
    texts = [told.get("text"), *(field.get("text") for field in told.get("fields") or ())]
    return "\n".join(text for text in texts if isinstance(text, str) and text) or None


def _holders(session: Session, groups: Sequence[UUID]) -> Sequence[str]:
    """Returns the names of the units that have tasks of these candidate groups."""
    if not groups:
        return ()
    named = (
        select(Unit.name)
        .join(CandidateGroupRole, CandidateGroupRole.unit_id == Unit.id)
        .where(CandidateGroupRole.candidate_group_id.in_(groups))
    )
    return session.scalars(named.distinct().order_by(Unit.name)).all()


def _last_done(session: Session, case: Any) -> datetime:
    """Returns since when nobody has anything to do in a case."""
    last: datetime | None = session.scalar(
        select(func.max(Task.closed_at)).where(Task.case_id == case.case_id)
    )
    return last or case.started_at


_DECISION = (
    Decision.outcome,
    Decision.grounds,
    Decision.decided_at,
    Task.element,
    Case.number.label("appeal"),
    units.names_of(Decision.silent_units).label("silent_names"),
)


def _decided(session: Session, case: Any, now: datetime) -> Decided | None:
    """Returns the last decision of a case, in the words of the form that was answered."""
    found = (
        select(*_DECISION)
        .outerjoin(Task, Task.id == Decision.task_id)
        .outerjoin(Case, Case.id == Decision.appeal_id)
        .where(Decision.case_id == case.case_id)
        .order_by(Decision.decided_at.desc(), Decision.id.desc())
        .limit(1)
    )
    row = session.execute(found).one_or_none()
    if row is None:
        return None
    spec = _spec(session, case)
    outcomes, grounds = _words(spec, row.element)
    within = spec.rules.appeal_within
    end = appeals.shown_until(connection(session), case.unit_id, row.decided_at, within, now)
    return Decided(
        outcome=row.outcome,
        words=outcomes.get(row.outcome, {}),
        grounds=[(grounds.get(ground["code"], {}), ground["text"]) for ground in row.grounds],
        decided_at=row.decided_at,
        process=spec.rules.appeal is not None,
        appealable=end is None or now <= end,
        until=end,
        appeal=row.appeal,
        effect=spec.effect_of(row.outcome, row.element),
        silence=_silence(case, spec, row.silent_names),
    )


def _silence(case: Any, spec: Spec, names: Sequence[str] | None) -> Silence | None:
    """Returns the term that ended in silence, if that was the decision: a case has one clock."""
    if names is None:
        return None
    return Silence(case.clock_started_at, case.clock_due_at, names, spec.rules.legal_basis)


def _spec(session: Session, case: Any) -> Spec:
    return definitions.spec(session, definitions.Version(*case[-len(definitions.VERSION) :]))


def _words(spec: Spec, element: str | None) -> tuple[Mapping[str, Words], Mapping[str, Words]]:
    """Returns the names of outcomes and of grounds.

    Outcomes are named by the process or the decision's form, grounds by the form.
    """
    task = spec.elements.get(element or "")
    if task is None or task.form is None or task.rules.decision is None:
        return {}, {}
    fields = task.form.schema.get("properties", {})
    one = fields.get("ground", {}).get("properties", {})
    several = fields.get("grounds", {}).get("items", {}).get("properties", {})
    outcomes = dict(fields.get(task.rules.decision, {}).get("x-enum-i18n", {}))
    outcomes |= {one.value: _halves(one.name) for one in task.rules.outcomes if one.name}
    return outcomes, (one.get("code") or several.get("code") or {}).get("x-enum-i18n", {})


def _halves(name: str) -> Words:
    """Returns a name that may be written `Persian

    English`, by language.
    """
    persian_half, _, english = (part.strip() for part in name.partition(" | "))
    return {"fa": persian_half, "en": english or persian_half}
