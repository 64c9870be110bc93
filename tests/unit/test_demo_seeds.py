"""The cases of a demonstration are begun once, whatever stops their making."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from demo import accounts, seeds
from demo.installation import Answer, Installation
from demo.seeds import SEEDS, Seeding
from engine.platform.config import Settings

Seen = list[tuple[str, str, str]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read({"PARVANDEH_VAR": str(tmp_path)})


def kept(settings: Settings, **more: Any) -> None:
    settings.demo_accounts.write_text(json.dumps({"url": "http://here", "accounts": [], **more}))


def playing(monkeypatch: pytest.MonkeyPatch, answer: Callable[[str, str], Answer]) -> Seen:
    """An installation that answers so; what it was asked."""
    seen: Seen = []

    def send(_: Installation, account: str, method: str, path: str, body: Mapping[str, Any] | None) -> Answer:
        seen.append((account, method, path))
        return answer(method, path)

    monkeypatch.setattr(Installation, "send", send)
    monkeypatch.setattr(Installation, "upload", lambda *_: {"id": "d"})
    monkeypatch.setattr(seeds, "LOOK_SECONDS", 0)
    return seen


def willing(method: str, path: str) -> Answer:
    """Whatever is to be done waits for somebody."""
    if path == "/cases":
        return Answer(201, {"id": "c", "case_number": "1405-000001"})
    elements = {act.element for seed in SEEDS for act in seed.acts}
    tasks = [{"id": element, "element": element, "assignee": None} for element in elements]
    return Answer(200, {"items": tasks})


def make(settings: Settings) -> None:
    seeding = Seeding(settings, "http://here")
    seeding.start()
    seeding.join()


def begun(seen: Seen) -> int:
    return len([path for _, method, path in seen if (method, path) == ("POST", "/cases")])


def test_each_case_is_begun_once_and_never_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = playing(monkeypatch, willing)
    kept(settings, seeded=0)
    make(settings)
    assert begun(seen) == len(SEEDS)
    seen.clear()
    make(settings)
    assert seen == []


def test_what_was_not_begun_when_it_stopped_is_begun_at_the_next_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = 3
    seen = playing(
        monkeypatch,
        lambda method, path: (
            Answer(503, {}) if path == "/cases" and begun(seen) > full else willing(method, path)
        ),
    )
    kept(settings, seeded=0)
    make(settings)
    assert accounts.seeded(settings) == full
    assert "POST /cases answered 503" in capsys.readouterr().err
    seen = playing(monkeypatch, willing)
    make(settings)
    assert begun(seen) == len(SEEDS) - full


def test_a_demonstration_of_an_earlier_release_gets_none(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = playing(monkeypatch, willing)
    kept(settings)
    make(settings)
    assert seen == []


def test_every_account_of_a_seed_is_one_of_the_demonstration() -> None:
    named = {account for seed in SEEDS for act in seed.acts for account in act.accounts}
    assert named <= {name for name, _ in accounts.ACCOUNTS}
