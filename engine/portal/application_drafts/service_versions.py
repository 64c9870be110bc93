"""The services of a draft: their current versions, and whether cases of them can be started."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from engine import cases, definitions
from engine.access import validity
from engine.bpmn import Form
from engine.cases import Availability
from engine.definitions import VERSION, Version, unknown
from engine.models import Definition, DefinitionVersion, Unit
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict
from engine.portal.service_names import SERVICE_NAME


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


# What `found_in` expects of each service: key, name, unit, state, then the version.
COLUMNS = (
    *(Definition.key, SERVICE_NAME, Unit.name),
    *(Definition.current_version_id, Definition.suspended_at, Definition.disabled_at, Definition.offered_at),
    *VERSION,
)
_VERSION = len(COLUMNS) - len(VERSION)


def joined(found: Select[Any], which: ColumnElement[bool]) -> Select[Any]:
    """Joins these definitions to a statement, with their current versions."""
    return (
        found.join(Definition, which)
        .join(Unit, Unit.id == Definition.unit_id)
        .outerjoin(DefinitionVersion, validity.current())
    )


def services_of(uow: UnitOfWork, keys: Sequence[str]) -> Found:
    """Returns these services in their current versions, with one statement. Raises as `found_in` does."""
    wanted = select(*COLUMNS).select_from(Definition).join(Unit, Unit.id == Definition.unit_id)
    wanted = wanted.outerjoin(DefinitionVersion, validity.current()).where(Definition.key.in_(keys))
    return found_in(uow, uow.connection.execute(wanted).all(), dict.fromkeys(keys))


def found_in(uow: UnitOfWork, rows: Sequence[Any], versions: Mapping[str, UUID | None]) -> Found:
    """Returns the services in rows of `COLUMNS`.

    One without a current version has the one in `versions`, with which its draft was answered, if there is
    any. Raises NotFound for a definition that doesn't exist, and Conflict if cases of it start by themselves.
    """
    known = {row[0]: row for row in rows}
    unavailable = {}
    for key, row in known.items():
        refusal = cases.unavailable(uow.actor, key, Availability(*row[3:_VERSION]))
        if refusal is not None:
            unavailable[key] = refusal
    former = [stored for key, stored in versions.items() if stored and key in known and not known[key][3]]
    if former:
        stored = DefinitionVersion.key == Definition.key
        wanted = select(*COLUMNS).select_from(DefinitionVersion).join(Definition, stored)
        wanted = wanted.join(Unit, Unit.id == Definition.unit_id).where(DefinitionVersion.id.in_(former))
        known |= {row[0]: row for row in uow.connection.execute(wanted)}
    return Found([_service(uow, key, known.get(key), unavailable) for key in sorted(versions)], unavailable)


def _service(uow: UnitOfWork, key: str, row: Any, unavailable: Mapping[str, Conflict]) -> AskingService:
    if row is None:
        raise unknown(key)
    if row[_VERSION] is None:  # no version to show
        raise unavailable[key]
    version = Version(*row[_VERSION:])
    spec = definitions.spec(uow.session, version)
    if not spec.startable:
        raise cases.begins_by_itself(key)
    return AskingService(key, row[1], row[2], version, spec.start_form)
