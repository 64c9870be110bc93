"""What tests of webhooks share: a clock that they set, and the rounds of a worker."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from engine.cases import CaseView
from engine.events import feed, webhooks
from engine.events.webhooks import Outcome, WebhookRequest
from engine.models import Delivery, Event
from engine.platform.db import Actor, Database, UnitOfWork
from tests import factories
from tests.waiting import until

LOOPBACK = (ip_network("127.0.0.0/8"),)


@dataclass(slots=True)
class Hub:
    """An installation that sends events. `later` sets its clock forward."""

    database: Database
    administrator: Actor
    portal: Actor
    ahead: timedelta = field(default_factory=timedelta)

    def uow(self, session: Any) -> UnitOfWork:
        """A command of the worker, or of an administrator."""
        return UnitOfWork(session, self.administrator, datetime.now(UTC) + self.ahead)

    def run(self, command: Any, *arguments: Any, **named: Any) -> Any:
        """One committed command."""
        return self.database.run(lambda session, _: command(self.uow(session), *arguments, **named))

    def subscribe(self, url: str, **what: Any) -> tuple[UUID, str]:
        """A new subscription on loopback: its id and its secret."""
        row, secret = self.run(webhooks.subscriptions.create, url, allow=LOOPBACK, **what)
        return row["id"], secret

    def case(self, key: str = "p", data: dict[str, Any] | None = None) -> CaseView:
        """Start a case of `key`; its events are settled."""
        case = factories.a_case(self.database, self.portal, key, data)
        settled(self.database)
        return case

    def due(self, limit: int = 100) -> list[WebhookRequest]:
        """Create deliveries of new events, and lease those that may be sent."""
        self.run(webhooks.fan_out)
        taken: list[WebhookRequest] = self.run(webhooks.due, limit)
        return taken

    def round(self, limit: int = 100) -> list[Outcome]:
        """Do one round of a worker: create, lease, send in parallel, settle."""
        taken = self.due(limit)

        async def send_all() -> list[Outcome]:
            return list(await asyncio.gather(*(webhooks.send(request, LOOPBACK) for request in taken)))

        outcomes = asyncio.run(send_all())
        for request, outcome in zip(taken, outcomes, strict=True):
            self.run(webhooks.settle, request, outcome)
        return outcomes

    def rounds(self) -> None:
        """Continue until there is nothing to send."""
        while self.round():
            pass

    def later(self, **time: float) -> None:
        """Set the clock forward."""
        self.ahead += timedelta(**time)

    def deliveries(self, status: str | None = None) -> list[Delivery]:
        """Return the deliveries, of this status if given."""
        with self.database.transaction() as session:
            rows = session.scalars(select(Delivery).order_by(Delivery.case_id, Delivery.seq)).all()
            return [row for row in rows if status in (None, row.status)]


def settled(database: Database) -> None:
    """Wait until no transaction is open that began before the last event, except the server's own ones."""

    def reached() -> bool:
        with database.transaction() as session:
            last = select(func.coalesce(func.max(Event.transaction_id), 0)).scalar_subquery()
            return bool(session.scalar(select(last < feed.horizon())))

    until(reached)


def event_ids(database: Database, case: UUID) -> list[str]:
    """The ids of a case's events, in order."""
    with database.transaction() as session:
        seqs = session.scalars(select(Event.seq).where(Event.case_id == case).order_by(Event.seq))
        return [f"{case}/{seq}" for seq in seqs]
