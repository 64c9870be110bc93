"""The administration log: the organisation, definitions, accounts, webhooks and the installation itself."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.tables import Id, Instant
from engine.platform.db import Base

OrganisationKind = Literal[
    "unit.made",
    "unit.changed",
    "person.made",
    "person.changed",
    "person.closed",
    "person.opened",
    "password.given",
    "membership.given",
    "membership.changed",
    "membership.ended",
    "substitution.agreed",
    "substitution.ended",
    "delegation.proposed",
    "delegation.agreed",
    "delegation.revoked",
    "message.unmatched",
    "definition.deployed",
    "definition.published",
    "definition.retired",
    "definition.moved",
    "definition.enabled",
    "definition.disabled",
    "definition.offered",
    "definition.withdrawn",
    "definition.suspended",
    "definition.resumed",
    "account.made",
    "identity.linked",
    "identity.unlinked",
    "token.made",
    "token.narrowed",
    "token.rotated",
    "token.revoked",
    "webhook.made",
    "webhook.enabled",
    "webhook.disabled",
    "webhook.removed",
    "case.erased",
    "retry.ordered",
    "migration.started",
    "migration.cancelled",
    "connectors.loaded",
    "settings.loaded",
    "installation.outage",
    "installation.restored",
    "clock.jumped",
    "clock.differs",
    "calendar.made",
    "calendar.changed",
    "calendar.chosen",
    "calendar.closure",
    "calendar.reopened",
    "silence.released",
    "signal.sent",
    "rate.set",
    "rate.removed",
    "service.classed",
    "commitment.made",
    "commitment.amended",
    "commitment.withdrawn",
    "commitment.explained",
    "service.registered",
    "service.changed",
    "service.removed",
    "register.imported",
    "report.signed",
    "report.discarded",
    "statistics.published",
    "flag.raised",
    "question.asked",
    "question.answered",
    "flag.closed",
    "rows.written",
    "rows.recorded",
]
LOG = "organisation_log"  # its name in `chain_heads`


class ChainHead(Base):
    """The end of a log that is one chain. It is locked at the end of the transactions that add to it."""

    __tablename__ = "chain_heads"
    # Each record updates the row: free space on the page avoids index updates.
    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    length: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class Heartbeat(Base):
    """When the workers last ran, by the database's clock: one row, which is not logged itself."""

    __tablename__ = "heartbeats"
    # Each beat updates the row: free space on the page avoids index updates.
    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[Instant | None]  # NULL: no worker has ever run
    differs_at: Mapped[Instant | None]  # when a worker with another time was last logged


class OrganisationRecord(Base):
    """One entry: an action or an incident, of a unit and about a person if it concerns one.

    Append-only (trigger). Without a unit it concerns the installation; without an actor the command line
    acted. Nothing of it is personal but ids of accounts. See docs/administration-log.md.
    """

    __tablename__ = "organisation_log"
    # The clock searches by kind. Not partial: prepared statements know the kinds only as parameters.
    __table_args__ = (
        Index(None, "unit_id", "id"),
        Index(None, "seq", unique=True),
        Index(None, "kind", "seq"),
    )

    id: Mapped[Id]
    seq: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[Instant]
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    actor_role: Mapped[str | None] = mapped_column(Text)  # NULL in entries of earlier releases
    kind: Mapped[OrganisationKind] = mapped_column(Text)
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("units.id"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    payload: Mapped[Any] = mapped_column(JSON)
    # Digests of what became of the rows that were written (`engine.events.administration_log.rows`).
    rows: Mapped[str | None] = mapped_column(Text)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
