"""The audit in a browser: public checkpoints, verifying, results, searching with a purpose."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select, text

from engine.models import AccessRecord, AuditRun
from engine.oversight.audit import checkpoints, runs, signing, statement
from engine.platform.config import Settings
from engine.platform.db import Actor, Database, UnitOfWork
from tests import factories
from tests.organisation import a_member, a_unit
from tests.web.conftest import Browser


@pytest.fixture
def auditor(actor: Callable[..., Actor], session_of: Callable[[Actor], Browser]) -> Browser:
    """The browser of an administrator, who reads in English."""
    browser = session_of(actor("administrator"))
    browser.get("/audit?lang=en")
    return browser


@pytest.fixture
def case(database: Database, actor: Callable[..., Actor]) -> Any:
    factories.deploy(database, factories.one_task())
    return factories.a_case(database, actor("portal"))


def take(database: Database, *keys: signing.Key) -> None:
    database.run(lambda session, now: checkpoints.take(session, now, keys, ["folder"]), "snapshot")


def work(database: Database, actor: Callable[..., Actor], var: Path) -> None:
    """What a worker does with the runs that wait."""
    settings, who = Settings.read({"PARVANDEH_VAR": str(var)}), actor("administrator")

    def do(command: Any, view: Any = "write") -> Any:
        return database.run(lambda session, now: command(UnitOfWork(session, who, now)), view)

    with database.transaction() as session:
        waiting = session.scalars(select(AuditRun.id).where(AuditRun.finished_at.is_(None))).all()
    for run_id in waiting:
        runs.carry_out(do, settings, run_id)


def test_anybody_sees_checkpoints_and_downloads_them(
    browser: Browser, database: Database, case: Any, tmp_path: Path
) -> None:
    assert case
    assert "No checkpoint" in browser.get("/audit/checkpoints?lang=en").text
    key = signing.create(tmp_path / "audit.key")
    for _ in range(2):
        take(database, key)
    shown = browser.get("/audit/checkpoints").text
    assert key.public in shown
    assert 'href="/audit/checkpoints/2"' in shown
    file = browser.get("/audit/checkpoints/2")
    assert file.headers["Content-Disposition"] == "attachment; filename=checkpoint-000002.json"
    assert statement.parse(file.data).genuine()
    listed = orjson.loads(browser.get("/audit/checkpoints", Accept="application/json").data)
    assert [item["checkpoint"]["number"] for item in listed["items"]] == [2, 1]
    assert listed["next"] is None
    assert browser.get("/audit/checkpoints/3").status_code == 404
    assert "Take a checkpoint" not in shown


def test_unsigned_checkpoints_are_called_so(browser: Browser, auditor: Browser, database: Database) -> None:
    take(database)
    assert "not signed" in browser.get("/audit/checkpoints?lang=en").text
    assert "Checkpoints are not signed" in auditor.get("/audit").text


def test_altered_checkpoint_is_shown_as_such_and_can_be_verified(
    auditor: Browser, database: Database
) -> None:
    for _ in range(2):
        take(database)
    with database.transaction() as session:
        session.execute(text("ALTER TABLE checkpoints DISABLE TRIGGER USER"))
        session.execute(text("UPDATE checkpoints SET body = 'x' WHERE number = 2"))
    assert "number 2, was altered" in auditor.get("/audit").text
    assert auditor.post("/audit/verify", {"token": auditor.token("/audit")}).status_code == 303
    assert "altered" in auditor.get("/audit/checkpoints").text
    listed = orjson.loads(auditor.get("/audit/checkpoints", Accept="application/json").data)
    assert [one.get("altered", False) for one in listed["items"]] == [True, False]


def test_verification_is_ordered_and_its_result_shown(
    auditor: Browser, database: Database, actor: Callable[..., Actor], case: Any, tmp_path: Path
) -> None:
    signing.create(tmp_path / "audit.key")
    for order in ("take", "verify"):
        answer = auditor.post(f"/audit/{order}", {"token": auditor.token("/audit")})
        assert answer.status_code == 303
        page = auditor.get(answer.headers["Location"]).text
        assert "in progress" in page
        assert 'hx-trigger="every 2s"' in page
        work(database, actor, tmp_path)
        page = auditor.get(answer.headers["Location"]).text
        assert 'hx-trigger="every 2s"' not in page
    assert "The logs are intact" in page
    assert "checkpoint 1" in page
    with database.transaction() as session:
        session.execute(text("ALTER TABLE events DISABLE TRIGGER USER"))
        session.execute(text("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)"))
    answer = auditor.post("/audit/verify", {"token": auditor.token("/audit")})
    work(database, actor, tmp_path)
    page = auditor.get(answer.headers["Location"]).text
    assert str(case.id) in page
    assert "The end of the log is missing" in page
    assert "finding" in auditor.get("/audit").text


def test_failed_sending_is_shown_and_repeated(auditor: Browser, database: Database) -> None:
    take(database)
    with database.transaction() as session:
        session.execute(text("UPDATE checkpoint_sendings SET status = 'failed', failure = 'folder'"))
    assert "Not sent out yet" in auditor.get("/audit").text
    form = {"token": auditor.token("/audit")}
    assert auditor.post("/audit/checkpoints/1/send", form).status_code == 303
    with database.transaction() as session:
        assert session.scalar(text("SELECT status FROM checkpoint_sendings")) == "waiting"
    assert auditor.post("/audit/checkpoints/7/send", form).status_code == 404


def test_search_shows_events_and_records_the_purpose(auditor: Browser, database: Database, case: Any) -> None:
    form = {"token": auditor.token("/audit/search"), "case": case.number, "kind": "task.created"}
    refused = auditor.post("/audit/search", form)
    assert refused.status_code == 422
    assert "State why you search the log" in refused.text
    assert case.number in refused.text, "what was typed stays"
    assert factories.count(database, AccessRecord) == 0
    found = auditor.post("/audit/search", {**form, "purpose": "complaint 12"})
    assert (found.status_code, f"/desk/cases/{case.id}" in found.text) == (200, True)
    with database.transaction() as session:
        (record,) = session.scalars(select(AccessRecord)).all()
    assert (record.case_id, record.what) == (case.id, "events")
    assert (record.payload or {})["purpose"] == "complaint 12"
    assert (
        "No event matches"
        in auditor.post("/audit/search", {**form, "purpose": "x", "kind": "case.erased"}).text
    )
    wrong = auditor.post("/audit/search", {**form, "purpose": "x", "since": "soon"})
    assert wrong.status_code == 422


def test_long_result_has_a_next_page(
    auditor: Browser, database: Database, actor: Callable[..., Actor], case: Any
) -> None:
    for _ in range(20):
        factories.a_case(database, actor("portal"))
    form = {"token": auditor.token("/audit/search"), "purpose": "x"}
    first = auditor.post("/audit/search", form).text
    (before,) = [part.split('"')[0] for part in first.split('name="before" value="')[1:]]
    second = auditor.post("/audit/search", {**form, "before": before}).text
    assert str(case.id) in second
    assert str(case.id) not in first
    assert auditor.post("/audit/search", {**form, "before": "1/x/2"}).status_code == 200


@pytest.mark.parametrize("role", ["caseworker", "designer", "applicant"])
def test_others_see_the_public_page_alone(
    actor: Callable[..., Actor], session_of: Callable[[Actor], Browser], role: str
) -> None:
    browser = session_of(actor(role))
    for path in ("/audit", "/audit/search"):
        assert browser.get(path).status_code == 403
    assert browser.get("/audit/checkpoints").status_code == 200


def test_auditor_of_a_unit_searches_alone(session_of: Callable[[Actor], Browser], database: Database) -> None:
    a_unit(database, "guild", kind="agency")
    browser = session_of(a_member(database, "near", "guild", "*", "auditor"))
    assert browser.get("/audit").headers["Location"] == "/audit/search"
    form = {"token": browser.token("/audit/search")}
    assert browser.post("/audit/verify", form).status_code == 403
    assert browser.get("/audit/checkpoints").status_code == 200


def test_auditor_verifies_and_searches(
    actor: Callable[..., Actor], session_of: Callable[[Actor], Browser], database: Database, case: Any
) -> None:
    browser = session_of(actor("auditor"))
    assert 'action="/audit/verify"' in browser.get("/audit?lang=en").text
    form = {"token": browser.token("/audit"), "case": case.number, "purpose": "complaint 12"}
    assert browser.post("/audit/verify", form).status_code == 303
    assert f"/desk/cases/{case.id}" in browser.post("/audit/search", form).text
    with database.transaction() as session:
        (record,) = session.scalars(select(AccessRecord)).all()
    assert (record.actor_role, (record.payload or {})["purpose"]) == ("auditor", "complaint 12")
