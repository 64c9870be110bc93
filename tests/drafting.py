"""Process drafts as workers check them, and as people test them before publishing."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from engine.design import drafts, test_runs

Do = Callable[[Callable[..., Any]], Any]


def check(do: Do, draft_id: UUID) -> None:
    """Run the check as a worker does."""
    do(lambda uow: drafts.ask(uow, draft_id))
    drafts.judge(do(lambda uow: drafts.take(uow, draft_id)), do)


def play(do: Do, draft_id: UUID, process: str, *acts: Mapping[str, Any]) -> UUID:
    """Start a test run of a draft that was checked."""
    test_run_id: UUID = do(lambda uow: test_runs.new(uow, test_runs.OfDraft(draft_id, process)).id)
    for revision, act in enumerate(acts, 1):
        do(lambda uow, act=act, revision=revision: test_runs.act(uow, test_run_id, revision, act))
    return test_run_id


def try_out(do: Do, draft_id: UUID, process: str = "p") -> UUID:
    """Check a draft of one task `a`, and play it to its end."""
    check(do, draft_id)
    return play(do, draft_id, process, {}, {"task": "a"})
