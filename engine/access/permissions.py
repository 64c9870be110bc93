"""What an account may do, by its role and the scopes of its token."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

from engine.platform.db import Actor
from engine.platform.errors import AssuranceTooLow, Forbidden, PurposeMissing, ScopeMissing

Permission = Literal[
    "definitions.deploy",
    "definitions.publish",
    "definitions.read",
    "rules.evaluate",
    "cases.start",
    "cases.read",
    "cases.cancel",
    "events.read",
    "events.feed",
    "webhooks.manage",
    "tasks.read",
    "tasks.work",
    "inbox.read",
    "incidents.read",
    "incidents.retry",
    "behalf.act",
    "cases.suspend",
    "cases.extend",
    "cases.migrate",
    "definitions.suspend",
    "incidents.repair",
    "messages.send",
    "calls.work",
    "jobs.manage",
    "units.read",
    "units.manage",
    "people.manage",
    "substitutes.manage",
    "access_log.read",
    "account.own",
    "sessions.own",
    "sessions.revoke",
    "documents.add",
    "cases.recuse",
    "fairness.read",
    "relations.own",
    "relations.manage",
    "cases.withdraw",
    "decisions.appeal",
    "secrets.issue",
    "tasks.assign",
    "tasks.ask",
    "comments.add",
    "cases.erase",
    "audit.run",
    "administration_log.read",
    "funnel.read",
    "work_time.own",
    "work_time.read",
    "metrics.read",
    "delays.explain",
    "visits.record",
    "ratings.give",
    "rates.read",
    "rates.manage",
    "classes.manage",
    "people.provision",
    "cases.change",
    "timers.manage",
    "commitments.manage",
    "commitments.explain",
    "register.manage",
    "reports.write",
    "reports.sign",
    "statistics.correct",
    "flags.read",
    "questions.ask",
    "questions.answer",
]
Assurance = Literal["low", "substantial", "high"]
AUDITOR = "auditor"  # reads everything below its units for a stated purpose, and changes nothing
MANAGER = "manager"  # reads cases, tasks and numbers below its units, reports on them, and changes no case

ALLOWED: Mapping[str, frozenset[Permission]] = {
    "administrator": frozenset(
        {
            "definitions.deploy",
            "definitions.publish",
            "definitions.read",
            "rules.evaluate",
            "cases.read",
            "cases.cancel",
            "cases.erase",
            "events.read",
            "events.feed",
            "webhooks.manage",
            "tasks.read",
            "inbox.read",
            "tasks.assign",
            "incidents.read",
            "incidents.retry",
            "incidents.repair",
            "cases.suspend",
            "cases.extend",
            "cases.migrate",
            "cases.change",
            "timers.manage",
            "definitions.suspend",
            "jobs.manage",
            "messages.send",
            "units.read",
            "units.manage",
            "people.manage",
            "substitutes.manage",
            "access_log.read",
            "account.own",
            "sessions.own",
            "sessions.revoke",
            "fairness.read",
            "relations.own",
            "relations.manage",
            "audit.run",
            "administration_log.read",
            "funnel.read",
            "metrics.read",
            "rates.read",
            "rates.manage",
            "classes.manage",
            "commitments.manage",
            "register.manage",
            "statistics.correct",
            "questions.answer",
        }
    ),
    "designer": frozenset(
        {
            "definitions.deploy",
            "definitions.publish",
            "definitions.read",
            "rules.evaluate",
            "units.read",
            "account.own",
            "sessions.own",
            "funnel.read",
            "questions.answer",
        }
    ),
    "caseworker": frozenset(
        {
            "definitions.read",
            "rules.evaluate",
            "cases.start",
            "cases.read",
            "cases.cancel",
            "cases.extend",
            "events.read",
            "tasks.read",
            "tasks.work",
            "inbox.read",
            "tasks.assign",
            "tasks.ask",
            "comments.add",
            "behalf.act",
            "units.read",
            "substitutes.manage",
            "account.own",
            "sessions.own",
            "documents.add",
            "cases.recuse",
            "relations.own",
            "cases.withdraw",
            "decisions.appeal",
            "secrets.issue",
            "work_time.own",
            "work_time.read",
            "delays.explain",
            "visits.record",
            "questions.answer",
        }
    ),
    "service": frozenset({"messages.send", "calls.work", "account.own", "sessions.own", "people.provision"}),
    "portal": frozenset(
        {
            "definitions.read",
            "rules.evaluate",
            "cases.start",
            "cases.read",
            "cases.cancel",
            "behalf.act",
            "tasks.read",
            "tasks.work",
            "units.read",
            "access_log.read",
            "account.own",
            "sessions.own",
            "documents.add",
            "cases.withdraw",
            "decisions.appeal",
            "secrets.issue",
            "comments.add",
            "ratings.give",
        }
    ),
    "applicant": frozenset(
        {
            "definitions.read",
            "units.read",
            "cases.start",
            "cases.read",
            "tasks.read",
            "tasks.work",
            "access_log.read",
            "account.own",
            "sessions.own",
            "documents.add",
            "cases.withdraw",
            "decisions.appeal",
            "comments.add",
            "ratings.give",
        }
    ),
    AUDITOR: frozenset(
        {
            "definitions.read",
            "cases.read",
            "events.read",
            "tasks.read",
            "units.read",
            "access_log.read",
            "fairness.read",
            "administration_log.read",
            "audit.run",
            "funnel.read",
            "metrics.read",
            "rates.read",
            "flags.read",
            "questions.ask",
            "account.own",
            "sessions.own",
        }
    ),
    MANAGER: frozenset(
        {
            "definitions.read",
            "cases.read",
            "events.read",
            "tasks.read",
            "inbox.read",
            "units.read",
            "funnel.read",
            "metrics.read",
            "reports.write",
            "reports.sign",
            "rates.read",
            "work_time.read",
            "commitments.explain",
            "questions.answer",
            "account.own",
            "sessions.own",
        }
    ),
}
# No token has these without naming them: one that was created before they existed must not gain them.
NAMED_ONLY: frozenset[Permission] = frozenset({"people.provision"})
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
# Scopes of earlier releases that are stored with tokens, and their present names.
_FORMER: Mapping[str, Permission] = {"cases.move": "cases.migrate", "incidents.mend": "incidents.repair"}
ASSURANCES: tuple[Assurance, ...] = get_args(Assurance)  # in ascending order


def scopes(named: Iterable[str]) -> frozenset[str]:
    """Returns scopes by their present names; a former name means the same."""
    return frozenset(_FORMER.get(name, name) for name in named)


def allows(actor: Actor, permission: Permission) -> bool:
    """Returns whether the actor's role allows it and, for an actor with scopes, these include it."""
    granted = permission not in NAMED_ONLY if actor.scopes is None else permission in actor.scopes
    return granted and permission in ALLOWED.get(actor.role, frozenset())


