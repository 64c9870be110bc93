"""Takes checkpoints and verifies the logs, in the queue `checks`; sends checkpoints, in the queue `calls`."""

import asyncio
from functools import partial
from uuid import UUID

import structlog

from engine.connectors import Connectors
from engine.oversight.audit import runs, sending
from engine.oversight.audit.sending import Sending
from engine.worker.command_runner import CommandRunner

PAUSE = 5.0  # seconds between two checks for what is due

log = structlog.get_logger("audit")


class Auditor:
    """Does what was requested, one at a time."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner

    async def run(self, run_id: UUID) -> None:
        """Does one run, unless it was done already."""
        await self._runner.offload(runs.carry_out, self._runner.run, self._runner.settings, run_id)


async def send_out(runner: CommandRunner) -> None:
    """Sends due checkpoints, until the process ends."""
    connectors = Connectors.read(runner.settings)
    while True:
        for one in await runner.poll(sending.due) or []:
            await _send(runner, connectors, one)
        await asyncio.sleep(PAUSE)


async def _send(runner: CommandRunner, connectors: Connectors, one: Sending) -> None:
    failure = await sending.send(runner.settings, connectors, one)
    if failure is not None:
        log.warning("checkpoint.unsent", number=one.number, target=one.target, failure=failure)
    await runner.poll(partial(sending.settle, sent=one, failure=failure))
