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
    """A finding of the check: its place, the reason and how to fix it, in the caller's language."""

    severity: str
    code: str
    file: str
    element: str | None
    name: str | None
    line: int | None
    reason: str
    fix: str
    attribute: str | None = None
    values: dict[str, Any] = Field(default_factory=dict)


class OwnerBody(Body):
    """A scope and the variables that it owns: the first 100 of `count`, in alphabetical order.

    `kind` is `case` (the process itself), `call` (one that another of the files calls), `instance` (of a
    repeated activity), `run` (of an event sub-process), `sub-process` (what it declares) or `input` (of an
    activity). `element` is the activity; null for a process.
    """

    kind: str
    file: str
    process: str
    element: str | None
    name: str
    variables: list[str]
    count: int


class ScenarioBody(Body):
    """The result of a scenario.

    If it failed: the step (0 is the start, null the end), the `expected` and the `actual` result, and a
    word for the kind of `difference`.
    """

    name: str
    process: str
    file: str
    line: int
    passed: bool
    step: int | None
    element: str | None
    expected: str | None
    actual: str | None
    difference: str | None = None


class PartBody(Body):
    """The total number, the number covered, and the ids of the others."""

    total: int
    passed: int
    missing: list[str]


class CoverageBody(Body):
    """How much of a process its scenarios cover.

    `never_true` and `never_false` are flows whose conditions were never true or never false.
    """

    process: str
    scenarios: int
    elements: PartBody
    flows: PartBody
    never_true: list[str]
    never_false: list[str]


class ReportBody(Body):
    """The findings of the check, who owns each variable, and the results of the scenarios.

    Empty for old deployments.
    """

    findings: list[FindingBody]
    owners: list[OwnerBody] = Field(default_factory=list)
    scenarios: list[ScenarioBody] = Field(default_factory=list)
    coverage: list[CoverageBody] = Field(default_factory=list)


class PublishedBody(Body):
    """A version of the deployment; `created` is false if it already existed.

    A version in review is not used by cases until it is published.
    """

    key: str
    version: int
    hash: str
    created: bool
    status: VersionStatus


class DeploymentBody(Body):
    """The result of a deployment."""

    deployment: UUID
    definitions: list[PublishedBody]
    report: ReportBody


class DeploymentUpload(Request):
    """The files of processes, one part named `files` for each."""

    files: list[File]
    """BPMN diagrams, DMN tables, forms and scenarios, with the names by which they refer to each other."""
    executable: Literal["marked", "all"] = "marked"
    """Which processes run: those that are `marked` as executable in their diagram, or `all`."""
    unit: Text | None = None
    """The key of your unit that owns the processes from now on."""


class UploadBody(Body):
    """A deployment that a worker checks, and its result.

    `checking`: in progress, ask again in a few seconds. `deployed`: the fields are those of a 201 response.
    `refused`: `problem` and `detail` explain why, `report` has the findings. `failed`: the check itself
    failed several times; deploy again.
    """

    id: UUID
    status: UploadStatus
    uploaded_at: datetime
    finished_at: datetime | None
    deployment: UUID | None = None
    definitions: list[PublishedBody] = Field(default_factory=list)
    report: ReportBody | None = None
    problem: str | None = None
    detail: str | None = None


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

    It is available for seven days, for the designers of its unit.
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
