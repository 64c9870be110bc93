"""Deployments: uploading the files of processes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import current_app, request
from pydantic import BaseModel, Field
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from api import language
from api.command import OPERATIONS, PUBLISHING, Reply, accepts, command, content
from api.problems import pointer
from engine import access, bpmn
from engine.bpmn import MAX_FILE, is_unit
from engine.definitions import uploads
from engine.models import UploadStatus, VersionStatus
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid
from engine.platform.messages.findings import readable

blueprint = APIBlueprint("deployments", __name__, tag="Deployments")


class FindingBody(BaseModel):
    """A finding of the check: where it is, why it is one and how to fix it, in the caller's language."""

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


class ScenarioBody(BaseModel):
    """What came of a scenario.

    Where it failed: the step (0: the start; null: the end), what was `expected` there and the `actual`
    result, and a word for the sort of `difference`.
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


class PartBody(BaseModel):
    """How many there are, how many were passed, and the ids of the others."""

    total: int
    passed: int
    missing: list[str]


class CoverageBody(BaseModel):
    """How much of a process its scenarios have passed.

    `never_true` and `never_false` are flows whose conditions never came out so.
    """

    process: str
    scenarios: int
    elements: PartBody
    flows: PartBody
    never_true: list[str]
    never_false: list[str]


class ReportBody(BaseModel):
    """What the check found, and what came of the scenarios; former deployments had none."""

    findings: list[FindingBody]
    scenarios: list[ScenarioBody] = []
    coverage: list[CoverageBody] = []


class PublishedBody(BaseModel):
    """A version that the deployment made; `created` is false where it was there already.

    A draft serves no case until it is published.
    """

    key: str
    version: int
    hash: str
    created: bool
    status: VersionStatus


class DeploymentBody(BaseModel):
    """What a deployment did."""

    deployment: UUID
    definitions: list[PublishedBody]
    report: ReportBody


class UploadBody(BaseModel):
    """A deployment that a worker checks, and what became of it.

    `checking`: it is under way, ask again in a few seconds. `deployed`: as the answer 201 of a deployment
    would say it. `refused`: `problem` and `detail` say why, `report` has the findings. `failed`: the check
    itself failed several times; deploy again.
    """

    id: UUID
    status: UploadStatus
    uploaded_at: datetime
    finished_at: datetime | None
    deployment: UUID | None = None
    definitions: list[PublishedBody] = []
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
def deploy(uow: UnitOfWork) -> Reply:
    """Deploy files as a new version of the processes in them

    Multipart, one part named `files` for each file: BPMN diagrams and the forms (JSON) that they name. A part
    `executable` with the text `all` marks every process in them as executable; without it, or with `marked`,
    those that say of themselves that they are not stay drawings. `unit` is the key of the unit of
    yours that the processes belong to from now on.

    Files whose check takes longer are checked and deployed by a worker: 202, with the address of the report
    in `Location`.
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
def one(uow: UnitOfWork, upload_id: UUID) -> Reply:
    """Read what became of a deployment that was answered with 202

    It is there for seven days, for the designers of its unit.
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
    scenarios = [_scenario(scenario) for scenario in report.get("scenarios", ())]
    return {**result, "report": {**report, "findings": found, "scenarios": scenarios}}


def _scenario(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return a scenario's result in the names of the API."""
    return {name if name != "came" else "actual": value for name, value in stored.items()}


def _all_executable() -> bool:
    said = request.form.getlist("executable")
    if said not in ([], ["marked"], ["all"]):
        fault = Fault("/executable", "must be `marked` or `all`", "value")
        raise Invalid("`executable` is not understood.", [fault])
    return said == ["all"]


def _unit() -> str | None:
    said = request.form.getlist("unit")
    if len(said) > 1:
        raise Invalid("`unit` comes twice.", [Fault("/unit", "comes twice", "duplicate")])
    if said and not is_unit(said[0]):
        raise Invalid("`unit` is not understood.", [Fault("/unit", "is no key of a unit", "unit")])
    return said[0] if said else None


def _files() -> dict[str, bytes]:
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("Send the files as multipart/form-data, in parts named `files`.")
    unknown = sorted(({*request.form} - {"executable", "files", "unit"}) | ({*request.files} - {"files"}))
    if unknown:
        raise Invalid(
            "Only parts named `files`, `executable` and `unit` are taken.",
            [Fault(pointer([name]), "is unknown", "unknown") for name in unknown],
        )
    parts = request.files.getlist("files")
    if not parts:
        raise BadRequest("There is no part named `files`.")
    files: dict[str, bytes] = {}
    for upload in parts:
        name = upload.filename or ""
        if name in files:
            raise Invalid("A file name comes twice.", [Fault("/files", f"{name!r} comes twice", "duplicate")])
        files[name] = content(upload, MAX_FILE + 1)
        if len(files[name]) > MAX_FILE:
            raise RequestEntityTooLarge(f"{name!r} is larger than {MAX_FILE >> 20} MiB.")
    return files
