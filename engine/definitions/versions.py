"""The versions of a definition: finding the one to run, its files and its report."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from engine import access, bpmn
from engine.access import validity
from engine.bpmn import Difference, PlannedVisits, Source, Spec
from engine.definitions import start_rules
from engine.definitions.start_rules import StartRules
from engine.definitions.toml_files import SUFFIX
from engine.events import administration_log
from engine.models import (
    Definition,
    DefinitionVersion,
    Deployment,
    DeploymentFile,
    OrganisationKind,
)
from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a definition, with what a command needs."""

    id: UUID
    key: str
    number: int
    digest: str
    deployment_id: UUID


# The columns of `Version`, in its order.
VERSION = (
    DefinitionVersion.id,
    DefinitionVersion.key,
    DefinitionVersion.number,
    DefinitionVersion.digest,
    DefinitionVersion.deployment_id,
)


def currents(session: Session) -> dict[str, Version]:
    """Returns the current version of every definition, by key."""
    found = select(*VERSION).join(Definition, validity.current())
    return {row.key: Version(*row) for row in session.execute(found)}


def source(session: Session, deployment_id: UUID, loaded: dict[UUID, Source] | None = None) -> Source:
    """Returns the files of a deployment with those of the processes bound to it.

    Each deployment is read once.
    """
    loaded = {} if loaded is None else loaded
    if deployment_id not in loaded:
        loaded[deployment_id] = _read(session, deployment_id, loaded)
    return loaded[deployment_id]


def _read(session: Session, deployment_id: UUID, loaded: dict[UUID, Source]) -> Source:
    deployment = session.execute(
        select(Deployment.digest, Deployment.calls).where(Deployment.id == deployment_id)
    ).one()
    calls = {key: source(session, UUID(bound), loaded) for key, bound in deployment.calls.items()}
    return Source(deployment.digest, read_files(session, deployment_id), calls)


def read_files(session: Session, deployment_id: UUID, *suffixes: str) -> dict[str, bytes]:
    """Returns the content of a deployment's files by name, of all or of those with these suffixes."""
    file = DeploymentFile
    found = select(file.name, file.content).where(file.deployment_id == deployment_id).order_by(file.name)
    if suffixes:
        found = found.where(or_(*(file.name.endswith(suffix) for suffix in suffixes)))
    return {name: content for name, content in session.execute(found)}


def spec(session: Session, version: Version) -> Spec:
    """Returns the version's executable process.

    Its files are read only if this process hasn't built it yet.
    """
    return bpmn.cached(version.digest, version.key, lambda: _loaded(session, version))


def _loaded(session: Session, version: Version) -> Source:
    found = source(session, version.deployment_id)
    start_rules.remember(version.digest, version.key, found.files)
    return found


def rules_of_start(session: Session, version: Version) -> StartRules:
    """Returns what the files of a version say about starting its cases.

    Reads them only if this process hasn't read the version yet.
    """
    found = start_rules.find(version.digest, version.key)
    if found is None:
        files = read_files(session, version.deployment_id, SUFFIX)
        found = start_rules.remember(version.digest, version.key, files)
    return found


def note(uow: UnitOfWork, kind: OrganisationKind, key: str, **more: Any) -> None:
    """Records a change of a definition in the administration log, in the unit that owns it."""
    owner = uow.session.scalars(select(Definition.unit_id).where(Definition.key == key)).one()
    administration_log.note(uow, kind, owner, {"definition": key, **more})


def unknown(key: str) -> NotFound:
    """Returns the refusal for a definition that does not exist, or that this actor may not see."""
    return NotFound(f"The definition {key!r} does not exist.")


def current(uow: UnitOfWork) -> list[DefinitionVersion]:
    """Returns the current version of every definition, by key.

    Portals and applicants get those they may start.
    """
    access.require(uow.actor, "definitions.read")
    found = select(DefinitionVersion).join(Definition, validity.current()).where(access.startable(uow.actor))
    return list(uow.session.scalars(found.order_by(DefinitionVersion.key)))


def own() -> ColumnElement[bool]:
    """Returns whether a version's process belongs to a unit of the actor's."""
    return exists().where(Definition.key == DefinitionVersion.key, access.covers(Definition.unit_id))


def require_own(uow: UnitOfWork, key: str) -> None:
    """Raises NotFound unless the definition belongs to a unit of the actor's."""
    own = select(Definition.key).where(Definition.key == key, access.covers(Definition.unit_id))
    if uow.session.scalars(own, access.seen_by(uow)).first() is None:
        raise unknown(key)


def versions(uow: UnitOfWork, key: str) -> list[DefinitionVersion]:
    """Returns all versions of a definition, newest first. Raises NotFound.

    Versions that were never published are visible only to those of its unit who publish.
    """
    access.require(uow.actor, "definitions.read")
    seen: ColumnElement[bool] = DefinitionVersion.published_at.is_not(None)
    if access.allows(uow.actor, "definitions.publish"):
        seen = or_(seen, own())
    found = select(DefinitionVersion).where(DefinitionVersion.key == key, seen)
    found = found.order_by(DefinitionVersion.number.desc())
    rows = list(uow.session.scalars(found, access.seen_by(uow)))
    if not rows:
        raise unknown(key)
    return rows


def definition(uow: UnitOfWork, key: str) -> Definition:
    """Returns which version is current, and whether the definition is suspended."""
    return uow.session.scalars(select(Definition).where(Definition.key == key)).one()


def version(uow: UnitOfWork, key: str, number: int) -> DefinitionVersion:
    """Returns one version. Raises NotFound."""
    return _numbered(versions(uow, key), number)


def _numbered(rows: list[DefinitionVersion], number: int) -> DefinitionVersion:
    for row in rows:
        if row.number == number:
            return row
    raise NotFound(f"The definition {rows[0].key!r} has no version {number}.")


def differences(uow: UnitOfWork, key: str, number: int, against: int) -> tuple[Difference, ...]:
    """Returns the differences between a version and another one. Raises NotFound."""
    rows = versions(uow, key)
    held: dict[UUID, Source] = {}
    chosen = [_numbered(rows, one).deployment_id for one in (number, against)]
    after, before = (source(uow.session, deployment, held) for deployment in chosen)
    return bpmn.compare(before, after, key)


def planned_visits(uow: UnitOfWork, version: DefinitionVersion) -> PlannedVisits:
    """Returns how often applicants have to come in cases of a version, as its diagram plans."""
    access.require(uow.actor, "definitions.read")
    return bpmn.planned_visits(source(uow.session, version.deployment_id), version.key)


def report(uow: UnitOfWork, deployment_id: UUID) -> dict[str, Any]:
    """Returns the findings with which a deployment was published, and the results of its scenarios."""
    access.require(uow.actor, "definitions.read")
    return stored_report(uow.session, deployment_id)


def stored_report(session: Session, deployment_id: UUID) -> dict[str, Any]:
    """Returns the same, for commands whose actor need not have permission to read it."""
    return dict(session.scalars(select(Deployment.report).where(Deployment.id == deployment_id)).one())


def bpmn_file(uow: UnitOfWork, version: DefinitionVersion) -> bytes:
    """Returns the file that contains the version's process, as uploaded."""
    access.require(uow.actor, "definitions.read")
    content = select(DeploymentFile.content).where(
        DeploymentFile.deployment_id == version.deployment_id, DeploymentFile.name == version.file
    )
    return uow.session.scalars(content).one()
