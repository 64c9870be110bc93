"""Where an account has its permissions, as conditions in SQL.

They depend on its memberships, each of which covers a unit and all below it. Lists and single reads, commands
and their locks use the same conditions, evaluated at each request: a membership that has ended no longer
counts from the next request on. Conditions have the parameters `viewer`, `now` and `behalf`, which `seen_by`
returns.

An account that acts for a person has of all this only the cases of that person (`of_person`).
"""

from collections.abc import Collection
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    ScalarSelect,
    Select,
    Subquery,
    and_,
    case,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
    union,
    union_all,
)
from sqlalchemy.orm import aliased

from engine.access import permissions
from engine.access.permissions import ALLOWED, AUDITOR, MANAGER, Permission, require
from engine.access.persons import VIEWER, of_person, party
from engine.access.validity import lies_there, valid
from engine.models import (
    ROOT,
    CandidateGroup,
    CandidateGroupRole,
    Case,
    Definition,
    Delegation,
    Membership,
    Substitution,
    Task,
    Unit,
    UnitLine,
    User,
)
from engine.platform.db import Actor, UnitOfWork
from engine.platform.errors import Forbidden

SUPERVISOR = "supervisor"  # the role in a unit that assigns tasks to any candidate
CASEWORKER = "caseworker"  # the role in a unit that every member has,
ANY = "*"  # and the one that means all roles
APPLICANT = "applicant"  # whose tasks belong to nobody in a unit
DELEGATE = "delegate"  # as which forms name the members of private bodies, whatever their role


def seen_by(uow: UnitOfWork) -> dict[str, Any]:
    """Returns the parameters of all conditions of this module."""
    return {"viewer": uow.actor.id, "now": uow.now, "behalf": uow.actor.on_behalf_of}


@cache
def positions() -> CTE:
    """Returns the viewer's positions: its own memberships, and those of people for whom it is the substitute.

    Columns: unit_id, role, user_id. Conditions of one statement share it, and PostgreSQL reads it once.
    """
    columns = (Membership.unit_id, Membership.role, Membership.user_id)
    own = select(*columns).where(Membership.user_id == VIEWER, valid(Membership))
    lent = (
        select(*columns)
        .join(Substitution, Substitution.absent_id == Membership.user_id)
        .where(Substitution.substitute_id == VIEWER, valid(Substitution), valid(Membership))
    )
    return union_all(own, lent).cte("positions")


@lru_cache(32)
def covers(unit: Any) -> ColumnElement[bool]:
    """Returns whether the viewer works in this unit, or in one above it."""
    held, line = positions(), aliased(UnitLine)
    above = line.ancestor_id == held.c.unit_id
    return select(held.c.unit_id).join(line, above).where(line.unit_id == unit).exists()


def acting_in(unit: Any) -> ScalarSelect[str]:
    """Returns the key of the unit as whose member the viewer acts in this one; NULL without a membership."""
    held, line, acting = positions(), aliased(UnitLine), aliased(Unit)
    return (
        select(func.min(acting.key))
        .select_from(held)
        .join(acting, acting.id == held.c.unit_id)
        .join(line, line.ancestor_id == held.c.unit_id)
        .where(line.unit_id == unit)
        .scalar_subquery()
    )


def acting() -> ScalarSelect[str]:
    """Returns the key of a unit in which the viewer works; NULL if there is none."""
    held, where = positions(), aliased(Unit)
    return select(func.min(where.key)).join(held, held.c.unit_id == where.id).scalar_subquery()


def _join_groups(held: CTE | Subquery, *columns: Any) -> Select[Any]:
    """Joins positions to the candidate groups of their units, whatever role these require."""
    line, delegation = aliased(UnitLine), aliased(Delegation)
    return (
        select(*columns)
        .select_from(held)
        .join(line, line.ancestor_id == held.c.unit_id)
        .join(CandidateGroupRole, CandidateGroupRole.unit_id == line.unit_id)
        .join(CandidateGroup, CandidateGroup.id == CandidateGroupRole.candidate_group_id)
        .outerjoin(delegation, delegation.id == CandidateGroup.delegation_id)
        .where(lies_there(delegation))
    )


def _may_claim(held: CTE | Subquery) -> ColumnElement[bool]:
    required = CandidateGroupRole.role
    return or_(required == held.c.role, required == CASEWORKER, held.c.role == ANY)


def _join_claimable_groups(held: CTE | Subquery, *columns: Any) -> Select[Any]:
    """Joins positions to the candidate groups whose tasks they may claim."""
    return _join_groups(held, *columns).where(_may_claim(held))


def claiming_unit(group: Any) -> ScalarSelect[str]:
    """Returns the key of the unit as whose member the viewer may claim this group's tasks.

    NULL if it may not.
    """
    held, acting = positions(), aliased(Unit)
    found = _join_claimable_groups(held, func.min(acting.key)).join(acting, acting.id == held.c.unit_id)
    return found.where(CandidateGroup.id == group).scalar_subquery()


