"""Who may do what. Nothing is allowed that is not written here; lists use the same policy as single reads."""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, false, true

from engine.db import Actor
from engine.errors import Forbidden
from engine.models import Case

Permission = Literal[
    "definitions.deploy",
    "definitions.publish",
    "definitions.read",
    "cases.start",
    "cases.read",
    "cases.cancel",
    "documents.add",
    "events.read",
    "events.feed",
    "webhooks.manage",
    "tasks.read",
    "tasks.work",
    "incidents.read",
    "incidents.retry",
    "behalf.act",
    "cases.suspend",
    "cases.move",
    "definitions.suspend",
    "incidents.mend",
    "messages.send",
    "calls.work",
    "jobs.manage",
]

_ALLOWED: Mapping[str, frozenset[Permission]] = {
    "administrator": frozenset(
        {
            "definitions.deploy",
            "definitions.publish",
            "definitions.read",
            "cases.read",
            "cases.cancel",
            "events.read",
            "events.feed",
            "webhooks.manage",
            "tasks.read",
            "incidents.read",
            "incidents.retry",
            "incidents.mend",
            "cases.suspend",
            "cases.move",
            "definitions.suspend",
            "jobs.manage",
            "messages.send",
        }
    ),
    "designer": frozenset({"definitions.deploy", "definitions.publish", "definitions.read"}),
    "caseworker": frozenset(
        {
            "definitions.read",
            "cases.start",
            "cases.read",
            "cases.cancel",
            "documents.add",
            "events.read",
            "tasks.read",
            "tasks.work",
            "behalf.act",
        }
    ),
    "service": frozenset({"messages.send", "calls.work"}),
    "portal": frozenset(
        {"definitions.read", "cases.start", "cases.read", "cases.cancel", "documents.add", "behalf.act"}
    ),
}


def allows(actor: Actor, permission: Permission) -> bool:
    """Whether the actor's role allows it at all."""
    return permission in _ALLOWED.get(actor.role, frozenset())


def require(actor: Actor, permission: Permission) -> None:
    """Raises Forbidden unless the actor's role allows it."""
    if not allows(actor, permission):
        raise Forbidden(f"The role {actor.role} does not allow {permission}.")


def only_offered(actor: Actor) -> bool:
    """Whether the actor is offered, and starts, only what is enabled."""
    return actor.role == "portal"


def only_its_own(actor: Actor) -> bool:
    """Whether the actor replaces only documents that it added itself."""
    return actor.role == "portal"


def sees(actor: Actor, started_by: UUID) -> bool:
    """Whether the actor may see a case that this account started. A portal sees its own."""
    return allows(actor, "cases.read") and (actor.role != "portal" or started_by == actor.id)


def visible_cases(role: str) -> ColumnElement[bool]:
    """The same as a condition on `cases`, with the actor's id as the parameter `viewer`."""
    if "cases.read" not in _ALLOWED.get(role, ()):
        return false()
    return Case.started_by == bindparam("viewer") if role == "portal" else true()
