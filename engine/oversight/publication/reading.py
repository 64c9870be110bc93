"""What anybody may read of the published statistics: months, their editions, and rows of one edition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from engine.models import Publication, PublishedFigures
from engine.oversight.publication import months
from engine.oversight.publication.months import Month
from engine.oversight.publication.rounding import ALL, Counted, Row

MONTHS = 12  # on the page of a service
_COLUMNS = (
    *(Publication.id, Publication.calendar, Publication.first, Publication.edition),
    *(Publication.reason, Publication.published_at, Publication.digest),
)


@dataclass(frozen=True, slots=True)
class Edition:
    """An edition of a month; `reason` is None in the first one."""

    id: UUID
    month: Month
    edition: int
    reason: str | None
    published_at: datetime
    digest: str


def editions(session: Session) -> Sequence[Edition]:
    """Returns all editions, the newest month and its newest edition first."""
    return _read(session, select(*_COLUMNS))


def editions_of(session: Session, name: str) -> Sequence[Edition]:
    """Returns the editions of a month by its name, the newest first; none if it isn't published."""
    month = months.named(name)
    if month is None:
        return []
    own = Publication.first == month.first, Publication.calendar == month.calendar
    return _read(session, select(*_COLUMNS).where(*own))


def newest(found: Sequence[Edition]) -> Sequence[Edition]:
    """Returns of each month the newest edition."""
    by_month: dict[Month, Edition] = {}
    for one in found:
        by_month.setdefault(one.month, one)
    return [*by_month.values()]


def _read(session: Session, found: Select[*tuple[Any, ...]]) -> Sequence[Edition]:
    ordered = found.order_by(Publication.first.desc(), Publication.edition.desc())
    return [
        Edition(
            row.id,
            Month(row.first, row.calendar),
            row.edition,
            row.reason,
            row.published_at,
            row.digest.hex(),
        )
        for row in session.execute(ordered)
    ]


def rows(session: Session, publication_id: UUID, unit: str | None = None) -> Mapping[Row, Mapping[str, Any]]:
    """Returns the rows of an edition in their order; with `unit` those of an agency and its services."""
    found = (
        select(PublishedFigures.unit, PublishedFigures.service, PublishedFigures.figures)
        .where(PublishedFigures.publication_id == publication_id)
        .order_by(PublishedFigures.place)
    )
    if unit is not None:
        found = found.where(PublishedFigures.unit == unit)
    return {(row.unit, row.service): row.figures for row in session.execute(found)}


def counted(session: Session, publication_id: UUID) -> Mapping[Row, Counted]:
    """Returns the true figures that an edition rests on, by service; none of one that was never rounded.

    For corrections and the audit alone: never to be shown to anybody.
    """
    found = select(PublishedFigures.unit, PublishedFigures.service, PublishedFigures.counted).where(
        PublishedFigures.publication_id == publication_id, PublishedFigures.counted.is_not(None)
    )
    return {
        (row.unit, row.service): Counted(row.unit, row.service, row.counted["counts"], row.counted["grounds"])
        for row in session.execute(found)
    }


def overview_rows(session: Session, publication_id: UUID, most: int) -> Mapping[Row, Mapping[str, Any]]:
    """Returns the rows of all and of agencies, and those of services if there are at most so many rows."""
    few = (
        select(PublishedFigures.place)
        .where(PublishedFigures.publication_id == publication_id, PublishedFigures.place >= most)
        .exists()
    )
    found = (
        select(PublishedFigures.unit, PublishedFigures.service, PublishedFigures.figures)
        .where(PublishedFigures.publication_id == publication_id, or_(PublishedFigures.service == "", ~few))
        .order_by(PublishedFigures.place)
    )
    return {(row.unit, row.service): row.figures for row in session.execute(found)}


def service_rows(
    session: Session, key: str, chosen: Sequence[Edition]
) -> Sequence[tuple[Edition, str, Mapping[str, Any]]]:
    """Returns a service's figures in these editions, in their order, each with its agency."""
    by_id = {one.id: one for one in chosen}
    found = select(PublishedFigures.publication_id, PublishedFigures.unit, PublishedFigures.figures).where(
        PublishedFigures.service == key, PublishedFigures.publication_id.in_([*by_id])
    )
    read = {row.publication_id: row for row in session.execute(found)} if key else {}
    return [(one, read[one.id].unit, read[one.id].figures) for one in chosen if one.id in read]


def agency_names(session: Session, chosen: Sequence[Edition]) -> Mapping[str, Mapping[str, str]]:
    """Returns the name of each agency of these editions, as the newest one has it."""
    found = (
        select(PublishedFigures.unit, PublishedFigures.figures["name"])
        .join(Publication, Publication.id == PublishedFigures.publication_id)
        .where(
            PublishedFigures.service == "",
            PublishedFigures.unit != ALL,
            Publication.id.in_([one.id for one in chosen]),
        )
        .order_by(Publication.first, Publication.edition)
    )
    return {row[0]: row[1] for row in session.execute(found)}


def all_rows(session: Session, chosen: Sequence[Edition]) -> Sequence[tuple[Edition, Mapping[str, Any]]]:
    """Returns the figures of all agencies in these editions, in their order."""
    found = select(PublishedFigures.publication_id, PublishedFigures.figures).where(
        PublishedFigures.unit == ALL,
        PublishedFigures.service == "",
        PublishedFigures.publication_id.in_([one.id for one in chosen]),
    )
    read = {row.publication_id: row.figures for row in session.execute(found)}
    return [(one, read[one.id]) for one in chosen if one.id in read]
