"""People: accounts, memberships, substitutes, and the log of changes to them."""

from dataclasses import asdict
from typing import Annotated, Any, Literal
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import AwareDatetime, Field, StringConstraints, TypeAdapter

from api.command import Reply, command, sends
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
    account,
    display_names,
    page_of,
)
from api.units import UnitKey
from engine.identity import profiles
from engine.models import OrganisationKind, Role
from engine.organisation import account_administration, people, recorded_changes, substitutes
from engine.organisation.people import NewPerson, PersonView, Work
from engine.organisation.recorded_changes import Filter
from engine.organisation.substitutes import Leave
from engine.platform.db import UnitOfWork
from engine.platform.language import Calendar, Language

blueprint = APIBlueprint("people", __name__, tag="Organisation")

MAX_MEMBERSHIPS = 50
RoleName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]


class GiveMembership(Request):
    """A unit and role (`*` for any), with start (default: now) and end (default: none)."""

    unit: UnitKey
    role: RoleName = "caseworker"
    valid_from: AwareDatetime | None = None
    valid_to: AwareDatetime | None = None

    def work(self) -> Work:
        """Return the same for the engine."""
        return Work(self.unit, self.role, self.valid_from, self.valid_to)


class ProfileBody(Request):
    """What is known of an account's owner: names in each script, where to reach them, how they read pages."""

    full_name_fa: Text | None = None
    full_name_en: Text | None = None
    email: Text | None = None
    phone: Text | None = None
    language: Language | None = None
    calendar: Calendar | None = None


class CreatePerson(ProfileBody):
    """A new account; `person` is the national ID of its owner."""

    name: Text
    role: Literal["administrator", "designer", "caseworker", "manager", "auditor", "service"]
    person: Text | None = None
    memberships: list[GiveMembership] = Field(min_length=1, max_length=MAX_MEMBERSHIPS)


class ChangeMembership(Request):
    """The start and end of a membership; an end of null means without end."""

    valid_from: AwareDatetime | None = None
    valid_to: AwareDatetime | None = None


class MembershipBody(Body):
    """A membership: a unit, including those below it, and a role."""

    id: UUID
    unit: str
    role: str
    valid_from: Instant
    valid_to: Instant | None


class PersonSummary(Body):
    """An account with its memberships in your units; if it is not `active`, it can't be used."""

    id: UUID
    name: str
    display_name: DisplayName
    role: Role
    active: bool
    has_person: bool = Field(description="Whether the national ID of its owner is known.")
    memberships: list[MembershipBody]


class PeopleQuery(PageQuery):
    """Which people: `missing` are open accounts without a national id.

    `duplicate` are accounts whose owner has another one of the same kind.
    """

    person: Literal["missing", "duplicate"] | None = None


class ChangePerson(ProfileBody):
    """The national ID and other details of a person; null deletes a detail."""

    person: Text | None = Field(default=None, description="Can be corrected, and not removed.")


class PersonBody(PersonSummary, Profile):
    """A person of your units with national ID and other details."""

    person: str | None


class PersonPage(Page[PersonSummary]):
    """A page of people, oldest accounts first."""


class CreateSubstitution(Request):
    """The absent person (default: you), the substitute, start and end. People are account names."""

    absent: Text | None = None
    substitute: Text
    valid_from: AwareDatetime
    valid_to: AwareDatetime


class SubstitutionBody(Body):
    """A substitution: one person does the work of another for a time."""

    id: UUID
    absent: str
    absent_display_name: DisplayName
    substitute: str
    substitute_display_name: DisplayName
    valid_from: Instant
    valid_to: Instant


class SubstitutionPage(Page[SubstitutionBody]):
    """A page of current and future substitutions, oldest first."""


class RecordBody(Body):
    """An entry of the administration log: what changed, in which unit, and the person concerned, if any.

    Without a unit it concerns the installation; without an actor the command line acted. `actor_role` is the
    role at that time: `system` for the installation itself, null in entries of earlier releases.
    """

    id: UUID
    seq: int
    at: Instant
    kind: OrganisationKind
    actor: Account | None
    actor_role: str | None
    unit: str | None
    person: Account | None
    payload: dict[str, Any]
    hash: str


class RecordsQuery(PageQuery):
    """Which entries: of a kind, of a unit and those below it, from one instant until before another."""

    kind: OrganisationKind | None = None
    unit: UnitKey | None = None
    from_at: AwareDatetime | None = None
    to_at: AwareDatetime | None = None


class RecordPage(Page[RecordBody]):
    """A page of changes, oldest first."""


def _memberships(person: PersonView) -> list[MembershipBody]:
    adapter = TypeAdapter(list[MembershipBody])
    names = MembershipBody.model_fields
    return adapter.validate_python([{name: row[name] for name in names} for row in person.memberships])


def _summary(person: PersonView) -> PersonSummary:
    memberships = _memberships(person)
    return PersonSummary(
        id=person.id,
        name=person.name,
        display_name=DisplayName.model_validate(person.display_name),
        role=person.role,
        active=person.active,
        has_person=person.person is not None,
        memberships=memberships,
    )


def _whole(uow: UnitOfWork, user_id: UUID) -> PersonBody:
    person = people.get(uow, user_id)
    known = {"has_person": person.person is not None, "memberships": _memberships(person)}
    return PersonBody(**{**asdict(person), **asdict(person.profile), **known})


