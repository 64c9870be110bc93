"""A second open case of the same person and service: refused, or confirmed first, by the service's rule.

A query finds the earlier case. Two starts at the same moment don't see each other: then the unique key
decides, which the first case has while it is open.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select

from engine import access, definitions
from engine.definitions import Version
from engine.models import Case, DefinitionVersion
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict

OPEN = ("active", "suspended")


@dataclass(frozen=True, slots=True)
class OpenCase:
    """An open case of a person. `visible`: the actor may see it."""

    id: UUID
    number: str
    started_at: datetime
    visible: bool


def require_confirmed(
    uow: UnitOfWork, version: Version, applicant: str | None, confirmed: bool
) -> bytes | None:
    """Returns the key that only one open case of the person and service may have; None: there may be more.

    At most one statement, and none for a process without service.toml, for a case without an applicant, and
    for a service that allows several. Raises Conflict if there is an open case, unless the service lets that
    be confirmed and it is. The case is named only if the actor may see it.
    """
    rule = definitions.rules_of_start(uow.session, version).duplicates
    if applicant is None or rule in (None, "allow"):
        return None
    if confirmed and rule == "confirm":
        return None
    found = _find(uow, version.key, applicant)
    if found is not None:
        raise duplicate(found, confirmable=rule == "confirm")
    return hashlib.sha256(f"{version.key}\n{applicant}".encode()).digest()


def find_duplicate(uow: UnitOfWork, version: Version, applicant: str) -> Conflict | None:
    """Returns the refusal with which a case of this person would be met now, if there is an open one."""
    try:
        require_confirmed(uow, version, applicant, confirmed=False)
    except Conflict as refusal:
        return refusal
    return None


def has_rule(uow: UnitOfWork, version: Version) -> bool:
    """Returns whether a second open case of a person is refused, or must be confirmed."""
    return definitions.rules_of_start(uow.session, version).duplicates not in (None, "allow")


def duplicate(found: OpenCase | None = None, *, confirmable: bool | None = None) -> Conflict:
    """Returns the refusal of a second open case; `confirmable` is None if that isn't known."""
    state: dict[str, Any] = {} if confirmable is None else {"confirmable": confirmable}
    if found is not None and found.visible:
        state["case"] = {"id": found.id, "case_number": found.number, "started_at": found.started_at}
    detail = "The same person has an open case of this service already."
    if confirmable:
        detail += " Confirm with `confirm_duplicate` that a further one is meant."
    return Conflict(detail, code="duplicate", **state)


def _find(uow: UnitOfWork, key: str, applicant: str) -> OpenCase | None:
    given = {"key": key, "applicant": applicant, **access.seen_by(uow)}
    row = uow.connection.execute(_open_case(uow.actor.role), given).one_or_none()
    return None if row is None else OpenCase(*row)


@lru_cache
def _open_case(role: str) -> Select[*tuple[Any, ...]]:
    """Builds the query of an open case, one that the actor sees before others."""
    visible = func.coalesce(access.visible_cases(role), False).label("visible")
    return (
        select(Case.id, Case.number, Case.started_at, visible)
        .join(DefinitionVersion, DefinitionVersion.id == Case.version_id)
        .where(Case.applicant == bindparam("applicant"), DefinitionVersion.key == bindparam("key"))
        .where(Case.status.in_(OPEN), Case.appeal_of.is_(None))
        .order_by(visible.desc(), Case.id.desc())
        .limit(1)
    )
