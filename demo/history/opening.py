"""Cases of the last days that are still open. They go through the engine, so people can continue them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from demo.history.people import FIRST_PERSON, national_id
from demo.history.shipped import LICENCE
from engine import cases
from engine.cases import Application
from engine.identity import accounts
from engine.models import Call
from engine.platform.db import Actor, Database, UnitOfWork

# Offices, and how many days ago each case began.
OPEN: Mapping[str, tuple[float, ...]] = {"guild-isfahan": (1.2, 3.1, 6.4), "guild-shiraz": (0.8, 2.3, 4.2)}
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
    """Start open cases, each at its instant; other systems answer at once."""
    for unit, ages in OPEN.items():
        for age in ages:
            person = national_id(FIRST_PERSON + rng.randrange(50))
            _start(database, unit, timedelta(days=age), person)


def _start(database: Database, unit: str, age: timedelta, person: str) -> None:
    data = {
        **{"national_id": person, "mobile": "09120000000", "shop_name": "سوپرمارکت نمونه"},
        **{
            "business_code": "4721",
            "premises_postal_code": "1345678902",
            "area_m2": 70,
            "risk_class": "medium",
        },
    }

    def begin(session: Session, now: datetime) -> None:
        portal = accounts.find_or_create(session, now, "portal", "portal")
        actor = Actor(portal.id, portal.name, portal.role)
        application = Application(applicant=person, unit=unit, channel="online")
        cases.start(UnitOfWork(session, actor, now - age), LICENCE, data, application)

    database.run(begin)
    for number in range(1, 100):
        answered = age - number * timedelta(seconds=2)
        if not database.run(partial(_answer, answered)):
            return


def _answer(age: timedelta, session: Session, now: datetime) -> bool:
    """Answer a call as its system would. Return whether there was one."""
    uow = UnitOfWork(session, accounts.system(session, now), now - age)
    found = (
        select(Call.id, Call.element)
        .where(Call.status == "open", Call.element.in_(REPLIES))
        .order_by(Call.id)
    )
    call = uow.connection.execute(found.limit(1)).one_or_none()
    if call is not None:
        cases.answer(uow, call.id, REPLIES[call.element])
    return call is not None
