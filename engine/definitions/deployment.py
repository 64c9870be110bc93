"""Deploys files: each process in them becomes a version of its definition."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, insert, not_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from engine import access, bpmn
from engine.bpmn import Process, Report, Source, Spec
from engine.connectors import deployment_check
from engine.definitions import (
    catalogue_entries,
    dmn_evaluation,
    first_values,
    scenarios,
    start_triggers,
    toml_files,
)
from engine.definitions.versions import VERSION, Version, currents, note, source, stored_report
from engine.models import (
    Definition,
    DefinitionVersion,
    Deployment,
    DeploymentFile,
    Unit,
    VersionStatus,
)
from engine.organisation import candidate_roles
from engine.platform.config import Publishing
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Forbidden, Invalid, Rejected
from engine.platform.ids import uuid7


@dataclass(frozen=True, slots=True)
class Published:
    """One process of a deployment; `created` is false if its version existed already."""

    key: str
    version: int
    hash: str
    created: bool
    status: VersionStatus


@dataclass(frozen=True, slots=True)
class _Held:
    """A definition locked by a deployment: the number of its newest version, the current one, the draft."""

    newest: int = 0
    current: Version | None = None
    draft: Version | None = None

    def same(self, digest: str, publishing: Publishing) -> tuple[Version, VersionStatus] | None:
        """Returns the version that has the content with this digest already, if any."""
        if self.draft is not None and self.draft.digest == digest and publishing != "direct":
            return self.draft, "draft"
        if self.current is not None and self.current.digest == digest:
            return self.current, "published"
        return None


@dataclass(frozen=True, slots=True)
class Deployed:
    """The result of a deployment; `scenario_report` are the results of its scenarios, as stored."""

    id: UUID
    definitions: tuple[Published, ...]
    report: Report
    scenario_report: Mapping[str, Any]


_REFUSED = "The files can't be deployed. Fix the errors in the report."


def deploy(
    uow: UnitOfWork,
    files: Mapping[str, bytes],
    *,
    publishing: Publishing = "direct",
    unit: str | None = None,
    operations: deployment_check.Operations = None,
) -> Deployed:
    """Checks the files and makes each executable process in them a new version of its definition.

    It becomes current at once, or a draft that replaces the previous one, as `publishing` says. The processes
    belong to the unit with this key from now on; without one, new processes belong to the actor's unit.
    Called processes that the files do not contain are bound to their current versions. Content equal to the
    current version's, or the draft's, creates no new version. `operations` are those of the connectors.
    Raises Rejected with all findings, also of a scenario that fails, Invalid for another unit, Forbidden for
    processes of others, Conflict if content that creates no version names another unit than the owner.
    """
    access.require(uow.actor, "definitions.deploy")
    # Looked up once: the checked versions are the bound ones, whatever is published or retired meanwhile.
    known = currents(uow.session)
    report, told = _checked(files, known, uow.now)
    held = _lock(uow, _keys(report), unit)
    called = {key for process in report.processes for key in process.calls} - held.keys()
    calls = {key: known[key] for key in called}
    digest = bpmn.digest(files, {key: version.digest for key, version in calls.items()})
    there = [same for key in _keys(report) if (same := held[key].same(digest, publishing))]
    if len(there) == len(report.processes):
        _require_no_move(uow, report, unit)
        return _unchanged(uow, report, there)
    _move(uow, report, unit)
    report = _with_posts(uow, files, _with_called(files, report, operations, publishing))
    content = _bound(uow, digest, files, calls)
    specs = _built(content, report)
    scenario_report = scenarios.run_all(told, specs)
    if scenario_report.failed:
        raise Rejected(_REFUSED, [*report.findings, *scenario_report.findings], report.owners)
    stored = {**plain_report(report), **scenario_report.plain}
    deployment_id = _store(
        uow, content, {key: version.deployment_id for key, version in calls.items()}, stored
    )
    dmn_evaluation.keep(uow.session, deployment_id, report.decisions)
    made = [_add(uow, process, held[process.key], deployment_id, digest) for process in report.processes]
    if publishing == "direct":
        for version in made:
            publish(uow, version, held[version.key].current, specs[version.key])
    published = [Published(row.key, row.number, row.digest, created=True, status=row.status) for row in made]
    return Deployed(deployment_id, tuple(published), report, scenario_report.plain)


def _checked(
    files: Mapping[str, bytes], known: Mapping[str, Version], now: datetime
) -> tuple[Report, list[scenarios.Scenario]]:
    """Returns the report on the files, and their scenarios. Raises Rejected."""
    report = bpmn.check(files, known, now)
    told, unread = scenarios.read(files)
    unread += toml_files.check(files, report.processes)
    if report.errors or unread:
        raise Rejected(_REFUSED, [*report.findings, *unread], report.owners)
    return report, told


def _bound(uow: UnitOfWork, digest: str, files: Mapping[str, bytes], calls: Mapping[str, Version]) -> Source:
    loaded: dict[UUID, Source] = {}
    called = {key: source(uow.session, version.deployment_id, loaded) for key, version in calls.items()}
    return Source(digest, files, called)


def plain_report(report: Report) -> dict[str, Any]:
    """Returns the findings and owners of a report in the form in which they are stored and shown."""
    findings = [asdict(finding) for finding in report.findings]
    return {"findings": findings, "owners": [asdict(owner) for owner in report.owners]}


def _with_called(
    files: Mapping[str, bytes],
    report: Report,
    operations: deployment_check.Operations,
    publishing: Publishing,
) -> Report:
    """Returns the report with findings about the connectors in the files."""
    whole = deployment_check.compare(report, files, operations, publishing)
    found = toml_files.call_findings(files, operations, draft=publishing != "direct")
    return replace(whole, findings=(*whole.findings, *found))


def _with_posts(uow: UnitOfWork, files: Mapping[str, bytes], report: Report) -> Report:
    """Returns the report with findings about the candidate roles in the files. Raises Rejected."""
    owner = select(Definition.unit_id).where(Definition.key == _keys(report)[0])
    found = candidate_roles.findings(uow, files, uow.session.scalars(owner).one())
    whole = replace(report, findings=(*report.findings, *found))
    if whole.errors:
        raise Rejected(_REFUSED, whole.findings, whole.owners)
    return whole


def _built(content: Source, report: Report) -> dict[str, Spec]:
    """Builds each process as a final test. Raises Rejected."""
    try:
        return {key: bpmn.build(content, key) for key in _keys(report)}
    except bpmn.Unbuildable as error:
        raise Rejected(_REFUSED, [*report.findings, error.finding], report.owners) from error


def _keys(report: Report) -> list[str]:
    return [process.key for process in report.processes]


def owner_of(uow: UnitOfWork, key: str | None) -> UUID:
    """Returns the unit with this key, or the actor's only unit. Raises Invalid."""
    held = access.positions()
    found: Select[Any] = select(held.c.unit_id).distinct()
    if key is not None:
        found = select(Unit.id).where(Unit.key == key, Unit.closed_at.is_(None), access.covers(Unit.id))
    units = uow.connection.execute(found, access.seen_by(uow)).scalars().all()
    if len(units) != 1:
        detail = "specify one of your units" if key is None else "is not one of your units"
        raise Invalid("Specify the unit that owns the processes.", [Fault("/unit", detail, "unit")])
    owner: UUID = units[0]
    return owner