@command(blueprint.get("/people"), query=PeopleQuery, answer=PersonPage)
def index(uow: UnitOfWork, query: PeopleQuery) -> Reply:
    """List the people of your units, oldest accounts first"""
    found = people.page(uow, person=query.person, after=query.cursor)
    following = found[people.PAGE - 1].id if len(found) > people.PAGE else None
    items = [_summary(person) for person in found[: people.PAGE]]
    return Reply(PersonPage(items=items, next=following))


@command(blueprint.get("/people/<uuid:person_id>"), answer=PersonBody, refusals=(404,))
def show(uow: UnitOfWork, person_id: UUID) -> Reply:
    """Read a person of your units"""
    return Reply(_whole(uow, person_id))


@command(blueprint.post("/people"), body=CreatePerson, answer=PersonBody, status=201, refusals=(409,))
@sends("Location")
def create(uow: UnitOfWork, body: CreatePerson) -> Reply:
    """Create an account with memberships in your units"""
    works = [membership.work() for membership in body.memberships]
    profile = body.model_dump(include=set(profiles.FIELDS), exclude_none=True)
    made = people.create(uow, NewPerson(body.name, body.role, body.person, works, profile))
    return Reply(_whole(uow, made), {"Location": f"/api/v1/people/{made}"}, status=201)


@command(blueprint.patch("/people/<uuid:person_id>"), body=ChangePerson, answer=PersonBody, refusals=(404,))
def change_person(uow: UnitOfWork, person_id: UUID, body: ChangePerson) -> Reply:
    """Change the details of a person"""
    given = body.model_dump(exclude_unset=True)
    if (person := given.pop("person", None)) is not None:
        account_administration.identify(uow, person_id, person)
    if given:
        account_administration.describe(uow, person_id, given)
    return Reply(_whole(uow, person_id))


@command(
    blueprint.post("/people/<uuid:person_id>/memberships"),
    body=GiveMembership,
    answer=PersonBody,
    status=201,
    refusals=(404, 409),
)
def add_membership(uow: UnitOfWork, person_id: UUID, body: GiveMembership) -> Reply:
    """Add a membership: a unit and role for a person of your units"""
    people.add(uow, person_id, body.work())
    return Reply(_whole(uow, person_id), status=201)


@command(
    blueprint.patch("/people/<uuid:person_id>/memberships/<uuid:membership_id>"),
    body=ChangeMembership,
    answer=PersonBody,
    refusals=(404,),
)
def change_membership(uow: UnitOfWork, person_id: UUID, membership_id: UUID, body: ChangeMembership) -> Reply:
    """Change the start or end of a membership"""
    said = {name: getattr(body, name) for name in body.model_fields_set}
    changes = {name: at for name, at in said.items() if at is not None or name == "valid_to"}
    people.change(uow, person_id, membership_id, changes)
    return Reply(_whole(uow, person_id))


@command(
    blueprint.delete("/people/<uuid:person_id>/memberships/<uuid:membership_id>"),
    answer=PersonBody,
    refusals=(404,),
)
def end_membership(uow: UnitOfWork, person_id: UUID, membership_id: UUID) -> Reply:
    """End a membership immediately"""
    people.end(uow, person_id, membership_id)
    return Reply(_whole(uow, person_id))


def _substitution(row: Any) -> SubstitutionBody:
    return SubstitutionBody(**display_names(row, "absent", "substitute"))


@command(
    blueprint.post("/substitutions"),
    body=CreateSubstitution,
    answer=SubstitutionBody,
    status=201,
    refusals=(409,),
)
def create_substitution(uow: UnitOfWork, body: CreateSubstitution) -> Reply:
    """Appoint a substitute for yourself or, as an administrator, for a person of your units"""
    made = substitutes.appoint(uow, Leave(**body.model_dump()))
    return Reply(_substitution(substitutes.get(uow, made)), status=201)


@command(blueprint.get("/substitutions"), query=PageQuery, answer=SubstitutionPage)
def list_substitutions(uow: UnitOfWork, query: PageQuery) -> Reply:
    """List current and future substitutions: your own or, for administrators, those of their units"""
    rows = substitutes.page(uow, after=query.cursor)
    items = [display_names(row, "absent", "substitute") for row in rows]
    return Reply(SubstitutionPage(**page_of(SubstitutionBody, items, substitutes.PAGE)))


@command(blueprint.delete("/substitutions/<uuid:substitution_id>"), answer=SubstitutionBody, refusals=(404,))
def end_substitution(uow: UnitOfWork, substitution_id: UUID) -> Reply:
    """End a substitution"""
    substitutes.end(uow, substitution_id)
    return Reply(_substitution(substitutes.get(uow, substitution_id)))


@command(blueprint.get("/organisation-log"), query=RecordsQuery, answer=RecordPage)
def list_changes(uow: UnitOfWork, query: RecordsQuery) -> Reply:
    """List entries of the administration log in your units, oldest first"""
    only = Filter(query.kind, query.unit, query.from_at, query.to_at)
    items = [
        {
            **row,
            "actor": account(row, "actor") if row["actor_id"] else None,
            "person": account(row, "person") if row["person_id"] else None,
            "hash": row["hash"].hex(),
        }
        for row in recorded_changes.page(uow, only=only, after=query.cursor)
    ]
    return Reply(RecordPage(**page_of(RecordBody, items, recorded_changes.PAGE)))
