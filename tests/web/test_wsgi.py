"""What `wsgi.py` serves, as it comes: all that programs ask a new installation for."""

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from engine.platform.config import ROOT


@pytest.fixture
def served(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client of `wsgi:app` on a migrated database."""
    metrics = tmp_path / "metrics"
    metrics.mkdir()
    chosen = {"DATABASE_URL": database_url, "PARVANDEH_VAR": tmp_path, "PROMETHEUS_MULTIPROC_DIR": metrics}
    for name, value in chosen.items():
        monkeypatch.setenv(name, str(value))
    made: dict[str, Any] = runpy.run_path(str(ROOT / "wsgi.py"))
    yield Client(made["app"])
    made["site"].extensions["parvandeh.database"].dispose()


def test_new_installation_answers_programs_and_people(served: Client) -> None:
    paths = ("/api/v1/openapi.json", "/api/v1/docs", "/healthz", "/readyz", "/metrics", "/", "/login")
    assert {path: served.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)


def test_description_holds_the_api_and_no_page(served: Client) -> None:
    document = served.get("/api/v1/openapi.json").get_json()
    assert len(document["paths"]) > 90
    assert not [path for path in document["paths"] if not path.startswith("/api/v1/")]
