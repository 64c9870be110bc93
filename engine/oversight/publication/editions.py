"""Publishing a month that has closed, and correcting it by another edition."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as insert_unless
from sqlalchemy.orm import Session

from engine import access
from engine.events import administration_log
from engine.models import OrganisationRecord, Publication, PublishedFigures
from engine.oversight.publication import counting, months, reading
from engine.oversight.publication.corrections import Current, correct
from engine.oversight.publication.months import Month
from engine.oversight.publication.reading import Edition
from engine.oversight.publication.rows import Rows, digest, published
from engine.oversight.publication.suppression import Row
from engine.platform.db import UnitOfWork, connection, table
from engine.platform.errors import Conflict, Fault, Invalid, NotFound
from engine.platform.ids import uuid7
from engine.platform.language import Calendar

LONGEST = 500  # characters of a reason
SHORTEST = 10


def publish(uow: UnitOfWork, calendar: Calendar) -> Edition | None:
    """Publishes the next month of this calendar, if it is due. None: it isn't, or another worker did it.

    A month that shares days with a published one is never published: the months of two calendars have
    differences of a few days.
    """
    month = next_month(uow, calendar)
    if month is None or uow.now.date() < month.due or not counting.is_settled(uow, month):
        return None
    measured = counting.measure(uow, month)
    return _store(uow, month, 1, None, published(measured)) if measured.services else None


def publish_all(uow: UnitOfWork, calendar: Calendar) -> Sequence[Edition]:
    """Publishes every month that is due, the oldest first."""
    found = []
    while (one := publish(uow, calendar)) is not None:
        found.append(one)
    return found


def next_month(uow: UnitOfWork, calendar: Calendar) -> Month | None:
    """Returns the month that is published next; None before anything has happened."""
    last = select(Publication.last).order_by(Publication.last.desc()).limit(1)
    before = uow.connection.execute(last).scalar_one_or_none()
    if before is not None:
        month = months.month_at(before, calendar)
        while month.first <= before:
            month = month.next
        return month
    first = counting.first_day(uow)
    return None if first is None else months.month_at(first, calendar)


def due_month(uow: UnitOfWork, asked: Month, calendar: Calendar) -> Month | None:
    """Returns this month if it will be published; None if it never will be."""
    following = next_month(uow, calendar)
    comes = following is not None and asked.calendar == calendar and asked >= following
    return asked if comes else None


def broken(session: Session) -> Iterator[int]:
    """Yields the entries of the administration log whose edition is missing, or says something else now."""
    entry = select(OrganisationRecord.seq, OrganisationRecord.payload).where(
        OrganisationRecord.kind == "statistics.published"
    )
    for seq, logged in connection(session).execute(entry.order_by(OrganisationRecord.seq)):
        found = reading.editions_of(session, str(logged["month"]))
        stored = [_said(session, one) for one in found if one.edition == logged["edition"]]
        if stored != [logged["digest"]]:
            yield seq


def _said(session: Session, one: Edition) -> str:
    return digest(one.month.name, one.edition, one.reason, reading.rows(session, one.id)).hex()


def correct_month(uow: UnitOfWork, name: str, reason: str) -> Edition:
    """Publishes the figures of a month as they are now, as a new edition with a reason.

    Raises Forbidden, NotFound, Invalid, and Conflict if no change may be published.
    """
    access.require_everywhere(uow, "statistics.correct")
    return correct_for_operator(uow, name, reason)


def correct_for_operator(uow: UnitOfWork, name: str, reason: str) -> Edition:
    """Corrects a month on the command line of the installation. Raises as `correct_month`."""
    reason = _checked(reason)
    editions = reading.editions_of(uow.session, name)
    if not editions:
        raise NotFound(f"The month {name!r} has not been published.")
    month = editions[0].month
    if not counting.is_settled(uow, month):
        raise Conflict(
            "Figures are being computed. Try again in a minute.", code="figures-pending", month=name
        )
    stored = [reading.rows(uow.session, one.id) for one in reversed(editions)]
    owners = {service: unit for unit, service in stored[-1] if service}
    measured = counting.measure(uow, month, owners)
    now: dict[Row, Current] = {
        (one.counted.unit, one.counted.service): Current(
            one.counted.counts, one.counted.grounds, one.said["grounds"]
        )
        for one in measured.services
    }
    rows = correct(stored, now, measured.times)
    if rows is None:
        detail = (
            f"No figure of {name} may be corrected: nothing has changed, only hidden figures, or fewer than"
            " five cases of a service."
        )
        raise Conflict(detail, code="nothing-to-correct", month=name)
    made = _store(uow, month, editions[0].edition + 1, reason, rows)
    if made is None:
        detail = f"Somebody else has just corrected {name}. Read the newest edition first."
        raise Conflict(detail, code="just-corrected", month=name)
    return made


def _checked(reason: str) -> str:
    reason = reason.strip()
    text = reason.replace("\u200c", "")
    if not SHORTEST <= len(reason) <= LONGEST or not text.isprintable():
        limits = {"least": SHORTEST, "most": LONGEST}
        detail = f"must be {SHORTEST} to {LONGEST} printable characters"
        raise Invalid(
            "The month can't be corrected.", [Fault("/reason", detail, "publication-reason", limits)]
        )
    return reason


def _store(uow: UnitOfWork, month: Month, edition: int, reason: str | None, rows: Rows) -> Edition | None:
    """Stores an edition, and logs it. None if there is one of this number already."""
    publication_id, hashed = uuid7(), digest(month.name, edition, reason, rows)
    values: dict[str, Any] = {
        "id": publication_id,
        "calendar": month.calendar,
        "first": month.first,
        "last": month.last,
        "edition": edition,
        "reason": reason,
        "digest": hashed,
        "published_at": uow.now,
        "published_by": uow.actor.id,
    }
    # Waits for another worker that publishes the same month at this moment.
    made = insert_unless(Publication).values(values).on_conflict_do_nothing().returning(Publication.id)
    if uow.connection.execute(made).scalar_one_or_none() is None:
        return None
    uow.connection.execute(insert(table(PublishedFigures)), _stored(publication_id, rows))
    said = {"month": month.name, "calendar": month.calendar, "edition": edition, "digest": hashed.hex()}
    administration_log.note(uow, "statistics.published", None, said)
    return Edition(publication_id, month, edition, reason, uow.now, hashed.hex())


def _stored(publication_id: UUID, rows: Rows) -> list[Mapping[str, Any]]:
    return [
        {
            "publication_id": publication_id,
            "unit": unit,
            "service": service,
            "place": place,
            "figures": figures,
        }
        for place, ((unit, service), figures) in enumerate(rows.items())
    ]
