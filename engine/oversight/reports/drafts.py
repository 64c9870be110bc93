"""Reports that are being written: beginning one, its texts and actions, and corrections of signed ones."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from engine import access, cases
from engine.events import administration_log
from engine.models import ProgressReport, ReportAction
from engine.organisation import units
from engine.oversight.reports import actions, figures, periods, texts
from engine.oversight.reports.actions import ActionChanges, NewAction
from engine.oversight.reports.content import SECTIONS, period_of
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid, NotFound
from engine.platform.ids import uuid7

LONGEST = 10_000  # characters of a comment
LONGEST_REASON = 1_000


@dataclass(frozen=True, slots=True)
class ReportTexts:
    """Texts to change: the summary, None as it is; comments by section. An empty text removes one."""

    summary: str | None = None
    comments: Mapping[str, str] | None = None


def create(uow: UnitOfWork, unit: str, first: date, last: date) -> UUID:
    """Begins the report of a unit and a period, and returns its id.

    Also for a unit that was closed since the period began: it has to report, too. Raises NotFound for the
    unit, Invalid, and Conflict with the id of the report that there is.
    """
    access.require(uow.actor, "reports.write")
    own = units.administered(uow, unit, closed_after=_midnight(uow, first))
    if own is None:
        raise units.unknown(unit)
    periods.require_recent(periods.require(first, last, uow.now.date()), uow.now.date())
    made = _insert(uow, own.id, (first, last), 1)
    if made is None:
        raise _exists(uow, own.id, first, last)
    return made


def _midnight(uow: UnitOfWork, day: date) -> datetime:
    return datetime.combine(day, time.min, uow.now.tzinfo)


def _insert(
    uow: UnitOfWork, unit_id: UUID, days: tuple[date, date], edition: int, **values: Any
) -> UUID | None:
    """Inserts a draft; None if there is one. Waits for another command that inserts the same one."""
    row = {
        **{"id": uuid7(), "unit_id": unit_id, "first": days[0], "last": days[1], "edition": edition},
        **{"revision": 1, "comments": {}, "writers": [uow.actor.id], "created_by": uow.actor.id},
        **{"created_at": uow.now, "changed_at": uow.now, **values},
    }
    made = insert(ProgressReport).values(row).on_conflict_do_nothing().returning(ProgressReport.id)
    return uow.connection.execute(made).scalar_one_or_none()


def _exists(uow: UnitOfWork, unit_id: UUID, first: date, last: date) -> Conflict:
    there = select(ProgressReport.id).where(
        ProgressReport.unit_id == unit_id, ProgressReport.first == first, ProgressReport.last == last
    )
    newest = uow.connection.execute(there.order_by(ProgressReport.edition.desc()).limit(1)).scalar_one()
    detail = f"The unit has a report of this period: {newest}. Continue with that one."
    return Conflict(detail, code="report-exists", report={"id": str(newest)})


def load(uow: UnitOfWork, report_id: UUID, *, hold: bool = False) -> ProgressReport:
    """Returns a report of the actor's units; with `hold` locked until the command ends. Raises NotFound."""
    access.require(uow.actor, "metrics.read")
    found = select(ProgressReport).where(
        ProgressReport.id == report_id, access.covers(ProgressReport.unit_id)
    )
    if hold:
        found = found.with_for_update()
    report = uow.session.scalars(found, access.seen_by(uow)).one_or_none()
    if report is None:
        raise NotFound(f"The report {report_id} does not exist.")
    return report


def draft(uow: UnitOfWork, report_id: UUID, seen: Collection[int] | None = None) -> ProgressReport:
    """Returns a draft that the actor may write in, locked.

    Raises NotFound, Conflict if it is signed, and Stale if the caller saw another revision.
    """
    access.require(uow.actor, "reports.write")
    report = load(uow, report_id, hold=True)
    require_unsigned(report)
    cases.require_revision(report.revision, seen)
    return report


def require_unsigned(report: ProgressReport) -> None:
    """Raises Conflict for a report that is signed."""
    if report.signed_at is not None:
        detail = "The report is signed, and can't be changed any more. Correct it by a new edition."
        raise Conflict(detail, code="report-signed", report={"id": str(report.id)})


