"""What one service of a draft asks for and another one produces: it need not be brought.

The service that asks declares it in its `service.toml`, by the field, the id of the evidence, and the
services that it trusts; the one that produces it has an output with this id.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine import definitions
from engine.bpmn.forms import applying
from engine.definitions.toml_files import Both
from engine.platform.errors import NotFound
from engine.portal import catalogue
from engine.portal.application_drafts.drafts import Draft, answer_names_of, data_of, form_of
from engine.portal.application_drafts.service_versions import AskingService
from engine.portal.catalogue import Service


@dataclass(frozen=True, slots=True)
class Awaited:
    """A field that `service` asks for, the type of evidence, its name, and the service that produces it."""

    service: str
    field: str
    type: str
    name: Both
    producer: str


def awaited(session: Session, draft: Draft) -> Sequence[Awaited]:
    """Returns the fields of a draft that need not be answered, by the services that ask for them.

    Not fields that have an answer, or that some service asks for and no other one produces. Services that
    wait for each other have to be brought what they ask for: none of their cases could be the first.
    """
    if len(draft.services) == 1:
        return ()
    found = _without_circles(list(_produced(session, draft.services)))
    return [one for one in found if _is_left(draft, one, found)]


def producers(session: Session, service: Service) -> Sequence[tuple[Both, Service]]:
    """Returns what a service asks for and others that are offered produce: its name, and the other service.

    No statement for a service that names none.
    """
    found = []
    for one in definitions.rules_of_start(session, service.version).produced:
        offered = (_offered(session, key) for key in one.services)
        makers = [maker for maker in offered if maker and one.proof.id in _outputs(session, maker)]
        found += [(one.proof.name, maker) for maker in makers[:1]]
    return found


def _offered(session: Session, key: str) -> Service | None:
    try:
        return catalogue.service(session, key)
    except NotFound:
        return None


def _outputs(session: Session, service: Service) -> frozenset[str]:
    return definitions.rules_of_start(session, service.version).outputs


def names_for(found: Sequence[Awaited], key: str) -> frozenset[str]:
    """Returns the names of the fields that a service need not be given."""
    return frozenset(one.field for one in found if one.service == key)


def _produced(session: Session, services: Sequence[AskingService]) -> Iterator[Awaited]:
    rules = {one.key: definitions.rules_of_start(session, one.version) for one in services}
    for service in services:
        for one in rules[service.key].produced:
            makers = [key for key in one.services if key in rules and one.proof.id in rules[key].outputs]
            if makers:
                yield Awaited(service.key, one.field, one.proof.id, one.proof.name, makers[0])


def _without_circles(found: Sequence[Awaited]) -> Sequence[Awaited]:
    needs = _needs(found)
    return [one for one in found if one.service not in _reached(needs, one.producer) | {one.producer}]


def _needs(found: Sequence[Awaited]) -> Mapping[str, set[str]]:
    needs: dict[str, set[str]] = {}
    for one in found:
        needs.setdefault(one.service, set()).add(one.producer)
    return needs


def _reached(needs: Mapping[str, set[str]], key: str) -> set[str]:
    """Returns the services on whose output a service depends, directly or not."""
    reached, left = set[str](), [key]
    while left:
        new = needs.get(left.pop(), set()) - reached
        reached |= new
        left += new
    return reached


def _is_left(draft: Draft, one: Awaited, found: Sequence[Awaited]) -> bool:
    """Returns whether nobody has to answer a field: no service asks the applicant for it, and it applies."""
    if draft.answers.get(one.field) is not None:
        return False
    for service in draft.services:
        form = form_of(service)
        asks = form is not None and one.field in answer_names_of(service)
        if asks and one.field not in names_for(found, service.key):
            return False
        if service.key == one.service and (
            form is None or not asks or not applying(form, data_of(draft, service))[one.field].applies
        ):
            return False
    return True
