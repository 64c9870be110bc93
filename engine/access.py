"""Who may do what. Nothing is allowed that is not written here; lists use the same policy as single reads."""

from collections.abc import Mapping
from typing import Literal

from sqlalchemy import ColumnElement, false, true

from engine.db import Actor
from engine.errors import Forbidden
from engine.models import Case, Role

Permission = Literal[
    "definitions.deploy",
    "definitions.read",
    "cases.start",
    "cases.read",
    "cases.cancel",
    "events.read",
    "tasks.read",
    "tasks.work",
    "incidents.read",
    "incidents.retry",
    "behalf.act",
]

_ALLOWED: Mapping[Role, frozenset[Permission]] = {
    "administrator": frozenset(
        {
            "definitions.deploy",
            "definitions.read",
            "cases.read",
            "cases.cancel",
            "events.read",
            "tasks.read",
            "incidents.read",
            "incidents.retry",
        }
    ),
    "designer": frozenset({"definitions.deploy", "definitions.read"}),
    "caseworker": frozenset(
        {
            "definitions.read",
            "cases.start",
            "cases.read",
            "cases.cancel",
            "events.read",
            "tasks.read",
            "tasks.work",
            "behalf.act",
        }
    ),
    "portal": frozenset({"definitions.read", "cases.start", "cases.read", "cases.cancel", "behalf.act"}),
}


def allows(actor: Actor, permission: Permission) -> bool:
    """Whether the actor's role allows it at all."""
    return permission in _ALLOWED.get(actor.role, frozenset())  # type: ignore[call-overload]  # an unknown role has no entry


def require(actor: Actor, permission: Permission) -> None:
    """Raises Forbidden unless the actor's role allows it."""
    if not allows(actor, permission):
        raise Forbidden(f"The role {actor.role} does not allow {permission}.")


def visible_cases(actor: Actor) -> ColumnElement[bool]:
    """The cases that the actor may see, as a condition on `cases`: a portal sees those that it started."""
    if not allows(actor, "cases.read"):
        return false()
    return Case.started_by == actor.id if actor.role == "portal" else true()
