"""The officials and applicants of the past: people with names, as whom nobody can log in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from demo.history.offices import Actor
from engine.models import Membership, User
from engine.platform.db import UnitOfWork
from engine.platform.ids import uuid7

APPLICANTS = 60
# Of the national ids of applicants and of officials, without their check digits.
FIRST_PERSON, FIRST_OFFICIAL = 10_001, 20_001
_GIVEN = (
    *(("آرزو", "Arezu"), ("امید", "Omid"), ("پریسا", "Parisa"), ("حمید", "Hamid"), ("رویا", "Roya")),
    *(("سهراب", "Sohrab"), ("شهلا", "Shahla"), ("فرزاد", "Farzad"), ("گلناز", "Golnaz"), ("یاسر", "Yaser")),
)
_FAMILY = (
    *(("نمونه", "Nemune"), ("مثالی", "Mesali"), ("فرضی", "Farzi"), ("آزمونی", "Azmuni")),
    *(("آزمایشی", "Azmayeshi"), ("نمونه‌ای", "Nemunei")),
)


@dataclass(frozen=True, slots=True)
class Post:
    """How many people had a role in a unit; `left`: nobody of them has it any more."""

    unit: str
    role: str
    people: int
    left: bool = False


# Tasks of inspectors and of the civil registry are assigned automatically: only the demonstration's own
# people may get new ones, except those of Isfahan.
POSTS = (
    *(Post(f"guild-{city}", "caseworker", 5) for city in ("tehran", "isfahan", "shiraz")),
    *(Post(f"guild-{city}", "supervisor", 2) for city in ("tehran", "isfahan", "shiraz")),
    Post("health-network", "inspector", 5, left=True),
    Post("health-isfahan", "inspector", 2),
    Post("civil-registry", "caseworker", 5, left=True),
    *(Post("municipality", role, count) for role, count in (("plan-checker", 5), ("permit-officer", 5))),
    Post("municipality", "supervisor", 2),
    Post("engineering-office", "caseworker", 4, left=True),
)


def officials(
    uow: UnitOfWork, units: Mapping[str, UUID], begin: datetime, names: Iterator[Mapping[str, str]]
) -> Mapping[str, Mapping[str, Sequence[Actor]]]:
    """Create the officials. Return them by unit and role."""
    users: list[dict[str, Any]] = []
    memberships: list[dict[str, Any]] = []
    found: dict[str, dict[str, Sequence[Actor]]] = {}
    for post in POSTS:
        made = []
        for number in range(1, post.people + 1):
            login = f"{post.unit}-{post.role}-{number}"
            person = national_id(FIRST_OFFICIAL + len(users))
            user = {"id": uuid7(), "name": login, "role": "caseworker", "created_at": begin, "person": person}
            user |= next(names)
            works = {"id": uuid7(), "user_id": user["id"], "unit_id": units[post.unit], "role": post.role}
            users.append(user)
            memberships.append(works | {"valid_from": begin, "valid_to": uow.now if post.left else None})
            made.append(Actor(str(user["id"]), "caseworker", post.unit, login))
        found.setdefault(post.unit, {})[post.role] = made
    uow.connection.execute(insert(User), users)
    uow.connection.execute(insert(Membership), memberships)
    return found


def applicants(
    uow: UnitOfWork, begin: datetime, names: Iterator[Mapping[str, str]]
) -> Sequence[tuple[Actor, str]]:
    """Create the applicants. Return them with their national ids."""
    persons = [national_id(FIRST_PERSON + number) for number in range(APPLICANTS)]
    rows = [
        {"id": uuid7(), "name": f"applicant-{person}", "role": "applicant", "person": person, **next(names)}
        for person in persons
    ]
    uow.connection.execute(insert(User), [row | {"created_at": begin} for row in rows])
    return [(Actor(str(row["id"]), "applicant", None, str(row["name"])), str(row["person"])) for row in rows]


def named(rng: Random) -> Iterator[Mapping[str, str]]:
    """Return names in both languages, again and again."""
    while True:
        given, family = rng.choice(_GIVEN), rng.choice(_FAMILY)
        yield {"full_name_fa": f"{given[0]} {family[0]}", "full_name_en": f"{given[1]} {family[1]}"}


def national_id(number: int) -> str:
    """Return a national id of these nine digits."""
    digits = f"{number:09d}"
    rest = sum(int(digit) * (10 - place) for place, digit in enumerate(digits)) % 11
    return f"{digits}{rest if rest < 2 else 11 - rest}"
