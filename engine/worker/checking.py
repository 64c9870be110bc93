"""Checks of sketches: one at a time, so that calls to other systems have the processor, too."""

import asyncio
from uuid import UUID

from engine import sketches
from engine.exchange import Connectors
from engine.worker.desk import Desk


class Checker:
    """Does the checks of a process."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._operations = Connectors.operations_of(desk.settings)
        self._turn = asyncio.Semaphore(1)

    async def check(self, sketch_id: UUID) -> None:
        """One check; nothing if it has been done already. Its steps are written down as they are taken."""
        async with self._turn:
            work = await self._desk.hand(lambda uow: sketches.take(uow, sketch_id))
            if work is not None:
                await self._desk.apart(sketches.judge, work, self._desk.do, self._operations)
