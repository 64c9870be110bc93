"""Generated cases have the events that the engine writes when people do the same."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bench.history.generating import Order, Writer
from bench.history.organisation import prepare
from demo.history.offices import DAY, milliseconds, text_of
from demo.history.stories import Story
from engine.cases.clock_circumstances import Circumstances
from engine.events.vocabulary import facts_of
from engine.organisation import calendars
from engine.platform.db import Database
from tests.deploying import checked_once
from tests.reenacting import Reenactment

ZONE = ZoneInfo("Asia/Tehran")
UNTIL = milliseconds(datetime(2026, 11, 20, tzinfo=UTC))
CASES = 500
# Of each kind, what differs from run to run: ids, and whom a random assignment chose.
IDS = frozenset({
    "account", "appeal", "appeal_of", "bill", "call", "decision", "delegation", "incident", "message",
    "parent", "visit", "wait", "name", "case_number", "reference", "request_digest",
})  # fmt: skip
MARKS = frozenset({"secret", "terms", "mark"})


@pytest.fixture
def _records_of_the_past(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command of the past doesn't find suspensions that come after it in the administration log."""
    read = Circumstances.suspensions

    def suspensions(
        self: Circumstances, definition: str, since: datetime
    ) -> Iterator[tuple[datetime, datetime]]:
        return (span for span in read(self, definition, since) if span[1] <= self._uow.now)

    monkeypatch.setattr(Circumstances, "suspensions", suspensions)


@pytest.mark.usefixtures("_records_of_the_past")
def test_generated_cases_are_what_the_engine_writes(database: Database, database_url: str) -> None:
    database.run(lambda session, now: calendars.install(session, now, "Asia/Tehran"))
    order = Order(database_url, ZONE, 7, CASES, (UNTIL - 120 * DAY, UNTIL))
    with checked_once():
        setting = prepare(database, order.zone, order.period, order.cases)
    stories, _ = Writer(order, setting, database).compose(0)
    with ExitStack() as stack:
        local = Database(database_url, zone=ZONE)
        stack.callback(local.dispose)
        for story, appeal in chosen(stories):
            case = Reenactment(local, setting, story, ZONE, appeal)
            case.play()
            for one in (case, case.appeal):
                if one is not None:
                    assert list(real(one)) == list(generated(one.story)), one.story.number


def chosen(stories: Sequence[Story]) -> Iterator[tuple[Story, Story | None]]:
    """The cases in which something happens that those before them don't have, at the same element.

    Each with its appeal, which follows it.
    """
    known: set[tuple[str, str | None]] = set()
    for story in stories:
        kinds = {(event.kind, event.element) for event in story.events}
        if not kinds <= known and story.appeal_of is None:
            known |= kinds
            yield story, next((one for one in stories if one.appeal_of == story.id), None)


def real(case: Reenactment) -> Iterator[Any]:
    for event in case.log():
        at = event.at.astimezone(UTC).isoformat(timespec="microseconds")
        who = event.actor_role, event.actor_unit
        yield at, event.kind, event.element, who, stated(event.facts), told(event.payload)


def generated(story: Story) -> Iterator[Any]:
    for event in story.events:
        if event.kind == "work.noted":
            continue
        facts = facts_of(event.kind, {}, event.facts)
        who = event.actor.role, event.actor.unit
        yield text_of(event.at), event.kind, event.element, who, stated(facts), told(event.payload)


def stated(facts: Any) -> Any:
    return {name: value if name not in IDS else "…" for name, value in facts.items()}


def told(payload: Any) -> Any:
    """A payload without ids, and without the marks of rows, which generated cases don't have."""
    if payload is None:
        return None
    return {name: "…" if name in IDS else value for name, value in payload.items() if name not in MARKS}
