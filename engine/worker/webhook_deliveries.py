"""Delivers events to subscribers: many at once, so that one that hangs delays no other."""

import asyncio
from contextlib import suppress
from functools import partial

import structlog

from engine.events.webhooks import WebhookRequest, due, fan_out, send, settle
from engine.worker.command_runner import CommandRunner

AT_ONCE = 20
PAUSE = 2.0  # seconds between two checks for due deliveries

log = structlog.get_logger("webhooks")


async def deliver(runner: CommandRunner) -> None:
    """Creates deliveries of new events and sends due ones, until the process ends."""
    under_way: set[asyncio.Task[None]] = set()
    settled = asyncio.Event()

    def done(task: asyncio.Task[None]) -> None:
        under_way.discard(task)
        settled.set()

    async with asyncio.TaskGroup() as group:
        while True:
            settled.clear()
            free = AT_ONCE - len(under_way)
            await runner.poll(fan_out)
            lease = partial(due, limit=free, origin=runner.settings.public_url)
            found = await runner.poll(lease, "single") if free else []
            for request in found or []:
                task = group.create_task(_send(runner, request))
                under_way.add(task)
                task.add_done_callback(done)
            # The next event of a case is due as soon as the one before it is delivered.
            with suppress(TimeoutError):
                await asyncio.wait_for(settled.wait(), PAUSE)


async def _send(runner: CommandRunner, request: WebhookRequest) -> None:
    outcome = await send(request, runner.settings.webhook_allow)
    if outcome.result != "delivered":
        log.warning("webhook.failed", webhook=str(request.webhook_id), failure=outcome.failure)
    await runner.poll(lambda uow: settle(uow, request, outcome))  # else it is sent again when its lease ends
