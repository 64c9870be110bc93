"""Automatic assignment: the user that the diagram names, or a candidate chosen at random or by workload.

A candidate who is not eligible is not chosen. A substitute takes the place of a candidate who is absent.
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
from engine.models import (
    CandidateGroup,
    CandidateGroupRole,
    Delegation,
    Membership,
    Substitution,
    Task,
    Unit,
    UnitLine,
    User,
)
from engine.organisation import candidate_groups, eligibility
from engine.organisation.candidate_groups import CandidateGroups
from engine.organisation.eligibility import PriorWork
from engine.platform.db import UnitOfWork

_CHANCE = SystemRandom()
COUNTED = 1_000  # open tasks; accounts with more count as having this many


@dataclass(frozen=True, slots=True)
class AssignmentContext:
    """The case whose tasks are assigned: its state, its parties, and the case that it appeals.

    `done` is the task that the command is completing, with its account; `gone` are tasks that it cancels.
    """

    case_id: UUID
    spec: Spec
    state: bytes | None
    parties: frozenset[str]
    appealed: UUID | None
    done: tuple[UUID, UUID] | None = None
    gone: Collection[UUID] = ()


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task without an assignee that is assigned automatically.

    `how` is the mark of the diagram, `named` the account that it names, `only` the accounts that alone may
    claim it.
    """

    id: UUID
    element: str
    group: UUID
    opened_at: datetime
    how: str | None = None
    named: str | None = None
    only: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """The chosen assignee of a task, the owner of that account, and how it was chosen.

    `unit` is the key of the unit in which it, or the account for which it is the substitute, has the role.
    """

    user_id: UUID
    name: str
    how: str
    person: str | None
    unit: str

    def fact(self, element: str, task: UUID) -> Fact:
        """Returns the fact for the log."""
        payload = {"account": self.user_id, "name": self.name, "how": self.how}
        return Fact("task.assigned", element, task, payload, {"unit": self.unit})


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A member of the group; `holder` is who has the role in a unit, `tier` how far that unit is."""

    user_id: UUID
    name: str
    person: str | None
    holder: str
    tier: tuple[bool, int]
    unit: str


@dataclass(slots=True)
class _Staff:
    """The eligible candidates of each group, with the number of their open tasks."""

    of: dict[UUID, list[_Candidate]] = field(default_factory=dict)
    load: dict[UUID, int] = field(default_factory=dict)


def _stored() -> Select[*tuple[Any, ...]]:
    """Returns the roles of these groups; those of a delegation only while it is valid."""
    return (
        select(CandidateGroupRole.candidate_group_id, CandidateGroupRole.unit_id, CandidateGroupRole.role)
        .join(CandidateGroup, CandidateGroup.id == CandidateGroupRole.candidate_group_id)
        .outerjoin(Delegation, Delegation.id == CandidateGroup.delegation_id)
        .where(
            CandidateGroupRole.candidate_group_id.in_(bindparam("of_groups", expanding=True)), lies_there()
        )
    )


def _depth(unit: Any) -> ColumnElement[int]:
    above = aliased(UnitLine)
    return select(func.count()).select_from(above).where(above.unit_id == unit).scalar_subquery()


def _load(user: Any) -> ScalarSelect[int]:
    """Returns the number of an account's open tasks, up to the limit of counting."""
    open_tasks = select(Task.id).where(Task.assignee_id == user.id, Task.status == "open").correlate(user)
    return select(func.count()).select_from(open_tasks.limit(COUNTED).subquery()).scalar_subquery()


def _candidates(roles: Select[Any]) -> Select[Any]:
    """Returns everybody who has one of these roles in its unit or one above it, with their substitutes."""
    source = roles.subquery("wanted")
    line, absence = aliased(UnitLine), aliased(Substitution)
    holder, user, place = aliased(User), aliased(User), aliased(Unit)
    acting = func.coalesce(absence.substitute_id, Membership.user_id)
    fitting = or_(
        Membership.role == source.c.role,
        Membership.role == access.ANY,
        source.c.role == access.CASEWORKER,
    )
    away = aliased(Substitution)
    return (
        select(
            source.c.candidate_group_id,
            user.id,
            user.name,
            holder.name.label("holder"),
            (Membership.role == access.ANY).label("any"),
            (_depth(source.c.unit_id) - _depth(Membership.unit_id)).label("distance"),
            place.key.label("unit"),
            user.person,
            eligibility.related_to(user.id).label("related"),
            case((bindparam("by_load", type_=Boolean), _load(user)), else_=0).label("load"),
        )
        .select_from(source)
        .join(line, line.unit_id == source.c.unit_id)
        .join(Membership, and_(Membership.unit_id == line.ancestor_id, fitting, access.valid(Membership)))
        .join(place, place.id == Membership.unit_id)
        .join(holder, and_(holder.id == Membership.user_id, holder.deactivated_at.is_(None)))
        .outerjoin(absence, and_(absence.absent_id == Membership.user_id, access.valid(absence)))
        .join(user, and_(user.id == acting, user.role == "caseworker", user.deactivated_at.is_(None)))
        .where(
            ~exists().where(away.absent_id == user.id, access.valid(away)),
            ~eligibility.recused(user.id, bindparam("case")),
        )
        .distinct()
    )


