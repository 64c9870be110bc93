"""Reads one case, a page of cases, or a page of a case's log, limited to what the actor may see."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    Uuid,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.orm import Session, aliased

from engine import access, definitions
from engine.bpmn import Form, Spec
from engine.cases import bills
from engine.cases.bills import BillView
from engine.cases.conflict_of_interest import PARTIES, actor_person, explain_refusal, require_no_party
from engine.cases.locking import unknown
from engine.definitions import forms
from engine.events.vocabulary import WORK_NOTED
from engine.identity import names
from engine.models import AwaitedOutput, Case, Channel, DefinitionVersion, Event, Incident, Task, Unit, User
from engine.platform.db import UnitOfWork
from engine.platform.prepared import Prepared

PAGE = 50
OPEN_TASK = (Task.id, Task.kind, Task.element, Task.name, Task.lane, Task.status, Task.opened_at)
OPEN_INCIDENT = (Incident.id, Incident.element, Incident.name, Incident.code, Incident.message, Incident.line)

# A task or incident of a case, read or just written: the columns of OPEN_TASK or OPEN_INCIDENT by name.
OpenRow = Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as its readers see it, with its open tasks and incidents."""

    id: UUID
    number: str
    key: str
    version: int
    status: str
    outcome: str | None
    unit: str
    applicant: str | None
    representative: str | None
    business_key: str | None
    data: Mapping[str, Any]
    revision: int
    started_at: datetime
    ended_at: datetime | None
    tasks: Sequence[OpenRow]
    incidents: Sequence[OpenRow]
    channel: Channel | None
    appeal_of: UUID | None
    appeals: Sequence[Mapping[str, Any]] = ()
    bills: Sequence[BillView] = ()
    name: str = ""  # of the process
    unit_name: str = ""
    secret: str | None = None  # returned once, to the actor who started the case
    erased_at: datetime | None = None  # since then it has no personal data
    subject: str | None = None  # its subject, if its process defines one
    representation_ended_at: datetime | None = None  # since then nobody acts for its representative
    linked: bool = False  # it awaits an output of another case, or that one awaits its own


@dataclass(frozen=True, slots=True)
class Seen:
    """A case that the actor may see, without its tasks, with its process and the filter for its data."""

    case: CaseView
    spec: Spec
    cut: Callable[[Mapping[str, Any]], Mapping[str, Any]]


def _appeals() -> Any:
    """Returns the cases that appeal a decision of this one, as a list; most cases have none."""
    appeal = aliased(Case)
    one = func.json_build_object("id", appeal.id, "case_number", appeal.number)
    return _listed(
        select(func.json_agg(aggregate_order_by(one, appeal.id))).where(appeal.appeal_of == Case.id)
    )


def _incidents() -> Any:
    """Returns the open incidents of a case, as a list."""
    one = func.json_build_object(*(part for column in OPEN_INCIDENT for part in (column.key, column)))
    found = select(func.json_agg(aggregate_order_by(one, Incident.id)))
    return _listed(found.where(Incident.case_id == Case.id, Incident.status == "open"))


def _linked() -> ColumnElement[bool]:
    """Returns whether a case is linked to another one by an output."""
    rows = (AwaitedOutput.case_id, AwaitedOutput.producer_id)
    return or_(*(exists().where(column == Case.id).correlate(Case) for column in rows))


def _listed(found: Select[Any]) -> Any:
    return func.coalesce(found.correlate(Case).scalar_subquery(), literal_column("'[]'::json"))


_VIEW = (
    Case.id,
    Case.number,
    DefinitionVersion.key,
    DefinitionVersion.number.label("version"),
    Case.status,
    Case.outcome,
    Unit.key.label("unit"),
    Case.applicant,
    Case.representative,
    Case.business_key,
    Case.data,
    Case.revision,
    Case.started_at,
    Case.ended_at,
    Case.channel,
    Case.appeal_of,
    _appeals().label("appeals"),
    _incidents().label("incidents"),
    _listed(bills.list_bills()).label("bills"),
    DefinitionVersion.name,
    Unit.name.label("unit_name"),
    Case.erased_at,
    Case.subject,
    Case.representation_ended_at,
    _linked().label("linked"),
)
_OF_VERSION = ("version_id", "version_key", "version_number", "version_digest", "version_deployment")


