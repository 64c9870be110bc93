"""People: accounts, memberships, substitutes, and the log of changes to them."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from pydantic import TypeAdapter

from api.bodies.people import (
    ChangeMembership,
    ChangePerson,
    CreatePerson,
    CreateSubstitution,
    GiveMembership,
    MembershipBody,
    PeopleQuery,
    PersonBody,
    PersonPage,
    PersonSummary,
    RecordBody,
    RecordPage,
    RecordsQuery,
    SubstitutionBody,
    SubstitutionPage,
)
from api.command import Reply, command, sends
from api.shapes import (
    DisplayName,
    PageQuery,
    account,
    display_names,
    page_of,
)
from engine.identity import profiles
from engine.organisation import account_administration, people, recorded_changes, substitutes
from engine.organisation.people import NewPerson, PersonView
from engine.organisation.recorded_changes import Filter
from engine.organisation.substitutes import Leave
from engine.platform.db import UnitOfWork

blueprint = APIBlueprint("people", __name__, tag="Organisation")


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
    """List the people of your units, oldest accounts first

    Accounts that work, or have worked, in your units, without national IDs and contact data. For
    administrators.
    """
    found = people.page(uow, person=query.person, after=query.cursor)
    following = found[people.PAGE - 1].id if len(found) > people.PAGE else None
    items = [_summary(person) for person in found[: people.PAGE]]
    return Reply(PersonPage(items=items, next=following))


@command(blueprint.get("/people/<uuid:person_id>"), answer=PersonBody, refusals=(404,))
def show(uow: UnitOfWork, person_id: UUID) -> Reply:
    """Read a person of your units

    With national ID, names and contact data, and the memberships in your units. For administrators.
    """
    return Reply(_whole(uow, person_id))


@command(blueprint.post("/people"), body=CreatePerson, answer=PersonBody, status=201, refusals=(409,))
@sends("Location")
def create(uow: UnitOfWork, body: CreatePerson) -> Reply:
    """Create an account with memberships in your units

    409 for a name that is in use, 422 for a person who has an account of this kind. For administrators.
    """
    works = [membership.work() for membership in body.memberships]
    profile = body.model_dump(include=set(profiles.FIELDS), exclude_none=True)
    made = people.create(uow, NewPerson(body.name, body.role, body.person, works, profile))
    return Reply(_whole(uow, made), {"Location": f"/api/v1/people/{made}"}, status=201)


@command(blueprint.patch("/people/<uuid:person_id>"), body=ChangePerson, answer=PersonBody, refusals=(404,))
def change_person(uow: UnitOfWork, person_id: UUID, body: ChangePerson) -> Reply:
    """Change the details of a person

    Only for administrators of all units in which the person works; the national ID of your own account is
    changed by another administrator.
    """
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
    """Add a membership: a unit and role for a person of your units

    Only in your own units. 409 if the person has this membership already. For administrators.
    """
    people.add(uow, person_id, body.work())
    return Reply(_whole(uow, person_id), status=201)


@command(
    blueprint.patch("/people/<uuid:person_id>/memberships/<uuid:membership_id>"),
    body=ChangeMembership,
    answer=PersonBody,
    refusals=(404,),
)
def change_membership(uow: UnitOfWork, person_id: UUID, membership_id: UUID, body: ChangeMembership) -> Reply:
    """Change the start or end of a membership

    It has effect from the next request on. For administrators.
    """
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
    """End a membership immediately

    It has effect from the next request on. 403 for your own last membership. For administrators.
    """
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
    """Appoint a substitute for yourself or, as an administrator, for a person of your units

    Both are active caseworkers of one unit, or of units of which one is above the other. 409 if there is a
    substitute for that time. For caseworkers and administrators.
    """
    made = substitutes.appoint(uow, Leave(**body.model_dump()))
    return Reply(_substitution(substitutes.get(uow, made)), status=201)


@command(blueprint.get("/substitutions"), query=PageQuery, answer=SubstitutionPage)
def list_substitutions(uow: UnitOfWork, query: PageQuery) -> Reply:
    """List current and future substitutions: your own or, for administrators, those of their units

    Without ended ones; supervisors also see those of their team.
    """
    rows = substitutes.page(uow, after=query.cursor)
    items = [display_names(row, "absent", "substitute") for row in rows]
    return Reply(SubstitutionPage(**page_of(SubstitutionBody, items, substitutes.PAGE)))


@command(blueprint.delete("/substitutions/<uuid:substitution_id>"), answer=SubstitutionBody, refusals=(404,))
def end_substitution(uow: UnitOfWork, substitution_id: UUID) -> Reply:
    """End a substitution

    By the absent person, the substitute or an administrator.
    """
    substitutes.end(uow, substitution_id)
    return Reply(_substitution(substitutes.get(uow, substitution_id)))


@command(blueprint.get("/organisation-log"), query=RecordsQuery, answer=RecordPage)
def list_changes(uow: UnitOfWork, query: RecordsQuery) -> Reply:
    """List entries of the administration log in your units, oldest first

    For administrators and auditors.
    """
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
