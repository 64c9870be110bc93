"""Service packages over HTTP: export, dry run, import."""

import io
from typing import Any

from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import body, refused


def _sent(content: bytes, **more: str) -> dict[str, Any]:
    return {"data": {"package": (io.BytesIO(content), "p.zip"), **more}}


def test_a_package_is_exported_checked_and_imported(database: Database, client: Clients) -> None:
    factories.deploy(database, factories.one_task("small"))
    designer = client("designer")
    exported = designer.get("/definitions/small/package")
    assert exported.headers["Content-Disposition"] == 'attachment; filename="small-1.zip"'
    dry = body(designer.post("/packages?dry_run=true", **_sent(exported.data)))
    assert (dry["deployable"], dry["deployment"], dry["unit"]) == (True, None, "root")
    done = body(designer.post("/packages", **_sent(exported.data)))
    assert done["deployment"]["definitions"][0]["created"] is False
    assert done["deployment"]["definitions"][0]["hash"] == done["hash"] == dry["hash"]
    refused(designer.get("/definitions/small/package?version=2"), 404, "not-found")
    refused(designer.get("/definitions/other/package"), 404, "not-found")


def test_bad_uploads_are_refused(client: Clients) -> None:
    designer = client("designer")
    answer = refused(designer.post("/packages", **_sent(b"no archive")), 422, "invalid")
    assert [error["code"] for error in answer["errors"]] == ["damaged"]
    refused(designer.post("/packages", **_sent(b"", unit="No unit")), 422, "invalid")
    refused(designer.post("/packages", data={"file": (io.BytesIO(b""), "p.zip")}), 422, "invalid")
    refused(designer.post("/packages", json={}), 415, "unsupported-media-type")
