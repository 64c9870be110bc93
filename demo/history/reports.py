"""Progress reports of the guild: two months that were signed, with an action that is overdue, and a draft.

The other agencies have not reported.
"""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import User
from engine.oversight import projection, reports
from engine.oversight.projection.periods import DAY, Days
from engine.oversight.reports import NewAction, ReportTexts
from engine.platform.db import Actor, Database, UnitOfWork

UNIT, WRITER, SIGNER = "guild", "guild-manager", "guild-director"
_SUMMARY = "بیشتر پرونده‌ها به‌موقع پایان یافت. علت اصلی تأخیر، کمبود بازرس در شبکهٔ بهداشت بود."
_COMMENT = "از شبکهٔ بهداشت دو بازرس دیگر خواسته‌ایم و پاسخ آن در راه است."
_AGREED = "توافق با شبکهٔ بهداشت دربارهٔ مهلت بازرسی محل"
_DONE = "آموزش کارشناسان دفتر اصفهان برای جلوگیری از سکوت"
_PORTAL = "گزارش خرابی‌های درگاه مجوزها به وزارتخانه، هر هفته"
T = TypeVar("T")


def write(database: Database) -> None:
    """Write the reports: each at an instant after its month, by the people who can log in."""
    _project(database)
    now = database.run(lambda _, now: now)
    present = reports.offered(now.date(), "jalali")[0]
    last = present.before
    before = last.before
    owner = database.run(lambda session, _: _account(session, SIGNER).id)
    overdue = NewAction(_AGREED, owner, last.days.last)
    _report(database, before.days, [overdue, NewAction(_DONE, owner, last.days.last)])
    _close(database, last.days.last, _DONE)
    _report(database, last.days, [NewAction(_PORTAL, owner, now.date() + 30 * DAY)])
    _as(
        database,
        WRITER,
        lambda now: now,
        lambda uow: reports.create(uow, UNIT, present.days.first, present.days.last),
    )


def _project(database: Database) -> None:
    """Bring the figures up to date, as the worker would."""

    def run(command: Callable[[UnitOfWork], T]) -> T:
        return database.run(lambda session, now: command(UnitOfWork(session, _account(session, WRITER), now)))

    run(projection.prepare)
    while run(projection.project):
        pass


def _report(database: Database, days: Days, decided: list[NewAction]) -> None:
    """Write a report on the day after its month, and have it signed."""
    at = _after(days.last)

    def make(uow: UnitOfWork) -> UUID:
        made = reports.create(uow, UNIT, days.first, days.last)
        reports.write(uow, made, ReportTexts(_SUMMARY, {"causes": _COMMENT}))
        causes = reports.read(uow, made).content["causes"]
        keys = ("party", "definition", "element", "bucket")
        about = {key: causes[0][key] for key in keys} if causes else None
        for number, one in enumerate(decided):
            cause = None if number else about
            reports.add_action(uow, made, NewAction(one.text, one.owner, one.due, cause))
        return made

    made = _as(database, WRITER, at, make)
    _as(database, SIGNER, at, lambda uow: reports.sign(uow, made, reports.read(uow, made).digest))


def _close(database: Database, day: date, text: str) -> None:
    def close(uow: UnitOfWork) -> None:
        found = [one for one in reports.open_actions(uow).items if one["text"] == text]
        for one in found:
            reports.close_action(uow, one["id"], "done", None)

    _as(database, WRITER, lambda now: datetime.combine(day, time(12), now.tzinfo), close)


def _after(last: date) -> Callable[[datetime], datetime]:
    """Return the morning after a day, or now if that is later."""
    return lambda now: min(now, datetime.combine(last + DAY, time(9), now.tzinfo))


def _as(
    database: Database, name: str, at: Callable[[datetime], datetime], command: Callable[[UnitOfWork], T]
) -> T:
    """Run a command of a person at an instant."""

    def run(session: Session, now: datetime) -> T:
        return command(UnitOfWork(session, _account(session, name), at(now)))

    return database.run(run)


def _account(session: Session, name: str) -> Actor:
    row = session.execute(select(User.id, User.role).where(User.name == name)).one()
    return Actor(row.id, name, row.role)