def write(
    uow: UnitOfWork, report_id: UUID, given: ReportTexts, seen: Collection[int] | None = None
) -> ProgressReport:
    """Changes texts of a draft. Raises as `draft`, and Invalid."""
    report = draft(uow, report_id, seen)
    faults = [] if given.summary is None else texts.faults("/summary", given.summary, LONGEST)
    for section, text in (given.comments or {}).items():
        if section not in SECTIONS:
            options = ", ".join(SECTIONS)
            fault = Fault(
                "/comments", f"has a section that is none of {options}", "enum", {"options": options}
            )
            faults.append(fault)
        else:
            faults += texts.faults(f"/comments/{section}", text, LONGEST)
    if faults:
        raise Invalid("The texts can't be saved.", faults)
    if given.summary is not None:
        report.summary = given.summary.strip() or None
    comments = {**report.comments, **(given.comments or {})}
    report.comments = {name: text.strip() for name, text in comments.items() if text.strip()}
    _wrote(uow, report)
    return report


def add_action(uow: UnitOfWork, report_id: UUID, new: NewAction) -> UUID:
    """Adds an action to a draft. Raises as `draft`, Invalid, and Conflict for too many."""
    report = draft(uow, report_id)
    causes = figures.causes(uow, units.key_of(uow, report.unit_id), period_of(report)) if new.cause else []
    made = actions.decide(uow, report, new, causes)
    _wrote(uow, report)
    return made


def change_action(uow: UnitOfWork, action_id: UUID, changes: ActionChanges) -> None:
    """Changes an open action, in a report or in between. Raises as `actions.change`."""
    actions.change(uow, action_id, changes)


def close_action(uow: UnitOfWork, action_id: UUID, status: str, reason: str | None) -> None:
    """Closes an open action, in a report or in between. Raises as `actions.close`."""
    actions.close(uow, action_id, status, reason)


def correct(uow: UnitOfWork, report_id: UUID, reason: str) -> UUID:
    """Begins the next edition of a signed report, with its texts. Returns its id.

    Raises NotFound, Invalid, and Conflict if it isn't signed, or there is a later edition.
    """
    access.require(uow.actor, "reports.write")
    report = load(uow, report_id, hold=True)
    if faults := texts.faults("/reason", reason, LONGEST_REASON, required=True):
        raise Invalid("The correction needs a reason.", faults)
    if report.signed_at is None:
        detail = "The report is a draft: change it as it is."
        raise Conflict(detail, code="report-not-signed", report={"id": str(report.id)})
    copied = {"reason": reason.strip(), "summary": report.summary, "comments": report.comments}
    copied["writers"] = sorted({*report.writers, uow.actor.id})
    made = _insert(uow, report.unit_id, (report.first, report.last), report.edition + 1, **copied)
    if made is None:
        raise _exists(uow, report.unit_id, report.first, report.last)
    return made


def discard(uow: UnitOfWork, report_id: UUID, seen: Collection[int] | None = None) -> None:
    """Deletes a draft. Raises as `draft`, and Conflict if actions were decided in it: they live on."""
    report = draft(uow, report_id, seen)
    decided = select(ReportAction.id).where(ReportAction.report_id == report.id).limit(1)
    if uow.connection.execute(decided).first() is not None:
        detail = "Actions were decided in the report, so it stays. Finish it, and have it signed."
        raise Conflict(detail, code="report-has-actions", report={"id": str(report.id)})
    administration_log.note(uow, "report.discarded", report.unit_id, facts(report))
    uow.session.delete(report)
    uow.session.flush()


def facts(report: ProgressReport) -> dict[str, Any]:
    """Returns what the administration log says of a report."""
    return {"report": report.id, "first": report.first, "last": report.last, "edition": report.edition}


def _wrote(uow: UnitOfWork, report: ProgressReport) -> None:
    report.revision += 1
    report.changed_at = uow.now
    if uow.actor.id not in report.writers:
        report.writers = [*report.writers, uow.actor.id]
    uow.session.flush()
