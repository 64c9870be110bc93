"""What the agencies of the demonstration have committed themselves to, and which services aren't online.

They were entered when the history began, when nobody was a member yet: written as the engine would have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from demo.history.shipped import ADDRESS, LICENCE, PERMIT
from demo.history.stories import Story
from engine.events import administration_log
from engine.identity import accounts
from engine.models import (
    Commitment,
    CommitmentExplanation,
    CommitmentMetric,
    OfflineReason,
    RegisteredService,
    Role,
    Unit,
)
from engine.oversight.commitments.commands import add_version, stated_in_log
from engine.oversight.commitments.inputs import Checked, digest_of
from engine.oversight.commitments.states import closed_months
from engine.oversight.projection.periods import DAY, Days, month_of
from engine.platform.db import Actor, UnitOfWork
from engine.platform.ids import uuid7

DAYS = 90  # before now
AGENCIES = ("guild", "municipality", "civil-registry")
DECREE = "مصوبهٔ برنامهٔ اصلاح نظام اداری"


@dataclass(frozen=True, slots=True)
class _Promise:
    """A commitment: of which unit, in Persian and English, by which figure, and by when."""

    unit: str
    text_fa: str
    text_en: str
    metric: CommitmentMetric
    target: int
    due: date
    article: str


def seed(uow: UnitOfWork, stories: Sequence[Story]) -> None:
    """Write the commitments and the register; one commitment was reached late, as the cases say."""
    begin = uow.now - timedelta(days=DAYS)
    units = {row.key: row.id for row in uow.connection.execute(select(Unit.key, Unit.id))}
    past = UnitOfWork(uow.session, _actor(uow, "administrator"), begin)
    now = UnitOfWork(uow.session, past.actor, uow.now)
    for promise in _promises(uow, begin.date()):
        # All processes are in the catalogue since today: before, no service was online.
        _make(now if promise.metric == "services_online" else past, units, promise)
    late = _late(uow, stories, _counted(begin.date(), uow.now.date()))
    if late is not None:
        _explain(uow, units, _make(past, units, late), late)
    _register(past, units)


def _actor(uow: UnitOfWork, role: Role) -> Actor:
    user = accounts.find_or_create(uow.session, uow.now, role, role)
    return Actor(user.id, user.name, user.role)


def _promises(uow: UnitOfWork, begin: date) -> list[_Promise]:
    """Return commitments that are reached, pending and missed."""
    today = uow.now.date()
    ended = month_of(today, "jalali") - DAY
    soon, later = today + timedelta(days=120), today + timedelta(days=480)
    return [
        _Promise(
            "guild",
            "رسیدگی به ۶۰ درصد درخواست‌های پروانه در مهلت قانونی",
            "Decide 60 % of the licence applications within the statutory term",
            *("on_time", 60, soon, "۳"),
        ),
        _Promise(
            "municipality",
            "ثبت ۹۵ درصد درخواست‌ها به‌صورت برخط",
            "Receive 95 % of all applications online",
            *("take_up", 95, max(ended, begin), "۵"),
        ),
        _Promise(
            "root",
            "برخط شدن همهٔ خدمات دستگاه‌ها",
            "All services of the agencies are online",
            *("services_online", 100, later, "۱"),
        ),
        _Promise(
            "civil-registry",
            "میانگین امتیاز متقاضیان دست‌کم ۵",
            "Applicants give five stars on average",
            *("stars", 5, later, "۷"),
        ),
        _Promise(
            "municipality",
            "رسیدگی در ۱۰ روز در نیمی از پرونده‌ها",
            "Half of the cases end within 10 days",
            *("median", 10, soon, "۴"),
        ),
    ]


def _late(uow: UnitOfWork, stories: Sequence[Story], months: Sequence[Days]) -> _Promise | None:
    """Return a commitment about applications online that a later month than the first one has reached."""
    best: tuple[float, str, int] | None = None
    for agency in AGENCIES:
        shares = [_online(uow, stories, agency, days) for days in months]
        if len(shares) > 1 and None not in shares:
            first, *later = [share or 0.0 for share in shares]
            found = (max(later) - first, agency, round(50 * (first + max(later))))
            best = found if best is None or found > best else best
    if best is None or best[0] < 0.02:
        return None
    _, agency, target = best
    return _Promise(
        agency,
        "افزایش درخواست‌های برخط با راهنمایی متقاضیان در دفترها",
        "More applications online, with help for applicants at the offices",
        *("take_up", target, months[0].last, "۶"),
    )


def _counted(entered: date, today: date) -> Sequence[Days]:
    """Return the months that have ended and that count for what was entered on a day."""
    return [days for days in closed_months("jalali", entered, today, today) if days.first > entered]


def _online(uow: UnitOfWork, stories: Sequence[Story], agency: str, days: Days) -> float | None:
    """Return which part of an agency's cases of a month were started online."""
    begin, end = (
        datetime.combine(day, time.min, uow.now.tzinfo).astimezone(UTC).timestamp() * 1000
        for day in (days.first, days.after)
    )
    started = [
        story.channel
        for story in stories
        if story.office.key.startswith(agency) and begin <= story.started < end and story.channel
    ]
    return started.count("online") / len(started) if started else None


