"""Fetches data about an applicant from another agency: a transaction, the call, and then the next one.

What the access log can't record is not fetched.
"""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from engine.connectors import CallFailed, Connectors, Misconfigured, send
from engine.oversight import access_log
from engine.oversight.access_log import Opened
from engine.platform.config import Settings
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Busy
from engine.portal import once_only
from engine.portal.evidence import Proof
from engine.portal.once_only import Agreement, Ordered, Rules

FETCHER = "parvandeh.fetcher"  # where an application has its own
AT_ONCE = 4  # calls of a process: other requests must find a thread, however slow an agency is

log = structlog.get_logger("calls")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be fetched, for which draft, and what proves that its person is logged in."""

    draft_id: UUID
    type: str
    agreement: Agreement
    login: Proof | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A request for evidence, and what the other agency has answered; None if that was stored before."""

    ordered: Ordered
    answer: dict[str, Any] | CallFailed | None

    def settle(self, uow: UnitOfWork) -> None:
        """Stores the answer. Raises as `once_only.settle` does."""
        if self.answer is not None:
            once_only.settle(uow, self.ordered, self.answer)


class Fetcher:
    """The requests for evidence of one process."""

    def __init__(self, settings: Settings) -> None:
        try:
            connectors: Connectors | None = Connectors.read(settings)
        except Misconfigured:
            connectors = None  # the workers report it
        self._rules = Rules(connectors, settings.evidence_of_person, settings.evidence_of_portal)
        self._seconds = settings.evidence_timeout
        self._places = threading.BoundedSemaphore(AT_ONCE)

    @property
    def connectors(self) -> Connectors | None:
        """Returns the installation's connectors; None if their file can't be used."""
        return self._rules.connectors

    def fetch(self, database: Database, actor: Callable[[Session], Actor], wanted: Wanted) -> Answered:
        """Asks the other agency, and waits for its answer. No transaction is open meanwhile.

        Raises as `once_only.order` does, and Busy.
        """
        if not self._places.acquire(blocking=False):
            raise Busy("Too many requests for evidence are being answered. Try again in a few seconds.")
        try:
            return self._fetch(database, actor, wanted)
        finally:
            self._places.release()

    def _fetch(self, database: Database, actor: Callable[[Session], Actor], wanted: Wanted) -> Answered:
        who: list[Actor] = []

        def run(session: Session, now: datetime) -> Ordered:
            who[:] = [actor(session)]
            told = (wanted.draft_id, wanted.type, wanted.agreement, wanted.login, self._rules)
            return once_only.order(UnitOfWork(session, who[0], now), *told)

        ordered = database.run(run, "write")
        if ordered.call is None:
            return Answered(ordered, None)
        opened = Opened("evidence", ordered.draft_id, ordered.id, stated=ordered.stated)
        try:
            access_log.record(database, who[0], opened)
        except Busy:
            unsent = Answered(ordered, CallFailed("interrupted", "it was not recorded", retriable=True))
            database.run(lambda session, now: unsent.settle(UnitOfWork(session, who[0], now)), "write")
            raise
        return Answered(ordered, self._ask(ordered))

    def _ask(self, ordered: Ordered) -> dict[str, Any] | CallFailed:
        connectors, call = self._rules.connectors, ordered.call
        if connectors is None or call is None:
            return CallFailed("unknown-connector", "the file of connectors can't be used", retriable=False)
        try:
            sending = send(connectors.get(ordered.connector), call)
            return asyncio.run(asyncio.wait_for(sending, self._seconds)).body
        except TimeoutError:
            failed = CallFailed("timeout", "no complete answer in time", retriable=True)
        except CallFailed as failure:
            failed = failure
        log.warning("evidence.failed", evidence=str(ordered.id), code=failed.code)
        return failed