def candidates_of(group: Any) -> ColumnElement[bool]:
    """Returns the accounts that may claim tasks of this group, themselves or as substitutes: on `User`."""
    held = _everybody()
    return _at_work(_join_claimable_groups(held, held.c.user_id).where(CandidateGroup.id == group))


def workers(unit: Any) -> ColumnElement[bool]:
    """Returns the accounts that may claim what any member of this unit may claim: on `User`."""
    held, line = _everybody(), aliased(UnitLine)
    found = select(held.c.user_id).join(line, line.ancestor_id == held.c.unit_id)
    return _at_work(found.where(line.unit_id == unit))


def candidates_of_all(groups: Collection[UUID]) -> ColumnElement[bool]:
    """Returns the accounts that may claim tasks of each of these groups: on `User`."""
    held = _everybody()
    found = (
        _join_claimable_groups(held, held.c.user_id)
        .where(CandidateGroup.id.in_(groups))
        .group_by(held.c.user_id)
    )
    return _at_work(found.having(func.count(CandidateGroup.id.distinct()) == len(groups)))


def _everybody() -> Subquery:
    """Returns everybody's positions: their own, and those of people for whom they are substitutes."""
    columns = (Membership.unit_id, Membership.role)
    own = select(*columns, Membership.user_id).where(valid(Membership))
    lent = (
        select(*columns, Substitution.substitute_id)
        .join(Substitution, Substitution.absent_id == Membership.user_id)
        .where(valid(Substitution), valid(Membership))
    )
    return union_all(own, lent).subquery("everybody")


def _at_work(users: Select[Any]) -> ColumnElement[bool]:
    return and_(User.role == CASEWORKER, User.deactivated_at.is_(None), User.id.in_(users))


def staff() -> ColumnElement[bool]:
    """Returns the accounts that work where the viewer is a supervisor: on `User`."""
    held, line, member = positions(), aliased(UnitLine), aliased(Membership)
    found = (
        select(member.user_id)
        .join(line, line.unit_id == member.unit_id)
        .join(held, line.ancestor_id == held.c.unit_id)
        .where(held.c.role.in_((SUPERVISOR, ANY)), valid(member))
    )
    return _at_work(found)


def led(role: str) -> Select[Any]:
    """Returns the units that the viewer leads, as a supervisor or manager, without those below them: ids."""
    held = positions()
    found = select(held.c.unit_id)
    return found if role == MANAGER else found.where(held.c.role.in_((SUPERVISOR, ANY)))


def supervises(role: str, group: Any) -> ColumnElement[bool]:
    """Returns whether the viewer may assign this group's tasks freely: supervisors, and administrators."""
    if "tasks.assign" not in ALLOWED.get(role, ()):
        return false()
    held = positions()
    found = _join_groups(held, held.c.unit_id).where(CandidateGroup.id == group)
    if role != "administrator":
        found = found.where(held.c.role.in_((SUPERVISOR, ANY)))
    return and_(found.exists(), *of_person(role))


def in_place_of(user: Any) -> ColumnElement[bool]:
    """Returns whether the viewer is this account, or its substitute."""
    lent = select(Substitution.id).where(
        Substitution.absent_id == user, Substitution.substitute_id == VIEWER, valid(Substitution)
    )
    return or_(user == VIEWER, lent.exists())


def _side(held: CTE | Subquery) -> ColumnElement[Any]:
    """Returns the role by which forms know a position: that in an agency; delegate in a private body."""
    line, body = aliased(UnitLine), aliased(Unit)
    private = (
        select(line.unit_id)
        .join(body, and_(body.id == line.ancestor_id, body.kind == "delegate"))
        .where(line.unit_id == held.c.unit_id)
    )
    return case((private.exists(), literal(DELEGATE)), else_=held.c.role)


def roles_for(group: Any, unit: Any) -> ScalarSelect[Any]:
    """Returns the roles by which forms know the viewer, for a task of this group in a case of this unit.

    `*` is all.
    """
    held, line = positions(), aliased(UnitLine)
    taken = _join_claimable_groups(held, _side(held).label("role")).where(CandidateGroup.id == group)
    above = line.ancestor_id == held.c.unit_id
    near = select(_side(held).label("role")).join(line, above).where(line.unit_id == unit)
    found = union(taken, near).subquery("roles")
    return select(func.array_agg(found.c.role)).scalar_subquery()


def known_as(actor: Actor, roles: Collection[str] | None) -> Collection[str]:
    """Returns all roles by which forms know an official with the roles of `roles_for` or `roles_in`.

    Every official is a caseworker, except members of private bodies, who are only delegates. Forms hide
    nothing from auditors.
    """
    if actor.role == AUDITOR:
        return (ANY,)
    return roles if roles and set(roles) == {DELEGATE} else (*(roles or ()), CASEWORKER)