def _make(past: UnitOfWork, units: Mapping[str, UUID], promise: _Promise) -> UUID:
    checked = Checked(
        *(promise.text_fa, promise.text_en, f"{DECREE}، بند {promise.article}"),
        promise.metric,
        None,
        Decimal(promise.target),
        "jalali",
        past.now.date(),
        promise.due,
    )
    unit_id = units[promise.unit]
    made = Commitment(id=uuid7(), unit_id=unit_id, version=1, metric=promise.metric, due=promise.due)
    past.session.add(made)
    past.session.flush()
    add_version(past, made.id, 1, checked, None)
    stated = {"commitment": made.id, "version": 1, **stated_in_log(checked)}
    administration_log.note(past, "commitment.made", unit_id, stated)
    return made.id


def _explain(uow: UnitOfWork, units: Mapping[str, UUID], commitment: UUID, promise: _Promise) -> None:
    """Write what a manager said some days after the due date."""
    text = "راهنمایان دفترها یک ماه دیرتر به کار گماشته شدند، چون جذب نیرو تا آن زمان ممکن نبود."
    at = datetime.combine(promise.due + timedelta(days=6), time(9), uow.now.tzinfo)
    then = UnitOfWork(uow.session, _actor(uow, "manager"), min(at, uow.now))
    said = {"version": 1, "state": "missed", "cause": "staff"}
    row = CommitmentExplanation(id=uuid7(), commitment_id=commitment, text=text)
    row.version, row.state, row.cause = 1, "missed", "staff"
    row.explained_by, row.explained_at = then.actor.id, then.now
    then.session.add(row)
    then.session.flush()
    stated = {"commitment": commitment, **said, "digest": digest_of(text)}
    administration_log.note(then, "commitment.explained", units[promise.unit], stated)


# Unit, names, uses in a year, reason, more about it, in how many days it is planned, and its process.
SERVICES: Sequence[tuple[str, str, str, int, OfflineReason, str, int | None, str | None]] = (
    ("guild", "صدور پروانهٔ کسب", "Business licence", 24_000, "in_progress", "", None, LICENCE),
    ("guild", "تمدید پروانهٔ کسب", "Renewal of a licence", 18_000, "in_progress", "", 60, None),
    ("guild", "صدور المثنی", "Duplicate of a licence", 3_100, "on_paper", "", None, None),
    ("municipality", "پروانهٔ ساختمانی", "Building permit", 9_500, "in_progress", "", None, PERMIT),
    (
        *("municipality", "گواهی پایان کار", "Certificate of completion", 7_200, "other_system"),
        *("در سامانهٔ شهرسازی استان انجام می‌شود.", -20, None),
    ),
    ("municipality", "مجوز حفاری", "Excavation permit", 1_400, "low_volume", "", None, None),
    ("civil-registry", "تغییر نشانی", "Change of address", 61_000, "in_progress", "", None, ADDRESS),
    (
        *("civil-registry", "تغییر نام", "Change of name", 5_300, "law"),
        *("قانون حضور متقاضی را لازم می‌داند.", None, None),
    ),
    ("treasury", "استرداد وجوه", "Refund of payments", 2_000, "no_budget", "", 200, None),
)


def _register(past: UnitOfWork, units: Mapping[str, UUID]) -> None:
    for unit, name_fa, name_en, volume, reason, more, planned, definition in SERVICES:
        by = {"registered_by": past.actor.id, "registered_at": past.now, "changed_at": past.now}
        entry = RegisteredService(id=uuid7(), unit_id=units[unit], revision=1, **by)
        entry.name_fa, entry.name_en, entry.yearly_volume = name_fa, name_en, volume
        entry.reason, entry.text, entry.definition = reason, more, definition
        in_days = None if planned is None else timedelta(days=DAYS + planned)
        entry.planned_for = None if in_days is None else (past.now + in_days).date()
        past.session.add(entry)
        said = {"service": entry.id, "reason": reason, "definition": definition}
        texts = digest_of({"name_fa": name_fa, "name_en": name_en, "text": more})
        stated = {**said, "planned_for": entry.planned_for, "digest": texts}
        administration_log.note(past, "service.registered", units[unit], stated)
    past.session.flush()
