"""What excludes an account from a task that its roles allow: prior work, conflicts of interest, recusal.

`engine/tasks/eligibility_checks.py` checks the user who acts, `engine/organisation/automatic_assignment.py`
the users who might be chosen.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, bindparam, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from engine.bpmn import Spec
from engine.models import Case, Decision, Recusal, Relation, Task, User
from engine.platform import persian
from engine.platform.db import UnitOfWork

_LOST = range(8, 10)  # digits that remain if a system stored a national id as a number


def normalise_id(value: Any) -> str:
    """Returns a national id in the form used for comparison. Other texts are returned unchanged."""
    found = re.sub(r"[\W_]", "", persian.digits(str(value))).casefold()
    return found.zfill(10) if found.isdigit() and len(found) in _LOST else found


def parties(persons: Iterable[str], spec: Spec, data: Mapping[str, Any]) -> frozenset[str]:
    """Returns the parties of a case: applicant, representative, and those that its process names."""
    found: list[Any] = list(persons)
    for name in spec.rules.parties:
        value = data.get(name)
        found += value if isinstance(value, list) else [value]
    identities = (
        normalise_id(value) for value in found if isinstance(value, str | int) and not isinstance(value, bool)
    )
    return frozenset(value for value in identities if value)


def has_interest(parties: Collection[str], person: str | None, related: Sequence[str] | None) -> bool:
    """Returns whether one of these parties is this person or a close relation."""
    return any(normalise_id(one) in parties for one in (person, *(related or ())) if one)


def person_of(user: Any) -> ScalarSelect[Any]:
    """Returns the national id of an account's owner."""
    owner = aliased(User)
    return select(owner.person).where(owner.id == user).scalar_subquery()


def related_to(user: Any) -> ScalarSelect[Any]:
    """Returns the declared close relations of an account's owner: a list, NULL if there are none."""
    close = select(func.array_agg(Relation.person)).where(
        Relation.user_id == user, Relation.ended_at.is_(None)
    )
    return close.scalar_subquery()


def recused(user: Any, of_case: Any) -> ColumnElement[bool]:
    """Returns whether an account has recused itself from a case."""
    return exists().where(Recusal.case_id == of_case, Recusal.user_id == user)


def _deciders() -> Select[Any]:
    """Returns the accounts whose owner decided, or helped to decide, in an appealed case.

    The owner may have used another account. If an appeal is appealed, all earlier decisions count.
    """
    first = select(bindparam("appealed", type_=Case.id.type).label("id")).cte("line", recursive=True)
    above = select(Case.appeal_of).join(first, Case.id == first.c.id).where(Case.appeal_of.is_not(None))
    line = first.union(above)
    one, other = aliased(User), aliased(User)
    had_part: ColumnElement[bool] = or_(
        Decision.decided_by == other.id, and_(Task.assignee_id == other.id, Task.status == "completed")
    )
    return (
        select(one.id)
        .select_from(Decision)
        .join(line, line.c.id == Decision.case_id)
        .join(Task, or_(Task.id == Decision.task_id, Task.parent_id == Decision.task_id))
        .join(other, had_part)
        .join(one, or_(other.id == one.id, other.person == one.person))
        .where(one.id.in_(bindparam("accounts", expanding=True)))
        .distinct()
    )


_DECIDERS = _deciders()


def find_deciders(uow: UnitOfWork, appealed: UUID | None, accounts: Collection[UUID]) -> frozenset[UUID]:
    """Returns the accounts that took part in a decision of the appealed case, if there is one."""
    if appealed is None or not accounts:
        return frozenset()
    given = {"appealed": appealed, "accounts": sorted(accounts)}
    return frozenset(uow.connection.execute(_DECIDERS, given).scalars())


@dataclass(frozen=True, slots=True)
class PriorWork:
    """A task of a case with its present or former assignee; `closed_at` is None while it is open.

    `person` is the national id of the owner of the account: two accounts of one person are one person.
    """

    task: UUID
    element: str
    user_id: UUID | None
    person: str | None
    opened_at: datetime
    closed_at: datetime | None = None

    def same_person(self, other: "PriorWork") -> bool:
        """Returns whether one person has both tasks, as far as that is known."""
        return self.user_id == other.user_id or (self.person is not None and self.person == other.person)


_BY = case(
    (Task.id == bindparam("now_done"), bindparam("by", type_=Task.assignee_id.type)), else_=Task.assignee_id
)
_PRIOR_WORK = (
    select(Task.id, Task.element, _BY, User.person, Task.opened_at, Task.closed_at)
    .outerjoin(User, User.id == _BY)
    .where(
        Task.case_id == bindparam("case"),
        Task.kind == "step",
        Task.element.in_(bindparam("elements", expanding=True)),
        or_(
            Task.status == "completed",
            and_(Task.status == "open", or_(Task.assignee_id.is_not(None), Task.id == bindparam("now_done"))),
        ),
    )
    .order_by(Task.closed_at, Task.id)
)


def separated_elements(spec: Spec, element: str) -> frozenset[str]:
    """Returns the elements whose tasks must be done by others than this one's; none without a mark."""
    found = spec.elements.get(element)
    sod = found.rules.sod if found else None
    same = (path for path, other in spec.elements.items() if other.rules.sod == sod)
    return frozenset(same if sod is not None else ())


def prior_work(
    uow: UnitOfWork, case_id: UUID, elements: Collection[str], done: tuple[UUID, UUID] | None = None
) -> list[PriorWork]:
    """Returns who has done tasks of these elements or has them now, in order of completion.

    `done` is the task that the command is completing, and its account.
    """
    task, user = done or (None, None)
    given = {"case": case_id, "elements": sorted(elements), "now_done": task, "by": user}
    found = [PriorWork(*row) for row in uow.connection.execute(_PRIOR_WORK, given)]
    known = [work for work in found if work.task != task]
    ending = [replace(work, closed_at=uow.now) for work in found if work.task == task]
    return known + ending


def conflicts(known: Sequence[PriorWork], work: PriorWork, instances: Callable[[], int]) -> bool:
    """Returns whether the person of this work has had another task of the same group.

    Tasks of the same element conflict if they were open at the same time or are instances of the same
    activity (`instances`: the number of preceding ones, if sequential). So a person may do a task again when
    a loop repeats it.
    """
    others = [other for other in known if other.task != work.task]
    own = [other for other in others if other.same_person(work)]
    if any(other.element != work.element or _overlap(other, work) for other in own):
        return True
    if not own:
        return False
    count = instances()
    before = [other for other in others if other.element == work.element and other.closed_at is not None]
    return count > 0 and any(other.same_person(work) for other in before[-count:])


def _overlap(other: PriorWork, work: PriorWork) -> bool:
    return (other.closed_at is None or other.closed_at > work.opened_at) and (
        work.closed_at is None or work.closed_at > other.opened_at
    )
