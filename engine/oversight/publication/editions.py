"""Publishing a month that has closed, and correcting it by another edition."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as insert_unless
from sqlalchemy.orm import Session

from engine import access
from engine.events import administration_log
from engine.models import OrganisationRecord, Publication, PublicationKey, PublishedFigures
from engine.oversight.publication import counting, months, reading
from engine.oversight.publication.corrections import Current, correct
from engine.oversight.publication.months import Month
from engine.oversight.publication.reading import Edition
from engine.oversight.publication.rounding import Counted, Row
from engine.oversight.publication.rows import Rows, digest, published, sealed, stored, timed, with_times
from engine.platform.db import UnitOfWork, connection, table
from engine.platform.errors import Conflict, Fault, Invalid, NotFound
from engine.platform.ids import uuid7
from engine.platform.language import Calendar

LONGEST = 500  # characters of a reason
SHORTEST = 10


@dataclass(frozen=True, slots=True)
class Said:
    """What an edition says, and the true figures that it rests on, which nobody publishes."""

    edition: int
    reason: str | None
    rows: Rows
    counted: Mapping[Row, Counted]


def publish(uow: UnitOfWork, calendar: Calendar) -> Edition | None:
    """Publishes the next month of this calendar, if it is due. None: it isn't, or another worker did it.

    A month that shares days with a published one is never published: the months of two calendars have
    differences of a few days.
    """
    month = next_month(uow, calendar)
    if month is None or uow.now.date() < month.due or not counting.is_settled(uow, month):
        return None
    measured = counting.measure(uow, month)
    if not measured.services:
        return None
    counted = {(one.counted.unit, one.counted.service): one.counted for one in measured.services}
    rows = published(measured, _secret(uow.session))
    found = counting.times(uow, month, _owners(timed(rows), counted))
    return _store(uow, month, Said(1, None, with_times(rows, found), counted))


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
        stored = [_said(session, one, logged) for one in found if one.edition == logged["edition"]]
        if stored != [{name: logged[name] for name in ("digest", "counted") if name in logged}]:
            yield seq


def _said(session: Session, one: Edition, logged: Mapping[str, Any]) -> Mapping[str, str]:
    """Returns what the log should say of an edition: of those that were never rounded a digest alone."""
    rows = reading.rows(session, one.id)
    said = {"digest": digest(one.month.name, one.edition, one.reason, rows).hex()}
    if "counted" in logged:
        said["counted"] = sealed(reading.counted(session, one.id).values(), _secret(session))
    return said


def _secret(session: Session) -> bytes:
    """Returns the key of this installation: each migrated database has one."""
    return session.execute(select(PublicationKey.secret)).scalar_one()


def _owners(services: Iterable[str], counted: Mapping[Row, Counted]) -> Mapping[str, str]:
    units = {service: unit for unit, service in counted}
    return {service: units[service] for service in services}


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
    said = _correction(uow, editions[0], reason)
    made = _store(uow, month, said)
    if made is None:
        detail = f"Somebody else has just corrected {name}. Read the newest edition first."
        raise Conflict(detail, code="just-corrected", month=name)
    return made


def _correction(uow: UnitOfWork, newest: Edition, reason: str) -> Said:
    """Returns what the edition after this one says. Raises Conflict if nothing may be corrected."""
    month, name = newest.month, newest.month.name
    before = reading.counted(uow.session, newest.id)
    if not before:
        detail = f"The figures of {name} were published before figures were rounded, and can't be corrected."
        raise Conflict(detail, code="published-unrounded", month=name)
    measured = counting.measure(uow, month, {service: unit for unit, service in before})
    now = {
        (one.counted.unit, one.counted.service): Current(one.counted, one.said["grounds"])
        for one in measured.services
    }
    shown = reading.rows(uow.session, newest.id)
    about = f"{month.calendar} {name} {newest.edition + 1}"
    made = correct(shown, before, now, _secret(uow.session), about)
    if made is None:
        detail = f"No figure of {name} is shown otherwise now: nothing has changed, or few cases."
        raise Conflict(detail, code="nothing-to-correct", month=name)
    changed = {*made.replaced, ("", ""), *((unit, "") for unit, _ in made.replaced)}
    found = counting.times(uow, month, _owners(timed(made.rows), made.counted))
    return Said(newest.edition + 1, reason, with_times(made.rows, found, changed), made.counted)


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


def _store(uow: UnitOfWork, month: Month, said: Said) -> Edition | None:
    """Stores an edition, and logs it. None if there is one of this number already."""
    edition, reason, rows = said.edition, said.reason, said.rows
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
    uow.connection.execute(insert(table(PublishedFigures)), _stored(publication_id, said))
    noted = {"month": month.name, "calendar": month.calendar, "edition": edition, "digest": hashed.hex()}
    noted["counted"] = sealed(said.counted.values(), _secret(uow.session))
    administration_log.note(uow, "statistics.published", None, noted)
    return Edition(publication_id, month, edition, reason, uow.now, hashed.hex())


def _stored(publication_id: UUID, said: Said) -> list[Mapping[str, Any]]:
    return [
        {
            "publication_id": publication_id,
            "unit": unit,
            "service": service,
            "place": place,
            "figures": figures,
            "counted": stored(said.counted[unit, service]) if service else None,
        }
        for place, ((unit, service), figures) in enumerate(said.rows.items())
    ]
