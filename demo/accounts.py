"""The agencies and accounts for trying out a fresh installation.

Their secrets are stored in `var/demo.json`.
"""

import json
import os
import secrets
import sys
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from engine.identity import accounts, passwords, profiles
from engine.models import Role, Unit
from engine.organisation import import_files, imports
from engine.platform.config import Settings
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import Refusal
from engine.tasks import delegations

AGE = timedelta(days=400)  # of the agencies: they have a past, on which they report
APPLICANT = "0000004091"  # the mock hub has another address for this person
APPLICANT_NAMES = {"full_name_fa": "آرش نمونه", "full_name_en": "Arash Nemune"}

# Their units and roles are in `organisation.json` next to this module, except those of systems.
ACCOUNTS: tuple[tuple[str, Role], ...] = (
    ("administrator", "administrator"),
    ("guild-administrator", "administrator"),
    ("designer", "designer"),
    ("second-designer", "designer"),
    ("applicant", "applicant"),
    ("portal", "portal"),
    ("caseworker", "caseworker"),
    ("reviewer", "caseworker"),
    ("supervisor", "caseworker"),
    ("inspector", "caseworker"),
    ("delegate", "caseworker"),
    ("plan-checker", "caseworker"),
    ("district-head", "caseworker"),
    ("committee-member-1", "caseworker"),
    ("committee-member-2", "caseworker"),
    ("committee-member-3", "caseworker"),
    ("committee-member-4", "caseworker"),
    ("site-inspector", "caseworker"),
    ("second-site-inspector", "caseworker"),
    ("manager", "manager"),
    ("guild-manager", "manager"),
    ("guild-director", "manager"),
    ("auditor", "auditor"),
    ("service", "service"),
)


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """Name, role and token of an account; people have a password, too."""

    name: str
    role: str
    token: str
    password: str | None = None


def read(settings: Settings) -> list[DemoAccount]:
    """Read the accounts; none if this installation is no demonstration."""
    try:
        kept = json.loads(settings.demo_accounts.read_bytes())
    except FileNotFoundError:
        return []
    return [DemoAccount(**account) for account in kept["accounts"]]


def seeded(settings: Settings) -> int:
    """Return how many of the demonstration's cases were begun; all of them for older installations."""
    found = json.loads(settings.demo_accounts.read_bytes()).get("seeded", sys.maxsize)
    return int(found)


def note_seeded(settings: Settings, number: int) -> None:
    """Record that so many were begun."""
    kept = json.loads(settings.demo_accounts.read_bytes())
    _replace(settings, kept | {"seeded": number})


def prepare(database: Database, settings: Settings, url: str) -> bool:
    """Create the accounts if nobody has one yet, and return whether that was so.

    Always write the present address to the file.
    """

    def make(session: Session, now: datetime) -> bool:
        fresh = not accounts.any_person(session)
        if fresh:
            imports.apply(UnitOfWork(session, accounts.system(session, now), now), _organisation(settings))
            session.execute(update(Unit).values(created_at=now - AGE))
            made = [_make(session, now, name, role) for name, role in ACCOUNTS]
            # Before the commit: tokens that nobody knows are worse than a file with tokens that don't exist.
            _write(settings, url, made)
        return fresh

    fresh = database.run(make)
    if settings.demo_accounts.exists():
        kept = json.loads(settings.demo_accounts.read_bytes())
        _replace(settings, kept | {"url": url})
    return fresh


def delegate(database: Database, settings: Settings) -> None:
    """Delegate steps to private offices as the file says, once its processes are deployed."""
    reading = import_files.Reading(settings.time_zone, delegations=_organisation(settings).delegations)

    def agree(session: Session, now: datetime) -> None:
        uow = UnitOfWork(session, accounts.system(session, now), now)
        imports.apply(uow, reading, {"delegations": delegations.take})

    try:
        database.run(agree)
    except Refusal as refusal:  # a process was not deployed, or is a draft
        print(f"The demonstration couldn't delegate its steps. {refusal.detail}", file=sys.stderr)


def _organisation(settings: Settings) -> import_files.Reading:
    file = Path(__file__).with_name("organisation.json")
    return import_files.read(file.name, file.read_bytes(), settings.time_zone)


def _make(session: Session, now: datetime, name: str, role: Role) -> DemoAccount:
    if role == "applicant":
        user = accounts.find_or_create(session, now, name, role, person=APPLICANT)
        profiles.put(session, user, APPLICANT_NAMES)
    token = accounts.create_token(session, now, name=name, role=role)
    if accounts.is_system(role):
        return DemoAccount(name, role, token)
    password = secrets.token_urlsafe(12)
    passwords.keep(session, now, name, passwords.hashed(name, password), temporary=False)
    return DemoAccount(name, role, token, password)


def _write(settings: Settings, url: str, kept: list[DemoAccount]) -> None:
    listed = [{key: value for key, value in asdict(account).items() if value} for account in kept]
    _replace(settings, {"url": url, "accounts": listed, "seeded": 0})


def _replace(settings: Settings, content: dict[str, Any]) -> None:
    fresh = settings.demo_accounts.with_name("demo.json.new")
    fresh.unlink(missing_ok=True)
    with open(fresh, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as output:
        json.dump(content, output, indent=2)
    fresh.rename(settings.demo_accounts)
