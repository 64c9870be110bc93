"""Brings the figures of oversight up to date, at a pace that leaves the machine to commands."""

import asyncio
import time

from engine.oversight import projection
from engine.worker.command_runner import CommandRunner

PAUSE = 1.0  # seconds between two looks for new events
LONGEST = 10.0  # seconds between two batches, however busy the installation is
CALM = 25.0  # transactions per second, up to which batches follow each other
USUAL = 200.0  # up to so many, which is about a hundred cases,
SHORT = 2.0  # it pauses for at most so many seconds, to be less than five behind


async def project(runner: CommandRunner) -> None:
    """Brings the figures up to date, batch by batch.

    The more transactions the installation has at the moment, the longer it pauses in proportion to a batch.
    Figures may then be behind by minutes, and catch up afterwards.
    """
    while not await runner.poll(projection.prepare):
        await asyncio.sleep(PAUSE)
    last, seen = time.monotonic(), await runner.poll(projection.transactions, "single") or 0
    while True:
        begun = time.monotonic()
        done = await runner.poll(projection.project)
        ended = time.monotonic()
        now = await runner.poll(projection.transactions, "single") or seen
        await asyncio.sleep(pause(ended - begun, (now - seen) / max(ended - last, PAUSE)) if done else PAUSE)
        last, seen = ended, now


def pause(took: float, busy: float) -> float:
    """Returns the seconds to pause after a batch, at `busy` transactions per second."""
    longest = SHORT if busy <= USUAL else LONGEST
    return 0.0 if busy < CALM else min(max(took * busy / CALM, PAUSE), longest)
