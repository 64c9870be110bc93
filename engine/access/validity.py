"""What is valid now: memberships, delegations, current versions, running cases. One place for each rule.

Conditions in SQL; `now` is a parameter of the statement (`access.seen_by` returns it) unless an instant is
given. Where code checks the same for values, that form is next to the condition.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, DateTime, and_, bindparam, or_

from engine.models import CandidateGroup, Case, Definition, DefinitionVersion, Delegation, Substitution

NOW = bindparam("now", type_=DateTime(timezone=True))


def valid(row: Any) -> ColumnElement[bool]:
    """Returns whether a period with these limits includes now; the end may be open."""
    return and_(row.valid_from <= NOW, lasting(row))


def valid_at(row: Any, now: datetime) -> ColumnElement[bool]:
    """Returns the same for an instant."""
    return and_(row.valid_from <= now, lasting(row, now))


def lasting(row: Any, now: Any = NOW) -> ColumnElement[bool]:
    """Returns whether it is valid, or will be."""
    return or_(row.valid_to.is_(None), row.valid_to > now)


def ended(row: Any, now: Any = NOW) -> ColumnElement[bool]:
    """Returns whether it is no longer valid."""
    found: ColumnElement[bool] = row.valid_to <= now
    return found


def overlaps(row: Any, begin: datetime, end: datetime | None) -> ColumnElement[bool]:
    """Returns whether it is valid at any time between two instants; the end may be open."""
    return and_(lasting(row, begin), *([] if end is None else [row.valid_from < end]))


def begun_ever() -> ColumnElement[bool]:
    """Returns whether a substitution was not revoked before it began."""
    return Substitution.valid_to > Substitution.valid_from


def agreed(delegation: Any = Delegation) -> ColumnElement[bool]:
    """Returns whether nobody has revoked a delegation."""
    found: ColumnElement[bool] = delegation.revoked_at.is_(None)
    return found


def in_force(delegation: Any = Delegation) -> ColumnElement[bool]:
    """Returns whether a delegation applies now: it is confirmed, valid, and not revoked."""
    return and_(delegation.confirmed_at.is_not(None), agreed(delegation), valid(delegation))


def over(now: datetime) -> ColumnElement[bool]:
    """Returns whether a delegation no longer applies."""
    return or_(Delegation.revoked_at <= now, ended(Delegation, now))


def lies_there(delegation: Any = Delegation) -> ColumnElement[bool]:
    """Returns whether tasks may be in a candidate group: its delegation, if it has one, is in force."""
    return or_(CandidateGroup.delegation_id.is_(None), in_force(delegation))


def current(version: Any = DefinitionVersion) -> ColumnElement[bool]:
    """Returns whether a version is the current one of its definition, to which it is joined."""
    found: ColumnElement[bool] = Definition.current_version_id == version.id
    return found


def published() -> ColumnElement[bool]:
    """Returns whether a definition has a current version."""
    return Definition.current_version_id.is_not(None)


def stopped() -> ColumnElement[bool]:
    """Returns whether a definition is suspended: no case of it begins or continues."""
    return Definition.suspended_at.is_not(None)


def goes_on() -> ColumnElement[bool]:
    """Returns whether a definition is not suspended."""
    return Definition.suspended_at.is_(None)


def runs() -> ColumnElement[bool]:
    """Returns whether a case runs: neither it nor its definition is suspended, and it has not ended."""
    return and_(Case.status == "active", goes_on())


def status_of(status: str, suspended_at: datetime | None) -> str:
    """Returns the status of a case as people see it: `active` only if it runs.

    `suspended_at` is its definition's.
    """
    return "suspended" if status == "active" and suspended_at is not None else status
