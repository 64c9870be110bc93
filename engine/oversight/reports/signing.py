"""Signing a report: by a second person, who signs exactly what was shown."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import access
from engine.events import administration_log
from engine.models import OrganisationRecord, ProgressReport, User
from engine.oversight.reports import content, drafts
from engine.platform.db import UnitOfWork, connection
from engine.platform.errors import Conflict, OwnReport


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
    require_other(uow, report)
    signed = content.canonical(content.compute(uow, report))
    found = content.digest_of(signed)
    if found != digest.strip().lower():
        detail = "The report has changed since you read it. Read it again, and sign what it says now."
        raise Conflict(detail, code="report-changed", report={"id": str(report.id), "digest": found})
    report.content, report.digest = signed.decode(), found
    report.signed_by, report.signed_at = uow.actor.id, uow.now
    uow.session.flush()
    facts = {"report": report.id, "first": report.first, "last": report.last, "edition": report.edition}
    administration_log.note(uow, "report.signed", report.unit_id, {**facts, "digest": found})


def require_other(uow: UnitOfWork, report: ProgressReport) -> None:
    """Raises OwnReport for a person who wrote in a report, whichever account that person uses."""
    if not is_other(uow, report):
        raise OwnReport("Somebody who has written nothing in the report signs it. Ask another person.")


def is_other(uow: UnitOfWork, report: ProgressReport) -> bool:
    """Returns whether the actor has written nothing in a report, with any account."""
    own = select(User.person).where(User.id == uow.actor.id).scalar_subquery()
    wrote = (User.id == uow.actor.id) | (User.person == own)
    found = select(func.count()).where(User.id.in_({*report.writers, report.created_by}), wrote)
    return uow.connection.execute(found).scalar_one() == 0


def broken(session: Session) -> Iterator[tuple[int, UUID]]:
    """Returns the signed reports that aren't what the administration log says, or are missing.

    Each with the number of the entry of its signature.
    """
    entry, report = OrganisationRecord, ProgressReport
    digest, of = entry.payload["digest"].as_string(), entry.payload["report"].as_string()
    found = (
        select(entry.seq, of, digest, report.content, report.digest)
        .outerjoin(report, func.cast(report.id, entry.payload["report"].as_string().type) == of)
        .where(entry.kind == "report.signed")
        .order_by(entry.seq)
        .execution_options(yield_per=100)
    )
    for seq, known, logged, stored, own in connection(session).execute(found):
        if stored is None or own != logged or content.digest_of(stored.encode()) != logged:
            yield seq, UUID(known)
