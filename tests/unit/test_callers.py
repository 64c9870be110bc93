"""Callers are looked up once a second, and those who are nobody each time."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from api.callers import SECONDS, Callers
from engine.identity import accounts
from engine.platform.db import Actor

SARA = Actor(id=uuid4(), name="sara", role="caseworker")


class Clock:
    """Stops until a test moves it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> dict[bytes, Actor]:
    """What the database would find, by digest."""
    accounts_by_digest: dict[bytes, Actor] = {}
    monkeypatch.setattr(accounts, "find_actor", lambda _, digest: accounts_by_digest.get(digest))
    return accounts_by_digest


@pytest.fixture
def find(known: dict[bytes, Actor], clock: Clock) -> Callable[[str], Actor | None]:
    callers = Callers(clock)
    return lambda token: callers.find(None, token)  # type: ignore[arg-type]  # nothing asks the session


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_caller_is_remembered_for_a_second(
    find: Callable[[str], Actor | None], known: dict[bytes, Actor], clock: Clock
) -> None:
    known[accounts.digest("t")] = SARA
    assert find("t") is SARA
    known.clear()
    clock.now = SECONDS * 0.99
    assert find("t") is SARA


def test_revoked_token_is_refused_a_second_later(
    find: Callable[[str], Actor | None], known: dict[bytes, Actor], clock: Clock
) -> None:
    known[accounts.digest("t")] = SARA
    find("t")
    known.clear()
    clock.now = SECONDS
    assert find("t") is None


def test_new_token_works_at_once(find: Callable[[str], Actor | None], known: dict[bytes, Actor]) -> None:
    assert find("t") is None
    known[accounts.digest("t")] = SARA
    assert find("t") is SARA


def test_asking_does_not_lengthen_the_second(
    find: Callable[[str], Actor | None], known: dict[bytes, Actor], clock: Clock
) -> None:
    known[accounts.digest("t")] = SARA
    find("t")
    known.clear()
    clock.now = SECONDS / 2
    find("t")
    clock.now = SECONDS
    assert find("t") is None
