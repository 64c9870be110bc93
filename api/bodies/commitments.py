"""Commitments and the register of services as JSON."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, WithJsonSchema

from api.shapes import Body, DisplayName, Instant, Key, Page, Request, Words
from api.units import UnitKey
from engine.models import (
    CommitmentCause,
    CommitmentKind,
    CommitmentMetric,
    CommitmentState,
    OfflineReason,
    Role,
)
from engine.oversight.commitments import Direction, TargetKind
from engine.platform.language import Calendar

Target = Annotated[Any, WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]})]
_VERSION = Annotated[int, Field(ge=1, le=1_000_000)]


class _Texts(Request):
    """What a unit commits itself to."""

    text_fa: Words = Field(max_length=2000)
    """What the unit commits itself to, in Persian."""
    text_en: Words = Field(max_length=2000)
    """The same in English."""
    legal_basis: Words = Field(max_length=500)
    """The decree or law that demands it, with its article."""
    metric: CommitmentMetric
    """The figure by which it is measured."""
    target: Target
    """What the figure must reach: percent from 0 to 100 for shares, days of 24 hours for times, an average
    or a whole number. `target_kind` in the response says which.
    """
    due: date
    """`reach-by`: the last day on which the month that reaches it may end. `hold-from`: the day from which
    each month must meet it. Today or later, within 20 years.
    """
    kind: CommitmentKind | None = None
    """Whether it is to be reached by `due`, or held from then on; by default `reach-by`, or as it was."""
    calendar: Calendar = "jalali"
    """Whose months are measured."""
    definition: Key | None = None
    """Only cases of the definition with this key; by default all of the unit. Required for `completion`, not
    allowed for `services_online`.
    """
    since: date | None = None
    """The first month that is shown contains this day; by default today. Months count for the state if they
    begin after the day on which the commitment is entered.
    """


class MakeCommitment(_Texts):
    """A commitment of a unit."""

    unit: UnitKey
    """Key of the unit."""


class AmendCommitment(_Texts):
    """A commitment as it shall be from now on."""

    version: _VERSION
    """The version that you have read. 409 if there is a newer one."""
    reason: Words = Field(max_length=2000)
    """Why it is amended."""


class WithdrawCommitment(Request):
    """The end of a commitment."""

    version: _VERSION
    """The version that you have read. 409 if there is a newer one."""
    reason: Words = Field(max_length=2000)
    """Why it is withdrawn."""


class ExplainCommitment(Request):
    """Why a commitment was not reached in time, was lost again, or is not held."""

    cause: CommitmentCause
    """The main cause."""
    text: Words = Field(max_length=2000)
    """What happened, and what is done about it. Don't name applicants."""


class CommitmentMonth(Body):
    """The figure of a month that has ended."""

    first: date
    """First day of the month."""
    value: float | None
    """The figure in the unit of the target; null unless `status` is `measured`."""
    status: Literal["measured", "not_measured", "no_data", "too_few"]
    """Whether the value is known."""
    cases: int
    """Number of cases, or of services, from which it comes; of a count, all cases that ended."""
    met: bool | None
    """Whether it meets the target; null if it isn't measured, or of fewer than 10 cases."""


class CommitmentVersionBody(Body):
    """What a commitment said from an instant on."""

    version: int
    """Number of the version, from 1."""
    text_fa: str
    """What the unit committed itself to, in Persian."""
    text_en: str
    """The same in English."""
    legal_basis: str
    """The decree or law that demands it."""
    metric: CommitmentMetric
    """The figure by which it is measured."""
    definition: str | None
    """Key of the definition that is measured; null for all."""
    target: float
    """What the figure must reach, in percent, days, as an average or a number."""
    calendar: Calendar
    """Whose months are measured."""
    since: date
    """A day of the first month that is measured."""
    due: date
    """The day by which it must be reached, or from which it must be held."""
    kind: CommitmentKind
    """Which of the two."""
    reason: str | None
    """Why it was amended; null for the first version."""
    made_at: Instant
    """When it was entered."""
    made_by_display_name: DisplayName
    """Who entered it."""
    made_by_role: Role
    """Role of that account."""


class ExplanationBody(Body):
    """Why a commitment was not reached in time, was lost again, or is not held."""

    version: int
    """The version of the commitment at that time."""
    state: CommitmentState
    """Its state at that time."""
    cause: CommitmentCause
    """The main cause."""
    text: str
    """What happened, and what is done about it."""
    explained_at: Instant
    """When it was explained."""
    explained_by_display_name: DisplayName
    """Who explained it."""
    explained_by_role: Role
    """Role of that account."""


