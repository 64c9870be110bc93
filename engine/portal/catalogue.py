"""The public catalogue of services: what people may apply for.

A service is a definition that is offered, enabled and not suspended, whose cases people start, and that is
not part of another: called by it, or used for appeals against its decisions. None of that depends on the
reader.

At a desk cases are started for others: there all such definitions of the actor's units are available, offered
or not, enabled or not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, aliased

from engine import access, bpmn, definitions
from engine.access import validity
from engine.bpmn import Form, Spec
from engine.definitions import VERSION, Version, unknown
from engine.models import Definition, DefinitionVersion, Unit, UnitLine
from engine.platform.db import UnitOfWork

MOST = 1_000


@dataclass(frozen=True, slots=True)
class Service:
    """A service that people can apply for. Names and description may be written `Persian

    English`.

    `steps` is the maximum number of steps by people in an application, including the application; None if
    that cannot be determined.
    """

    key: str
    name: str
    unit: str
    version: Version
    description: str
    form: Form | None
    steps: int | None


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a version's process declares, cached."""

    startable: bool
    parts: frozenset[str]  # the processes that it calls, or that handle its appeals
    description: str
    form: Form | None
    steps: int | None


# By digest and key. A version never changes, so these facts remain valid; small, unlike a `Spec`.
_facts: dict[tuple[str, str], _Facts] = {}


def services(session: Session) -> Sequence[Service]:
    """Returns all services, by unit and key."""
    return _services(session, session.execute(_offered().order_by(Unit.name, DefinitionVersion.key)).all())


def service(session: Session, key: str) -> Service:
    """Returns one service. Raises NotFound."""
    row = session.execute(_offered().where(DefinitionVersion.key == key)).one_or_none()
    facts = None if row is None else _facts_of(session, Version(*row[2:]))
    if row is None or facts is None or not facts.startable:
        raise unknown(key)
    return _service(row, facts)


def at_desk(uow: UnitOfWork) -> Sequence[Service]:
    """Returns what the actor may start at a desk, by unit and key.

    Of a unit that it covers, or below which it works, as for `cases.start`.
    """
    access.require(uow.actor, "cases.start")
    current = _current().add_columns(_near().label("near")).order_by(Unit.name, DefinitionVersion.key)
    rows = uow.session.execute(current, access.seen_by(uow)).all()
    near = {row.key for row in rows if row.near}
    return [one for one in _services(uow.session, [row[:-1] for row in rows]) if one.key in near]


def startable_at_desk(uow: UnitOfWork, key: str) -> Service:
    """Returns one of these. Raises NotFound."""
    found = next((one for one in at_desk(uow) if one.key == key), None)
    if found is None:
        raise unknown(key)
    return found


def _current() -> Select[*tuple[Any, ...]]:
    return (
        select(DefinitionVersion.name, Unit.name, *VERSION)
        .join(Definition, validity.current())
        .join(Unit, Unit.id == Definition.unit_id)
        .where(validity.goes_on())
        .limit(MOST)
    )


def _offered() -> Select[*tuple[Any, ...]]:
    return _current().where(Definition.offered_at.is_not(None), Definition.disabled_at.is_(None))


def _near() -> ColumnElement[bool]:
    held, line = access.positions(), aliased(UnitLine)
    below = select(held.c.unit_id).join(line, line.unit_id == held.c.unit_id)
    return or_(
        access.covers(Definition.unit_id), below.where(line.ancestor_id == Definition.unit_id).exists()
    )


def _services(session: Session, rows: Sequence[Any]) -> Sequence[Service]:
    """Selects the definitions whose cases people start, and that are not part of another of them."""
    known = [(row, _facts_of(session, Version(*row[2:]))) for row in rows]
    parts = {key for _, facts in known for key in facts.parts}
    return [
        service
        for service in (_service(row, facts) for row, facts in known if facts.startable)
        if service.key not in parts
    ]


def _service(row: Any, facts: _Facts) -> Service:
    name, unit, *version = row
    return Service(
        version[1],
        name,
        unit,
        Version(*version),
        facts.description,
        facts.form,
        facts.steps,
    )


def _facts_of(session: Session, version: Version) -> _Facts:
    known = version.digest, version.key
    if known not in _facts:
        if len(_facts) >= 4 * MOST:
            _facts.clear()
        _facts[known] = _read(definitions.spec(session, version))
    return _facts[known]


def _read(spec: Spec) -> _Facts:
    called = {path.rpartition("/")[0] for path in spec.elements if "/" in path}
    ahead = bpmn.steps_ahead(spec)
    return _Facts(
        spec.startable,
        frozenset(called | {spec.rules.appeal or ""}),
        spec.description,
        spec.start_form,
        None if ahead is None else ahead + 1,
    )
