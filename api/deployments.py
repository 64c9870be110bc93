"""Deployments: uploading the files of processes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from apiflask import APIBlueprint
from flask import current_app, request
from pydantic import Field
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from api import language
from api.command import OPERATIONS, PUBLISHING, Reply, accepts, command, content, multipart, sends
from api.problems import pointer
from api.shapes import Body, File, Request, Text
from engine import access, bpmn
from engine.bpmn import MAX_FILE, is_unit
from engine.definitions import uploads
from engine.models import UploadStatus, VersionStatus
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid
from engine.platform.messages import scenarios
from engine.platform.messages.findings import readable

blueprint = APIBlueprint("deployments", __name__, tag="Deployments")


class FindingBody(Body):
    """A finding of the check."""

    severity: str
    """`error` prevents the deployment, `warning` should be fixed, `note` only informs."""
    code: str
    """Stable code of the finding."""
    file: str
    """Name of the file."""
    element: str | None
    """Id of the element; null if the finding concerns none."""
    name: str | None
    """Name of the element; null if it has none."""
    line: int | None
    """Line in the file, from 1; null if unknown."""
    reason: str
    """What is wrong, in the language of the response."""
    fix: str
    """How to fix it, in the language of the response."""
    attribute: str | None = None
    """The attribute, with its prefix, or the child element that the finding is about; null if there is none.
    """
    values: dict[str, Any] = Field(default_factory=dict)
    """What `reason` names, such as `{"variable": "floors"}`."""


class OwnerBody(Body):
    """A scope of a process and the variables that it owns."""

    kind: str
    """`case` (the process itself), `call` (a process that another of the files calls), `instance` (of a
    repeated activity), `run` (of an event sub-process), `sub-process` (what it declares) or `input` (of an
    activity).
    """
    file: str
    """Name of the file."""
    process: str
    """Id of the process."""
    element: str | None
    """Id of the activity; null for a process."""
    name: str
    """Name of the activity or process."""
    variables: list[str]
    """Names of the variables: the first 100, in alphabetical order."""
    count: int
    """Number of all its variables."""


class ScenarioBody(Body):
    """The result of a scenario."""

    name: str
    """Name of the scenario."""
    process: str
    """Key of the definition."""
    file: str
    """Name of the file of the scenario."""
    line: int
    """Line in the file: of the difference if it failed, otherwise of the scenario."""
    passed: bool
    """Whether the results are as expected."""
    step: int | None
    """Number of the action at which it failed, 0 for the start; null for the end, or if it passed."""
    element: str | None
    """Id of the element at which it failed; null if it concerns none."""
    expected: str | None
    """The expected result; null if it passed."""
    actual: str | None
    """The actual result; null if it passed."""
    difference: str | None = None
    """Kind of the difference, such as `form`, `tasks` or `data`; null if it passed."""


class PartBody(Body):
    """How many elements, or flows, are covered."""

    total: int
    """How many there are."""
    passed: int
    """How many the scenarios have passed."""
    missing: list[str]
    """Ids of the others."""


class CoverageBody(Body):
    """How much of a process its scenarios cover."""

    process: str
    """Key of the definition."""
    scenarios: int
    """Number of its scenarios."""
    elements: PartBody
    """The elements that they have passed."""
    flows: PartBody
    """The sequence flows that they have passed."""
    never_true: list[str]
    """Ids of the flows whose condition was never true."""
    never_false: list[str]
    """Ids of the flows whose condition was never false."""


class ReportBody(Body):
    """The report of a deployment; empty for old ones."""

    findings: list[FindingBody]
    """The findings of the check."""
    owners: list[OwnerBody] = Field(default_factory=list)
    """Which scope owns each variable."""
    scenarios: list[ScenarioBody] = Field(default_factory=list)
    """The results of the scenarios."""
    coverage: list[CoverageBody] = Field(default_factory=list)
    """How much the scenarios cover, by process."""


class PublishedBody(Body):
    """A version of a deployment."""

    key: str
    """Key of the definition."""
    version: int
    """Number of the version."""
    hash: str
    """SHA-256 of the files and of the called versions, in hexadecimal."""
    created: bool
    """Whether the deployment created the version; false if an equal one existed already."""
    status: VersionStatus
    """Status of the version. With four eyes it is `draft` until another person publishes it."""


class DeploymentBody(Body):
    """The result of a deployment."""

    deployment: UUID
    """Id of the deployment."""
    definitions: list[PublishedBody]
    """The versions of the processes in the files."""
    report: ReportBody
    """The report of the check."""


class DeploymentUpload(Request):
    """The files of processes, one part named `files` for each."""

    files: list[File]
    """BPMN diagrams, DMN tables, forms and scenarios, with the names by which they refer to each other."""
    executable: Literal["marked", "all"] = "marked"
    """Which processes run: those that are `marked` as executable in their diagram, or `all`."""
    unit: Text | None = None
    """The key of your unit that owns the processes from now on."""


class UploadBody(Body):
    """A deployment that a worker checks, and its result."""

    id: UUID
    """Id of the upload."""
    status: UploadStatus
    """How far it is."""
    uploaded_at: datetime
    """When the files were uploaded."""
    finished_at: datetime | None
    """When the check ended; null while it is in progress."""
    deployment: UUID | None = None
    """Id of the deployment; null unless it was deployed."""
    definitions: list[PublishedBody] = Field(default_factory=list)
    """The versions of the processes in the files; empty unless it was deployed."""
    report: ReportBody | None = None
    """The report of the check; null while it is in progress or if the check itself failed."""
    problem: str | None = None
    """Why it was not deployed, as a code: `rejected`, `invalid`, `forbidden`, `conflict` or `failed`; null
    otherwise.
    """
    detail: str | None = None
    """Why it was not deployed, in a sentence; null otherwise."""


@command(
    blueprint.post("/deployments"),
    answer=DeploymentBody,
    status=201,
    refusals=(400, 409, 413, 415, 422, 503),
)
@accepts(UploadBody)
@multipart(DeploymentUpload)
@sends("Location", "Content-Language")
def deploy(uow: UnitOfWork) -> Reply:
    """Deploy files as a new version of the processes in them

    Multipart, one part named `files` for each file: BPMN diagrams and the forms (JSON) that they name. With
    the part `executable` set to `all`, every process in them is treated as executable; by default
    (`marked`), only those that are marked as executable in the diagram run. `unit` is the key of your unit
    that owns the processes from now on.

    If the check takes longer, a worker completes the deployment: the response is 202, with the address of
    the report in `Location`.
    """
    access.require(uow.actor, "definitions.deploy")
    files = _files()
    files = bpmn.all_executable(files) if _all_executable() else files
    how = current_app.extensions[PUBLISHING]
    known = current_app.extensions[OPERATIONS]
    done = uploads.submit(uow, files, publishing=how, unit=_unit(), operations=known)
    if isinstance(done, UUID):
        location = {"Location": f"/api/v1/deployments/{done}", **language.headers()}
        return Reply(_body(uploads.get(uow, done)), location, status=202)
    answer = _readable(uploads.plain(done))
    return Reply(DeploymentBody.model_validate(answer), language.headers(), status=201)


@command(blueprint.get("/deployments/<uuid:upload_id>"), answer=UploadBody, refusals=(404,))
@sends("Content-Language")
def show(uow: UnitOfWork, upload_id: UUID) -> Reply:
    """Read the result of a deployment that was answered with 202

    It is available for seven days, for the administrators and designers of its unit.
    """
    return Reply(_body(uploads.get(uow, upload_id)), language.headers())


def _body(state: uploads.State) -> UploadBody:
    known = {"id": state.id, "status": state.status, "uploaded_at": state.uploaded_at}
    return UploadBody.model_validate({**known, "finished_at": state.finished_at, **_readable(state.result)})


def _readable(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a deployment's result, with findings and refusal in the caller's language."""
    texts, report = language.texts(), result.get("report")
    if report is None:
        return dict(result)
    if texts.reader.language != "en" and "problem" in result:
        result = {**result, "detail": texts.find(f"refusals.{result['problem']}", result["detail"])}
    found = [readable(finding, texts) for finding in report["findings"]]
    results = [scenarios.readable(result, texts) for result in report.get("scenarios", ())]
    return {**result, "report": {**report, "findings": found, "scenarios": results}}