def _visible(role: str, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(Case)
        .join(DefinitionVersion, Case.version_id == DefinitionVersion.id)
        .join(Unit, Case.unit_id == Unit.id)
        .where(access.visible_cases(role))
    )


def _version() -> list[Any]:
    return [column.label(name) for column, name in zip(definitions.VERSION, _OF_VERSION, strict=True)]


def _reader() -> tuple[Any, Any]:
    """Returns two columns: the roles in which the actor sees a case, and the actor's national id."""
    return access.roles_in(Case.unit_id).label("roles"), actor_person().label("person")


@lru_cache
def _one(role: str) -> Prepared:
    return Prepared(_visible(role, *_VIEW, *_version(), *_reader()).where(Case.id == bindparam("case")))


@lru_cache
def _logged(role: str) -> Prepared:
    """Returns what decides who reads the log of a case, and what of it."""
    return Prepared(_visible(role, *PARTIES, *_version(), *_reader()).where(Case.id == bindparam("case")))


def _find(uow: UnitOfWork, statement: Callable[[str], Prepared], case_id: UUID) -> Mapping[str, Any] | None:
    """Returns the row of a visible case; None if the actor may not see it."""
    given = {"case": case_id, **access.seen_by(uow)}
    return next(iter(statement(uow.actor.role).mappings(uow.connection, given)), None)


def get(uow: UnitOfWork, case_id: UUID) -> CaseView:
    """Returns one case with its open tasks and incidents.

    Raises NotFound for cases that the actor may not see.
    """
    found = see(uow, case_id).case
    wanted = [Task.case_id == case_id, Task.status == "open"]
    if access.for_applicants(uow.actor):  # requests between colleagues are hidden from the applicant
        wanted.append(Task.kind != "opinion")
    return replace(found, tasks=_open_rows(uow.session, OPEN_TASK, *wanted))


def see(uow: UnitOfWork, case_id: UUID) -> Seen:
    """Returns the same without its tasks, for callers that read these separately."""
    access.require(uow.actor, "cases.read")
    row = _find(uow, _one, case_id)
    if row is None:
        raise explain_refusal(uow, unknown(case_id), case=case_id)
    spec, cut = _for_roles(uow, row)
    require_no_party(uow, row, spec)
    shown = {name: row[name] for name in row if name not in (*_OF_VERSION, "roles", "person")}
    shown["data"] = cut(row["data"])
    shown["bills"] = bills.views_of(uow, row["bills"])
    return Seen(CaseView(**shown, tasks=()), spec, cut)


def _for_roles(
    uow: UnitOfWork, row: Mapping[str, Any]
) -> tuple[Spec, Callable[[Mapping[str, Any]], Mapping[str, Any]]]:
    """Returns the process of the case in this row, and the filter for data that forms hide from the actor."""
    version = definitions.Version(*(row[name] for name in _OF_VERSION))
    spec = definitions.spec(uow.session, version)
    roles: Collection[str] = (access.APPLICANT,)
    if not access.for_applicants(uow.actor):
        roles = access.known_as(uow.actor, row["roles"])
    return spec, partial(shown_to, None if access.ANY in roles else roles, limiting_forms(spec))


@lru_cache(512)
def limiting_forms(spec: Spec) -> tuple[Form, ...]:
    """Returns the forms of a process that show fields to some roles only."""
    return tuple(part.form for part in spec.elements.values() if part.form and forms.for_some(part.form))


