"""The first page offers the people of a demonstration only where there is one."""

import json
from pathlib import Path

from engine.platform.config import Settings
from web import demonstration


def people(folder: Path, **environ: str) -> list[str]:
    return list(demonstration.people(Settings.read({"PARVANDEH_VAR": str(folder), **environ})))


def test_accounts_with_a_password_are_offered(tmp_path: Path) -> None:
    accounts = [{"name": "portal", "token": "t"}, {"name": "sara", "token": "t", "password": "p"}]
    (tmp_path / "demo.json").write_text(json.dumps({"url": "http://here", "accounts": accounts}))
    assert people(tmp_path) == ["sara"]
    assert people(tmp_path, DEMO="no") == []
    assert people(tmp_path, PUBLIC_URL="https://parvandeh.example.org") == []
    assert people(tmp_path, DATABASE_URL="postgresql+psycopg:///x") == []


def test_without_the_file_nobody_is_offered(tmp_path: Path) -> None:
    assert people(tmp_path) == []