def roles_in(unit: Any) -> ScalarSelect[Any]:
    """Returns the roles by which forms know the viewer in this unit, and in those above it; `*` is all."""
    held, line = positions(), aliased(UnitLine)
    found = select(func.array_agg(_side(held))).join(line, line.ancestor_id == held.c.unit_id)
    return found.where(line.unit_id == unit).scalar_subquery()


def candidate_groups(role: str, *narrowed: ColumnElement[bool], supervised: bool = False) -> Select[Any]:
    """Returns the ids of the candidate groups whose tasks the viewer may claim.

    Or, as an administrator or manager, see. `narrowed` by definition, and by role in a unit. `supervised`:
    those whose tasks it may assign freely.
    """
    held = positions()
    lying = _join_groups if supervised or role in ("administrator", MANAGER) else _join_claimable_groups
    found = lying(held, CandidateGroup.id).where(*narrowed).distinct()
    if supervised and role != "administrator":
        found = found.where(held.c.role.in_((SUPERVISOR, ANY)))
    return found


def startable(actor: Actor) -> ColumnElement[bool]:
    """Returns the definitions of which the actor's role may start cases: on `Definition`."""
    enabled = Definition.disabled_at.is_(None) if permissions.only_enabled(actor) else true()
    return and_(enabled, Definition.offered_at.is_not(None) if permissions.only_catalogue(actor) else true())


def _own_case() -> ColumnElement[bool]:
    """Returns whether a case is that of the person who owns this account."""
    own: ColumnElement[bool] = (
        Case.applicant == select(User.person).where(User.id == VIEWER).scalar_subquery()
    )
    return own


def reachable_cases(role: str) -> ColumnElement[bool]:
    """Returns the cases of an account with this role: those of its units; for a portal those that it started.

    Of these, an account that acts for a person has only that person's. Officials also find the cases to
    which they are a party. Only for commands that then refuse and log the conflict of interest; views use
    `visible_cases`.
    """
    if "cases.read" not in ALLOWED.get(role, ()):
        return false()
    if role == "applicant":
        return _own_case()
    reached = Case.started_by == VIEWER if role == "portal" else covers(Case.unit_id)
    return and_(reached, *of_person(role))


def visible_cases(role: str) -> ColumnElement[bool]:
    """Returns the cases that an account with this role may see.

    Officials not those to which they are a party.
    """
    reachable = reachable_cases(role)
    return reachable if role in ("portal", "applicant") else and_(reachable, not_(party()))


def reachable_tasks(role: str) -> ColumnElement[bool]:
    """Returns the tasks of the cases that an account reaches, and those that it may claim or assign.

    Portals and applicants have the applicant's tasks only.
    """
    if "tasks.read" not in ALLOWED.get(role, ()):
        return false()
    if role in ("portal", "applicant"):
        return and_(reachable_cases(role), Task.candidate_group_id.is_(None))
    held = positions()
    handled = _join_groups(held, held.c.unit_id).where(CandidateGroup.id == Task.candidate_group_id)
    if role != "administrator":
        handled = handled.where(or_(_may_claim(held), held.c.role == SUPERVISOR))
    return and_(or_(reachable_cases(role), handled.exists()), *of_person(role))


def visible_tasks(role: str) -> ColumnElement[bool]:
    """Returns the tasks that an account may see; officials not those of cases to which they are a party."""
    reachable = reachable_tasks(role)
    return reachable if role in ("portal", "applicant") else and_(reachable, not_(party()))


def taken_as(role: str) -> ColumnElement[Any]:
    """Returns the unit as whose member it may claim a task; NULL if it may not.

    Accounts without a membership claim the applicant's tasks, for no unit: an empty text.
    """
    if "tasks.work" not in ALLOWED.get(role, ()):
        return null()
    if role in ("portal", "applicant"):
        return case((visible_tasks(role), literal("")), else_=null())
    # Applicants who came to a desk, or wrote, do there what others do at a portal.
    at_a_desk = and_(Task.candidate_group_id.is_(None), Case.channel != "online")
    taken = func.coalesce(
        claiming_unit(Task.candidate_group_id), case((at_a_desk, acting_in(Case.unit_id)), else_=null())
    )
    own = of_person(role)
    return case((and_(*own), taken), else_=null()) if own else taken


def everywhere(uow: UnitOfWork) -> bool:
    """Returns whether the actor works in the root unit. Queried once in a transaction."""
    known = uow.session.info.setdefault("everywhere", {})
    if uow.actor.id not in known:
        found = uow.connection.execute(select(covers(ROOT)), seen_by(uow)).scalar_one()
        known[uow.actor.id] = bool(found)
    return bool(known[uow.actor.id])


def require_everywhere(uow: UnitOfWork, permission: Permission) -> None:
    """Raises Forbidden unless the actor has the permission in all units: for objects without a unit."""
    require(uow.actor, permission)
    if not everywhere(uow):
        raise Forbidden(f"{permission} needs a membership of the unit above all others.")