def _lock(uow: UnitOfWork, keys: list[str], unit: str | None) -> dict[str, _Held]:
    """Locks the definitions with these keys and creates missing ones.

    Deployments of one key wait for each other.

    Raises Invalid, Forbidden.
    """
    session, owner = uow.session, owner_of(uow, unit)
    new = [{"key": key, "unit_id": owner} for key in sorted(keys)]
    session.execute(upsert(Definition).on_conflict_do_nothing(), new)
    hold(session, keys)
    named = Definition.key.in_(keys)
    others = select(Definition.key).where(named, not_(access.covers(Definition.unit_id)))
    if foreign := session.scalars(others.order_by(Definition.key), access.seen_by(uow)).first():
        raise Forbidden(
            f"The process {foreign!r} belongs to another unit. Choose a different id for your process."
        )
    found: Any = select(*VERSION, DefinitionVersion.status, Definition.current_version_id)
    found = found.join(Definition, DefinitionVersion.key == Definition.key).where(Definition.key.in_(keys))
    held = {key: _Held() for key in keys}
    for *columns, status, current_id in session.execute(found.order_by(DefinitionVersion.number)):
        version = Version(*columns)
        former = held[version.key]
        held[version.key] = _Held(
            version.number,
            version if version.id == current_id else former.current,
            version if status == "draft" else former.draft,
        )
    return held


