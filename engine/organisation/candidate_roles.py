"""Compares the candidate roles in a deployment with the existing units and people.

A missing unit is an error. A role that nobody has is only a warning, because it may be given to somebody
later.
"""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import and_, literal, or_, select
from sqlalchemy.orm import aliased

from engine import access, bpmn
from engine.access import ANY, APPLICANT, CASEWORKER
from engine.bpmn import Finding, RequiredRole
from engine.models import Membership, Unit, UnitLine, User
from engine.platform.db import UnitOfWork


def findings(uow: UnitOfWork, files: Mapping[str, bytes], owner: UUID) -> list[Finding]:
    """Returns findings on the roles that checked files name, for processes of this unit."""
    named = [required for required in bpmn.required_roles(files) if required.role != APPLICANT]
    if not named:
        return []
    keys = {required.unit for required in named if required.unit is not None}
    rows = uow.connection.execute(
        select(Unit.key, Unit.id).where(Unit.key.in_(keys), Unit.closed_at.is_(None))
    )
    units: dict[str | None, UUID] = {None: owner, **{key: unit_id for key, unit_id in rows}}
    places = {(required.role, units[required.unit]) for required in named if required.unit in units}
    held = {place for place in places if _held(uow, *place)}
    found = []
    for required in named:
        if required.unit not in units:
            found.append(_unknown(required))
        elif (required.role, units[required.unit]) not in held:
            found.append(_nobody(required))
    return found


def _held(uow: UnitOfWork, role: str, unit: UUID) -> bool:
    """Returns whether anybody has a role in a unit, one above it or one below it."""
    line = aliased(UnitLine)
    near = or_(
        and_(line.ancestor_id == Membership.unit_id, line.unit_id == unit),
        and_(line.unit_id == Membership.unit_id, line.ancestor_id == unit),
    )
    found = (
        select(literal(1))
        .select_from(Membership)
        .join(line, near)
        .join(User, User.id == Membership.user_id)
        .where(
            or_(Membership.role.in_((role, ANY)), literal(role) == CASEWORKER),
            User.role == "caseworker",
            User.deactivated_at.is_(None),
            access.valid(Membership),
        )
        .limit(1)
    )
    return uow.connection.execute(found, access.seen_by(uow)).first() is not None


def _unknown(post: RequiredRole) -> Finding:
    values = {"unit": post.unit or ""}
    return Finding(
        "error",
        "unknown-unit",
        post.file,
        element=post.element,
        line=post.line,
        attribute="parvandeh:unit",
        values=values,
    )


def _nobody(post: RequiredRole) -> Finding:
    return Finding(
        "warning",
        "nobody-has-role",
        post.file,
        element=post.element,
        line=post.line,
        attribute="parvandeh:role",
        values={"role": post.role} | ({} if post.unit is None else {"unit": post.unit}),
    )
