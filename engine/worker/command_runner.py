"""Running commands in a worker process: its database, and the account on whose behalf it acts."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy.exc import OperationalError

from engine.connectors import Connectors
from engine.identity import accounts
from engine.platform import limits, logs
from engine.platform.config import Settings
from engine.platform.db import Database, UnitOfWork, View, held_up, unresponsive
from engine.platform.errors import Refusal, Uncertain

T = TypeVar("T")

log = structlog.get_logger("worker")


class CommandRunner:
    """Runs commands as the installation itself, up to `threads` at once."""

    def __init__(self, settings: Settings, url: str, threads: int) -> None:
        self.settings = settings
        declared = Connectors.declarations_of(settings)
        self._database = Database(
            url, zone=settings.time_zone, pool_size=threads, limits=limits.WORK, connectors=declared
        )
        self._gone = False
        self._actor = self._database.run(accounts.system)
        # A separate one: the loop's other threads may all be waiting for DNS.
        self._threads = ThreadPoolExecutor(threads, "commands")

    @property
    def database(self) -> Database:
        """Its database, with the time limits of a worker."""
        return self._database

    def run(self, command: Callable[[UnitOfWork], T], view: View = "write") -> T:
        """Runs one command, in one transaction unless its view is `single`."""
        return self._database.run(lambda session, now: command(UnitOfWork(session, self._actor, now)), view)

    async def submit(self, command: Callable[[UnitOfWork], T], view: View = "write") -> T:
        """Runs a command in a thread, from an event loop that continues meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.run, command, view)

    async def poll(self, command: Callable[[UnitOfWork], T], view: View = "write") -> T | None:
        """Runs a command that is repeated anyway.

        Returns None if another transaction has locked what it needs, if it is refused, or if the database
        does not answer in time.
        """
        try:
            found = await self.submit(command, view)
        except (OperationalError, Uncertain) as error:
            if unresponsive(error):
                self._note(error)
            elif isinstance(error, OperationalError) and held_up(error):
                log.warning("sweep.held-up", where=logs.place(error))
            else:
                raise
            return None
        except Refusal as refused:
            log.error("sweep.refused", refusal=type(refused).__name__, where=logs.place(refused))
            return None
        self._note(None)
        return found

    def _note(self, error: Exception | None) -> None:
        """Logs when the database stops answering, and when it answers again."""
        if error is not None and not self._gone:
            log.error("database.gone", error=logs.cause(error), where=logs.place(error))
        if error is None and self._gone:
            log.info("database.back")
        self._gone = error is not None

    async def offload(self, function: Callable[..., T], *arguments: object) -> T:
        """Runs a long function, which runs commands of its own, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(function, *arguments))

    def close(self) -> None:
        """Waits for the running commands, then closes the database."""
        self._threads.shutdown()
        self._database.dispose()