def _all_executable() -> bool:
    said = request.form.getlist("executable")
    if said not in ([], ["marked"], ["all"]):
        fault = Fault("/executable", "must be `marked` or `all`", "value")
        raise Invalid("The value of `executable` is not allowed. Use `marked` or `all`.", [fault])
    return said == ["all"]


def _unit() -> str | None:
    said = request.form.getlist("unit")
    if len(said) > 1:
        raise Invalid("Send `unit` only once.", [Fault("/unit", "comes twice", "duplicate")])
    if said and not is_unit(said[0]):
        raise Invalid(
            "The value of `unit` is not a key of a unit.",
            [Fault("/unit", "is not the key of a unit", "unit")],
        )
    return said[0] if said else None


def _files() -> dict[str, bytes]:
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("Send the files as multipart/form-data, in parts named `files`.")
    unknown = sorted(({*request.form} - {"executable", "files", "unit"}) | ({*request.files} - {"files"}))
    if unknown:
        raise Invalid(
            "Unknown part. Allowed: `files`, `executable` and `unit`.",
            [Fault(pointer([name]), "is unknown", "unknown") for name in unknown],
        )
    parts = request.files.getlist("files")
    if not parts:
        raise BadRequest("The request has no part named `files`. Send at least one.")
    files: dict[str, bytes] = {}
    for upload in parts:
        name = upload.filename or ""
        if name in files:
            raise Invalid(
                "Two files have the same name. Rename one of them.",
                [Fault("/files", f"{name!r} is used twice", "duplicate")],
            )
        files[name] = content(upload, MAX_FILE + 1)
        if len(files[name]) > MAX_FILE:
            raise RequestEntityTooLarge(f"{name!r} is larger than {MAX_FILE >> 20} MiB.")
    return files