def shown_to(
    roles: Collection[str] | None, limiting: Collection[Form], data: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Returns data of a case without what these forms hide from the roles; None means all roles."""
    if roles is not None:
        for form in limiting:
            data = forms.without(form, roles, data)
    return data


def _open_rows(session: Session, columns: Sequence[Any], *where: ColumnElement[bool]) -> Sequence[RowMapping]:
    return session.execute(select(*columns).where(*where).order_by(columns[0])).mappings().all()


_LOGGED = (
    Event.seq,
    Event.at,
    Event.kind,
    Event.element,
    Event.task_id,
    Event.actor_id,
    User.name.label("actor"),
    names.of().label("actor_name"),
    Event.actor_role,
    Event.actor_unit,
    Event.purpose,
    Event.hash,
    DefinitionVersion.key,
    DefinitionVersion.number.label("version"),
)
LOG_PAGE = 500


def log(uow: UnitOfWork, case_id: UUID, *, after: int = 0) -> Sequence[Mapping[str, Any]]:
    """Returns up to a page of the case's events after number `after`, plus one if more follow.

    Payloads exclude what forms hide from the actor's roles. The team sees that a person was blocked from a
    task, but not the reason.
    """
    access.require(uow.actor, "events.read")
    access.require(uow.actor, "cases.read")
    seen = _find(uow, _logged, case_id)
    if seen is None:
        raise explain_refusal(uow, unknown(case_id), case=case_id)
    statement = _events(uow, case_id).where(Event.seq > after).order_by(Event.seq).limit(LOG_PAGE + 1)
    spec, cut = _for_roles(uow, seen)
    require_no_party(uow, seen, spec)
    return _read(uow, statement, cut)


def latest(
    uow: UnitOfWork, seen: Seen, *, before: int | None = None, limit: int = PAGE
) -> Sequence[Mapping[str, Any]]:
    """Returns up to `limit` events of a visible case older than `before`, newest first.

    Returns one more if more follow. Payloads are as in `log`; the unit and the people to whom a task was
    assigned have their names.
    """
    access.require(uow.actor, "events.read")
    unit = select(Unit.name).where(Unit.key == Event.actor_unit).scalar_subquery().label("unit_name")
    statement = (
        _events(uow, seen.case.id).add_columns(unit, _receiver()).order_by(Event.seq.desc()).limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(Event.seq < before)
    return _read(uow, statement, seen.cut)


def _receiver() -> Any:
    """Returns the name of the person to whom a task was assigned: the log has the id of the account."""
    receiver = aliased(User)
    account = Event.payload.cast(JSONB)["account"].astext.cast(Uuid)
    called = select(names.of(receiver)).where(receiver.id == account).scalar_subquery()
    return case((Event.kind == "task.assigned", called)).label("receiver_name")


def _events(uow: UnitOfWork, case_id: UUID) -> Select[Any]:
    said: Sequence[Any] = (Event.facts, Event.payload)
    if not access.allows(uow.actor, "fairness.read"):
        hidden = Event.kind.in_(("task.blocked", "case.blocked"))
        said = [case((hidden, null()), else_=column).label(column.key) for column in said]
    columns: Sequence[Any] = (*_LOGGED, *said)
    return (
        select(*columns)
        .join(User, Event.actor_id == User.id)
        .join(DefinitionVersion, Event.version_id == DefinitionVersion.id)
        .where(Event.case_id == case_id, or_(Event.kind != WORK_NOTED, Event.actor_id == uow.actor.id))
    )


def _read(
    uow: UnitOfWork, events: Select[Any], cut: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    rows = uow.connection.execute(events).mappings()
    return [{**row, "payload": _cut_payload(row["payload"], cut)} for row in rows]


_DATA = ("data", "changes", "before", "inputs")
_RULES = ("table", "policy", "rules")


def _cut_payload(
    payload: Mapping[str, Any] | None, cut: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """Returns a payload with its data and changes of data filtered."""
    if payload is None:
        return None
    held: dict[str, Any] = {name: cut(payload[name]) for name in _DATA if isinstance(payload.get(name), dict)}
    if "inputs" in held:  # the reasons of a DMN evaluation
        held |= _reasons(payload, held, cut)
    return {**payload, **held}


def _reasons(
    payload: Mapping[str, Any],
    held: Mapping[str, Any],
    cut: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> dict[str, Any]:
    """Returns the reasons without details if part of them was removed: the rest would reveal it."""
    data, result = payload.get("data", {}), payload["result"]
    known = {payload["variable"]: result} if payload["variable"] else result
    if held.get("data", data) != data:
        inputs: Mapping[str, Any] = {}
    elif held["inputs"] != payload["inputs"] or (isinstance(known, dict) and cut(known) != known):
        inputs = held["inputs"]
    else:
        return {}
    tables = [{name: table[name] for name in _RULES} for table in payload["tables"]]
    return {"inputs": inputs, "tables": tables, "required": [], "result": None, "faults": []}
