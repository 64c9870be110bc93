"""What each kind of entry in the administration log contains (docs/administration-log.md).

Flat and never personal: entries can't be erased. People are named by the ids of their accounts.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any
from uuid import UUID

from engine.events.hash_chain import text
from engine.models import OrganisationKind

Value = str | int | bool | list[str]
_MEMBERSHIP = {"membership": str, "role": str, "from": str, "to": str}
_SUBSTITUTION = {"substitute": str, "from": str, "to": str}
_DELEGATION: Mapping[str, type[Value]] = {
    **{"delegation": str, "definition": str, "elements": list},
    **{"delegate": str, "from": str, "to": str},
}
_DEFINITION = {"definition": str}
_VERSION = {"definition": str, "version": int}
_WEBHOOK = {"webhook": str}
_MIGRATION = {"migration": str, "definition": str, "from": int, "to": int}
_REPORT = {"report": str, "first": str, "last": str, "edition": int}
_PERIOD = {"from_at": str, "to_at": str, "seconds": int}
_CLOSURE = {"closure": str, "first": str, "last": str}
_RATE = {
    **{"rate": str, "role": str, "of": str},
    **{"amount": str, "currency": str, "valid_from": str},
}
_COMMITMENT = {"commitment": str, "version": int}
_COMMITTED = {
    **_COMMITMENT,
    **{"kind": str, "metric": str, "definition": str, "target": str, "since": str, "due": str},
    "digest": str,
}
_REGISTERED = {"service": str, "reason": str, "definition": str, "planned_for": str, "digest": str}
_QUESTION = {"flag": str, "question": str}
_UNIT = {"name": str, "parent": str, "region": str}

VOCABULARY: Mapping[OrganisationKind, Mapping[str, type[Value]]] = MappingProxyType(
    {
        "unit.made": {**_UNIT, "kind": str},
        "unit.changed": {**_UNIT, "closed": bool},
        "person.made": {"role": str},
        "person.changed": {"fields": list},
        "person.closed": {},
        "person.opened": {},
        "password.given": {},
        "membership.given": _MEMBERSHIP,
        "membership.changed": _MEMBERSHIP,
        "membership.ended": _MEMBERSHIP,
        "substitution.agreed": _SUBSTITUTION,
        "substitution.ended": _SUBSTITUTION,
        "delegation.proposed": _DELEGATION,
        "delegation.agreed": _DELEGATION,
        "delegation.revoked": _DELEGATION,
        "message.unmatched": {"message": str, "sent_by": str, "sent_at": str},
        "calendar.made": {"calendar": str, "name": str},
        "calendar.chosen": {"calendar": str},
        "calendar.changed": {"calendar": str, "version": int, "valid_from": str},
        "calendar.closure": {**_CLOSURE, "reason": str},
        "calendar.reopened": _CLOSURE,
        "rate.set": _RATE,
        "rate.removed": _RATE,
        "service.classed": {"definition": str, "class": str, "bound": str},
        "commitment.made": _COMMITTED,
        "commitment.amended": _COMMITTED,
        "commitment.withdrawn": {**_COMMITMENT, "digest": str},
        "commitment.explained": {**_COMMITMENT, "state": str, "cause": str, "digest": str},
        "service.registered": _REGISTERED,
        "service.changed": _REGISTERED,
        "service.removed": {"service": str},
        "register.imported": {"services": int, "digest": str},
        "statistics.published": {
            **{"month": str, "calendar": str, "edition": int},
            **{"digest": str, "counted": str},
        },
        "flag.raised": {"flag": str},
        "question.asked": _QUESTION,
        "question.answered": _QUESTION,
        "flag.closed": {"flag": str, "conclusion": str},
        "silence.released": {"cases": int},
        "signal.sent": {"definitions": list, "cases": int, "starts": int},
        "definition.deployed": {**_VERSION, "digest": str, "deployment": str},
        "definition.published": {**_VERSION, "former": int},
        "definition.retired": {**_VERSION, "current": int},
        "definition.moved": {**_DEFINITION, "former_owner": str, "owner": str},
        "definition.enabled": _DEFINITION,
        "definition.disabled": _DEFINITION,
        "definition.offered": _DEFINITION,
        "definition.withdrawn": _DEFINITION,
        "definition.suspended": _DEFINITION,
        "definition.resumed": _DEFINITION,
        "account.made": {"role": str},
        "identity.linked": {},
        "identity.unlinked": {},
        "token.made": {"token": str, "scopes": list, "expires_at": str, "requires_behalf": bool},
        "token.narrowed": {"token": str, "scopes": list, "expires_at": str},
        "token.rotated": {"token": str, "successor": str, "expires_at": str},
        "token.revoked": {"token": str},
        "webhook.made": {**_WEBHOOK, "host": str, "definition": str, "kinds": list, "owner": str},
        "webhook.enabled": _WEBHOOK,
        "webhook.disabled": {**_WEBHOOK, "reason": str},
        "webhook.removed": _WEBHOOK,
        "case.erased": {"case": str, "legal_basis": str, "rows": int, "files": int},
        "retry.ordered": {"retry": str, "definition": str, "code": str, "incidents": int},
        "migration.started": {**_MIGRATION, "cases": int},
        "migration.cancelled": {**_MIGRATION, "cases": int},
        "connectors.loaded": {"digest": str},
        "settings.loaded": {"publishing": str, "time_zone": str, "demo": bool, "outage_after": int},
        "installation.outage": _PERIOD,
        "installation.restored": {"from_at": str, "entries": int},
        "clock.jumped": _PERIOD,
        "clock.differs": {"seconds": int},
        "report.signed": {**_REPORT, "digest": str, "signature": str},
        "report.discarded": _REPORT,
        "rows.written": {},
        "rows.recorded": {"revision": str, "rows": int},
    }
)


# What is said of red flags: who was asked, who answered, what was concluded. Any official may be concerned.
OF_FLAGS: frozenset[OrganisationKind] = frozenset(
    {"flag.raised", "question.asked", "question.answered", "flag.closed"}
)


def stored(kind: OrganisationKind, given: Mapping[str, Any]) -> dict[str, Value]:
    """Returns the payload of an entry as it is hashed. None counts as absent.

    Raises ValueError for a name that the kind does not have, TypeError for a value of another type.
    """
    known = VOCABULARY[kind]
    if unknown := given.keys() - known.keys():
        raise ValueError(f"{kind} has no {sorted(unknown)}")
    found = {name: _plain(value) for name, value in given.items() if value is not None}
    if wrong := [name for name, value in found.items() if type(value) is not known[name]]:
        raise TypeError(f"{kind}: values of a wrong type: {sorted(wrong)}")
    return found


def _plain(value: Any) -> Any:
    """Returns ids, days and instants as texts, other values as they are."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return text(value) if isinstance(value, UUID | date) else value
