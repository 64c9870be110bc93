"""Carries out requests that were deferred, with the application that received them.

The engine doesn't know HTTP. It names the application only by its module, as it does for the web server, and
loads it with the first such request.
"""

from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from uuid import UUID

from engine.platform.errors import Busy
from engine.requests import deferral
from engine.requests.deferral import Progress, Work
from engine.requests.idempotency import Answer
from engine.worker.command_runner import CommandRunner

APPLICATION = "api.replay"
BUSY = 503

Replay = Callable[[Work], tuple[bytes, Answer] | Progress]


class Replayer:
    """Carries out the deferred requests of a process."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner

    @cached_property
    def _replay(self) -> Replay:
        made: Replay = import_module(APPLICATION).replayer(self._runner.settings, self._runner.database)
        return made

    async def carry_out(self, request_id: UUID) -> None:
        """Carries out one request, unless that was done already. Raises Busy to be called again later.

        Of one with many parts only some: a job of its own follows for the others.
        """
        await self._runner.offload(self._carry_out, request_id)

    def _carry_out(self, request_id: UUID) -> None:
        work = self._runner.run(lambda uow: deferral.find_work(uow, request_id), "single")
        if work is None:
            return
        done = self._replay(work)
        if not isinstance(done, tuple):
            self._runner.run(lambda uow: deferral.interrupt(uow, request_id, done))
            return
        fingerprint, answer = done
        if answer.status == BUSY:
            raise Busy("The request can't be carried out at the moment.")
        self._runner.run(lambda uow: deferral.settle(uow, request_id, fingerprint, answer))
