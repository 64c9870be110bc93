"""Reading reports: one with what it says, the list of a unit, and who has not reported."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, select
from sqlalchemy.orm import aliased

from engine import access
from engine.identity import names
from engine.models import ProgressReport, Unit, User
from engine.oversight.metrics.filters import Filters, resolve
from engine.oversight.reports import actions, content, drafts, figures, signing, writers
from engine.oversight.reports.figures import Json
from engine.oversight.reports.periods import ReportPeriod
from engine.platform.db import UnitOfWork

PAGE = 50


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report. `digest` is that of its content, `intact` whether a signed one still has its own."""

    report: ProgressReport
    row: RowMapping
    period: ReportPeriod
    content: Json
    digest: str
    intact: bool
    ended: bool
    editions: Sequence[RowMapping]

    @property
    def signed(self) -> bool:
        """Whether it is signed."""
        return self.row["signed_at"] is not None


@dataclass(frozen=True, slots=True)
class ReportForms:
    """What a page about a report offers: owners of actions, history, whether the actor may sign."""

    owners: Sequence[RowMapping]
    history: Sequence[RowMapping]
    may_write: bool
    may_sign: bool
    newest: bool


def read(uow: UnitOfWork, report_id: UUID) -> ReportView:
    """Returns a report of the actor's units. Raises NotFound."""
    report = drafts.load(uow, report_id)
    frozen = content.stored(report)
    if frozen is None:
        said = content.compute(uow, report)
        digest = content.digest_of(content.canonical(said))
        intact = True
    else:
        said, digest = frozen
        intact = signing.is_intact(uow, report)
    editions = (
        _listed()
        .where(ProgressReport.unit_id == report.unit_id, ProgressReport.first == report.first)
        .where(ProgressReport.last == report.last)
        .order_by(ProgressReport.edition)
    )
    rows = uow.connection.execute(editions).mappings().all()
    (row,) = [one for one in rows if one["id"] == report.id]
    ended = report.last < uow.now.date()
    return ReportView(report, row, content.period_of(report), said, digest, intact, ended, rows)


def forms(uow: UnitOfWork, view: ReportView) -> ReportForms:
    """Returns what a page about a report offers."""
    report = view.report
    writes = access.allows(uow.actor, "reports.write")
    signs = access.allows(uow.actor, "reports.sign") and not view.signed
    return ReportForms(
        owners=actions.owners(uow, report.unit_id) if writes and not view.signed else [],
        history=actions.history(uow, report),
        may_write=writes,
        may_sign=signs and writers.is_other(uow, report),
        newest=view.row["edition"] == view.editions[-1]["edition"],
    )


def action(uow: UnitOfWork, action_id: UUID) -> Json:
    """Returns an action of the actor's units. Raises NotFound."""
    access.require(uow.actor, "metrics.read")
    found = actions.one(uow, action_id)
    figures.add_names(uow, [], [found["cause"]] if found["cause"] else [])
    return found


def page(uow: UnitOfWork, unit: str | None = None, after: UUID | None = None) -> Sequence[RowMapping]:
    """Returns a page of the reports of the actor's units, or of one and those below: the last begun first.

    One more if more follow. Raises NotFound for a unit that the actor doesn't see.
    """
    access.require(uow.actor, "metrics.read")
    found = _listed().where(access.covers(ProgressReport.unit_id)).order_by(ProgressReport.id.desc())
    if unit is not None:
        keys = resolve(uow, Filters(unit=unit)).units
        found = found if keys is None else found.where(Unit.key.in_(keys))
    if after is not None:
        found = found.where(ProgressReport.id < after)
    return uow.connection.execute(found.limit(PAGE + 1), access.seen_by(uow)).mappings().all()


def _listed() -> Select[Any]:
    author, report = aliased(User), ProgressReport
    columns: tuple[Any, ...] = (report.id, report.first, report.last, report.edition, report.reason)
    columns += (report.revision, report.created_at, report.changed_at, report.signed_at, report.digest)
    columns += (report.signed_by, report.created_by)
    return (
        select(*columns, Unit.key.label("unit"), Unit.name.label("unit_name"))
        .add_columns(report.signer_names.label("signer"), names.of(author).label("author"))
        .join(Unit, Unit.id == report.unit_id)
        .join(author, author.id == report.created_by)
    )
