"""Process definitions: deploying files as versions, and finding the version to run."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from engine import access, bpmn, jobs, scenarios
from engine.bpmn import Process, Report, Source, Spec
from engine.db import UnitOfWork, connection
from engine.errors import Conflict, NotFound, Rejected
from engine.ids import uuid7
from engine.models import CASE_NUMBERS, Definition, DefinitionVersion, Deployment, DeploymentFile, Wait


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a definition, as a command needs it."""

    id: UUID
    key: str
    number: int
    digest: str
    deployment_id: UUID


@dataclass(frozen=True, slots=True)
class Published:
    """One process of a deployment; `created` is false where its content was the current version's already."""

    key: str
    version: int
    hash: str
    created: bool


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a deployment did; `trial` is what came of its scenarios, as it is stored."""

    id: UUID
    definitions: tuple[Published, ...]
    report: Report
    trial: Mapping[str, Any]


# The columns of `Version`, in its order.
VERSION = (
    DefinitionVersion.id,
    DefinitionVersion.key,
    DefinitionVersion.number,
    DefinitionVersion.digest,
    DefinitionVersion.deployment_id,
)
_CURRENT = select(*VERSION).join(Definition, Definition.current_version_id == DefinitionVersion.id)

_REFUSED = "The files cannot be deployed as they are."

_TO_START = _CURRENT.add_columns(Definition.suspended_at, CASE_NUMBERS.next_value()).where(
    Definition.key == bindparam("key")
)


def deploy(uow: UnitOfWork, files: Mapping[str, bytes]) -> Deployed:
    """Check the files and publish each executable process in them as its definition's new current version.

    Processes that they call and do not contain are bound to their current versions. The same content as the
    current version's makes no new one. Raises Rejected with all findings, also of a scenario that fails.
    """
    access.require(uow.actor, "definitions.deploy")
    known = frozenset(
        uow.session.scalars(select(Definition.key).where(Definition.current_version_id.is_not(None)))
    )
    report = bpmn.check(files, known, uow.now)
    told, unread = scenarios.read(files)
    if report.errors or unread:
        raise Rejected(_REFUSED, [*report.findings, *unread])
    current = _lock(uow.session, [process.key for process in report.processes])
    calls = _bind(uow.session, report.processes)
    digest = bpmn.digest(files, {key: version.digest for key, version in calls.items()})
    if all(key in current and current[key].digest == digest for key in _keys(report)):
        return _unchanged(uow, report, current)
    loaded: dict[UUID, Source] = {}
    bound = {key: source(uow.session, version.deployment_id, loaded) for key, version in calls.items()}
    content = Source(digest, files, bound)
    specs = {}
    try:
        for key in _keys(report):
            specs[key] = bpmn.build(content, key)
    except bpmn.Unbuildable as error:
        raise Rejected(_REFUSED, [*report.findings, error.finding]) from error
    trial = scenarios.run_all(told, specs)
    if trial.failed:
        raise Rejected(_REFUSED, [*report.findings, *trial.findings])
    stored = {"findings": [asdict(finding) for finding in report.findings], **trial.plain}
    deployment_id = _store(
        uow, content, {key: version.deployment_id for key, version in calls.items()}, stored
    )
    published = [
        _publish(uow, process, current.get(process.key), deployment_id, specs[process.key])
        for process in report.processes
    ]
    return Deployed(deployment_id, tuple(published), report, trial.plain)


def _keys(report: Report) -> list[str]:
    return [process.key for process in report.processes]


def _lock(session: Session, keys: list[str]) -> dict[str, Version]:
    """The current versions, with their definitions made and locked in key order.

    Deployments of one key queue up.
    """
    rows = [{"key": key} for key in sorted(keys)]
    session.execute(upsert(Definition).on_conflict_do_nothing(), rows)
    session.execute(
        select(Definition.key).where(Definition.key.in_(keys)).order_by(Definition.key).with_for_update()
    )
    versions = session.execute(_CURRENT.where(Definition.key.in_(keys)))
    return {row.key: Version(*row) for row in versions}


def _bind(session: Session, processes: tuple[Process, ...]) -> dict[str, Version]:
    """The current versions of the processes that are called and not among `processes`."""
    own = {process.key for process in processes}
    called = {key for process in processes for key in process.calls} - own
    return {row.key: Version(*row) for row in session.execute(_CURRENT.where(Definition.key.in_(called)))}


def _unchanged(uow: UnitOfWork, report: Report, current: Mapping[str, Version]) -> Deployed:
    versions = [current[key] for key in _keys(report)]
    published = [Published(item.key, item.number, item.digest, created=False) for item in versions]
    deployment_id = versions[0].deployment_id
    stored = _report(uow.session, deployment_id)  # the same content: its scenarios would come out the same
    trial: dict[str, Any] = {name: stored[name] for name in ("scenarios", "coverage") if name in stored}
    return Deployed(deployment_id, tuple(published), report, trial)


def _store(uow: UnitOfWork, content: Source, calls: Mapping[str, UUID], report: Mapping[str, Any]) -> UUID:
    deployment_id = uuid7()
    uow.session.execute(
        insert(Deployment).values(
            id=deployment_id,
            digest=content.digest,
            calls={key: str(bound) for key, bound in calls.items()},
            report=report,
            deployed_by=uow.actor.id,
            deployed_at=uow.now,
        )
    )
    rows = [
        {"deployment_id": deployment_id, "name": name, "content": body}
        for name, body in content.files.items()
    ]
    uow.session.execute(insert(DeploymentFile), rows)
    return deployment_id


def _publish(
    uow: UnitOfWork, process: Process, current: Version | None, deployment_id: UUID, spec: Spec
) -> Published:
    version = DefinitionVersion(
        id=uuid7(),
        key=process.key,
        number=current.number + 1 if current else 1,
        name=process.name,
        file=process.file,
        deployment_id=deployment_id,
        digest=spec.digest,
        published_at=uow.now,
    )
    uow.session.add(version)
    uow.session.flush()
    uow.session.execute(
        update(Definition).where(Definition.key == process.key).values(current_version_id=version.id)
    )
    _await_starts(uow, version.id, current, spec)
    return Published(version.key, version.number, version.digest, created=True)


def _await_starts(uow: UnitOfWork, version_id: UUID, current: Version | None, spec: Spec) -> None:
    """From now on the new version's start events begin cases, and the former one's no more.

    A start that is due and was not seen to yet is the new one's.
    """
    owed: dict[str, datetime | None] = {}
    if current is not None:
        former = Wait.version_id == current.id, Wait.case_id.is_(None), Wait.closed_at.is_(None)
        closed = update(Wait).where(*former).values(closed_at=uow.now).returning(Wait.element, Wait.due_at)
        ended = uow.session.execute(closed).all()
        owed = {row.element: row.due_at for row in ended if row.due_at is not None and row.due_at <= uow.now}
    for element, trigger in spec.starts.items():
        due = bpmn.first_start(trigger, uow.now) if trigger.kind == "timer" else None
        wait = Wait(
            id=uuid7(),
            case_id=None,
            version_id=version_id,
            token_id=None,
            element=element,
            kind=trigger.kind,
            name=trigger.name,
            correlation=None,
            due_at=due and owed.get(element, due),
            woken_at=None,
            opened_at=uow.now,
            closed_at=None,
        )
        uow.session.add(wait)
    uow.session.flush()
    if any(trigger.kind == "message" for trigger in spec.starts.values()):
        jobs.defer(uow, "resume", queue="cases", version_id=version_id)  # messages were perhaps kept for it


def source(session: Session, deployment_id: UUID, loaded: dict[UUID, Source] | None = None) -> Source:
    """The files of a deployment with those of the processes bound to it; each deployment is read once."""
    loaded = {} if loaded is None else loaded
    if deployment_id not in loaded:
        loaded[deployment_id] = _read(session, deployment_id, loaded)
    return loaded[deployment_id]


def _read(session: Session, deployment_id: UUID, loaded: dict[UUID, Source]) -> Source:
    deployment = session.execute(
        select(Deployment.digest, Deployment.calls).where(Deployment.id == deployment_id)
    ).one()
    files = session.execute(
        select(DeploymentFile.name, DeploymentFile.content).where(
            DeploymentFile.deployment_id == deployment_id
        )
    )
    calls = {key: source(session, UUID(bound), loaded) for key, bound in deployment.calls.items()}
    return Source(deployment.digest, {name: content for name, content in files}, calls)


def spec(session: Session, version: Version) -> Spec:
    """The version's runnable process; its files are read only if this process has not built it yet."""
    return bpmn.cached(version.digest, version.key, lambda: source(session, version.deployment_id))


