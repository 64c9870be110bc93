"""Choosing who gets a task: whom the diagram names, or one of those who may take it, by lot or by load.

Whoever may not take it for fairness' sake is not chosen; in the place of who is absent stands the substitute.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from secrets import SystemRandom
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from engine import access, bpmn
from engine.access.validity import lies_there
from engine.bpmn import Spec
from engine.events import Fact
from engine.models import Delegation, Membership, Pool, PoolRole, Substitution, Task, UnitLine, User
from engine.organisation import candidate_groups, eligibility
from engine.organisation.candidate_groups import Placing
from engine.organisation.eligibility import Turn
from engine.platform.db import UnitOfWork

_CHANCE = SystemRandom()
COUNTED = 1_000  # open tasks: who has as many as that has many


@dataclass(frozen=True, slots=True)
class Matter:
    """The case whose tasks are given out: its state, whom it is about, and the case that it appeals.

    `done` is the task that the command is just completing, and by whom; `gone` are tasks that it takes back.
    """

    case_id: UUID
    spec: Spec
    state: bytes | None
    parties: frozenset[str]
    appealed: UUID | None
    done: tuple[UUID, UUID] | None = None
    gone: Collection[UUID] = ()


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A task that is to be given to somebody.

    `how` is the mark of the diagram, `named` the account that it names, `only` those that alone may take it.
    """

    task: UUID
    element: str
    pool: UUID
    opened_at: datetime
    how: str | None = None
    named: str | None = None
    only: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who gets a task, whose account that is, and how it came to that."""

    user_id: UUID
    name: str
    how: str
    person: str | None

    def fact(self, element: str, task: UUID) -> Fact:
        """What the log says of it."""
        told = {"account": self.user_id, "name": self.name, "how": self.how}
        return Fact("task.assigned", element, task, told)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Who may take a task of the pool; `holder` is the one whose post it is, `tier` how near that is."""

    user_id: UUID
    name: str
    person: str | None
    holder: str
    tier: tuple[bool, int]


@dataclass(slots=True)
class _Staff:
    """The candidates of each pool, without those that the case keeps off, and how much they have to do."""

    of: dict[UUID, list[_Candidate]] = field(default_factory=dict)
    load: dict[UUID, int] = field(default_factory=dict)


def _stored() -> Select[*tuple[Any, ...]]:
    """The roles of these pools; those of a delegation only while it is valid."""
    return (
        select(PoolRole.pool_id, PoolRole.unit_id, PoolRole.role)
        .join(Pool, Pool.id == PoolRole.pool_id)
        .outerjoin(Delegation, Delegation.id == Pool.delegation_id)
        .where(PoolRole.pool_id.in_(bindparam("of_pools", expanding=True)), lies_there())
    )


def _depth(unit: Any) -> ColumnElement[int]:
    above = aliased(UnitLine)
    return select(func.count()).select_from(above).where(above.unit_id == unit).scalar_subquery()


def _load(user: Any) -> ScalarSelect[int]:
    """How many open tasks an account has, as far as it is counted."""
    open_tasks = select(Task.id).where(Task.assignee_id == user.id, Task.status == "open").correlate(user)
    return select(func.count()).select_from(open_tasks.limit(COUNTED).subquery()).scalar_subquery()


def _candidates(roles: Select[Any]) -> Select[Any]:
    """Everybody who holds one of these roles in its unit or one above, or stands in for who does."""
    source = roles.subquery("wanted")
    line, absence = aliased(UnitLine), aliased(Substitution)
    holder, user = aliased(User), aliased(User)
    acting = func.coalesce(absence.substitute_id, Membership.user_id)
    fitting = or_(
        Membership.role == source.c.role,
        Membership.role == access.ANY,
        source.c.role == access.CASEWORKER,
    )
    away = aliased(Substitution)
    return (
        select(
            source.c.pool_id,
            user.id,
            user.name,
            holder.name.label("holder"),
            (Membership.role == access.ANY).label("any"),
            (_depth(source.c.unit_id) - _depth(Membership.unit_id)).label("distance"),
            user.person,
            eligibility.related_to(user.id).label("related"),
            case((bindparam("by_load", type_=Boolean), _load(user)), else_=0).label("load"),
        )
        .select_from(source)
        .join(line, line.unit_id == source.c.unit_id)
        .join(Membership, and_(Membership.unit_id == line.ancestor_id, fitting, access.valid(Membership)))
        .join(holder, and_(holder.id == Membership.user_id, holder.deactivated_at.is_(None)))
        .outerjoin(absence, and_(absence.absent_id == Membership.user_id, access.valid(absence)))
        .join(user, and_(user.id == acting, user.role == "caseworker", user.deactivated_at.is_(None)))
        .where(
            ~exists().where(away.absent_id == user.id, access.valid(away)),
            ~eligibility.recused(user.id, bindparam("case")),
        )
        .distinct()
    )


