"""The state of other systems, from their calls."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from engine.cases import incidents, messages
from engine.connectors import health
from engine.connectors.health import Health
from engine.oversight import job_queue
from engine.platform.db import Actor, Database
from engine.platform.errors import Forbidden
from engine.platform.ids import uuid7
from tests import bpmn, factories
from tests.organisation import a_member, a_unit

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def call(database: Database, actor: Callable[..., Actor]) -> Callable[..., None]:
    """`call("payments", "done", closed_at=…)`: one more, as if it had been made."""
    factories.deploy(database, factories.one_task())
    case = factories.a_case(database, actor("caseworker")).id
    insert = text(
        "INSERT INTO calls (id, case_id, token_id, element, connector, topic, request, status, attempts,"
        " due_at, fence, opened_at, closed_at, failure, lease_until)"
        " VALUES (:id, :case, :id, 'a', :connector, :topic, '{}', :status, 1, :opened, 1, :opened,"
        " :closed, :failure, :lease)"
    )

    def made(connector: str | None, status: str, **given: Any) -> None:
        row = {"topic": None, "opened": AT, "closed": None, "failure": None, "lease": None, **given}
        with database.transaction() as session:
            session.execute(
                insert, {"id": uuid7(), "case": case, "connector": connector, "status": status, **row}
            )

    return made


@pytest.fixture
def told(database: Database, actor: Callable[..., Actor]) -> Callable[..., list[Health]]:
    return lambda *names: list(
        factories.as_actor(database, actor("administrator"), lambda uow: health.of_connectors(uow, names))
    )


def test_what_was_never_asked_is_quiet(told: Callable[..., list[Health]]) -> None:
    assert told("payments") == [Health("payments")]
    assert told("payments")[0].state == "quiet"
    assert told() == []


def test_the_last_hour_is_counted_and_the_last_of_each_kind_told(
    call: Callable[..., None], told: Callable[..., list[Health]]
) -> None:
    now = datetime.now(UTC)
    for status, ago in (("done", 3), ("failed", 2), ("failed", 0.5), ("done", 0.2), ("cancelled", 0.1)):
        call("payments", status, closed=now - ago * HOUR)
    (found,) = told("payments")
    assert (found.answered, found.given_up, found.state) == (1, 1, "well")
    assert (found.last_success, found.last_failure) == (now - 0.2 * HOUR, now - 0.5 * HOUR)


def test_a_system_is_in_trouble_while_its_calls_are_tried_again(
    call: Callable[..., None], told: Callable[..., list[Health]]
) -> None:
    call("payments", "done", closed=datetime.now(UTC))
    call("payments", "open", opened=AT - HOUR)
    assert told("payments")[0].state == "well"
    call("payments", "open", failure="timeout: 5 s")
    (found,) = told("payments")
    assert (found.waiting, found.retrying, found.oldest, found.state) == (2, 1, AT - HOUR, "trouble")


def test_a_failure_after_the_last_answer_is_trouble(
    call: Callable[..., None], told: Callable[..., list[Health]]
) -> None:
    now = datetime.now(UTC)
    call("payments", "done", closed=now - 5 * HOUR)
    call("payments", "failed", closed=now - 4 * HOUR)
    assert told("payments")[0].state == "trouble"


def test_connectors_that_only_calls_name_are_told_too(
    call: Callable[..., None], told: Callable[..., list[Health]]
) -> None:
    call("taken-away", "open")
    assert [one.name for one in told("payments")] == ["payments", "taken-away"]


def test_topics_tell_what_is_taken(
    database: Database, actor: Callable[..., Actor], call: Callable[..., None]
) -> None:
    call(None, "open", topic="stamp")
    call(None, "open", topic="stamp", lease=datetime.now(UTC) + HOUR, opened=AT - HOUR)
    call(None, "done", topic="stamp", closed=AT)
    (row,) = factories.as_actor(database, actor("administrator"), health.of_topics)
    assert dict(row) == {"topic": "stamp", "waiting": 2, "taken": 1, "retrying": 0, "oldest": AT - HOUR}


def test_messages_that_nobody_took_are_counted_by_name_until_they_expire(
    database: Database, actor: Callable[..., Actor]
) -> None:
    def keep(name: str, number: int, lasting: timedelta) -> None:
        factories.as_actor(
            database,
            actor("administrator"),
            lambda uow: messages.send(uow, name, {"n": number}, {}, keep=lasting),
        )

    for number in range(3):
        keep("paid", number, HOUR)
    keep("paid", 4, timedelta(seconds=-1))
    found = factories.as_actor(database, actor("administrator"), messages.unclaimed)
    assert [(row["name"], row["count"]) for row in found] == [("paid", 3)]


def test_what_concerns_all_agencies_is_not_for_one_of_them(database: Database) -> None:
    a_unit(database, "guild", kind="agency")
    near = a_member(database, "guild-administrator", "guild", "*", "administrator")
    for look in (lambda uow: health.of_connectors(uow, ["payments"]), health.of_topics, messages.unclaimed):
        with pytest.raises(Forbidden):
            factories.as_actor(database, near, look)


def test_incidents_of_all_versions_and_units_are_counted_where_one_works(
    database: Database, actor: Callable[..., Actor]
) -> None:
    a_unit(database, "guild", kind="agency")
    factories.deploy(database, factories.files(bpmn.line(bpmn.script("s", "fee = 1 / 0"))))
    starter = actor("caseworker")
    for _ in range(2):
        factories.a_case(database, starter)
    factories.deploy(database, factories.files(bpmn.line(bpmn.script("s", "fee = 2 / 0"))))
    factories.a_case(database, starter)
    with database.transaction() as session:
        moved = "UPDATE cases SET unit_id = (SELECT id FROM units WHERE key = 'guild') WHERE number = :number"
        session.execute(text(moved), {"number": factories.a_case(database, starter).number})

    def counted(who: Actor) -> list[tuple[str, str, int]]:
        found = factories.as_actor(database, who, incidents.groups)
        return [(one.definition, one.code, one.count) for one in found]

    assert counted(actor("administrator")) == [("p", "script-failed", 4)]
    guild = a_member(database, "guild-administrator", "guild", "*", "administrator")
    assert counted(guild) == [("p", "script-failed", 1)]


def test_jobs_that_are_done_count_for_nothing(database: Database, actor: Callable[..., Actor]) -> None:
    factories.a_failed_job(database)
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status)"
                " VALUES ('calls', 'call', '{}', 'succeeded'), ('calls', 'call', '{}', 'todo')"
            )
        )
    queues, _ = factories.as_actor(database, actor("administrator"), job_queue.overview)
    assert [(one.queue, one.waiting, one.failed) for one in queues] == [
        *(("cases", 0, 1), ("calls", 1, 0), ("checks", 0, 0))
    ]
    told = factories.as_actor(database, actor("administrator"), job_queue.by_task)
    assert [(row["task"], row["waiting"], row["failed"]) for row in told] == [("begin", 0, 1), ("call", 1, 0)]
