"""Finds what GovStack calls a process: a published version of a definition."""

from api.govstack import ids
from engine import definitions
from engine.models import DefinitionVersion
from engine.platform.db import UnitOfWork
from engine.platform.errors import NotFound


def find(uow: UnitOfWork, process_id: str) -> tuple[DefinitionVersion, bool]:
    """Return a version, and whether it is the current one; by its key alone the current one.

    Raises NotFound, also for versions that were never published.
    """
    key, number = ids.parse_numbered(process_id)
    rows = definitions.versions(uow, key)
    current = definitions.definition(uow, key).current_version_id
    for row in rows:
        meant = row.id == current if number is None else row.number == number
        if meant and row.published_at is not None:
            return row, row.id == current
    raise NotFound(f"The process {process_id!r} does not exist, or has no published version.")
