"""Service packages: a version with all its files as one archive, for another installation."""

from typing import Annotated, Any, Literal
from uuid import UUID

from apiflask import APIBlueprint
from flask import current_app, request
from pydantic import Field
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from api import language
from api.command import OPERATIONS, PUBLISHING, Reply, accepts, command, content, multipart, sends
from api.deployments import DeploymentBody, FindingBody, UploadBody, readable_result
from api.problems import pointer
from api.shapes import Body, File, Request, Text
from engine import access
from engine.bpmn import is_unit
from engine.definitions import uploads
from engine.design import packages
from engine.design.packages import MAX_PACKAGE, Package
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid
from engine.platform.messages.findings import readable

blueprint = APIBlueprint("packages", __name__, tag="Packages")

_ZIP = "application/zip"


class PackageQuery(Request):
    """Which version is exported."""

    version: Annotated[int, Field(ge=1, lt=1 << 31)] | None = None
    """The number of the version; by default the current one."""


class ImportQuery(Request):
    """Whether anything is changed."""

    dry_run: bool = False
    """With `true` nothing is deployed: the response names what is missing here."""


class PackageUpload(Request):
    """A service package, and who owns its processes here."""

    package: File
    """The archive that another installation exported."""
    unit: Text | None = None
    """The key of your unit that owns the processes from now on; by default the present owner or, if the
    service is new, the unit that the package names."""


class MissingBody(Body):
    """Something that the package needs and that this installation doesn't have."""

    kind: Literal["unit", "role", "calendar", "connector", "process", "appeal"]
    """What it is: a `unit`, a `role` that nobody has, a `calendar`, a `connector` or its operation, a
    `process` that is called, or the process for an `appeal`."""
    name: str
    """Its key; of a role with its unit as `role@unit`, of an operation as `connector/operation`."""
    blocks: bool
    """Whether the service can't be published without it."""
    other_version: bool
    """Whether the process is here, in another version than the package was bound to: the hash differs."""


class PackageBody(Body):
    """The result of an import, or of its dry run."""

    definition: str
    """The key of the service."""
    version: int
    """The number of the version where it was exported; here it may get another one."""
    hash: str
    """Its hash. The deployed version has the same if it is bound to the same called processes."""
    unit: str | None
    """The unit that owns the processes; null in a dry run: specify one."""
    former_unit: str | None
    """The unit that owns the service until this import moves it to `unit`; null if it isn't moved."""
    deployable: bool
    """Whether the import would succeed. Its scenarios run too, unless a called process is missing."""
    missing: list[MissingBody]
    """What is missing here."""
    findings: list[FindingBody]
    """The findings of the check; empty if it was deployed: then they are in `deployment.report`."""
    deployment: DeploymentBody | None
    """The deployment; null for a dry run."""


@command(blueprint.get("/definitions/<key>/package"), query=PackageQuery, answer=_ZIP, refusals=(404,))
def export_package(uow: UnitOfWork, key: str, query: PackageQuery) -> Reply:
    """Export a version as a package

    One zip archive with all files of the version (diagrams, decisions, forms, scenarios, service.toml,
    evidence.toml) and a manifest: their hashes, the called processes, and the names of roles, units,
    calendars and connectors. The same version always has the same bytes.
    """
    row, exported = packages.export(uow, key, query.version)
    disposition = f'attachment; filename="{row.key}-{row.number}.zip"'
    return Reply(exported, {"Content-Type": _ZIP, "Content-Disposition": disposition})


@command(
    blueprint.post("/packages"),
    query=ImportQuery,
    answer=PackageBody,
    status=(201, 200),
    refusals=(400, 409, 413, 415, 422, 503),
)
@accepts(UploadBody)
@multipart(PackageUpload)
@sends("Content-Language", "Location")
def import_package(uow: UnitOfWork, query: ImportQuery) -> Reply:
    """Import a package

    Multipart: the archive in the part `package` and, if another unit than the package's shall own the
    processes, its key in the part `unit`. It is deployed by the usual rules: published at once, or a version
    in review where another person publishes. With `dry_run=true` the response is 200 and nothing is changed.

    If the check takes longer, a worker completes the deployment: the response is 202, with the address of the
    report in `Location`.
    """
    access.require(uow.actor, "definitions.deploy")
    package, unit = _package(), _unit()
    known, how = current_app.extensions[OPERATIONS], current_app.extensions[PUBLISHING]
    if query.dry_run:
        found = packages.check(uow, package, publishing=how, unit=unit, operations=known)
        texts = language.texts()
        more: dict[str, Any] = {
            "unit": found.unit,
            "former_unit": found.former_unit,
            "deployable": found.deployable,
            "missing": [MissingBody.model_validate(one, from_attributes=True) for one in found.missing],
            "findings": [FindingBody(**readable(finding, texts)) for finding in found.findings],
            "deployment": None,
        }
        return Reply(PackageBody(**_manifest(package), **more), language.headers(), status=200)
    former = packages.owner_here(uow, package)
    done = packages.deploy(uow, package, publishing=how, unit=unit, operations=known)
    if isinstance(done, UUID):
        location = {"Location": f"/api/v1/deployments/{done}", **language.headers()}
        state = uploads.get(uow, done)
        body = UploadBody(
            id=state.id, status=state.status, uploaded_at=state.uploaded_at, finished_at=state.finished_at
        )
        return Reply(body, location, status=202)
    deployed = DeploymentBody.model_validate(readable_result(uploads.plain(done)))
    owner = packages.owner_of(uow, package, unit)
    body_of: dict[str, Any] = {
        "unit": owner,
        "former_unit": None if former == owner else former,
        "deployable": True,
        "missing": [],
        "findings": [],
        "deployment": deployed,
    }
    return Reply(PackageBody(**_manifest(package), **body_of), language.headers(), status=201)


def _manifest(package: Package) -> dict[str, Any]:
    return {name: getattr(package.manifest, name) for name in ("definition", "version", "hash")}


def _package() -> Package:
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("Send the package as multipart/form-data, in the part `package`.")
    unknown = sorted(({*request.form} - {"package", "unit"}) | ({*request.files} - {"package"}))
    if unknown:
        raise Invalid(
            "Unknown part. Allowed: `package` and `unit`.",
            [Fault(pointer([name]), "is unknown", "unknown") for name in unknown],
        )
    parts: list[FileStorage] = request.files.getlist("package")
    if len(parts) != 1:
        raise BadRequest("The request must have exactly one part named `package`.")
    if len(content(parts[0], MAX_PACKAGE + 1)) > MAX_PACKAGE:
        raise RequestEntityTooLarge(f"The package is larger than {MAX_PACKAGE >> 20} MiB.")
    parts[0].seek(0)
    return packages.read(parts[0].stream)


def _unit() -> str | None:
    said = request.form.getlist("unit")
    if len(said) > 1 or (said and not is_unit(said[0])):
        fault = Fault("/unit", "is not the key of a unit", "unit")
        raise Invalid("The value of `unit` is not a key of a unit.", [fault])
    return said[0] if said else None
