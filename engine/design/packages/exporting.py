"""Exports a version as a package."""

from hashlib import sha256

from engine import access, bpmn, definitions
from engine.definitions import Version, toml_files
from engine.design.packages.format import Manifest, Package, write
from engine.models import DefinitionVersion
from engine.organisation import units
from engine.organisation.calendars import editing
from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound


def export(uow: UnitOfWork, key: str, number: int | None = None) -> tuple[DefinitionVersion, bytes]:
    """Returns a version, by default the current one, and its package. Raises NotFound."""
    access.require(uow.actor, "definitions.deploy")
    row = _version(uow, key, number)
    source = definitions.source(uow.session, row.deployment_id)
    owner = units.key_of(uow, definitions.definition(uow, key).unit_id)
    roles, files = bpmn.required_roles(source.files), source.files
    connectors = [*bpmn.required_connectors(files), *toml_files.required_connectors(files)]
    calendar, _ = editing.of_unit(uow, owner)
    spec = definitions.spec(uow.session, Version(row.id, key, row.number, row.digest, row.deployment_id))
    named = {role.role if role.unit is None else f"{role.role}@{role.unit}" for role in roles}
    manifest = Manifest(
        key,
        row.number,
        row.digest,
        owner,
        {name: sha256(content).hexdigest() for name, content in files.items()},
        {called: bound.digest for called, bound in source.calls.items()},
        tuple(sorted({role.unit for role in roles if role.unit is not None})),
        tuple(sorted(named)),
        () if calendar is None else (calendar,),
        tuple(sorted({f"{one.connector}/{one.operation}".removesuffix("/None") for one in connectors})),
        () if spec.rules.appeal is None else (spec.rules.appeal,),
    )
    return row, write(Package(manifest, files))


def _version(uow: UnitOfWork, key: str, number: int | None) -> DefinitionVersion:
    if number is not None:
        return definitions.version(uow, key, number)
    current_id = definitions.definition(uow, definitions.versions(uow, key)[0].key).current_version_id
    for row in definitions.versions(uow, key):
        if row.id == current_id:
            return row
    raise NotFound(f"The definition {key!r} has no current version. Name the version.")
