"""Requests and responses about applications, as the document of Registration names them."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field, RootModel

from api.govstack.shapes import CamelRequest, FilledBody, OpenRequest
from api.govstack.status import RegistrationStatus
from api.shapes import Instant, Text

MOST = 100  # rows of a list
FARTHEST = 500  # row with which a list can begin


class GivenForm(OpenRequest):
    """The answer to a form."""

    data: dict[str, Any] = Field(default_factory=dict)
    """The answer; the value of a field for a document is the id of an uploaded file."""
    e_form_id: Text | None = None
    """Id of the form, if the caller wants to be sure that it is the current one."""


class SubmitApplication(OpenRequest):
    """An application. `applicationName` and `created` have no place here, and are ignored."""

    applicant_id: Text
    """Whose application it is: the national ID, or for the applicant's own account its id."""
    form_data: GivenForm = Field(default_factory=GivenForm)
    """The answer to the form."""
    document_urls: list[Text] = Field(default_factory=list, max_length=200)
    """Uploaded files: each must be the value of a field of the form, too."""
    confirm_duplicate: bool = False
    """Whether a further application is meant, although the same person has an open one of this service."""


class FilledForm(FilledBody):
    """The answer to the start form."""

    data: dict[str, Any]
    """The values, without what forms hide from the caller's roles."""
    e_form_id: str
    """Id of the form."""


class ApplicationData(FilledBody):
    """What an application consists of."""

    application_name: str
    """What it is about, in one line."""
    applicant_id: str
    """National ID of the applicant; empty if there is none."""
    form_data: FilledForm
    """The answer to the start form."""
    document_urls: list[str]
    """Addresses of its documents."""


class ApplicationFile(FilledBody):
    """An application: a case."""

    file_id: UUID
    """Id of the case."""
    registered: Instant
    """When it was submitted."""
    applicant_id: str
    """National ID of the applicant; empty if there is none."""
    service_id: UUID
    """Id of the service."""
    service_name: str
    """Name of the process."""
    status: RegistrationStatus | None
    """How far it is."""
    ended: bool
    """Whether it has ended."""
    application_data: ApplicationData
    """What was submitted."""
    case_number: str
    """Number of the case, for people."""
    secret: str | None = None
    """Opens the status of the case with its number, for the applicant. Only in the answer to a submission."""


class ListedApplication(FilledBody):
    """An application in a list."""

    file_id: UUID
    """Id of the case."""
    status: RegistrationStatus | None
    """How far it is."""
    registered: Instant
    """When it was submitted."""
    description: str
    """What it is about; the name of the process if the caller may not see it."""
    service_id: UUID
    """Id of the service."""
    service_name: str
    """Name of the process."""
    eform_id: str
    """Id of its start form."""


class ApplicationList(RootModel[list[ListedApplication]]):
    """Applications, newest first."""


class ListQuery(CamelRequest):
    """Which part of a list."""

    first_result: int = Field(default=0, ge=0, le=FARTHEST)
    """How many to skip."""
    max_result: int = Field(default=50, ge=1, le=MOST)
    """How many to return."""


class ApplicationsQuery(ListQuery):
    """Which applications."""

    service_id: Text | None = None
    """Only those for this service: its id or key."""
    applicant_id: Text | None = None
    """The id of the caller's own account, which is the applicant's."""
    sort_by: Literal["created"] | None = None
    """By when they were submitted, the only order."""
    sort_order: Literal["desc"] | None = None
    """Newest first, the only order."""


class UploadedFile(FilledBody):
    """An uploaded file."""

    code: int
    """The HTTP status."""
    type: str
    """The media type, as its content shows."""
    message: UUID
    """Id of the file: the value of its field."""
    url: str
    """Address of the document, once the form is submitted."""
