"""The building block Registration: applications are cases; documents are uploaded before these exist."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import orjson
from apiflask import APIBlueprint
from flask import current_app, request
from pydantic import ValidationError

from api import language
from api.command import Reply, as_caller, command, multipart, prepared
from api.documents import INTAKE, uploaded
from api.govstack import ids
from api.govstack.application_bodies import (
    ApplicationData,
    ApplicationFile,
    ApplicationList,
    ApplicationsQuery,
    FilledForm,
    ListedApplication,
    SubmitApplication,
    UploadedFile,
)
from api.govstack.shapes import CamelRequest, own_half, places, require_client, window
from api.govstack.status import status_of
from api.problems import Malformed
from api.shapes import File, Request
from api.staging import For
from engine import access, cases, documents, tasks
from engine.bpmn import Spec
from engine.cases import CaseView, staged_documents
from engine.documents import Received, form_uploads
from engine.documents.form_uploads import Target
from engine.oversight.access_log import Opened
from engine.platform import persian
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict, Fault, Invalid
from engine.portal.progress import progress

# Its OpenAPI document is GovStack's.
blueprint = APIBlueprint("govstack_applications", __name__, enable_openapi=False)

INVALID = "The request has errors. Correct the fields listed under `errors`."
DOCUMENTS = "/api/v1/documents/"
_PLACES = {"/data": "/formData/data", "/applicant": "/applicantId"}


class RegistrationUpload(Request):
    """A file; `additionalMetadata` says for which field of which form."""

    file: File
    """The content."""


@command(
    blueprint.post("/services/<service_id>/applications"),
    body=SubmitApplication,
    answer=ApplicationFile,
    refusals=(404, 409, 503),
)
def submit(uow: UnitOfWork, service_id: str, body: SubmitApplication) -> Reply:
    """Submit an application: a case is started, as by `POST /api/v1/cases`"""
    require_client()
    key = ids.key_of_service(uow.session, service_id)
    _require_values(body)
    applicant = _applicant(uow, body.applicant_id)
    with places(_PLACES):
        application = cases.Application(applicant=applicant, confirm_duplicate=body.confirm_duplicate)
        case = cases.start(uow, key, body.form_data.data, application)
    own = ids.numbered(key, case.version)
    if body.form_data.e_form_id not in (None, key, own):
        fault = Fault("/formData/eFormId", f"is not the present form of the service, {own}", "other-form")
        raise Invalid(INVALID, [fault])
    return Reply(_file(uow, case, cases.see(uow, case.id).spec, secret=case.secret), language.headers())


def _require_values(body: SubmitApplication) -> None:
    """Raise Invalid for documents that no field of the form has: nothing is submitted without a place."""
    known = set(_texts(body.form_data.data))
    faults = [
        Fault(f"/documentUrls/{index}", "is the value of no field of the form", "document-unknown")
        for index, url in enumerate(body.document_urls)
        if url not in known and url.rpartition("/")[2] not in known
    ]
    if faults:
        raise Invalid(INVALID, faults)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _applicant(uow: UnitOfWork, given: str) -> str | None:
    """Return the applicant's national ID as the engine takes it; None for the owner of the account."""
    if uow.actor.role == access.APPLICANT and given == str(uow.actor.id):
        return None
    if ids.as_uuid(given) is not None:
        fault = Fault("/applicantId", "must be a national ID: accounts apply only for themselves", "account")
        raise Invalid(INVALID, [fault])
    return given


def _file(uow: UnitOfWork, case: CaseView, spec: Spec, *, secret: str | None = None) -> ApplicationFile:
    form = spec.start_form
    asked = case.data if form is None else form.schema.get("properties", {})
    data = {name: value for name, value in case.data.items() if name in asked}
    submitted = ApplicationData(
        application_name=case.subject or own_half(case.name),
        applicant_id=case.applicant or "",
        form_data=FilledForm(data=data, e_form_id=ids.numbered(case.key, case.version)),
        document_urls=_urls(uow, case.id),
    )
    return ApplicationFile(
        file_id=case.id,
        registered=case.started_at,
        applicant_id=case.applicant or "",
        service_id=ids.service_id(case.key),
        service_name=own_half(case.name),
        status=status_of(progress(uow, [case.id]).get(case.id)),
        ended=case.ended_at is not None,
        application_data=submitted,
        case_number=case.number,
        secret=secret,
    )


def _urls(uow: UnitOfWork, case_id: UUID) -> list[str]:
    rows = documents.page(uow, case_id, seen=True)
    return [f"{DOCUMENTS}{row['id']}" for row in rows[: cases.PAGE]]


@command(blueprint.get("/applications"), query=ApplicationsQuery, answer=ApplicationList, refusals=(404,))
def list_applications(uow: UnitOfWork, query: ApplicationsQuery) -> Reply:
    """List applications, newest first: those that the caller sees with `GET /api/v1/cases`"""
    require_client()
    key = query.service_id and ids.key_of_service(uow.session, query.service_id)
    if query.applicant_id is not None and not _is_own(uow, query.applicant_id):
        return Reply(ApplicationList([]))
    rows = window(
        lambda after: cases.page(uow, cases.Wanted(definition=key, after=after)),
        cases.PAGE,
        query.first_result,
        query.max_result,
    )
    known = progress(uow, [row["id"] for row in rows])
    listed = [
        ListedApplication(
            file_id=row["id"],
            status=status_of(known.get(row["id"])),
            registered=row["started_at"],
            description=row["subject"] or own_half(row["process"]),
            service_id=ids.service_id(row["definition"]),
            service_name=own_half(row["process"]),
            eform_id=ids.numbered(row["definition"], row["version"]),
        )
        for row in rows
    ]
    return Reply(ApplicationList(listed), language.headers())