class CommitmentBody(Body):
    """A commitment of a unit, and what has become of it."""

    id: UUID
    """Id of the commitment."""
    unit: str
    """Key of the unit."""
    text_fa: str
    """What the unit commits itself to, in Persian."""
    text_en: str
    """The same in English."""
    legal_basis: str
    """The decree or law that demands it, with its article."""
    metric: CommitmentMetric
    """The figure by which it is measured."""
    definition: str | None
    """Key of the definition that is measured; null for all of the unit."""
    target: float
    """What the figure must reach, in the unit of `target_kind`."""
    target_kind: TargetKind
    """What `target` and `value` are."""
    direction: Direction
    """Whether the target is the least or the most."""
    calendar: Calendar
    """Whose months are measured."""
    since: date
    """A day of the first month that is measured."""
    due: date
    """The day by which it must be reached, or from which it must be held."""
    kind: CommitmentKind
    """Which of the two."""
    entered: date
    """Day on which it was entered, or amended to something else or less. Months that begin later count."""
    version: int
    """Number of the current version."""
    state: CommitmentState
    """What has become of it."""
    reached: date | None
    """First day of the first month that reached it; null if none did, and of `hold-from`."""
    lost: bool
    """Whether it was reached, and the last measured month doesn't meet the target any more."""
    value: float | None
    """The figure of the last measured month, in the unit of the target; null if none is measured."""
    month: date | None
    """First day of that month."""
    status: Literal["measured", "not_measured", "no_data", "too_few"]
    """Whether `value` is known."""
    explain_by: date | None
    """Day by which the unit must explain why it was not reached in time, was lost again, or is not held;
    null if it needn't.
    """
    cause: CommitmentCause | None
    """The main cause in the latest explanation since one was demanded last; null if there is none."""
    explanation: str | None
    """Text of that explanation."""
    withdrawn_at: Instant | None
    """When it was withdrawn; null if it is in force."""


class CommitmentDetail(CommitmentBody):
    """A commitment with its months, versions and explanations."""

    withdrawn_for: str | None
    """Why it was withdrawn; null if it is in force."""
    withdrawn_by_display_name: DisplayName | None
    """Who withdrew it; null if it is in force."""
    withdrawn_by_role: Role | None
    """Role of that account."""
    months: list[CommitmentMonth]
    """The months that have ended, oldest first."""
    versions: list[CommitmentVersionBody]
    """All versions, oldest first."""
    explanations: list[ExplanationBody]
    """All explanations, oldest first."""


class CommitmentPage(Page[CommitmentBody]):
    """Commitments: first those that wait for an explanation, then missed, late, pending and reached ones."""

    as_of: Instant
    """The instant up to which the figures know all events."""


class RegisterService(Request):
    """A service of a unit, with the reason why it isn't online yet."""

    unit: UnitKey
    """Key of the unit that provides it."""
    name_fa: str = Field(min_length=1, max_length=200)
    """Name in Persian, which is unique in the unit."""
    name_en: str = Field(min_length=1, max_length=200)
    """Name in English."""
    reason: OfflineReason
    """Why it isn't online yet."""
    yearly_volume: int | None = Field(default=None, ge=0, le=1_000_000_000, strict=True)
    """How often it is used in a year; null if that is not known."""
    text: str = Field(default="", max_length=2000)
    """More about the reason."""
    planned_for: date | None = None
    """Day by which it shall be online, today or later; null if that is not planned. A day that has passed can
    stay as it is.
    """
    definition: Key | None = None
    """Key of the definition by which it is, or will be, online: it counts as online while that definition is
    in the catalogue.
    """


class ChangeService(RegisterService):
    """An entry of the register as it shall be. The unit can't be changed."""

    revision: _VERSION
    """The revision that you have read. 409 if the entry was changed since."""


class RegisteredServiceBody(Body):
    """A service in the register."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    """Id of the entry."""
    unit: str
    """Key of the unit that provides it."""
    name_fa: str
    """Name in Persian."""
    name_en: str
    """Name in English."""
    yearly_volume: int | None
    """How often it is used in a year; null if that is not known."""
    reason: OfflineReason
    """Why it isn't online, or wasn't when it was registered."""
    text: str
    """More about the reason; may be empty."""
    planned_for: date | None
    """Day by which it shall be online; null if that is not planned."""
    definition: str | None
    """Key of the definition by which it is, or will be, online."""
    online: bool
    """Whether that definition is in the catalogue now."""
    revision: int
    """Number of the latest change; send it with the next one."""
    registered_at: Instant
    """When it was registered."""
    changed_at: Instant
    """When it was changed last."""


class ProposedLink(Body):
    """A definition and an entry of the register that have the same name."""

    definition: str
    """Key of the definition."""
    service: UUID
    """Id of the entry, to which no definition is linked yet."""


class RegisterPage(Page[RegisteredServiceBody]):
    """The register of services: those that aren't online first, most used first."""

    online: int
    """How many services are online: in the catalogue, with an entry in the register or without."""
    total: int
    """How many there are: entries of the register, and services in the catalogue without one."""
    unlinked: list[str]
    """Keys of the definitions that are in the catalogue and to which no entry is linked."""
    proposed: list[ProposedLink]
    """Links for some of these, by equal names."""


class ImportServices(Request):
    """A CSV file with services."""

    unit: UnitKey
    """Key of the unit of all rows that don't name another one."""
    content: str = Field(min_length=1, max_length=2_000_000)
    """The file as text. Its first line names the columns: `name_fa`, `name_en`, `reason`, and optionally
    `unit`, `yearly_volume`, `text`, `planned_for` and `definition`.
    """


class ImportedServices(Body):
    """What an import did."""

    added: int
    """Number of services that are new in the register."""
    changed: int
    """Number of services that were changed."""
    unchanged: int
    """Number of services that were in the register like this."""
