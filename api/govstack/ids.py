"""GovStack's ids of what we name by keys: processes, services, forms."""

import re
from functools import lru_cache
from uuid import UUID, uuid5

from sqlalchemy.orm import Session

from engine import definitions
from engine.platform.errors import NotFound

# Never changed: the ids of services are derived from it.
_SERVICES = UUID("6f1f4f58-5a0c-4c0e-9d0b-0d7f9f0a7c31")
_KEY = r"[A-Za-z_][A-Za-z0-9_.-]{0,99}"
_NUMBERED = re.compile(rf"({_KEY})(?::([1-9][0-9]{{0,5}}))?", re.ASCII)
_TASK = re.compile(r"task:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.ASCII | re.IGNORECASE)


@lru_cache(4096)
def service_id(key: str) -> UUID:
    """Return the id of a service: derived from its key, so the same in all installations and versions."""
    return uuid5(_SERVICES, key)


def key_of_service(session: Session, given: str) -> str:
    """Return the key of the service with this id; a key is accepted as well. Raises NotFound."""
    wanted = as_uuid(given)
    if wanted is not None:
        for key in definitions.currents(session):
            if service_id(key) == wanted:
                return key
    if wanted is not None or not re.fullmatch(_KEY, given, re.ASCII):
        raise NotFound("The service does not exist. Send its id, a UUID, or its key.")
    return given


def as_uuid(text: str) -> UUID | None:
    """Return a text as a UUID; None if it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def numbered(key: str, number: int) -> str:
    """Return the id of a process, and of its start form: key and number of the version."""
    return f"{key}:{number}"


def parse_numbered(given: str) -> tuple[str, int | None]:
    """Return the key and the number in such an id; without a number, the current version is meant.

    Raises NotFound.
    """
    found = _NUMBERED.fullmatch(given)
    if found is None:
        raise NotFound("The id must be the key of a process, or key:number of one of its versions.")
    return found[1], None if found[2] is None else int(found[2])


def form_of_task(task_id: UUID) -> str:
    """Return the id of a task's form."""
    return f"task:{task_id}"


def parse_form_of_task(given: str) -> UUID | None:
    """Return the task in such an id; None if it is the id of a start form."""
    found = _TASK.fullmatch(given)
    return found and UUID(found[1])
