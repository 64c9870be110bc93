"""Cases of the last days that are still open. They go through the engine, so people can continue them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from demo.history.people import APPLICANTS, FIRST_PERSON, national_id
from demo.history.shipped import LICENCE
from engine import cases, tasks
from engine.cases import Application
from engine.identity import accounts
from engine.models import Call, Task, User
from engine.platform.db import Actor, Database, UnitOfWork

# Offices, and how many days ago each case began; an old one has to be inspected, and two of them are overdue.
OPEN: Mapping[str, tuple[float, ...]] = {
    "guild-isfahan": (1.2, 3.1, 6.4, 17.3, 31.6, 38.4),
    "guild-shiraz": (0.8, 2.3, 4.2),
}
OLD = 10  # days: without an inspection, silence would have granted the licence
REPLIES: Mapping[str, Any] = {
    "verify-identity/ask_registry": {"result": "match"},
    "check_tax": {"clear": True, "debt_rials": 0},
    "check_zoning": {"land_use": "commercial"},
    "check_health": {
        "health_card_valid": True,
        "hygiene_training_passed": True,
        "previous_violations": 0,
    },
}


def start(database: Database, rng: Random) -> None:
    """Start open cases, each at its instant; other systems answer at once, and officials claim the tasks."""
    for unit, ages in OPEN.items():
        for number, age in enumerate(ages, 1):
            person = national_id(FIRST_PERSON + rng.randrange(APPLICANTS))
            case = _start(database, unit, timedelta(days=age), person)
            if age > OLD:  # inspections are assigned automatically
                continue
            database.run(partial(_claim, case, f"{unit}-caseworker-{number}", timedelta(days=age - 0.1)))


def _start(database: Database, unit: str, age: timedelta, person: str) -> UUID:
    """Start a case so long ago. Return its id when somebody has to work on it."""
    data = {
        **{"national_id": person, "mobile": "09120000000", "shop_name": "سوپرمارکت نمونه"},
        **{
            "business_code": "4721",
            "premises_postal_code": "1345678902",
            "area_m2": 70,
            "risk_class": "high" if age.days > OLD else "medium",
        },
    }

    def begin(session: Session, now: datetime) -> UUID:
        portal = accounts.find_or_create(session, now, "portal", "portal")
        actor = Actor(portal.id, portal.name, portal.role)
        application = Application(applicant=person, unit=unit, channel="online")
        return cases.start(UnitOfWork(session, actor, now - age), LICENCE, data, application).id

    started = database.run(begin)
    for number in range(1, len(REPLIES) + 1):
        database.run(partial(_answer, age - number * timedelta(seconds=2)))
    return started


def _claim(case: UUID, name: str, age: timedelta, session: Session, now: datetime) -> None:
    """Let an official claim the tasks of a case."""
    user = session.scalars(select(User).where(User.name == name)).one()
    uow = UnitOfWork(session, Actor(user.id, user.name, user.role), now - age)
    open_ones = select(Task.id).where(Task.case_id == case, Task.status == "open")
    for task in uow.connection.execute(open_ones).scalars().all():
        tasks.claim(uow, task)


def _answer(age: timedelta, session: Session, now: datetime) -> None:
    """Answer the first open call as its system would."""
    uow = UnitOfWork(session, accounts.system(session, now), now - age)
    found = (
        select(Call.id, Call.element)
        .where(Call.status == "open", Call.element.in_(REPLIES))
        .order_by(Call.id)
    )
    call = uow.connection.execute(found.limit(1)).one_or_none()
    if call is not None:
        cases.answer(uow, call.id, REPLIES[call.element])
