"""Imports a package: first what is missing here, then a deployment by the usual rules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import select

from engine import access, bpmn, definitions
from engine.bpmn import Finding, too_deep, too_much
from engine.connectors import deployment_check
from engine.definitions import Deployed, Version, scenarios, toml_files, uploads
from engine.design.packages.format import Manifest, Package
from engine.models import Definition, Unit, WorkCalendar
from engine.organisation import candidate_roles
from engine.platform import budget
from engine.platform.budget import Exhausted, ShortBudget
from engine.platform.config import Publishing
from engine.platform.db import UnitOfWork

Kind = Literal["unit", "role", "calendar", "connector", "process", "appeal"]


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that the package needs and that is not here; `blocks`: it can't be published without.

    Of `kind` "process" also one whose current version here is another one: `other_version`.
    """

    kind: Kind
    name: str
    blocks: bool
    other_version: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """The unit that would own the processes (None: it must be chosen), what is missing, and all findings."""

    unit: str | None
    missing: tuple[Missing, ...]
    findings: tuple[Finding, ...]

    @property
    def deployable(self) -> bool:
        """Whether nothing prevents a deployment."""
        wrong = any(finding.severity == "error" for finding in self.findings)
        return not wrong and not any(one.blocks for one in self.missing)


def check(
    uow: UnitOfWork,
    package: Package,
    *,
    unit: str | None = None,
    operations: deployment_check.Operations = None,
) -> Checked:
    """Returns what a deployment of a package would find here; changes nothing.

    Processes that are not here are assumed to be like those that the package was bound to. Scenarios are
    read, but run only when it is deployed. A check that takes longer than a request may is a finding.
    """
    access.require(uow.actor, "definitions.deploy")
    owner = owner_of(uow, package, unit)
    try:
        with budget.limited(ShortBudget(may_be_long=uploads.is_only_check(uow))):
            missing, findings = _check(uow, package, owner, operations)
    except Exhausted as error:
        missing, findings = [], [too_much(error.where)]
    except RecursionError:
        missing, findings = [], [too_deep()]
    return Checked(owner, tuple(missing), tuple(findings))


def _check(
    uow: UnitOfWork, package: Package, owner: str | None, operations: deployment_check.Operations
) -> tuple[list[Missing], list[Finding]]:
    files, manifest = package.files, package.manifest
    known = definitions.currents(uow.session)
    report = bpmn.check(files, {*known, *manifest.calls, *manifest.appeals}, uow.now)
    findings = [*report.findings, *scenarios.check(files), *toml_files.check(files, report.processes)]
    missing = [*_processes(manifest, known), *_calendars(uow, manifest)]
    if not report.errors:
        missing += _places(uow, files, owner)
        missing += _connectors(files, operations)
    return missing, findings


def deploy(
    uow: UnitOfWork,
    package: Package,
    *,
    publishing: Publishing,
    unit: str | None = None,
    operations: deployment_check.Operations = None,
) -> Deployed | UUID:
    """Deploys the files of a package, as `uploads.submit` does and with what it raises.

    `unit` is as for `home`.
    """
    owner = home(uow, package, unit)
    return uploads.submit(uow, package.files, publishing=publishing, unit=owner, operations=operations)


def home(uow: UnitOfWork, package: Package, unit: str | None) -> str | None:
    """Returns the unit that owns the processes from now on; None: they remain where they are.

    Without `unit`, new ones belong to the unit that the package names, if it is here; otherwise to the
    actor's only one.
    """
    return unit or (None if _is_here(uow, package) else owner_of(uow, package, None))


def owner_of(uow: UnitOfWork, package: Package, unit: str | None) -> str | None:
    """Returns the unit that will own the processes; None if the package doesn't name one of this place."""
    found = select(Unit.key).where(Unit.key == (unit or package.manifest.unit), Unit.closed_at.is_(None))
    if unit is None:
        own = select(Unit.key).join(Definition, Definition.unit_id == Unit.id)
        there = uow.session.scalars(own.where(Definition.key == package.manifest.definition)).one_or_none()
        if there is not None:
            return there
    return uow.session.scalars(found.where(access.covers(Unit.id)), access.seen_by(uow)).one_or_none()


def _is_here(uow: UnitOfWork, package: Package) -> bool:
    found = select(Definition.key).where(Definition.key == package.manifest.definition)
    return uow.session.scalars(found).one_or_none() is not None


def _processes(manifest: Manifest, known: Mapping[str, Version]) -> Iterator[Missing]:
    for key, digest in sorted(manifest.calls.items()):
        if key not in known:
            yield Missing("process", key, blocks=True)
        elif known[key].digest != digest:
            yield Missing("process", key, blocks=False, other_version=True)
    for key in manifest.appeals:
        if key not in known and key not in manifest.calls:
            yield Missing("appeal", key, blocks=False)


def _calendars(uow: UnitOfWork, manifest: Manifest) -> Iterator[Missing]:
    found = select(WorkCalendar.key).where(WorkCalendar.key.in_(manifest.calendars))
    here = set(uow.session.scalars(found))
    yield from (Missing("calendar", key, blocks=False) for key in manifest.calendars if key not in here)


def _places(uow: UnitOfWork, files: Mapping[str, bytes], owner: str | None) -> list[Missing]:
    """Returns the units and roles that tasks name and that nobody has here."""
    home = select(Unit.id).where(Unit.key == owner)
    owner_id = (
        uow.session.scalars(home).one_or_none()
        or uow.session.scalars(select(Unit.id).where(Unit.parent_id.is_(None)).limit(1)).one()
    )
    found: dict[Missing, None] = {}
    for finding in candidate_roles.findings(uow, files, owner_id):
        unit, role = finding.values.get("unit"), finding.values.get("role")
        name = str(unit) if role is None else str(role) if unit is None else f"{role}@{unit}"
        found[Missing("unit" if role is None else "role", name, blocks=finding.severity == "error")] = None
    return list(found)


def _connectors(files: Mapping[str, bytes], operations: deployment_check.Operations) -> list[Missing]:
    found: dict[Missing, None] = {}
    for finding in deployment_check.findings(files, operations, draft=False):
        connector, operation = finding.values["connector"], finding.values.get("operation")
        name = str(connector) if operation is None else f"{connector}/{operation}"
        found[Missing("connector", name, blocks=True)] = None
    return list(found)
