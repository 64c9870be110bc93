"""Deployments whose check takes too long for an answer at once: 202, a worker, and a report."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from engine.definitions import uploads
from engine.identity import accounts
from engine.models import Upload, UploadFile
from engine.platform import budget, jobs
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Busy
from tests import factories, organisation
from tests.api.conftest import Clients
from tests.api.contract import body, refused

LONG = {"p.bpmn": factories.one_task()["p.bpmn"] + b"\n" * budget.AT_ONCE}


def carried_out(database: Database, upload: dict[str, Any]) -> None:
    """What a worker does."""

    def command(uow: UnitOfWork) -> None:
        uploads.carry_out(uow, UUID(upload["id"]), "direct")

    database.run(lambda session, now: command(UnitOfWork(session, accounts.system(session, now), now)))


def as_system(
    database: Database, command: Callable[[UnitOfWork], Any], later: timedelta = timedelta()
) -> Any:
    return database.run(
        lambda session, now: command(UnitOfWork(session, accounts.system(session, now), now + later))
    )


def test_long_check_is_answered_with_the_address_of_its_report(client: Clients, database: Database) -> None:
    designer = client("designer")
    answer = designer.deploy(LONG)
    assert answer.status_code == 202
    upload = body(answer)
    assert (upload["status"], upload["deployment"], upload["definitions"]) == ("checking", None, [])
    path = answer.headers["Location"].removeprefix("/api/v1")
    assert body(designer.get(path)) == upload
    refused(designer.get("/definitions/p"), 404, "not-found")
    carried_out(database, upload)
    done = body(designer.get(path))
    assert (done["status"], done["report"]["scenarios"]) == ("deployed", [])
    assert [(made["key"], made["version"]) for made in done["definitions"]] == [("p", 1)]
    assert body(designer.get("/definitions/p"))["versions"] == [1]


def test_findings_of_an_earlier_release_are_read_as_those_of_today(
    client: Clients, database: Database
) -> None:
    designer = client("designer")
    broken = {"p.bpmn": LONG["p.bpmn"].replace(b"</", b"<", 1)}
    upload = body(designer.deploy(broken))
    carried_out(database, upload)
    with database.transaction() as session:
        row = session.get_one(Upload, UUID(upload["id"]))
        assert row.result
        findings = [{**found, "mend": found["fix"]} for found in row.result["report"]["findings"]]
        for found in findings:
            del found["fix"]
        row.result = {**row.result, "report": {"findings": findings}}
    answer = designer.get(f"/deployments/{upload['id']}", headers={"Accept-Language": "fa"})
    report = body(answer)
    assert report["detail"] == "فرایند به شکلی که رسم شده اجرا نمی‌شود. خطاهای گزارش بررسی را برطرف کنید."
    assert all(found["fix"] and "mend" not in found for found in report["report"]["findings"])
    assert answer.headers["Content-Language"] == "fa"


def test_refused_upload_has_its_findings_and_makes_no_version(client: Clients, database: Database) -> None:
    designer = client("designer")
    broken = {"p.bpmn": LONG["p.bpmn"].replace(b"</", b"<", 1)}
    upload = body(designer.deploy(broken))
    carried_out(database, upload)
    report = body(designer.get(f"/deployments/{upload['id']}"))
    assert (report["status"], report["problem"]) == ("refused", "rejected")
    assert "error" in {finding["severity"] for finding in report["report"]["findings"]}
    refused(designer.get("/definitions/p"), 404, "not-found")


def test_report_is_read_by_designers_of_the_unit_alone(client: Clients, database: Database) -> None:
    factories.an_agency(database, "here")
    factories.an_agency(database, "elsewhere")
    organisation.a_member(database, "colleague", "here", "designer", "designer")
    organisation.a_member(database, "stranger", "elsewhere", "designer", "designer")
    upload = body(client("designer").deploy(LONG, unit="here"))
    path = f"/deployments/{upload['id']}"
    assert client("designer", "colleague").get(path).status_code == 200
    refused(client("designer", "stranger").get(path), 404, "not-found")
    refused(client("caseworker").get(path), 403, "forbidden")
    refused(client("designer").get(f"/deployments/{UUID(int=0)}"), 404, "not-found")


def test_repeated_key_is_one_upload(client: Clients, database: Database) -> None:
    designer = client("designer")
    first, second = (designer.deploy(LONG, headers={"Idempotency-Key": "once"}) for _ in range(2))
    assert (first.status_code, first.data, first.headers["Location"]) == (
        *(second.status_code, second.data, second.headers["Location"]),
    )
    with database.transaction() as session:
        waiting = {each.queue: each.waiting for each in jobs.depth(session.connection())}
    assert waiting["checks"] == 1


def test_worker_that_dies_leaves_the_upload_to_the_next_one(
    client: Clients, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    designer = client("designer")
    upload = body(designer.deploy(LONG))

    def die(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(uploads, "deploy", die)
        with pytest.raises(SystemExit):
            carried_out(database, upload)
    assert body(designer.get(f"/deployments/{upload['id']}"))["status"] == "checking"
    for _ in range(2):  # a job may run twice
        carried_out(database, upload)
    assert body(designer.get(f"/deployments/{upload['id']}"))["status"] == "deployed"
    assert body(designer.get("/definitions/p"))["versions"] == [1]


def test_upload_that_no_worker_can_check_is_told_as_failed(client: Clients, database: Database) -> None:
    designer = client("designer")
    upload = body(designer.deploy(LONG))
    as_system(database, lambda uow: uploads.give_up(uow, UUID(upload["id"]), "It was tried 10 times."))
    assert body(designer.get(f"/deployments/{upload['id']}"))["status"] == "failed"


def test_files_are_stored_until_the_check_and_the_report_for_a_week(
    client: Clients, database: Database
) -> None:
    designer = client("designer")
    upload = body(designer.deploy(LONG))
    files = select(func.count()).select_from(UploadFile)
    assert as_system(database, lambda uow: uow.session.scalars(files).one()) == 1
    carried_out(database, upload)
    assert as_system(database, lambda uow: uow.session.scalars(files).one()) == 0
    assert as_system(database, uploads.forget, timedelta(days=6)) == 0
    assert as_system(database, uploads.forget, timedelta(days=8)) == 1
    refused(designer.get(f"/deployments/{upload['id']}"), 404, "not-found")


def test_larger_check_goes_to_a_worker_while_another_one_runs(client: Clients, database: Database) -> None:
    larger = {"p.bpmn": factories.one_task()["p.bpmn"] + b"\n" * budget.SMALL}
    with database.transaction() as session:
        session.execute(text(f"SELECT pg_advisory_xact_lock({uploads.ONLY_CHECK})"))
        assert client("designer").deploy(larger).status_code == 202
        assert client("designer").deploy(factories.one_task()).status_code == 201
    assert client("designer").deploy(larger).status_code == 201


def test_more_uploads_of_one_person_than_may_wait_are_refused(
    client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_WAITING", 1)
    assert client("designer").deploy(LONG).status_code == 202
    refused(client("designer").deploy(LONG), 503, "busy")


def test_account_that_was_closed_meanwhile_deploys_nothing(
    client: Clients, actor: Callable[..., Actor], database: Database
) -> None:
    upload = body(client("designer").deploy(LONG))
    close = text("UPDATE users SET deactivated_at = now() WHERE id = :id")
    as_system(database, lambda uow: uow.connection.execute(close, {"id": actor("designer").id}))
    carried_out(database, upload)
    with database.transaction() as session:
        assert session.execute(text("SELECT status, result->>'problem' FROM uploads")).one() == (
            *("refused", "forbidden"),
        )


def test_long_upload_under_a_name_that_cannot_be_stored_is_refused(client: Clients) -> None:
    files = {"a\u0001.bpmn": LONG["p.bpmn"], "p.bpmn": LONG["p.bpmn"]}
    refused(client("designer").deploy(files), 422, "invalid")


def test_sandbox_that_is_busy_leaves_the_upload_to_another_try(
    client: Clients, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    designer = client("designer")
    upload = body(designer.deploy(LONG))

    def busy(*_: object, **__: object) -> None:
        raise Busy("All script sandboxes are busy.")

    monkeypatch.setattr(uploads, "deploy", busy)
    with pytest.raises(Busy):
        carried_out(database, upload)
    assert body(designer.get(f"/deployments/{upload['id']}"))["status"] == "checking"