def granted(role: str, named: Iterable[str] | None) -> Sequence[Permission]:
    """Returns what a token with these scopes allows an account with this role; None: without scopes."""
    of_role = ALLOWED.get(role, frozenset())
    kept = of_role - NAMED_ONLY if named is None else of_role & scopes(named)
    return [permission for permission in PERMISSIONS if permission in kept]


def roles_with(permission: Permission) -> Sequence[str]:
    """Returns the roles of accounts that have a permission."""
    return [role for role, granted in ALLOWED.items() if permission in granted]


def require(actor: Actor, permission: Permission) -> None:
    """Raises Forbidden unless the actor's role and scopes allow it.

    ScopeMissing names what the token lacks if only its scopes don't.
    """
    if allows(actor, permission):
        return
    if permission in ALLOWED.get(actor.role, ()):
        detail = f"The token lacks the scope {permission}. Use one that has it."
        raise ScopeMissing(detail, permission)
    raise Forbidden(f"The role {actor.role} does not include the permission {permission}.")


def require_one(actor: Actor, *permissions: Permission) -> None:
    """Raises Forbidden unless the actor's role and scopes allow one of these: the last is the usual one."""
    if not any(allows(actor, permission) for permission in permissions):
        require(actor, permissions[-1])


def require_purpose(actor: Actor) -> None:
    """Raises PurposeMissing for an auditor who opens something of a case without saying why."""
    if actor.role == AUDITOR and not actor.purpose:
        raise PurposeMissing("Auditors open cases only for a stated purpose, which is recorded.")


def require_assurance(actor: Actor, needed: Assurance) -> None:
    """Raises AssuranceTooLow, with a hint how to fix it, unless the actor's assurance level is sufficient."""
    if not assures(actor.acr, needed):
        raise AssuranceTooLow(f"This needs a login with the assurance level  {needed!r}.", needed)


def assures(given: str | None, needed: str | None) -> bool:
    """Returns whether one assurance level includes another. Systems have none."""
    levels = (None, *ASSURANCES)
    return needed is None or (given in levels and levels.index(given) >= levels.index(needed))


def only_enabled(actor: Actor) -> bool:
    """Returns whether the actor sees, and starts, only what is enabled."""
    return actor.role in ("portal", "applicant")


def only_catalogue(actor: Actor) -> bool:
    """Returns whether the actor sees, and starts, only what is offered in the catalogue."""
    return actor.role == "applicant"


_OUTSIDE = ("portal", "applicant")


def for_applicants(actor: Actor) -> bool:
    """Returns whether the actor looks at cases for their applicants, and not for an agency."""
    return actor.role in _OUTSIDE


def sees_account(actor: Actor, role: str | None = None) -> bool:
    """Returns whether the actor sees whose an account with this role is; None: an official's.

    Applicants and portals don't see who handles a case; the access log alone names who has looked at it.
    """
    return not for_applicants(actor) or role in _OUTSIDE


def only_its_own(actor: Actor) -> bool:
    """Returns whether the actor replaces only documents that it added itself."""
    return actor.role in ("portal", "applicant")