_OF_NEW, _OF_STORED = _candidates(candidate_groups.resolve_roles()), _candidates(_stored())


def choose_for_new(
    uow: UnitOfWork, context: AssignmentContext, open_tasks: Sequence[OpenTask], groups: CandidateGroups
) -> Mapping[UUID, Chosen]:
    """Chooses the assignees of new tasks, by task. Their groups need not be written yet."""
    if not open_tasks:
        return {}
    wanted = {task.group for task in open_tasks}
    roles = [role for role in groups.roles if role["candidate_group"] in wanted]
    staff = _staff(uow, context, _OF_NEW, {"candidate_group_roles": roles, **_counting(open_tasks)})
    return _choose(uow, context, open_tasks, staff, ())


def choose_for_open(
    uow: UnitOfWork,
    context: AssignmentContext,
    open_tasks: Sequence[OpenTask],
    avoided: Collection[UUID] = (),
) -> Mapping[UUID, Chosen]:
    """Chooses the assignees of open tasks, by task; `avoided` accounts only if there is nobody else."""
    if not open_tasks:
        return {}
    wanted = {"of_groups": sorted({task.group for task in open_tasks})}
    staff = _staff(uow, context, _OF_STORED, {**wanted, **_counting(open_tasks)})
    return _choose(uow, context, open_tasks, staff, avoided)


def _counting(open_tasks: Sequence[OpenTask]) -> Mapping[str, bool]:
    return {"by_load": any(task.how == "least-loaded" for task in open_tasks)}


def _staff(
    uow: UnitOfWork, context: AssignmentContext, statement: Select[Any], given: Mapping[str, Any]
) -> _Staff:
    staff = _Staff()
    rows = uow.connection.execute(statement, {**given, "case": context.case_id, "now": uow.now}).all()
    deciders = eligibility.find_deciders(uow, context.appealed, {row.id for row in rows})
    for row in rows:
        if row.id not in deciders and not eligibility.has_interest(context.parties, row.person, row.related):
            tier = (row.any, row.distance)
            found = _Candidate(row.id, row.name, row.person, row.holder, tier, row.unit)
            staff.of.setdefault(row.candidate_group_id, []).append(found)
            staff.load[row.id] = row.load
    return staff


def _choose(
    uow: UnitOfWork,
    context: AssignmentContext,
    open_tasks: Sequence[OpenTask],
    staff: _Staff,
    avoided: Collection[UUID],
) -> Mapping[UUID, Chosen]:
    groups = {task.element: eligibility.separated_elements(context.spec, task.element) for task in open_tasks}
    elements = frozenset[str]().union(*groups.values())
    # Tasks in progress count as done by their assignee: otherwise that person could complete only one of
    # both.
    known = eligibility.prior_work(uow, context.case_id, elements, context.done) if elements else []
    known = [work for work in known if work.task not in context.gone]
    chosen = {}
    for task in open_tasks:
        others = [work for work in known if work.element in groups[task.element]]
        # Whether two accounts belong to different people is only known for accounts with a person.
        possible = (one for one in staff.of.get(task.group, ()) if one.person or not groups[task.element])
        able = [one for one in possible if _is_eligible(context, task, one, others, uow.now)]
        found = _pick(task, [one for one in able if one.user_id not in avoided] or able, staff.load)
        if found is not None:
            chosen[task.id] = found
            staff.load[found.user_id] += 1
            known.append(PriorWork(task.id, task.element, found.user_id, found.person, task.opened_at))
    return chosen


def _is_eligible(
    context: AssignmentContext, task: OpenTask, one: _Candidate, known: Sequence[PriorWork], now: datetime
) -> bool:
    if task.only and one.holder not in task.only:
        return False
    work = PriorWork(task.id, task.element, one.user_id, one.person, task.opened_at)
    return not eligibility.conflicts(
        known, work, partial(count_instances, context.spec, context.state, task.id, now)
    )


def count_instances(spec: Spec, state: bytes | None, task: UUID, now: datetime) -> int:
    """Returns how many instances preceded that of this task, if they are sequential."""
    return 0 if state is None else bpmn.instances_before(spec, state, task, now)


def _pick(task: OpenTask, able: Iterable[_Candidate], load: Mapping[UUID, int]) -> Chosen | None:
    able = list(able)
    named = [one for one in able if one.holder == task.named]
    if named:
        one = _CHANCE.choice(named)
        return Chosen(one.user_id, one.name, "named", one.person, one.unit)
    if task.how is None or not able:
        return None
    nearest = min(one.tier for one in able)
    # Each candidate once, whatever their memberships, in a fixed order, so that only chance decides.
    near = {one.user_id: one for one in able if one.tier == nearest}
    least = min(load[user] for user in near)
    fitting = [user for user in sorted(near) if task.how == "random" or load[user] == least]
    one = near[_CHANCE.choice(fitting)]
    return Chosen(one.user_id, one.name, task.how, one.person, one.unit)
