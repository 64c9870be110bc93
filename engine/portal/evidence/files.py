"""What the services of a draft say about evidence, in their `evidence.toml`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from engine import definitions
from engine.definitions import Version
from engine.definitions.toml_files import EvidenceFile, EvidenceType, Known

_NOTHING = EvidenceFile({}, {})


class Asking(Protocol):
    """A service that asks for answers: its key, and the version whose form it is."""

    @property
    def key(self) -> str:
        """Returns the key of the service."""

    @property
    def version(self) -> Version:
        """Returns the version whose form is asked."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A type of evidence, and the key of the service that asks for it."""

    service: str
    type: EvidenceType


def bound(session: Session, services: Sequence[Asking]) -> Mapping[str, Bound]:
    """Returns the types of evidence of these services by name; of equal names the first service's."""
    found: dict[str, Bound] = {}
    for service in services:
        for name, one in _file_of(session, service.version).types.items():
            found.setdefault(name, Bound(service.key, one))
    return found


def differing(session: Session, services: Sequence[Asking]) -> Mapping[str, Sequence[str]]:
    """Returns the types that these services define in different ways, with the keys of the services.

    One request can't answer all of them: each has its own fields, document and text.
    """
    found: dict[str, list[tuple[str, EvidenceType]]] = {}
    for service in services:
        for name, one in _file_of(session, service.version).types.items():
            found.setdefault(name, []).append((service.key, one))
    return {
        name: sorted(key for key, _ in of_name)
        for name, of_name in found.items()
        if any(one != of_name[0][1] for _, one in of_name)
    }


def known(session: Session, services: Sequence[Asking]) -> Mapping[str, Known]:
    """Returns the fields that the login fills."""
    found: dict[str, Known] = {}
    for service in services:
        found |= _file_of(session, service.version).known
    return found


def _file_of(session: Session, version: Version) -> EvidenceFile:
    return definitions.rules_of_start(session, version).evidence or _NOTHING
