"""Imports a package: first what is missing here, then a deployment by the usual rules."""

from collections.abc import Iterator, Mapping, Sequence
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
from engine.platform.errors import Fault, Invalid, Refusal, Rejected

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
    """The result of a dry run: what is missing, all findings, and whether the import would succeed.

    `unit` would own the processes (None: it must be chosen); `former_unit` owns them now, if that is another.
    """

    unit: str | None
    former_unit: str | None
    missing: tuple[Missing, ...]
    findings: tuple[Finding, ...]
    deployable: bool


def check(
    uow: UnitOfWork,
    package: Package,
    *,
    publishing: Publishing,
    unit: str | None = None,
    operations: deployment_check.Operations = None,
) -> Checked:
    """Deploys a package as `deploy` does, with its refusals, and undoes it; names all that is missing here.

    Without a process that it calls, or without a unit, the rest is checked as if it were here: the scenarios
    don't run. A check that takes longer than a request may is a finding.
    """
    access.require(uow.actor, "definitions.deploy")
    if unit is not None:
        definitions.owner_of(uow, unit)
    owner = owner_of(uow, package, unit)
    try:
        with budget.limited(ShortBudget(may_be_long=uploads.is_only_check(uow))):
            missing, found = _compare(uow, package, owner, operations, publishing)
    except Exhausted as error:
        missing, found = [], [too_much(error.where)]
    except RecursionError:
        missing, found = [], [too_deep()]
    if owner is None:
        missing.insert(0, Missing("unit", package.manifest.unit, blocks=True))
    findings: Sequence[Finding] = found
    former = owner_here(uow, package)
    deployable = owner is not None and not any(one.blocks and one.kind == "process" for one in missing)
    if deployable:
        deployable, findings = _try(uow, package, publishing, unit, operations)
    moved = None if former == owner else former
    return Checked(owner, moved, tuple(missing), tuple(findings), deployable)


def _try(
    uow: UnitOfWork,
    package: Package,
    publishing: Publishing,
    unit: str | None,
    operations: deployment_check.Operations,
) -> tuple[bool, Sequence[Finding]]:
    """Deploys a package and undoes it. Returns whether that succeeded, and the findings."""
    done: list[Deployed | UUID] = []

    def deploy_and_undo() -> Refusal:
        done.append(deploy(uow, package, publishing=publishing, unit=unit, operations=operations))
        raise Refusal("This is a dry run: nothing of it remains.")

    refusal = uow.attempt(deploy_and_undo)
    if isinstance(refusal, Rejected):
        return False, refusal.findings
    if not done:
        raise refusal
    if isinstance(done[0], UUID):
        return False, [too_much(package.manifest.definition)]
    return True, done[0].report.findings


def _compare(
    uow: UnitOfWork,
    package: Package,
    owner: str | None,
    operations: deployment_check.Operations,
    publishing: Publishing,
) -> tuple[list[Missing], list[Finding]]:
    """Returns what the package needs and is not here, and the findings that need no scenarios."""
    files, manifest = package.files, package.manifest
    known = definitions.currents(uow.session)
    report = bpmn.check(files, {*known, *manifest.calls, *manifest.appeals}, uow.now)
    findings = [*report.findings, *scenarios.check(files), *toml_files.check(files, report.processes)]
    missing = [*_processes(manifest, known), *_calendars(uow, manifest)]
    if not any(one.severity == "error" for one in findings):
        draft = publishing != "direct"
        around = [
            *candidate_roles.findings(uow, files, _home_of_roles(uow, owner)),
            *deployment_check.findings(files, operations, draft=draft),
            *toml_files.call_findings(files, operations, draft=draft),
        ]
        findings += around
        missing += dict.fromkeys(filter(None, map(_needed, around)))
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

    `unit` is as for `home`, which may raise Invalid.
    """
    owner = home(uow, package, unit)
    return uploads.submit(uow, package.files, publishing=publishing, unit=owner, operations=operations)


def home(uow: UnitOfWork, package: Package, unit: str | None) -> str | None:
    """Returns the unit that owns the processes from now on; None: they remain where they are.

    Without `unit`, new ones belong to the unit that the package names. Raises Invalid if it isn't here.
    """
    if unit is not None or owner_here(uow, package) is not None:
        return unit
    owner = owner_of(uow, package, None)
    if owner is None:
        raise Invalid(
            f"Specify the unit that owns the processes: {package.manifest.unit!r} is not one of your units.",
            [Fault("/unit", "specify one of your units", "unit")],
        )
    return owner


def owner_of(uow: UnitOfWork, package: Package, unit: str | None) -> str | None:
    """Returns the unit that will own the processes; None if the package doesn't name one of this place."""
    there = owner_here(uow, package) if unit is None else None
    if there is not None:
        return there
    found = select(Unit.key).where(Unit.key == (unit or package.manifest.unit), Unit.closed_at.is_(None))
    return uow.session.scalars(found.where(access.covers(Unit.id)), access.seen_by(uow)).one_or_none()


def owner_here(uow: UnitOfWork, package: Package) -> str | None:
    """Returns the unit that owns the process of the package, if it is here."""
    own = select(Unit.key).join(Definition, Definition.unit_id == Unit.id)
    return uow.session.scalars(own.where(Definition.key == package.manifest.definition)).one_or_none()


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


def _home_of_roles(uow: UnitOfWork, owner: str | None) -> UUID:
    """Returns the unit in which the roles of tasks are looked up: the owner, otherwise the root unit."""
    home = select(Unit.id).where(Unit.key == owner)
    root = select(Unit.id).where(Unit.parent_id.is_(None)).limit(1)
    return uow.session.scalars(home).one_or_none() or uow.session.scalars(root).one()


def _needed(finding: Finding) -> Missing | None:
    """Returns the unit, role or connector that a finding says is not here."""
    values = finding.values
    if finding.code == "unknown-unit":
        return Missing("unit", str(values["unit"]), blocks=True)
    if finding.code == "nobody-has-role":
        unit = f"@{values['unit']}" if "unit" in values else ""
        return Missing("role", f"{values['role']}{unit}", blocks=False)
    if finding.code in ("unknown-connector", "unknown-operation"):
        operation = f"/{values['operation']}" if "operation" in values else ""
        return Missing("connector", f"{values['connector']}{operation}", blocks=True)
    return None
