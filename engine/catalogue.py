"""The catalogue of services: what people may apply for, told to anybody.

A service is a definition that is enabled and runs, whose cases people start, and that is no part of another:
called by it, or the way by which its decisions are appealed. Nothing here depends on who asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine import bpmn, definitions
from engine.bpmn import Form, Spec
from engine.definitions import VERSION, Version, unknown
from engine.models import Definition, DefinitionVersion, Unit

MOST = 1_000


@dataclass(frozen=True, slots=True)
class Service:
    """Something to apply for. Names and description may be written `Persian | English`.

    `steps` is how many steps of people an application takes at most, itself among them; None where that
    cannot be told.
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
    """What a version of a process says of itself, however often it is asked."""

    startable: bool
    parts: frozenset[str]  # the processes that it calls, or by which it is appealed
    description: str
    form: Form | None
    steps: int | None


# By digest and key. A version never changes, so that what was read of it stays true; small, unlike a `Spec`.
_facts: dict[tuple[str, str], _Facts] = {}


def services(session: Session) -> Sequence[Service]:
    """All of them, by unit and key."""
    rows = session.execute(_offered().order_by(Unit.name, DefinitionVersion.key).limit(MOST)).all()
    known = [(row, _facts_of(session, Version(*row[2:]))) for row in rows]
    parts = {key for _, facts in known for key in facts.parts}
    return [_service(row, facts) for row, facts in known if facts.startable and row.key not in parts]


def service(session: Session, key: str) -> Service:
    """One of them. Raises NotFound."""
    row = session.execute(_offered().where(DefinitionVersion.key == key)).one_or_none()
    facts = None if row is None else _facts_of(session, Version(*row[2:]))
    if row is None or facts is None or not facts.startable:
        raise unknown(key)
    return _service(row, facts)


def _offered() -> Select[*tuple[Any, ...]]:
    return (
        select(DefinitionVersion.name, Unit.name, *VERSION)
        .join(Definition, Definition.current_version_id == DefinitionVersion.id)
        .join(Unit, Unit.id == Definition.unit_id)
        .where(Definition.disabled_at.is_(None), Definition.suspended_at.is_(None))
    )


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
