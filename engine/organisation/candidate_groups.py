"""Candidate groups: who may claim a task. One for each set of roles, definition and unit of cases.

A group's id is derived from its roles, definition and unit. So the group of a task is known without a query,
and two commands that need a new group create the same one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import JSON, Select, Text, and_, bindparam, case, column, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from engine.access import APPLICANT, CASEWORKER, seen_by
from engine.access.validity import in_force
from engine.models import CandidateGroup, CandidateGroupRole, Definition, Delegation, Task, Unit, UnitLine
from engine.platform.db import UnitOfWork, recordset, table

# A role, and the key of the unit in which it applies; None is the unit of the case.
CandidateRole = tuple[str, str | None]

_SPACE = UUID("6f5cf4b1-6f6b-5d7b-9a53-0d7a2c1f7a10")  # arbitrary, but must not change


@dataclass(frozen=True, slots=True)
class CaseScope:
    """What the tasks of a case need from it: whose case it is, and its search words."""

    unit_id: UUID
    definition: str
    delegated: bool  # steps of its definition are delegated
    words: Sequence[str] = ()
    persons: Sequence[str] = ()  # its applicant and their representative
    appeal_of: UUID | None = None  # the case whose decision it appeals
    bound: str | None = None  # within which its tasks come first, by the class of the service


@dataclass(slots=True)
class CandidateGroups:
    """The candidate groups of a command's tasks, as rows that may already exist."""

    home: CaseScope
    groups: list[dict[str, Any]] = field(default_factory=list)
    roles: list[dict[str, Any]] = field(default_factory=list)

    def group_for(self, candidates: Collection[CandidateRole]) -> UUID | None:
        """Returns the group whose members have one of these roles; None if the task is the applicant's."""
        named = set(candidates) or {(CASEWORKER, None)}
        if any(role == APPLICANT for role, _ in named):
            return None
        names = sorted(f"{unit or ''} {role}" for role, unit in named)
        found = self._add(f"{self.home.unit_id}\n{self.home.definition}\n" + "\n".join(names))
        for role, unit in named:
            self.roles.append(
                {"candidate_group": found, "unit": unit, "case_unit": self.home.unit_id, "role": role}
            )
        return found

    def delegate_group(self, delegation: UUID, key: str) -> UUID:
        """Returns the group of a delegation, whose delegate is the unit with this key."""
        found = self._add(f"delegation {delegation}", delegation)
        case_unit = self.home.unit_id
        self.roles.append({"candidate_group": found, "unit": key, "case_unit": case_unit, "role": CASEWORKER})
        return found

    def _add(self, text: str, delegation: UUID | None = None) -> UUID:
        found = uuid5(_SPACE, text)
        row = {"id": found, "definition": self.home.definition, "delegation_id": delegation}
        row["unit_id"] = self.home.unit_id if delegation is None else None
        if row not in self.groups:
            self.groups.append(row)
        return found

    def write(self, uow: UnitOfWork) -> None:
        """Writes the groups that do not exist yet, when the command ends."""
        if self.groups:
            uow.write(_GROUPS, {"candidate_groups": self.groups})
            uow.write(_ROLES, {"candidate_group_roles": self.roles})


_GROUPS = recordset(table(CandidateGroup), "candidate_groups").on_conflict_do_nothing()


def resolve_roles() -> Select[Any]:
    """Returns roles as rows (group, unit, role) from the parameter `candidate_group_roles`, as in
    `CandidateGroups`.

    A unit named by its key is that unit, or the one below it that serves the case's region.
    """
    rows = (
        func.json_to_recordset(bindparam("candidate_group_roles", type_=JSON))
        .table_valued(
            column("candidate_group", CandidateGroupRole.candidate_group_id.type),
            column("unit", Text),
            column("case_unit", CandidateGroupRole.unit_id.type),
            column("role", Text),
        )
        .render_derived(name="given", with_types=True)
    )
    named, near, own = aliased(Unit), aliased(Unit), aliased(Unit)
    nearest = (
        select(near.id)
        .select_from(named)
        .join(UnitLine, UnitLine.ancestor_id == named.id)
        .join(near, and_(near.id == UnitLine.unit_id, near.closed_at.is_(None)))
        .join(own, own.id == rows.c.case_unit)
        .where(named.key == rows.c.unit, or_(near.id == named.id, near.region == own.region))
        .order_by(case((near.region == own.region, 0), else_=1), near.key)
        .limit(1)
        .correlate(rows)
        .scalar_subquery()
    )
    unit = func.coalesce(nearest, rows.c.case_unit).label("unit_id")
    return select(rows.c.candidate_group.label("candidate_group_id"), unit, rows.c.role)


_ROLES = (
    insert(table(CandidateGroupRole))
    .from_select(["candidate_group_id", "unit_id", "role"], resolve_roles())
    .on_conflict_do_nothing()
)

# Whether any steps of a definition, joined to it, are delegated; most definitions have none.
DELEGATED = exists().where(Delegation.definition == Definition.key).correlate(Definition).label("delegated")
_DELEGATIONS = (
    select(Delegation.id, Delegation.elements, Unit.key, func.count(Task.id).label("open"))
    .join(Unit, Unit.id == Delegation.delegate_id)
    .join(UnitLine, and_(UnitLine.ancestor_id == Delegation.unit_id, UnitLine.unit_id == bindparam("unit")))
    .outerjoin(CandidateGroup, CandidateGroup.delegation_id == Delegation.id)
    .outerjoin(Task, and_(Task.candidate_group_id == CandidateGroup.id, Task.status == "open"))
    .where(Delegation.definition == bindparam("definition"), in_force())
    .group_by(Delegation.id, Unit.key)
    .order_by("open", Delegation.id)
)


def find_delegations(
    uow: UnitOfWork, home: CaseScope, elements: Iterable[str]
) -> Mapping[str, tuple[UUID, str]]:
    """Returns, by delegated element, the delegation and its delegate's key; the one with the fewest tasks."""
    if not home.delegated:
        return {}
    given = {"unit": home.unit_id, "definition": home.definition, **seen_by(uow)}
    rows = uow.connection.execute(_DELEGATIONS, given).all()
    found: dict[str, tuple[UUID, str]] = {}
    for element in elements:
        fitting = next((row for row in rows if element in row.elements), None)
        if fitting is not None:
            found[element] = (fitting.id, fitting.key)
    return found
