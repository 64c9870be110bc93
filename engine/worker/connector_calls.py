"""Calls to other systems: each one between two short commands, so that no case is locked while it hangs."""

import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import structlog

from engine.bpmn import CallFailure
from engine.cases import external_calls
from engine.cases.external_calls import Attempt
from engine.connectors import CallFailed, CircuitOpen, Connectors, Consent, Reply, Request, send
from engine.platform.db import UnitOfWork
from engine.platform.errors import Conflict
from engine.portal import consents
from engine.worker.command_runner import CommandRunner

MARGIN = 30  # seconds that a try may take beyond its connector's time-out

log = structlog.get_logger("calls")


class Caller:
    """Makes the calls of a process, through the connectors of its installation."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner
        self._connectors = Connectors.read(runner.settings)
        longest = max((connector.timeout for connector in self._connectors), default=0)
        self._lease = timedelta(seconds=longest + MARGIN)

    async def call(self, call_id: UUID) -> None:
        """Makes one try of one call, unless it should not be made (any more, or by this job)."""
        attempt = await self._runner.submit(
            lambda uow: external_calls.begin_attempt(uow, call_id, self._lease)
        )
        if attempt is None:
            return
        ladder = self._connectors.ladder(attempt.connector)
        begun = time.monotonic()
        try:
            if attempt.attempts > len(ladder) + 1:
                raise CallFailed("interrupted", "its worker died during the last try", retriable=False)
            reply = await self._send(attempt)
        except CircuitOpen as refusal:
            log.info("call.put-off", call=str(call_id), seconds=round(refusal.seconds, 1))
            until, reason = timedelta(seconds=refusal.seconds), str(refusal)
            await self._settle(attempt, lambda uow: external_calls.put_off(uow, attempt, until, reason))
        except CallFailed as failure:
            again = failure.retriable and attempt.attempts <= len(ladder)
            pause = timedelta(seconds=ladder[attempt.attempts - 1]) if again else None
            log.warning("call.failed", call=str(call_id), code=failure.code, again=again)
            error, spent = (
                CallFailure(failure.code, failure.detail, failure.error_code),
                time.monotonic() - begun,
            )
            await self._settle(
                attempt, lambda uow: external_calls.retry_later(uow, attempt, error, pause, spent)
            )
        else:
            spent = time.monotonic() - begun
            await self._settle(
                attempt, lambda uow: external_calls.settle(uow, attempt, reply.body, _seen(reply), spent)
            )

    async def _send(self, attempt: Attempt) -> Reply:
        """Sends the call. Raises CallFailed, also if the person whom it is about doesn't agree (any more)."""
        connector = self._connectors.get(attempt.connector)
        operation = connector.operation(attempt.operation)
        agreed: Consent | None = None
        if operation.consent:
            named = (connector.name, operation.name)
            agreed = await self._runner.submit(lambda uow: consents.of_call(uow, attempt.id, *named))
        return await send(connector, _request(attempt, agreed))

    async def _settle(self, attempt: Attempt, command: Callable[[UnitOfWork], None]) -> None:
        try:
            await self._runner.submit(command)
        except Conflict:  # cancelled, suspended, or answered by a try that was considered dead
            log.info("call.late", call=str(attempt.id))
            await self._runner.submit(lambda uow: external_calls.end_attempt(uow, attempt))


def _request(attempt: Attempt, agreed: Consent | None) -> Request:
    about = (attempt.case_number, attempt.user)
    return Request(attempt.id, attempt.operation, attempt.request, *about, consent=agreed)


def _seen(reply: Reply) -> dict[str, str | float]:
    """Returns what is logged of an exchange: hashes can later prove what was requested."""
    seen: dict[str, str | float] = {
        "seconds": round(reply.seconds, 3),
        "request_digest": reply.request_digest,
    }
    return seen if reply.request_hash is None else {**seen, "request_hash": reply.request_hash}
