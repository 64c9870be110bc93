"""Requests and responses about people, substitutions and the administration log."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from api.shapes import (
    Account,
    Body,
    DisplayName,
    Instant,
    Page,
    PageQuery,
    Profile,
    Request,
    Text,
)
from api.units import UnitKey
from engine.models import OrganisationKind, Role
from engine.organisation.people import Work
from engine.platform.language import Calendar, Language

MAX_MEMBERSHIPS = 50


RoleName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]


class GiveMembership(Request):
    """A membership in a unit."""

    unit: UnitKey
    """Key of the unit; the membership covers it and all units below it."""
    role: RoleName = "caseworker"
    """Role in the unit, such as `inspector` or `supervisor`; `*` for any role. Every member is `caseworker`.
    """
    valid_from: AwareDatetime | None = None
    """When it begins; by default now."""
    valid_to: AwareDatetime | None = None
    """When it ends; by default never."""

    def work(self) -> Work:
        """Return the same for the engine."""
        return Work(self.unit, self.role, self.valid_from, self.valid_to)


class ProfileBody(Request):
    """What is known of an account's owner."""

    full_name_fa: Text | None = None
    """Full name in Persian script."""
    full_name_en: Text | None = None
    """Full name in Latin letters."""
    email: Text | None = None
    """E-mail address."""
    phone: Text | None = None
    """Telephone number, in any digits; numbers without a country code are Iranian."""
    language: Language | None = None
    """Preferred language; null: the preference of the browser."""
    calendar: Calendar | None = None
    """Calendar in which pages show dates; null: the one that is usual in the language."""


class CreatePerson(ProfileBody):
    """A new account with its memberships."""

    name: Text
    """Unique name of the account; 409 if it is in use."""
    role: Literal["administrator", "designer", "caseworker", "manager", "auditor", "service"]
    """Role of the account, which defines its general permissions and can't be changed."""
    person: Text | None = None
    """National ID of the owner. 422 (`person-taken`) for a person who has an account of this kind already."""
    memberships: list[GiveMembership] = Field(min_length=1, max_length=MAX_MEMBERSHIPS)
    """Memberships in your units; at most 50."""


class ChangeMembership(Request):
    """What to change; what is left out stays as it is."""

    valid_from: AwareDatetime | None = None
    """When the membership begins."""
    valid_to: AwareDatetime | None = None
    """When it ends; null: never."""


class MembershipBody(Body):
    """A membership in a unit."""

    id: UUID
    """Id of the membership."""
    unit: str
    """Key of the unit; the membership covers it and all units below it."""
    role: str
    """Role in the unit, such as `inspector` or `supervisor`; `*` for any role."""
    valid_from: Instant
    """When it begins."""
    valid_to: Instant | None
    """When it ends; null: never."""


class PersonSummary(Body):
    """An account in a list, with its memberships in your units."""

    id: UUID
    """Id of the account."""
    name: str
    """Unique name of the account."""
    display_name: DisplayName
    """The name to show to people."""
    role: Role
    """Role of the account, which defines its general permissions."""
    active: bool
    """Whether the account can be used; false if it is closed."""
    has_person: bool
    """Whether the national ID of its owner is known."""
    memberships: list[MembershipBody]
    """Its memberships in your units, including ended ones."""


class PeopleQuery(PageQuery):
    """Which people."""

    person: Literal["missing", "duplicate"] | None = None
    """Only accounts whose owner's national ID has to be looked at."""


class ChangePerson(ProfileBody):
    """What to change; null removes a value, and what is left out stays as it is."""

    person: Text | None = None
    """National ID of the owner. It can be corrected, and not removed."""


class PersonBody(PersonSummary, Profile):
    """A person of your units, with national ID and contact data."""

    person: str | None
    """National ID of the owner; null if unknown."""


class PersonPage(Page[PersonSummary]):
    """A page of people, oldest accounts first."""


class CreateSubstitution(Request):
    """A substitute for an absent person."""

    absent: Text | None = None
    """Name of the account of the absent person; by default yours. Only administrators appoint substitutes for
    others.
    """
    substitute: Text
    """Name of the account of the substitute."""
    valid_from: AwareDatetime
    """When the substitution begins."""
    valid_to: AwareDatetime
    """When it ends."""


class SubstitutionBody(Body):
    """A substitution: one person does the work of another for a time."""

    id: UUID
    """Id of the substitution."""
    absent: str
    """Name of the account of the absent person."""
    absent_display_name: DisplayName
    """Name of the absent person to show."""
    substitute: str
    """Name of the account of the substitute."""
    substitute_display_name: DisplayName
    """Name of the substitute to show."""
    valid_from: Instant
    """When the substitution begins."""
    valid_to: Instant
    """When it ends."""


class SubstitutionPage(Page[SubstitutionBody]):
    """A page of current and future substitutions, oldest first."""


class RecordBody(Body):
    """An entry of the administration log."""

    id: UUID
    """Id of the entry."""
    seq: int
    """Number of the entry in the log, from 1 without gaps."""
    at: Instant
    """When it happened."""
    kind: OrganisationKind
    """What happened."""
    actor: Account | None
    """Who acted; null for the command line."""
    actor_role: str | None
    """Role of the actor at that time, `system` for the installation itself; null in entries of earlier
    releases.
    """
    unit: str | None
    """Key of the unit that it concerns; null if it concerns the whole installation."""
    person: Account | None
    """The account that it concerns; null if none."""
    payload: dict[str, Any]
    """Details, depending on the kind."""
    hash: str
    """SHA-256 of the entry and of the hash before it, in hexadecimal."""


class RecordsQuery(PageQuery):
    """Which entries of the administration log."""

    kind: OrganisationKind | None = None
    """Only entries of this kind."""
    unit: UnitKey | None = None
    """Only entries of the unit with this key and those below it."""
    from_at: AwareDatetime | None = None
    """Only entries from this instant on."""
    to_at: AwareDatetime | None = None
    """Only entries before this instant."""


class RecordPage(Page[RecordBody]):
    """A page of changes, oldest first."""
