"""The form with which a case of a definition is applied for, before there is any case."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from engine import access
from engine.bpmn import Form
from engine.definitions import forms
from engine.definitions.versions import Version, definition, spec, versions
from engine.platform.db import UnitOfWork


@dataclass(frozen=True, slots=True)
class StartForm:
    """The form of a version in the view of the actor's roles; None if its cases start without one.

    `startable`: whether people start its cases, and not only events and messages.
    """

    key: str
    version: int
    name: str
    form: Form | None
    startable: bool


def start_form(uow: UnitOfWork, key: str) -> StartForm:
    """Returns the start form of a definition's current version; without one, of its newest that is visible.

    Raises NotFound for definitions that the actor may not see.
    """
    rows, known = versions(uow, key), definition(uow, key)
    row = next((row for row in rows if row.id == known.current_version_id), rows[0])
    found = spec(uow.session, Version(row.id, row.key, row.number, row.digest, row.deployment_id))
    form = for_starter(uow, key, found.start_form)
    return StartForm(row.key, row.number, row.name, form, found.startable)


def for_starter(uow: UnitOfWork, key: str, form: Form | None) -> Form | None:
    """Returns a start form of a definition in the view of the actor's roles in the unit that owns it."""
    if form is None or not forms.for_some(form):
        return form
    return forms.for_roles(form, roles_of_starter(uow, definition(uow, key).unit_id))


def roles_of_starter(uow: UnitOfWork, unit: UUID | None) -> Collection[str] | None:
    """Returns the roles by which forms know who starts a case of this unit; None means all."""
    if access.for_applicants(uow.actor):
        return (access.APPLICANT,)
    held = uow.connection.execute(select(access.roles_in(unit)), access.seen_by(uow)).scalar_one()
    found = access.known_as(uow.actor, held)
    return None if access.ANY in found else found
