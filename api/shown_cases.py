"""Which cases a stored response shows, and whether the caller may still see them."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import orjson

from engine import cases, tasks
from engine.platform.db import UnitOfWork
from engine.requests.idempotency import Answer


def require_visible(uow: UnitOfWork, body: Mapping[str, Any]) -> Iterator[UUID]:
    """Yield the cases that a response shows. Raise the refusal for one that the caller may not see.

    Who completed a task needs to see the task: its case may be another unit's.
    """
    for part in body.get("items", (body,)):
        if "task" in part and "case" in part:
            tasks.require_visible(uow, UUID(part["task"]["id"]))
            yield UUID(part["case"]["id"])
        elif {"case_number", "caseNumber"} & (case := part.get("case", part) or {}).keys():
            case_id = UUID(case.get("id") or case["fileId"])  # GovStack's applications have the latter
            cases.require_visible(uow, case_id)
            yield case_id


def require_still_theirs(uow: UnitOfWork, answer: Answer) -> None:
    """Raise the refusal of a stored response for a person whose cases it no longer shows.

    A representation may have ended since. Only for an account that acts for a person: what others
    lose, refusals of the command itself say.
    """
    if uow.actor.on_behalf_of is not None and answer.status < 300:
        body = orjson.loads(answer.body)
        for _ in require_visible(uow, body if isinstance(body, dict) else {}):
            pass
