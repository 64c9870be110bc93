"""The actions that reports decide: open ones appear in each later report until they are closed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import RowMapping, Select, and_, func, select, update

from engine import access
from engine.access import validity
from engine.identity import names
from engine.models import (
    Membership,
    ProgressReport,
    ReportAction,
    ReportActionChange,
    Unit,
    UnitLine,
    User,
)
from engine.oversight.metrics.filters import Filters, resolve
from engine.oversight.reports import figures, texts, writers
from engine.oversight.reports.figures import Json
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid, NotFound

ActionStatus = Literal["open", "done", "dropped"]
ActionChange = Literal["decided", "changed", "done", "dropped"]
MOST = 100  # actions of a report
LONGEST = 1_000  # characters
OWNERS = 500  # accounts that are offered
LISTED = 200  # open actions
CHANGES = 1_000  # of the history of a report's actions
_LATEST = date(2199, 12, 31)


@dataclass(frozen=True, slots=True)
class NewAction:
    """An action to decide. `cause` names one of the report's causes of delay."""

    text: str
    owner: UUID
    due: date
    cause: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ActionChanges:
    """What is to be changed of an open action; None: as it is."""

    text: str | None = None
    owner: UUID | None = None
    due: date | None = None


@dataclass(frozen=True, slots=True)
class OpenActions:
    """The first open actions, and how many there are."""

    items: Sequence[Json]
    total: int


def owners(uow: UnitOfWork, unit_id: UUID) -> Sequence[RowMapping]:
    """Returns the accounts that can own actions of a unit: of people who work there, or in a unit below."""
    found = _owners(unit_id).order_by(User.name).limit(OWNERS)
    return uow.connection.execute(found, access.seen_by(uow)).mappings().all()


def _owners(unit_id: UUID) -> Select[Any]:
    return select(User.id, names.of().label("names")).where(
        User.deactivated_at.is_(None),
        User.role.not_in(("service", "portal", "applicant", "system")),
        User.id.in_(
            select(Membership.user_id)
            .join(UnitLine, UnitLine.unit_id == Membership.unit_id)
            .where(UnitLine.ancestor_id == unit_id, validity.valid(Membership))
        ),
    )


def of_report(uow: UnitOfWork, report: ProgressReport) -> tuple[list[Json], list[Json]]:
    """Returns the actions that a report decides, and those of earlier ones that were open in its period.

    Of these the open ones come first, the earliest due date first. What was due after the period, or on its
    last day, is not overdue in its report.
    """
    action, decided_in = ReportAction, ProgressReport
    same = and_(decided_in.first == report.first, decided_in.last == report.last)
    found = (
        _selected()
        .add_columns(same.label("own"))
        .where(writers.shown(uow, report, decided_in))
        .order_by(action.status != "open", action.due, action.id)
    )
    own: list[Json] = []
    earlier: list[Json] = []
    for row in uow.connection.execute(found).mappings():
        (own if row["own"] else earlier).append(_listed(row, uow.now, report.last))
    return own, earlier


def one(uow: UnitOfWork, action_id: UUID) -> Json:
    """Returns an action of the actor's units. Raises NotFound."""
    found = _selected().where(ReportAction.id == action_id, access.covers(ReportAction.unit_id))
    row = uow.connection.execute(found, access.seen_by(uow)).mappings().one_or_none()
    if row is None:
        raise _unknown(action_id)
    return _listed(row, uow.now)


def _selected() -> Select[Any]:
    decided_in = ProgressReport
    columns: tuple[Any, ...] = (*ReportAction.__table__.c, names.of().label("owner_names"))
    return (
        select(*columns, decided_in.first, decided_in.last)
        .join(decided_in, decided_in.id == ReportAction.report_id)
        .join(User, User.id == ReportAction.owner_id)
    )


def _listed(row: RowMapping, now: datetime, by: date = date.max) -> Json:
    of_row = ("id", "text", "due", "cause", "status", "reason", "owner_names", "first", "last")
    closed = row["closed_at"]
    return {
        **{name: row[name] for name in of_row},
        "owner": row["owner_id"],
        "closed": closed.astimezone(now.tzinfo).date() if closed else None,
        "overdue": row["status"] == "open" and row["due"] < min(by, now.date()),
    }


def open_ones(uow: UnitOfWork, unit: str | None = None) -> OpenActions:
    """Returns the open actions of the actor's units, or of one and those below: the earliest due date first.

    Raises NotFound for a unit that the actor doesn't see.
    """
    access.require(uow.actor, "metrics.read")
    found = (
        _selected()
        .add_columns(Unit.key.label("unit"), Unit.name.label("unit_name"))
        .add_columns(func.count().over().label("total"))
        .join(Unit, Unit.id == ReportAction.unit_id)
        .where(ReportAction.status == "open", access.covers(ReportAction.unit_id))
        .order_by(ReportAction.due, ReportAction.id)
        .limit(LISTED)
    )
    if unit is not None:
        keys = resolve(uow, Filters(unit=unit)).units
        found = found if keys is None else found.where(Unit.key.in_(keys))
    rows = uow.connection.execute(found, access.seen_by(uow)).mappings().all()
    items = [{**_listed(row, uow.now), "unit": row["unit"], "unit_name": row["unit_name"]} for row in rows]
    return OpenActions(items, rows[0]["total"] if rows else 0)


