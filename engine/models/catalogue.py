"""The table of what the catalogue shows of each version."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from engine.platform.db import Base


class CatalogueEntry(Base):
    """What a version's diagram and service.toml say about its service, read when the version becomes current.

    `parts` are the processes that it calls, or that handle its appeals. `title` is its name, `search` all its
    texts, both normalised for searching (engine/platform/persian.py) in both languages.
    """

    __tablename__ = "catalogue_entries"

    version_id: Mapped[UUID] = mapped_column(ForeignKey("definition_versions.id"), primary_key=True)
    startable: Mapped[bool]  # whether people start its cases
    parts: Mapped[list[str]] = mapped_column(ARRAY(Text))
    steps: Mapped[int | None]  # at most so many by people, with the application; NULL: not known
    audience: Mapped[list[str]] = mapped_column(ARRAY(Text))
    channels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    life_events: Mapped[list[str]] = mapped_column(ARRAY(Text))
    title: Mapped[str] = mapped_column(Text)
    search: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
