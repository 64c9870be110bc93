"""Signing a report: by a second person, who signs exactly what was shown."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from engine import access
from engine.events import administration_log
from engine.identity import names
from engine.models import OrganisationKind, OrganisationRecord, ProgressReport, User
from engine.oversight.reports import content, drafts, writers
from engine.platform.db import UnitOfWork, connection
from engine.platform.errors import Conflict

KIND: OrganisationKind = "report.signed"


class Entry(NamedTuple):
    """An entry of the administration log that records a signature."""

    seq: int
    at: datetime
    actor_id: UUID | None
    unit_id: UUID | None
    payload: Any


_ENTRY = tuple(getattr(OrganisationRecord, name) for name in Entry._fields)
_REPORT = OrganisationRecord.payload["report"].as_string()


def sign(uow: UnitOfWork, report_id: UUID, digest: str) -> None:
    """Signs a report whose digest the actor was shown: from then on it never changes.

    Raises NotFound; OwnReport for a person who wrote in it; Conflict if it is signed, its period has not
    ended, or it has changed since.
    """
    access.require(uow.actor, "reports.sign")
    report = drafts.load(uow, report_id, hold=True)
    drafts.require_unsigned(report)
    if report.last >= uow.now.date():
        detail = f"The period ends on {report.last}. The report can be signed from the day after on."
        raise Conflict(detail, code="period-not-ended", report={"id": str(report.id)})
    writers.require_other(uow, report)
    signed = content.canonical(content.compute(uow, report))
    found = content.digest_of(signed)
    if found != digest.strip().lower():
        detail = "The report has changed since you read it. Read it again, and sign what it says now."
        raise Conflict(detail, code="report-changed", report={"id": str(report.id), "digest": found})
    report.content, report.digest = signed.decode(), found
    report.signed_by, report.signed_at = uow.actor.id, uow.now
    called = select(names.of()).where(User.id == uow.actor.id)
    report.signer_names = uow.connection.execute(called).scalar_one()
    uow.session.flush()
    administration_log.note(uow, KIND, report.unit_id, _payload(report))
    administration_log.flush(uow)  # the answer says whether the report is what the log says


def _payload(report: ProgressReport) -> dict[str, Any]:
    """Returns what the entry of a signature says of a report."""
    return {
        **drafts.facts(report),
        "digest": content.digest_of((report.content or "").encode()),
        "signature": _signature(report),
    }


def _signature(report: ProgressReport) -> str:
    """Returns the SHA-256 of who signed what, when, and under which name. The log itself has no names."""
    signed = {
        "digest": report.digest,
        "by": report.signed_by,
        "at": None if report.signed_at is None else report.signed_at.astimezone(UTC).isoformat(),
        "names": report.signer_names,
    }
    return content.digest_of(content.canonical(signed))


def is_intact(uow: UnitOfWork, report: ProgressReport) -> bool:
    """Returns whether a signed report is what the administration log says."""
    entry = OrganisationRecord
    of_report = (entry.kind == KIND, entry.unit_id == report.unit_id, str(report.id) == _REPORT)
    rows = uow.connection.execute(select(*_ENTRY).where(*of_report)).all()
    return len(rows) == 1 and _matches(Entry(*rows[0]), report)


def broken(session: Session) -> Iterator[tuple[int | None, UUID | None]]:
    """Returns the signed reports that aren't what the administration log says, or are missing.

    Each with the number of the entry of its signature (None: there is none) and its id (None: it is
    missing).
    """
    entry, report = OrganisationRecord, ProgressReport
    found = (
        select(*_ENTRY, report)
        .outerjoin(report, cast(report.id, Text) == _REPORT)
        .where(entry.kind == KIND)
        .order_by(entry.seq)
        .execution_options(yield_per=100, populate_existing=True)
    )
    known: set[UUID] = set()
    for *logged, stored in session.execute(found):
        row = Entry(*logged)
        if stored is None:
            yield row.seq, None
            continue
        if stored.id in known or not _matches(row, stored):
            yield row.seq, stored.id
        known.add(stored.id)
    recorded = select(entry.seq).where(entry.kind == KIND, cast(report.id, Text) == _REPORT).exists()
    without = select(report.id).where(report.signed_at.is_not(None), ~recorded).order_by(report.id)
    for report_id in connection(session).execute(without).scalars():
        yield None, report_id


def _matches(row: Entry, report: ProgressReport) -> bool:
    """Returns whether a report has the unit, days, edition, content, signer, time and names of its entry."""
    logged = (row.at, row.actor_id, row.unit_id, row.payload.get("digest"))
    said = administration_log.stored(KIND, _payload(report))
    own = (report.signed_at, report.signed_by, report.unit_id, report.digest)
    return logged == own and row.payload == said
