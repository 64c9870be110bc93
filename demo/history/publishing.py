"""The statistics of the demonstration's past: all of its closed months, one of them with a correction."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from demo.history.shipped import ADDRESS
from demo.history.stories import Story
from engine.identity import accounts
from engine.oversight import projection
from engine.oversight.publication import editions
from engine.oversight.publication.months import Month, month_at
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import Conflict, NotFound
from engine.platform.language import Calendar

CALENDAR: Calendar = "jalali"
ON_PAPER = 8  # cases that were entered after the month was published
REFUSED = "refused"
REASON = (
    "هشت پروندهٔ تغییر نشانی که روی کاغذ رسیدگی شده بود، پس از انتشار آمار وارد سامانه شد."
    " | Eight address changes that had been handled on paper were entered after publication."
)


def on_paper(stories: Sequence[Story], now: datetime) -> tuple[Month | None, Sequence[Story]]:
    """Returns a month that is due, and cases of it which are entered only after it has been published.

    The newest in which there are so many; None without any.
    """
    month = _newest_due(now)
    for _ in range(3):
        found = [one for one in stories if one.service.key == ADDRESS and _is_within(one, month, now)]
        held = [one for one in found if one.outcome != REFUSED][:ON_PAPER]
        if len(held) == ON_PAPER:
            return month, held
        month = month_at(month.first - timedelta(days=1), CALENDAR)
    return None, []


def _newest_due(now: datetime) -> Month:
    month = month_at(now.date(), CALENDAR)
    while month.due > now.date():
        month = month_at(month.first - timedelta(days=1), CALENDAR)
    return month


def _is_within(story: Story, month: Month, now: datetime) -> bool:
    instants = (story.started, story.ended)
    days = [
        datetime.fromtimestamp(one / 1000, UTC).astimezone(now.tzinfo).date()
        for one in instants
        if one is not None
    ]
    return len(days) == len(instants) and all(month.first <= day <= month.last for day in days)


def publish(database: Database) -> None:
    """Publish all months that are due, by the figures of the cases written until now."""
    _project(database)
    database.run(lambda session, now: _publish(UnitOfWork(session, accounts.system(session, now), now)))


def correct(database: Database, month: Month) -> None:
    """Correct a month by what was written since, unless so few cases have changed that it shows.

    Nor if it isn't published yet: a worker that runs already may still be computing its figures.
    """
    _project(database)
    with suppress(Conflict, NotFound):
        database.run(
            lambda session, now: _correct(UnitOfWork(session, accounts.system(session, now), now), month)
        )


def _project(database: Database) -> None:
    """Bring the figures up to date, as a worker does."""
    _run(database, projection.prepare)
    while _run(database, projection.project):
        pass


def _run(database: Database, command: Callable[[UnitOfWork], int]) -> int:
    return database.run(lambda session, now: command(UnitOfWork(session, accounts.system(session, now), now)))


def _publish(uow: UnitOfWork) -> None:
    editions.publish_all(uow, CALENDAR)


def _correct(uow: UnitOfWork, month: Month) -> None:
    editions.correct_for_operator(uow, month.name, REASON)