def to_start(session: Session, key: str) -> tuple[Version, int]:
    """The current version of a definition, and the next case number, in one statement.

    Raises NotFound, Conflict if it is suspended.
    """
    row = connection(session).execute(_TO_START, {"key": key}).one_or_none()
    if row is None:
        raise _unknown(key)
    *version, suspended_at, number = row
    if suspended_at is not None:
        raise Conflict("The definition is suspended.", definition={"key": key, "suspended_at": suspended_at})
    return Version(*version), number


def next_number(session: Session) -> int:
    """The next case number."""
    return int(connection(session).execute(select(CASE_NUMBERS.next_value())).scalar_one())


def _unknown(key: str) -> NotFound:
    return NotFound(f"There is no definition {key!r}.")


def current(uow: UnitOfWork) -> list[DefinitionVersion]:
    """The current version of every definition, by key."""
    access.require(uow.actor, "definitions.read")
    versions = select(DefinitionVersion).join(
        Definition, Definition.current_version_id == DefinitionVersion.id
    )
    return list(uow.session.scalars(versions.order_by(DefinitionVersion.key)))


def versions(uow: UnitOfWork, key: str) -> list[DefinitionVersion]:
    """All versions of a definition, the newest first. Raises NotFound."""
    access.require(uow.actor, "definitions.read")
    found = (
        select(DefinitionVersion)
        .where(DefinitionVersion.key == key)
        .order_by(DefinitionVersion.number.desc())
    )
    rows = list(uow.session.scalars(found))
    if not rows:
        raise _unknown(key)
    return rows


def suspended_at(uow: UnitOfWork, key: str) -> datetime | None:
    """Since when the definition is suspended; None if it is not."""
    return uow.session.scalars(select(Definition.suspended_at).where(Definition.key == key)).one()


def version(uow: UnitOfWork, key: str, number: int) -> DefinitionVersion:
    """One version. Raises NotFound."""
    for row in versions(uow, key):
        if row.number == number:
            return row
    raise NotFound(f"The definition {key!r} has no version {number}.")


def report(uow: UnitOfWork, deployment_id: UUID) -> dict[str, Any]:
    """The findings that a deployment was published with, and what came of its scenarios."""
    access.require(uow.actor, "definitions.read")
    return _report(uow.session, deployment_id)


def _report(session: Session, deployment_id: UUID) -> dict[str, Any]:
    return dict(session.scalars(select(Deployment.report).where(Deployment.id == deployment_id)).one())


def bpmn_file(uow: UnitOfWork, version: DefinitionVersion) -> bytes:
    """The file that holds the version's process, as it was uploaded."""
    access.require(uow.actor, "definitions.read")
    content = select(DeploymentFile.content).where(
        DeploymentFile.deployment_id == version.deployment_id, DeploymentFile.name == version.file
    )
    return uow.session.scalars(content).one()