def _elsewhere(uow: UnitOfWork, report: Report, unit: str | None) -> dict[str, str]:
    """Returns the definitions that belong to another unit than this, with its key; none without a unit."""
    if unit is None:
        return {}
    found = select(Definition.key, Unit.key).join(Unit, Unit.id == Definition.unit_id)
    others = found.where(Definition.key.in_(_keys(report)), Unit.key != unit).order_by(Definition.key)
    return {key: owner for key, owner in uow.session.execute(others)}


def _require_no_move(uow: UnitOfWork, report: Report, unit: str | None) -> None:
    for key, owner in _elsewhere(uow, report, unit).items():
        raise Conflict(
            f"The process {key!r} belongs to the unit {owner!r}, and these files don't change it. Leave out "
            f"`unit`, or name {owner!r}. A new version with another `unit` moves the process there.",
            code="owned-by-other-unit",
            definition=key,
            unit=owner,
        )


def _move(uow: UnitOfWork, report: Report, unit: str | None) -> None:
    """Makes this unit, if one is named, the owner of all definitions, and records each move in both units."""
    owner = select(Unit.id).where(Unit.key == unit).scalar_subquery()
    for key, former in _elsewhere(uow, report, unit).items():
        named = {"former_owner": former, "owner": unit}
        note(uow, "definition.moved", key, **named)
        uow.session.execute(update(Definition).where(Definition.key == key).values(unit_id=owner))
        note(uow, "definition.moved", key, **named)


def hold(session: Session, keys: Collection[str]) -> None:
    """Locks these definitions in the common order."""
    rows = select(Definition.key).where(Definition.key.in_(keys)).order_by(Definition.key)
    session.execute(rows.with_for_update()).all()


def _unchanged(uow: UnitOfWork, report: Report, there: list[tuple[Version, VersionStatus]]) -> Deployed:
    published = [
        Published(version.key, version.number, version.digest, created=False, status=status)
        for version, status in there
    ]
    deployment_id = there[0][0].deployment_id
    stored = stored_report(
        uow.session, deployment_id
    )  # with the same content, the scenarios have the same results
    scenario_report: dict[str, Any] = {
        name: stored[name] for name in ("scenarios", "coverage") if name in stored
    }
    return Deployed(deployment_id, tuple(published), report, scenario_report)


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
    files = content.files.items()
    rows = [{"deployment_id": deployment_id, "name": name, "content": body} for name, body in files]
    uow.session.execute(insert(DeploymentFile), rows)
    return deployment_id


def _add(
    uow: UnitOfWork, process: Process, held: _Held, deployment_id: UUID, digest: str
) -> DefinitionVersion:
    """Adds a new draft that replaces the previous one."""
    if held.draft is not None:
        former = update(DefinitionVersion).where(DefinitionVersion.id == held.draft.id)
        uow.session.execute(former.values(status="retired", retired_at=uow.now, retired_by=uow.actor.id))
    version = DefinitionVersion(
        id=uuid7(),
        key=process.key,
        number=held.newest + 1,
        name=process.name,
        file=process.file,
        deployment_id=deployment_id,
        digest=digest,
        status="draft",
        published_at=None,
        published_by=None,
        retired_at=None,
        retired_by=None,
    )
    uow.session.add(version)
    uow.session.flush()
    stored = {"version": version.number, "digest": digest, "deployment": deployment_id}
    note(uow, "definition.deployed", process.key, **stored)
    return version


def publish(uow: UnitOfWork, version: DefinitionVersion, former: Version | None, spec: Spec) -> None:
    """Makes a draft the current version for new cases, in place of the `former` version."""
    version.status = "published"
    version.published_at, version.published_by = uow.now, uow.actor.id
    uow.session.flush()
    first_values.apply(uow, version)
    before = None if former is None else former.number
    note(uow, "definition.published", version.key, version=version.number, former=before)
    make_current(uow, version.key, former, (version.id, spec))


def make_current(
    uow: UnitOfWork, key: str, former: Version | None, version: tuple[UUID, Spec] | None
) -> None:
    """Makes this version the current one for new cases, in place of the `former` one; None: there is none."""
    current_id = None if version is None else version[0]
    if version is not None:
        catalogue_entries.store(uow.session, *version)
    uow.session.execute(update(Definition).where(Definition.key == key).values(current_version_id=current_id))
    start_triggers.replace(uow, None if former is None else former.id, version)
