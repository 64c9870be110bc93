"""Requests with many parts, each of which counts and runs like a request of its own."""

from collections.abc import Callable
from dataclasses import replace

from flask import current_app, g

from api import received
from api.command import DATABASE, QUOTA, REQUEST, Reply
from api.quota import Quota
from engine.platform import limits
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import Fault, Invalid
from engine.requests import serving
from engine.requests.idempotency import Answer
from engine.requests.serving import Outcome


def require_quota(parts: int, pointer: str) -> None:
    """Count the parts of a request; the caller counts for the first.

    Raises QuotaExceeded if the token may not make as many any more in this minute, Invalid with the pointer
    if it may not in any.
    """
    quota: Quota = current_app.extensions[QUOTA]
    if quota.limit and parts > quota.limit:
        detail = (
            f"has {parts} parts; this token is limited to {quota.limit} requests per minute, so send fewer"
        )
        fault = Fault(pointer, detail, "maxItems", {"count": quota.limit})
        raise Invalid("The request has too many parts.", [fault])
    quota.take(received.bearer(), parts - 1)


def run_apart(key: str, content: bytes, view: Callable[[UnitOfWork], Reply]) -> Answer:
    """Run a part of a request as the caller, with an idempotency key and time limits of its own.

    `content` is what has to be equal for two parts with one key to be the same. Raises as a request does.
    """
    database: Database = current_app.extensions[DATABASE]
    g.idempotency_key = key
    if g.get("answer_key") is None:
        limits.begin_request()

    def run(uow: UnitOfWork) -> Outcome[Answer]:
        answer = view(uow).answer()
        return Outcome(answer, answer)

    part = replace(REQUEST, key=lambda: key, fingerprint=lambda: content)
    return serving.serve(database, part, run, "single")
