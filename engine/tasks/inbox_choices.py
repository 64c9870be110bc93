"""What the inbox can be narrowed to: processes, roles, units, and people."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import RowMapping, Select, literal, select, union

from engine import access
from engine.access import validity
from engine.identity import names
from engine.models import CandidateGroup, CandidateGroupRole, Definition, DefinitionVersion, Unit, User
from engine.platform.db import UnitOfWork
from engine.tasks.inbox import Scope, own_groups

STAFF = 200


def choices(uow: UnitOfWork, scope: Scope = "team") -> Sequence[RowMapping]:
    """Returns the filters of the inbox: rows of `kind` (definition, role, unit), `key` and `name`."""
    access.require(uow.actor, "inbox.read")
    return uow.connection.execute(_choices(uow.actor.role, scope), access.seen_by(uow)).mappings().all()


@lru_cache
def _choices(role: str, scope: Scope) -> Select[Any]:
    own = select(own_groups(role, scope, frozenset()).cte("own").c.id)

    def kind(name: str, key: Any, called: Any) -> Select[Any]:
        return select(literal(name).label("kind"), key.label("key"), called.label("name"))

    processes = (
        kind("definition", Definition.key, DefinitionVersion.name)
        .join(DefinitionVersion, validity.current())
        .where(Definition.key.in_(select(CandidateGroup.definition).where(CandidateGroup.id.in_(own))))
    )
    homes = select(CandidateGroupRole.unit_id).where(CandidateGroupRole.candidate_group_id.in_(own))
    found = union(
        processes,
        kind("role", CandidateGroupRole.role, CandidateGroupRole.role).where(
            CandidateGroupRole.candidate_group_id.in_(own)
        ),
        kind("unit", Unit.key, Unit.name).where(Unit.id.in_(homes)),
    ).subquery("choices")
    return select(found).order_by(found.c.kind, found.c.name)


def staff(uow: UnitOfWork) -> Sequence[RowMapping]:
    """Returns the first accounts, by name, that work where the actor is a supervisor."""
    access.require(uow.actor, "inbox.read")
    return uow.connection.execute(_staff(), access.seen_by(uow)).mappings().all()


@lru_cache
def _staff() -> Select[Any]:
    found = select(User.id, User.name, names.of().label("display_name")).where(access.staff())
    return found.order_by(User.name).limit(STAFF)
