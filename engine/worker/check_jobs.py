"""Checks of drafts and uploads, one at a time: the queue `checks` has a process of its own."""

from uuid import UUID

from engine.connectors import Connectors
from engine.definitions import uploads
from engine.design import drafts
from engine.worker.command_runner import CommandRunner


class Checker:
    """Runs the checks of a process."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner
        self._operations = Connectors.operations_of(runner.settings)

    async def check(self, draft_id: UUID) -> None:
        """Runs one check, unless it has been done already, and records its progress."""
        work = await self._runner.submit(lambda uow: drafts.take(uow, draft_id))
        if work is not None:
            await self._runner.offload(drafts.judge, work, self._runner.run, self._operations)

    async def deploy(self, upload_id: UUID) -> None:
        """Checks an upload and deploys it, unless that has been done already."""
        publishing, operations = self._runner.settings.publishing, self._operations
        await self._runner.submit(lambda uow: uploads.carry_out(uow, upload_id, publishing, operations))
