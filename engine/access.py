"""Who may do what. Nothing is allowed that is not written here; lists use the same policy as single reads."""

from collections.abc import Mapping
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, false, true

from engine.db import Actor
from engine.errors import AssuranceTooLow, Forbidden
from engine.models import Case

Permission = Literal[
    "definitions.deploy",
    "definitions.publish",
    "definitions.read",
    "cases.start",
    "cases.read",
    "cases.cancel",
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
    "sessions.own",
    "sessions.revoke",
]
Assurance = Literal["low", "substantial", "high"]

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
            "sessions.own",
            "sessions.revoke",
        }
    ),
    "designer": frozenset({"definitions.deploy", "definitions.publish", "definitions.read", "sessions.own"}),
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
            "sessions.own",
        }
    ),
    "service": frozenset({"messages.send", "calls.work", "sessions.own"}),
    "portal": frozenset(
        {"definitions.read", "cases.start", "cases.read", "cases.cancel", "behalf.act", "sessions.own"}
    ),
    "applicant": frozenset({"sessions.own"}),
}
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
ASSURANCES: tuple[Assurance, ...] = get_args(Assurance)  # in ascending order


def allows(actor: Actor, permission: Permission) -> bool:
    """Whether the actor's role allows it at all and, where the actor is tied to scopes, these name it."""
    tied = actor.scopes is not None and permission not in actor.scopes
    return not tied and permission in _ALLOWED.get(actor.role, frozenset())


def require(actor: Actor, permission: Permission) -> None:
    """Raises Forbidden unless the actor's role and scopes allow it."""
    if not allows(actor, permission):
        raise Forbidden(f"The role {actor.role} or the token's scopes do not allow {permission}.")


def require_assurance(actor: Actor, needed: Assurance) -> None:
    """Raises AssuranceTooLow, with a hint how to do better, unless it is known well enough who acts."""
    if not assures(actor.acr, needed):
        raise AssuranceTooLow(f"This takes a login of the level {needed!r}.", needed)


def assures(given: str | None, needed: str | None) -> bool:
    """Whether a login of one level does where another is needed. Of systems nothing is known."""
    levels = (None, *ASSURANCES)
    return needed is None or (given in levels and levels.index(given) >= levels.index(needed))


def only_offered(actor: Actor) -> bool:
    """Whether the actor is offered, and starts, only what is enabled."""
    return actor.role == "portal"


def sees(actor: Actor, started_by: UUID) -> bool:
    """Whether the actor may see a case that this account started. A portal sees its own."""
    return allows(actor, "cases.read") and (actor.role != "portal" or started_by == actor.id)


def visible_cases(role: str) -> ColumnElement[bool]:
    """The same as a condition on `cases`, with the actor's id as the parameter `viewer`."""
    if "cases.read" not in _ALLOWED.get(role, ()):
        return false()
    return Case.started_by == bindparam("viewer") if role == "portal" else true()
