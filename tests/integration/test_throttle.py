"""Guessing is slowed down: over all processes, across restarts, and for nobody for good."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from engine.identity import throttle
from engine.identity.throttle import Limit
from engine.models import Throttle
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Throttled
from tests import factories

NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
NAME = Limit("name", 3, timedelta(minutes=15))
ADDRESS = Limit("address", 100, timedelta(minutes=15))


@pytest.fixture
def attempt(database: Database) -> Callable[..., None]:
    """`attempt(5)`: one more under `sara`, five seconds from NOW."""

    def one(seconds: float = 0, *counted: tuple[Limit, str]) -> None:
        now = NOW + timedelta(seconds=seconds)
        database.run(lambda session, _: throttle.take(session, now, *(counted or ((NAME, "sara"),))))

    return one


def refused(attempt: Callable[..., None], seconds: float, *counted: tuple[Limit, str]) -> int:
    with pytest.raises(Throttled) as refusal:
        attempt(seconds, *counted)
    return refusal.value.seconds


def test_the_first_failures_cost_nothing_and_then_the_delay_doubles(attempt: Callable[..., None]) -> None:
    for _ in range(NAME.free + 1):
        attempt()
    at, delays = 0.0, []
    for _ in range(12):
        delays.append(refused(attempt, at))
        at += delays[-1]
        attempt(at)
    assert delays == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def test_who_keeps_trying_while_blocked_does_not_lengthen_it(attempt: Callable[..., None]) -> None:
    for _ in range(NAME.free + 1):
        attempt()
    assert [refused(attempt, 0.1) for _ in range(20)] == [1] * 20
    attempt(1)


def test_success_forgets_the_failures(attempt: Callable[..., None], database: Database) -> None:
    for _ in range(NAME.free + 1):
        attempt()
    database.run(lambda session, _: throttle.forgive(session, (NAME, "sara")))
    for _ in range(NAME.free):
        attempt()


def test_failures_are_forgotten_an_hour_after_the_last(attempt: Callable[..., None]) -> None:
    for _ in range(NAME.free + 1):
        attempt()
    for _ in range(NAME.free):
        attempt(throttle.WINDOW.total_seconds() + 1)


def test_failures_count_while_the_last_is_less_than_an_hour_ago(attempt: Callable[..., None]) -> None:
    for _ in range(NAME.free):
        attempt()
    hour = throttle.WINDOW.total_seconds()
    attempt(hour - 60)
    attempt(hour + 60)
    assert refused(attempt, hour + 60) == 2


def test_one_names_failures_are_not_anothers(attempt: Callable[..., None]) -> None:
    for _ in range(NAME.free + 1):
        attempt()
    attempt(0, (NAME, "reza"))


def test_a_blocked_name_counts_against_the_address_all_the_same(
    attempt: Callable[..., None], database: Database
) -> None:
    both = ((NAME, "sara"), (ADDRESS, "192.0.2.1"))
    for _ in range(NAME.free + 1):
        attempt(0, *both)
    for _ in range(10):
        refused(attempt, 0, *both)
    with database.transaction() as session:
        most = session.execute(select(func.max(Throttle.failures))).scalar()
    assert most == NAME.free + 11


def test_attempts_at_once_are_all_counted(database: Database) -> None:
    done = factories.at_once(
        10, lambda _: database.run(lambda session, _: throttle.take(session, NOW, (NAME, "sara")))
    )
    assert sum(isinstance(each, Throttled) for each in done) == 10 - NAME.free - 1
    assert done.count(None) == NAME.free + 1


def test_no_name_and_no_address_is_kept(attempt: Callable[..., None], database: Database) -> None:
    attempt()
    with database.transaction() as session:
        keys = session.scalars(select(Throttle.key)).all()
    assert len(keys) == 1
    assert "sara" not in keys[0]


def test_what_no_longer_counts_is_deleted(
    attempt: Callable[..., None], database: Database, actor: Callable[..., Actor]
) -> None:
    attempt()
    for hours, gone in ((0.5, 0), (1.1, 1)):
        later = NOW + timedelta(hours=hours)
        with database.transaction() as session:
            assert throttle.forget(UnitOfWork(session, actor("administrator"), later)) == gone
