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
    form = found.start_form
    if form is not None and forms.for_some(form):
        form = forms.for_roles(form, _roles(uow, known.unit_id))
    return StartForm(row.key, row.number, row.name, form, found.startable)


def _roles(uow: UnitOfWork, unit: UUID) -> Collection[str] | None:
    """Returns the roles by which forms know the actor in the unit that owns the process; None means all."""
    if access.for_applicants(uow.actor):
        return (access.APPLICANT,)
    held = uow.connection.execute(select(access.roles_in(unit)), access.seen_by(uow)).scalar_one()
    found = access.known_as(uow.actor, held)
    return None if access.ANY in found else found