def _is_own(uow: UnitOfWork, given: str) -> bool:
    """Return whether it is the caller's account. Raises Invalid for what belongs in no address."""
    if uow.actor.role == access.APPLICANT and ids.as_uuid(given) is not None:
        return given == str(uow.actor.id)
    detail = "must be the id of the applicant's own account: others search with POST /api/v1/cases/search"
    raise Invalid(INVALID, [Fault("/query/applicantId", detail, "own-account")])


@command(blueprint.get("/applications/<uuid:file_id>"), answer=ApplicationFile, refusals=(404,))
def read_application(uow: UnitOfWork, file_id: UUID) -> Reply:
    """Read an application; the access is recorded in the access log of the case"""
    require_client()
    seen = cases.see(uow, file_id)
    return Reply(_file(uow, seen.case, seen.spec), language.headers(), opened=Opened("case", file_id))


@command(
    blueprint.put("/applications/<uuid:file_id>"),
    body=SubmitApplication,
    answer=ApplicationFile,
    refusals=(404, 409),
)
def save(uow: UnitOfWork, file_id: UUID, body: SubmitApplication) -> Reply:
    """Save the caller's input to an application, as the draft of its open task there

    As `PUT /api/v1/tasks/{task_id}/draft`. The data of the application change when the task is completed.
    """
    require_client()
    seen = cases.see(uow, file_id)
    own = uow.actor.role == access.APPLICANT and body.applicant_id == str(uow.actor.id)
    if not own and persian.digits(body.applicant_id) != seen.case.applicant:
        fault = Fault("/applicantId", "is not the applicant of this application", "person")
        raise Invalid(INVALID, [fault])
    _require_values(body)
    with places(_PLACES):
        tasks.save_draft(uow, _open_task(uow, file_id), body.form_data.data)
    return Reply(_file(uow, seen.case, seen.spec), language.headers(), opened=Opened("case", file_id))


def _open_task(uow: UnitOfWork, case_id: UUID) -> UUID:
    """Return the caller's only open task of a case; if it has none, the only one that it may claim.

    Raises Conflict if it isn't clear which is meant.
    """
    rows = tasks.of_case(uow, case_id, status="open")
    mine = [row["id"] for row in rows if row["assignee_id"] == uow.actor.id] or [row["id"] for row in rows]
    if len(mine) != 1:
        detail = f"You have {len(mine)} open tasks here. Save the input with PUT /api/v1/tasks/{{id}}/draft."
        raise Conflict(detail, code="not-one-task", case={"id": case_id})
    found: UUID = mine[0]
    return found


class UploadMetadata(CamelRequest):
    """What the query says of a file, decoded."""

    additional_metadata: For
    """For which field of which form it is."""


def _received() -> Mapping[str, Any]:
    as_caller(form_uploads.admit)
    named = _field()
    intake = current_app.extensions[INTAKE]
    upload = uploaded(intake, ())
    target = as_caller(lambda uow: form_uploads.target_of_new(uow, named.place, named.field, intake))
    received = form_uploads.receive(target, upload.stream, upload.filename or "")
    return {"target": target, "received": received}


def _field() -> For:
    """Return for which field a file is uploaded. Raises Invalid, Malformed."""
    try:
        given = orjson.loads(request.args.get("additionalMetadata", ""))
    except ValueError as error:
        detail = 'must be JSON that names form and field: {"definition": "…", "field": "/…"}'
        raise Invalid(INVALID, [Fault("/query/additionalMetadata", detail, "metadata")]) from error
    if isinstance(given, dict) and "service" in given and "definition" not in given:
        service = str(given.pop("service"))
        given["definition"] = as_caller(lambda uow: ids.key_of_service(uow.session, service))
    try:
        return UploadMetadata.model_validate({"additionalMetadata": given}).additional_metadata
    except ValidationError as error:
        raise Malformed("query", error) from error


class UploadQuery(CamelRequest):
    """For which form the file is."""

    additional_metadata: str = ""
    """JSON with `field` and one of `service`, `definition`, `task`, `appeal_of`."""


@command(
    blueprint.post("/documents"), query=UploadQuery, answer=UploadedFile, refusals=(400, 404, 409, 413, 415)
)
@multipart(RegistrationUpload)
@prepared(_received)
def upload(uow: UnitOfWork, target: Target, received: Received, **_: UploadQuery) -> Reply:
    """Upload a file for a field of a form, as `POST /api/v1/documents`"""
    found = form_uploads.keep(uow, target, received, staged_documents.DAY)
    url = f"{DOCUMENTS}{found.id}"
    return Reply(UploadedFile(code=200, type=received.media_type, message=found.id, url=url))