def history(uow: UnitOfWork, report: ProgressReport) -> Sequence[RowMapping]:
    """Returns the newest changes of the actions that a report shows, the oldest of them first."""
    change, action = ReportActionChange, ReportAction
    decided_in = select(ProgressReport.id).where(ProgressReport.last <= report.last)
    found = (
        select(change.action_id, change.kind, change.at, change.facts, names.of().label("by"))
        .add_columns(action.text)
        .join(action, action.id == change.action_id)
        .join(User, User.id == change.by)
        .where(action.unit_id == report.unit_id, action.report_id.in_(decided_in))
        .order_by(change.id.desc())
        .limit(CHANGES)
    )
    return uow.connection.execute(found).mappings().all()[::-1]


def decide(uow: UnitOfWork, report: ProgressReport, new: NewAction, causes: Sequence[Json]) -> UUID:
    """Adds an action to a draft that is locked. Raises Invalid, and Conflict for too many."""
    faults = _faults(uow, report.unit_id, ActionChanges(new.text, new.owner, new.due))
    cause = next((one for one in causes if new.cause and figures.same_cause(one, new.cause)), None)
    if new.cause and cause is None:
        faults.append(Fault("/cause", "is not one of the causes of the report", "report-cause"))
    if faults:
        raise Invalid("The action can't be saved.", faults)
    number = select(func.count()).select_from(ReportAction).where(ReportAction.report_id == report.id)
    if uow.connection.execute(number).scalar_one() >= MOST:
        raise Conflict(f"A report has at most {MOST} actions.", code="too-many-actions", limit=MOST)
    made = ReportAction(
        report_id=report.id,
        unit_id=report.unit_id,
        text=new.text.strip(),
        owner_id=new.owner,
        due=new.due,
        cause=dict(new.cause) if new.cause else None,
        status="open",
        decided_at=uow.now,
    )
    uow.session.add(made)
    uow.session.flush()
    _note(uow, made.id, "decided", {"text": made.text, "owner": str(made.owner_id), "due": str(made.due)})
    return made.id


def change(uow: UnitOfWork, action_id: UUID, changes: ActionChanges) -> ReportAction:
    """Changes an open action of the actor's units. Raises NotFound, Invalid, and Conflict if it is closed."""
    action = _open(uow, action_id)
    faults = _faults(uow, action.unit_id, changes)
    if faults:
        raise Invalid("The action can't be saved.", faults)
    facts: dict[str, str] = {}
    if changes.text is not None and changes.text.strip() != action.text:
        action.text = facts["text"] = changes.text.strip()
    if changes.owner is not None and changes.owner != action.owner_id:
        action.owner_id, facts["owner"] = changes.owner, str(changes.owner)
    if changes.due is not None and changes.due != action.due:
        action.due, facts["due"] = changes.due, str(changes.due)
    if facts:
        _changed(uow, action, "changed", facts)
    return action


def close(uow: UnitOfWork, action_id: UUID, status: str, reason: str | None) -> ReportAction:
    """Closes an open action: `done`, or `dropped` for a reason. Raises as `change`."""
    action = _open(uow, action_id)
    faults = []
    if status not in ("done", "dropped"):
        faults.append(Fault("/status", "must be done or dropped", "enum", {"options": "done, dropped"}))
    if status == "dropped" and not (reason or "").strip():
        faults.append(Fault("/reason", "is required for an action that is dropped", "missing"))
    if reason is not None:
        faults += texts.faults("/reason", reason, LONGEST)
    if faults:
        raise Invalid("The action can't be closed.", faults)
    ended: ActionChange = "done" if status == "done" else "dropped"
    action.status = ended
    action.reason, action.closed_at = (reason or "").strip() or None, uow.now
    _changed(uow, action, ended, {"reason": action.reason} if action.reason else {})
    return action


def _open(uow: UnitOfWork, action_id: UUID) -> ReportAction:
    access.require(uow.actor, "reports.write")
    found = select(ReportAction).where(ReportAction.id == action_id, access.covers(ReportAction.unit_id))
    action = uow.session.scalars(found.with_for_update(), access.seen_by(uow)).one_or_none()
    if action is None:
        raise _unknown(action_id)
    if action.status != "open":
        raise Conflict(
            "The action was closed before.", code="action-closed", action={"status": action.status}
        )
    return action


def _unknown(action_id: UUID) -> NotFound:
    return NotFound(f"The action {action_id} does not exist.")


def _faults(uow: UnitOfWork, unit_id: UUID, changes: ActionChanges) -> list[Fault]:
    found = [] if changes.text is None else texts.faults("/text", changes.text, LONGEST, required=True)
    if changes.due is not None and not uow.now.date() <= changes.due <= _LATEST:
        found.append(Fault("/due", "must be today or a later day, until 2199", "report-due"))
    if changes.owner is not None:
        known = _owners(unit_id).where(User.id == changes.owner)
        if uow.connection.execute(known, access.seen_by(uow)).first() is None:
            found.append(Fault("/owner", "works neither in the unit nor in one below it", "report-owner"))
    return found


def _changed(uow: UnitOfWork, action: ReportAction, kind: ActionChange, facts: Mapping[str, Any]) -> None:
    """Records a change; who made it has written in the drafts that show the action (`writers`)."""
    uow.session.flush()
    _note(uow, action.id, kind, facts)
    drafts = update(ProgressReport).where(
        ProgressReport.unit_id == action.unit_id, ProgressReport.signed_at.is_(None)
    )
    uow.connection.execute(drafts.values(revision=ProgressReport.revision + 1))


def _note(uow: UnitOfWork, action_id: UUID, kind: ActionChange, facts: Mapping[str, Any]) -> None:
    uow.session.add(
        ReportActionChange(action_id=action_id, kind=kind, at=uow.now, by=uow.actor.id, facts=dict(facts))
    )
    uow.session.flush()
