"""The services of a draft: their current versions, and whether cases of them can be started."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select

from engine import cases, definitions
from engine.access import validity
from engine.bpmn import Form
from engine.cases import Availability
from engine.definitions import VERSION, Version, unknown
from engine.models import Definition, DefinitionVersion, Unit
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict


@dataclass(frozen=True, slots=True)
class AskingService:
    """A service as a draft needs it: the version that is answered, and its start form."""

    key: str
    name: str
    unit: str
    version: Version
    form: Form | None


@dataclass(frozen=True, slots=True)
class Found:
    """Services in the order of their keys; `unavailable` says why cases of some can't be started now."""

    services: Sequence[AskingService]
    unavailable: Mapping[str, Conflict]


_WIDTH = len(VERSION)
_STATE = (
    Definition.current_version_id,
    Definition.suspended_at,
    Definition.disabled_at,
    Definition.offered_at,
)


def services_of(uow: UnitOfWork, versions: Mapping[str, UUID | None]) -> Found:
    """Returns these services in their current versions, with one statement.

    One without a current version has the one in `versions`, with which its draft was answered, if there is
    any. Raises NotFound for a definition that doesn't exist, and Conflict if cases of it start by themselves.
    """
    rows = {row.definition: row for row in _rows(uow, versions, validity.current())}
    unavailable = {}
    for key, row in list(rows.items()):
        refusal = cases.unavailable(uow.actor, key, Availability(*row[_WIDTH + 3 :]))
        if refusal is not None:
            unavailable[key] = refusal
    former = {key: stored for key, stored in versions.items() if key in rows and rows[key][2] is None}
    if former and None not in former.values():
        of_draft = DefinitionVersion.id.in_(former.values()) & (DefinitionVersion.key == Definition.key)
        rows |= {row.definition: row for row in _rows(uow, former, of_draft)}
    return Found([_service(uow, key, rows.get(key), unavailable) for key in sorted(versions)], unavailable)


def _rows(uow: UnitOfWork, keys: Mapping[str, Any], version: ColumnElement[bool]) -> Sequence[Any]:
    found = (
        select(DefinitionVersion.name, Unit.name, *VERSION, Definition.key.label("definition"), *_STATE)
        .select_from(Definition)
        .join(Unit, Unit.id == Definition.unit_id)
        .outerjoin(DefinitionVersion, version)
        .where(Definition.key.in_(keys))
    )
    return uow.connection.execute(found).all()


def _service(uow: UnitOfWork, key: str, row: Any, unavailable: Mapping[str, Conflict]) -> AskingService:
    if row is None:
        raise unknown(key)
    if row[2] is None:  # no version to show
        raise unavailable[key]
    version = Version(*row[2 : 2 + _WIDTH])
    spec = definitions.spec(uow.session, version)
    if not spec.startable:
        detail = "Cases of this process start automatically or by a message; you can't start them here."
        raise Conflict(detail, code="begins-by-itself", definition={"key": key})
    return AskingService(key, row[0], row[1], version, spec.start_form)
