"""Who has written in a report: in its texts, and in the actions that it shows. They don't sign it."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, and_, cast, func, or_, select
from sqlalchemy.orm import aliased

from engine.identity import names
from engine.models import ProgressReport, ReportAction, ReportActionChange, User
from engine.oversight.reports.figures import Json
from engine.platform.db import UnitOfWork
from engine.platform.errors import OwnReport


def shown(uow: UnitOfWork, report: ProgressReport, decided_in: Any) -> ColumnElement[bool]:
    """Returns whether a report shows an action: one of its own, or an earlier one, open in its period."""
    begin = datetime.combine(report.first, time.min, uow.now.tzinfo)
    same = and_(decided_in.first == report.first, decided_in.last == report.last)
    was_open = or_(ReportAction.status == "open", ReportAction.closed_at >= begin)
    of_unit = ReportAction.unit_id == report.unit_id
    return and_(of_unit, decided_in.last <= report.last, or_(same, was_open))


def listed(uow: UnitOfWork, report: ProgressReport) -> Sequence[Json]:
    """Returns the accounts that have written in a draft, with their names."""
    found = select(User.id, names.of()).where(_wrote(uow, report)).order_by(User.id)
    return [{"id": one, "names": named} for one, named in uow.connection.execute(found)]


def require_other(uow: UnitOfWork, report: ProgressReport) -> None:
    """Raises OwnReport for a person who wrote in a report, whichever account that person uses."""
    if not is_other(uow, report):
        raise OwnReport("Somebody who has written nothing in the report signs it. Ask another person.")


def is_other(uow: UnitOfWork, report: ProgressReport) -> bool:
    """Returns whether the actor has written nothing in a report, with any account."""
    own = select(User.person).where(User.id == uow.actor.id).scalar_subquery()
    same = or_(User.id == uow.actor.id, User.person == own)
    found = select(func.count()).select_from(User).where(same, _wrote(uow, report))
    return uow.connection.execute(found).scalar_one() == 0


def _wrote(uow: UnitOfWork, report: ProgressReport) -> ColumnElement[bool]:
    """Returns whether an account wrote in the report itself, or changed an action that it shows.

    A change no longer counts when another person has signed a report that shows the action as changed.
    """
    change, decided_in, signed = ReportActionChange, aliased(ProgressReport), aliased(ProgressReport)
    # Whole days, whatever the zone: an action that was closed on the first day counts as not shown.
    was_open = or_(ReportAction.status == "open", cast(ReportAction.closed_at, Date) > signed.first)
    seen = (
        select(signed.id)
        .where(signed.unit_id == report.unit_id, signed.signed_at > change.at)
        .where(signed.last >= decided_in.last, was_open)
        .exists()
    )
    changed = (
        select(change.by)
        .join(ReportAction, ReportAction.id == change.action_id)
        .join(decided_in, decided_in.id == ReportAction.report_id)
        .where(shown(uow, report, decided_in), ~seen)
    )
    own: set[UUID] = {*report.writers, report.created_by}
    return or_(User.id.in_(own), User.id.in_(changed))
