"""Requests and responses about definitions and their versions."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.shapes import (
    Body,
    DisplayName,
    Instant,
    Request,
    Text,
)
from engine.models import ServiceClass, VersionStatus


class DefinitionVersionBody(Body):
    """A version of a definition."""

    key: str
    """Key of the definition: the id of its process in the BPMN file."""
    version: int
    """Number of the version, from 1."""
    name: str
    """Name of the process; it may be written as `Persian | English`."""
    hash: str
    """SHA-256 of the files and of the called versions, in hexadecimal: equal content has equal hashes."""
    deployment: UUID
    """Id of the deployment that uploaded the version."""
    status: VersionStatus
    """Status of the version."""
    published_at: Instant | None
    """When it was published; null for one that never was."""


class PlannedVisitsBody(Body):
    """How often the applicant has to come in person, as the diagram requires."""

    least: int
    """The least number of visits on a path through the process."""
    most: int
    """The greatest number of visits on a path through the process."""
    steps: list[str]
    """Paths of the elements that require a visit."""
    repeated: list[str]
    """Those of `steps` that may be repeated; they count once."""
    optional: list[str]
    """Paths of elements at which the applicant may come; they aren't counted."""


class OneDefinitionVersionBody(DefinitionVersionBody):
    """A version, with its planned visits."""

    visits: PlannedVisitsBody
    """How often the applicant has to come in person."""


class DefinitionsQuery(Request):
    """Which versions."""

    status: Literal["published", "draft"] = "published"
    """Current versions, or drafts: versions in review, which only administrators and designers see."""


class DefinitionList(Body):
    """The current version of each definition, or its version in review."""

    items: list[DefinitionVersionBody]
    """One version of each definition."""


class DefinitionBody(DefinitionVersionBody):
    """A definition: its current version, otherwise its newest."""

    unit: str
    """Key of the unit that owns the definition."""
    service_class: ServiceClass | None
    """Class of the service, by which its tasks come first in the inbox; null if it has none."""
    serve_within: str | None
    """Longest working time until a task comes first in the inbox, such as `P3WD` (three working days); null
    without a class.
    """
    versions: list[int]
    """Numbers of all versions that the caller may see."""
    suspended_at: Instant | None
    """Since when all cases of the definition are suspended and none can start; null if they aren't."""
    disabled_at: Instant | None
    """Since when portals and applicants can't start cases; null if they can."""
    offered_at: Instant | None
    """Since when the definition is in the public catalogue, so that applicants can start cases themselves;
    null if it isn't.
    """


class DefinitionRecord(DefinitionVersionBody):
    """A version with the people who deployed, published and retired it."""

    author: str
    """Account that deployed the version."""
    author_display_name: DisplayName
    """Name of the author to show."""
    deployed_at: Instant
    """When the version was deployed."""
    published_by: str | None
    """Account that published the version; null if it was never published."""
    published_by_display_name: DisplayName | None
    """Name of that person to show; null if it was never published."""
    retired_by: str | None
    """Account that retired the version; null if it isn't retired."""
    retired_by_display_name: DisplayName | None
    """Name of that person to show; null if it isn't retired."""
    retired_at: Instant | None
    """When the version was retired; null if it isn't."""


class DefinitionRecordList(Body):
    """All versions of a definition, newest first."""

    items: list[DefinitionRecord]
    """The versions, newest first."""


class SetClass(Request):
    """The class of a service."""

    service_class: ServiceClass | None = Field(alias="class")
    """The class; null for none."""
    bound: Text | None = None
    """Longest working time until a task comes first in the inbox, such as `P3WD` or `PT1WH`; by default the
    usual one of the class.
    """


class DiffQuery(Request):
    """With what to compare."""

    against: int
    """Number of the version to compare with: the response lists what has changed since that one."""


class DifferenceBody(Body):
    """One difference between two versions."""

    code: str
    """Stable code of the difference, listed in the documentation under *Codes of differences*."""
    process: str
    """Id of the process that differs."""
    element: str | None
    """Id of the element in the newer version, or in the older one if it was removed; null if it concerns the
    whole process.
    """
    parameters: dict[str, Any]
    """What the text names, such as `name`, `before` and `after`; which ones depends on the code."""
    text: str
    """The difference as a sentence, in the language of the response."""


class DiffBody(Body):
    """The differences between two versions."""

    key: str
    """Key of the definition."""
    version: int
    """Number of the newer version."""
    against: int
    """Number of the version with which it is compared."""
    differences: list[DifferenceBody]
    """What has changed from `against` to `version`."""