_OF_NEW, _OF_STORED = _candidates(candidate_groups.meant()), _candidates(_stored())


def at_opening(
    uow: UnitOfWork, matter: Matter, vacancies: Sequence[Vacancy], placing: Placing
) -> Mapping[UUID, Chosen]:
    """By task: who gets it. Their pools need not be written yet."""
    if not vacancies:
        return {}
    wanted = {vacancy.pool for vacancy in vacancies}
    roles = [role for role in placing.roles if role["pool"] in wanted]
    staff = _staff(uow, matter, _OF_NEW, {"pool_roles": roles, **_counting(vacancies)})
    return _choose(uow, matter, vacancies, staff, ())


def anew(
    uow: UnitOfWork, matter: Matter, vacancies: Sequence[Vacancy], avoided: Collection[UUID] = ()
) -> Mapping[UUID, Chosen]:
    """The same for tasks that are there; the `avoided` accounts get them only if there is nobody else."""
    if not vacancies:
        return {}
    wanted = {"of_pools": sorted({vacancy.pool for vacancy in vacancies})}
    staff = _staff(uow, matter, _OF_STORED, {**wanted, **_counting(vacancies)})
    return _choose(uow, matter, vacancies, staff, avoided)


def _counting(vacancies: Sequence[Vacancy]) -> Mapping[str, bool]:
    return {"by_load": any(vacancy.how == "least-loaded" for vacancy in vacancies)}


def _staff(uow: UnitOfWork, matter: Matter, statement: Select[Any], given: Mapping[str, Any]) -> _Staff:
    staff = _Staff()
    rows = uow.connection.execute(statement, {**given, "case": matter.case_id, "now": uow.now}).all()
    deciders = eligibility.deciders(uow, matter.appealed, {row.id for row in rows})
    for row in rows:
        if row.id not in deciders and not eligibility.interested(matter.parties, row.person, row.related):
            found = _Candidate(row.id, row.name, row.person, row.holder, (row.any, row.distance))
            staff.of.setdefault(row.pool_id, []).append(found)
            staff.load[row.id] = row.load
    return staff


def _choose(
    uow: UnitOfWork, matter: Matter, vacancies: Sequence[Vacancy], staff: _Staff, avoided: Collection[UUID]
) -> Mapping[UUID, Chosen]:
    groups = {vacancy.element: eligibility.group(matter.spec, vacancy.element) for vacancy in vacancies}
    elements = frozenset[str]().union(*groups.values())
    # What somebody has in hand counts as done by him: else he could complete one of both only.
    known = eligibility.turns(uow, matter.case_id, elements, matter.done) if elements else []
    known = [turn for turn in known if turn.task not in matter.gone]
    chosen = {}
    for vacancy in vacancies:
        turns = [turn for turn in known if turn.element in groups[vacancy.element]]
        # Whether somebody is another person than those before can only be known of an account with a person.
        possible = (
            one for one in staff.of.get(vacancy.pool, ()) if one.person or not groups[vacancy.element]
        )
        able = [one for one in possible if _able(matter, vacancy, one, turns, uow.now)]
        found = _pick(vacancy, [one for one in able if one.user_id not in avoided] or able, staff.load)
        if found is not None:
            chosen[vacancy.task] = found
            staff.load[found.user_id] += 1
            known.append(Turn(vacancy.task, vacancy.element, found.user_id, found.person, vacancy.opened_at))
    return chosen


def _able(matter: Matter, vacancy: Vacancy, one: _Candidate, known: Sequence[Turn], now: datetime) -> bool:
    if vacancy.only and one.holder not in vacancy.only:
        return False
    turn = Turn(vacancy.task, vacancy.element, one.user_id, one.person, vacancy.opened_at)
    return not eligibility.met(known, turn, partial(instances, matter.spec, matter.state, vacancy.task, now))


def instances(spec: Spec, state: bytes | None, task: UUID, now: datetime) -> int:
    """How many instances went before that of this task, where they come one after the other."""
    return 0 if state is None else bpmn.instances_before(spec, state, task, now)


def _pick(vacancy: Vacancy, able: Iterable[_Candidate], load: Mapping[UUID, int]) -> Chosen | None:
    able = list(able)
    named = [one for one in able if one.holder == vacancy.named]
    if named:
        one = _CHANCE.choice(named)
        return Chosen(one.user_id, one.name, "named", one.person)
    if vacancy.how is None or not able:
        return None
    nearest = min(one.tier for one in able)
    # Each once, whatever posts they have; in a fixed order, so that chance alone decides.
    near = {one.user_id: one for one in able if one.tier == nearest}
    least = min(load[user] for user in near)
    fitting = [user for user in sorted(near) if vacancy.how == "random" or load[user] == least]
    one = near[_CHANCE.choice(fitting)]
    return Chosen(one.user_id, one.name, vacancy.how, one.person)
