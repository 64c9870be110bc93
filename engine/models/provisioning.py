"""The table of people and units that another system maintains here (SCIM)."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Instant, Salt
from engine.platform.db import Base


class Provisioned(Base):
    """An account or a unit as a provisioning system knows it.

    `closed_at`: the system closed it at this instant. Somebody else's closing has another one, and then the
    system can't reopen it. `removed_at`: the system deleted it, and no longer sees it.
    """

    __tablename__ = "provisioned"
    __table_args__ = (
        Index(
            None,
            "system_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL AND removed_at IS NULL"),
        ),
    )

    system_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    resource_id: Mapped[UUID] = mapped_column(primary_key=True)  # of an account or a unit
    external_id: Mapped[str | None] = mapped_column(Text)  # the system's own id of it
    given_name: Mapped[str | None] = mapped_column(Text)  # the names in parts, which accounts don't have
    family_name: Mapped[str | None] = mapped_column(Text)
    person: Mapped[str | None] = mapped_column(Text)  # the national ID that the system set
    closed_at: Mapped[Instant | None]
    removed_at: Mapped[Instant | None]
    salt: Mapped[Salt]
