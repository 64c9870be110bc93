"""Stub."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from engine.platform.db import UnitOfWork


@dataclass(frozen=True, slots=True)
class ServicesOnline:
    """Stub."""

    online: int
    total: int
    missing: Sequence[Any]


def measured(uow: UnitOfWork, unit_id: UUID, until: date) -> Sequence[Any]:
    """Stub."""
    del uow, unit_id, until
    return []


def services_online(uow: UnitOfWork, unit_id: UUID, until: date) -> ServicesOnline:
    """Stub."""
    del uow, unit_id, until
    return ServicesOnline(0, 0, [])
