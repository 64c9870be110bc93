"""Service packages over HTTP: export, dry run, import."""

import io
from typing import Any

from engine.models import DefinitionVersion
from engine.platform.db import Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import Client, body, refused
from tests.organisation import a_member, a_unit
from tests.packaged import package_of


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


def test_a_dry_run_is_refused_as_the_import_is_and_changes_nothing(
    database: Database, client: Clients
) -> None:
    factories.deploy(database, factories.one_task("small"))
    a_unit(database, "guild", kind="agency")
    a_member(database, "boss", "guild", "*", "administrator")
    designer, other = client("designer"), client("administrator", "boss")
    held = designer.get("/definitions/small/package").data
    newer = package_of({**factories.one_task("small"), "README.md": b"newer"}, "small")

    def sent(who: Client, content: bytes, **more: str) -> tuple[Any, Any]:
        dry, done = (
            who.post(f"/packages{query}", **_sent(content, **more)) for query in ("?dry_run=true", "")
        )
        return dry, done

    for answer in sent(designer, held, unit="nope"):
        assert refused(answer, 422, "invalid")["errors"][0]["pointer"] == "/unit"
    for answer in sent(other, newer):
        refused(answer, 403, "forbidden")
    for answer in sent(designer, held, unit="guild"):
        assert refused(answer, 409, "conflict")["code"] == "owned-by-other-unit"
    dry = body(designer.post("/packages?dry_run=true", **_sent(newer, unit="guild")))
    assert (dry["unit"], dry["former_unit"], dry["deployable"]) == ("guild", "root", True)
    assert body(designer.get("/definitions/small"))["unit"] == "root"
    assert factories.count(database, DefinitionVersion) == 1
    done = body(designer.post("/packages", **_sent(newer, unit="guild")))
    assert (done["unit"], done["former_unit"]) == ("guild", "root")


def test_bad_uploads_are_refused(client: Clients) -> None:
    designer = client("designer")
    answer = refused(designer.post("/packages", **_sent(b"no archive")), 422, "invalid")
    assert [error["code"] for error in answer["errors"]] == ["damaged"]
    refused(designer.post("/packages", **_sent(b"", unit="No unit")), 422, "invalid")
    refused(designer.post("/packages", data={"file": (io.BytesIO(b""), "p.zip")}), 422, "invalid")
    refused(designer.post("/packages", json={}), 415, "unsupported-media-type")
