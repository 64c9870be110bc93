"""Progress reports over HTTP: figures of the log, texts and actions of people, another one's signature."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from engine.oversight import commitments, projection, reports
from engine.oversight.audit import verification
from engine.oversight.commitments import NewCommitment
from engine.platform import postgres
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import Conflict
from tests import factories, histories
from tests.api.conftest import Clients, new_app, new_clients
from tests.api.contract import Client, Contract, body, pointers
from tests.organisation import a_member, a_unit

AGENCY = "land-registry"
AUGUST, SEPTEMBER, OCTOBER = (
    ("2026-08-01", "2026-08-31"),
    ("2026-09-01", "2026-09-30"),
    ("2026-10-01", "2026-10-31"),
)
ABAN = ("2026-10-23", "2026-11-21")
READ, COMPARED = 24, 26  # statements at most, with that of the token


@dataclass(frozen=True, slots=True)
class Past:
    """A history whose reports tests write, each of a unit or period of its own."""

    database: Database
    client: Clients

    def begin(self, who: Client, unit: str, days: tuple[str, str]) -> dict[str, Any]:
        """A draft."""
        answer = who.post("/reports", {"unit": unit, "first": days[0], "last": days[1]})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = body(answer)
        return found


@pytest.fixture(scope="module")
def past(
    server: postgres.Server,
    admin: psycopg.Connection,
    template: str,
    contract: Contract,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Past]:
    with factories.opened(server.url, admin, template, "reported") as database:
        histories.write(database, database.engine.url.render_as_string(hide_password=False), 50)
        who = factories.an_actor(database, "manager", "first")
        factories.as_actor(database, who, projection.prepare)
        while factories.as_actor(database, who, projection.project):
            pass
        a_member(database, "clerk", AGENCY)
        with database.transaction() as session:  # the installation is older than its history
            session.execute(text("UPDATE units SET created_at = '2026-01-01'"))
        yield Past(
            database, new_clients(new_app(database, tmp_path_factory.mktemp("documents")), contract, database)
        )


@pytest.fixture
def writer(past: Past) -> Client:
    return past.client("manager", "first")


@pytest.fixture
def signer(past: Past) -> Client:
    return past.client("manager", "second")


def later(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def an_action(past: Past, writer: Client, report: str, due: str, **more: Any) -> Any:
    owner = more.get("owner") or body(writer.get(f"/reports/{report}/owners"))["items"][0]["id"]
    return writer.post(f"/reports/{report}/actions", {"text": "hire", "owner": owner, "due": due, **more})


def sign(signer: Client, report: str) -> Any:
    return signer.post(
        f"/reports/{report}/signature", {"digest": body(signer.get(f"/reports/{report}"))["digest"]}
    )


def code(answer: Any) -> tuple[int, str]:
    found = body(answer)
    return answer.status_code, found.get("code") or found["type"].rpartition(":")[2]


def test_a_report_has_the_figures_of_the_overview(past: Past, writer: Client) -> None:
    said = past.begin(writer, AGENCY, ABAN)["content"]
    query = f"unit={AGENCY}&from={ABAN[0]}&to={ABAN[1]}"
    numbers = body(writer.get(f"/metrics/overview?{query}"))["numbers"]
    assert said["figures"] == {name: numbers[name] for name in said["figures"]}
    lines = body(writer.get(f"/metrics/delay-causes?{query}"))["lines"][:5]
    assert [(one["party"], one["ms"]) for one in said["causes"]] == [
        (one["party"], one["ms"]) for one in lines
    ]
    before = f"unit={AGENCY}&from=2026-09-23&to=2026-10-22"
    assert said["before"]["first"] == "2026-09-23"
    numbers = body(writer.get(f"/metrics/overview?{before}"))["numbers"]
    assert said["before"]["figures"] == {name: numbers[name] for name in said["figures"]}
    assert said["figures"]["closed"]["value"]


def test_a_unit_without_cases_has_nothing_to_report(past: Past, writer: Client) -> None:
    a_unit(past.database, "idle", kind="agency")
    said = past.begin(writer, "idle", ABAN)["content"]
    assert said["nothing"]
    assert said["figures"]["on_time"] == {"value": None, "cases": 0, "status": "no_data"}
    assert said["causes"] == said["silence"] == said["commitments"] == []


def test_silence_is_listed_by_unit(past: Past, writer: Client) -> None:
    said = past.begin(writer, "root", ("2026-01-01", "2026-12-31"))["content"]
    assert sum(line["silent"] for line in said["silence"]) == said["figures"]["silent"]["value"] > 0
    counts = [line["silent"] for line in said["silence"]]
    assert counts == sorted(counts, reverse=True)


def test_a_missed_commitment_lacks_its_explanation(past: Past, writer: Client) -> None:
    """It was made in August, was due at the end of September, and nobody reaches it."""

    def promise(uow: UnitOfWork) -> UUID:
        new = NewCommitment(
            "root", "همه در مهلت", "All on time", "law", "median", 0, date(2026, 9, 30), "gregorian"
        )
        return commitments.make(uow, new)

    administrator = factories.an_actor(past.database, "administrator")
    then = datetime(2026, 8, 3, 12, tzinfo=UTC)
    past.database.run(lambda session, _: promise(UnitOfWork(session, administrator, then)))
    (found,) = past.begin(writer, "root", OCTOBER)["content"]["commitments"]
    assert (found["state"], found["unexplained"], found["target"]) == ("missed", True, 0)
    assert found["kind"] == "reach-by"
    assert found["value"] > 0


def test_another_person_signs_and_then_nothing_changes(past: Past, writer: Client, signer: Client) -> None:
    report = past.begin(writer, AGENCY, AUGUST)["id"]
    path = f"/reports/{report}"
    said = {"summary": "خلاصه", "comments": {"causes": "why", "silence": "x"}}
    assert body(writer.send("PATCH", path, json=said))["content"]["summary"] == "خلاصه"
    gone = body(writer.send("PATCH", path, json={"comments": {"silence": ""}}))["content"]["comments"]
    assert gone == {"causes": "why"}
    assert an_action(past, writer, report, later(9)).status_code == 201
    assert code(sign(writer, report)) == (403, "own-report")
    assert code(sign(past.client("manager", "first"), report)) == (403, "own-report")
    seen = body(signer.get(path))["digest"]
    writer.send("PATCH", path, json={"summary": "another"})
    stale = signer.post(f"{path}/signature", {"digest": seen})
    assert code(stale) == (409, "report-changed")
    signed = body(sign(signer, report))
    assert (signed["status"], signed["signer"]["en"], signed["intact"]) == ("signed", "second", True)
    assert code(sign(signer, report)) == (409, "report-signed")
    assert code(writer.send("PATCH", path, json={"summary": "x"})) == (409, "report-signed")
    assert code(an_action(past, writer, report, later(9), owner=str(uuid4()))) == (409, "report-signed")
    again = body(writer.get(path))
    assert (again["content"], again["digest"]) == (signed["content"], signed["digest"])
    log = body(past.client("administrator").get("/organisation-log?kind=report.signed"))["items"]
    assert signed["digest"] in [one["payload"]["digest"] for one in log]


def test_a_signed_report_never_changes_in_the_database(past: Past, writer: Client, signer: Client) -> None:
    report = past.begin(writer, AGENCY, SEPTEMBER)["id"]
    sign(signer, report)
    changes = (
        "UPDATE progress_reports SET summary = 'x' WHERE id = :id",
        "DELETE FROM progress_reports WHERE id = :id",
    )
    for change in (*changes, "TRUNCATE progress_reports CASCADE"):
        with (
            pytest.raises(DBAPIError, match=r"never changes|append-only"),
            past.database.transaction() as session,
        ):
            session.execute(text(change), {"id": report} if ":id" in change else {})
    forge = (
        "UPDATE progress_reports SET content = replace(content, '2026-09-30', '2026-09-29') WHERE id = :id"
    )
    with past.database.transaction() as session:
        assert list(reports.broken(session)) == []
        session.execute(text("ALTER TABLE progress_reports DISABLE TRIGGER signed_reports_never_change"))
        session.execute(text(forge), {"id": report})
        assert [found for _, found in reports.broken(session)] == [UUID(report)]
        assert verification.verify(session).counts == {"report": 1}
        session.rollback()


def test_a_correction_is_a_new_edition(past: Past, writer: Client, signer: Client) -> None:
    first = past.begin(writer, "welfare", AUGUST)["id"]
    writer.send("PATCH", f"/reports/{first}", json={"summary": "wrong"})
    assert code(writer.post(f"/reports/{first}/editions", {"reason": "r"})) == (409, "report-not-signed")
    sign(signer, first)
    second = body(writer.post(f"/reports/{first}/editions", {"reason": "a wrong summary"}))
    assert (second["content"]["edition"], second["content"]["reason"]) == (2, "a wrong summary")
    assert second["content"]["summary"] == "wrong"
    assert [one["status"] for one in second["editions"]] == ["signed", "draft"]
    twice = writer.post(f"/reports/{first}/editions", {"reason": "r"})
    assert code(twice) == (409, "report-exists")
    assert body(twice)["state"]["report"]["id"] == second["id"]
    assert body(sign(signer, second["id"]))["status"] == "signed"
    assert body(writer.get(f"/reports/{first}"))["content"]["summary"] == "wrong"


def test_a_period_that_has_not_ended_is_a_draft(past: Past, writer: Client, signer: Client) -> None:
    present = reports.offered(datetime.now(UTC).date(), "jalali")[0].days
    report = past.begin(writer, AGENCY, (present.first.isoformat(), present.last.isoformat()))
    assert not report["ended"]
    assert code(sign(signer, report["id"])) == (409, "period-not-ended")


def test_open_actions_reappear_until_they_are_closed(past: Past, writer: Client, signer: Client) -> None:
    first = past.begin(writer, "welfare", ("2026-07-01", "2026-07-31"))
    cause = first["content"]["causes"][:1]
    keys = ("party", "definition", "element", "bucket")
    about = {"cause": {key: cause[0][key] for key in keys}} if cause else {}
    late, soon = (body(an_action(past, writer, first["id"], later(n), **about))["id"] for n in (20, 4))
    sign(signer, first["id"])
    with past.database.transaction() as session:
        session.execute(
            text("UPDATE report_actions SET due = :d WHERE id = :id"), {"d": date(2026, 8, 1), "id": late}
        )
    second = past.begin(writer, "welfare", SEPTEMBER)
    found = second["content"]["earlier_actions"]
    assert [(one["id"], one["overdue"]) for one in found] == [(late, True), (soon, False)]
    assert [one["id"] for one in body(writer.get("/report-actions?unit=welfare"))["items"]] == [late, soon]
    dropped = writer.post(f"/report-actions/{late}/close", {"status": "dropped"})
    assert (dropped.status_code, pointers(body(dropped))) == (422, ["/reason"])
    done = writer.post(f"/report-actions/{late}/close", {"status": "dropped", "reason": "no money"})
    assert body(done)["status"] == "dropped"
    assert code(writer.post(f"/report-actions/{late}/close", {"status": "done"})) == (409, "action-closed")
    assert code(writer.send("PATCH", f"/report-actions/{late}", json={"text": "x"})) == (409, "action-closed")
    moved = body(writer.send("PATCH", f"/report-actions/{soon}", json={"due": later(30)}))
    assert moved["due"] == later(30)
    found = body(writer.get(f"/reports/{second['id']}"))["content"]["earlier_actions"]
    assert [(one["id"], one["status"]) for one in found] == [(soon, "open"), (late, "dropped")]
    signed = body(writer.get(f"/reports/{first['id']}"))["content"]["actions"]
    assert {one["status"] for one in signed} == {"open"}  # as it was signed
    with pytest.raises(DBAPIError, match="append-only"), past.database.transaction() as session:
        session.execute(text("DELETE FROM report_action_changes"))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"owner": str(uuid4())}, ["/owner"]),
        ({"due": "2026-01-01"}, ["/due"]),
        ({"due": "9999-01-01"}, ["/due"]),
        ({"due": "soon"}, ["/due"]),
        ({"text": " "}, ["/text"]),
        ({"text": "x" * 1_001}, ["/text"]),
        ({"text": "a\u202eb"}, ["/text"]),
        ({"cause": {"party": "p", "definition": "d", "element": "e", "bucket": "b"}}, ["/cause"]),
    ],
)
def test_a_wrong_action_is_refused(
    past: Past, writer: Client, change: dict[str, Any], expected: list[str]
) -> None:
    report = next(iter(body(writer.get("/reports?unit=municipality"))["items"]), None)
    report = report or past.begin(writer, "municipality", OCTOBER)
    answer = an_action(past, writer, report["id"], **{"due": later(1), **change})
    assert (answer.status_code, pointers(body(answer))) == (422, expected)


def test_a_hundred_actions_are_enough(past: Past, writer: Client) -> None:
    report = past.begin(writer, "municipality", SEPTEMBER)["id"]
    made = text(
        "INSERT INTO report_actions (id, report_id, unit_id, text, owner_id, due, status, decided_at) SELECT"
        " gen_random_uuid(), id, unit_id, 'x', created_by, '2027-01-01', 'done', now()"
        " FROM progress_reports, generate_series(1, 100) WHERE id = :id"
    )
    with past.database.transaction() as session:
        session.execute(made, {"id": report})
    assert code(an_action(past, writer, report, later(1))) == (409, "too-many-actions")


def test_large_and_unknown_texts_are_refused(past: Past, writer: Client) -> None:
    path = f"/reports/{past.begin(writer, 'municipality', AUGUST)['id']}"
    for sent in (
        {"summary": "x" * (1 << 20)},
        {"comments": {"causes": "x" * 10_001}},
        {"comments": {"no": "x"}},
        {"x": 1},
    ):
        assert writer.send("PATCH", path, json=sent).status_code == 422
    tag = writer.get(path).headers["ETag"]
    assert writer.send("PATCH", path, json={"summary": "a"}, headers={"If-Match": tag}).status_code == 200
    assert writer.send("PATCH", path, json={"summary": "b"}, headers={"If-Match": tag}).status_code == 412


@pytest.mark.parametrize(
    ("first", "last", "pointer"),
    [
        ("2026-09-30", "2026-09-01", "/last"),
        ("2026-09-01", "2026-09-29", "/first"),
        ("2026-02-01", "2026-04-30", "/first"),
        ("2026-09-02", "2026-10-01", "/first"),
        ("2099-01-01", "2099-01-31", "/first"),
        ("0001-01-01", "0001-01-31", "/first"),
        ("x", "2026-01-31", "/first"),
        (None, "2026-01-31", "/first"),
    ],
)
def test_only_whole_periods_that_have_begun_are_reported(
    past: Past, writer: Client, first: Any, last: Any, pointer: str
) -> None:
    answer = writer.post("/reports", {"unit": AGENCY, "first": first, "last": last})
    assert (answer.status_code, pointers(body(answer))[:1]) == (422, [pointer])


def test_a_period_of_long_ago_is_refused(past: Past, writer: Client) -> None:
    for first, last in (("1980-03-21", "1980-04-20"), ("2019-01-01", "2019-12-31")):
        refused = writer.post("/reports", {"unit": "welfare", "first": first, "last": last})
        assert (refused.status_code, pointers(body(refused))) == (422, ["/first"])


def test_months_quarters_and_years_of_both_calendars_are_periods() -> None:
    for days, expected in (
        (("2026-09-01", "2026-09-30"), ("month", "gregorian")),
        (("2026-07-01", "2026-09-30"), ("quarter", "gregorian")),
        (("2026-01-01", "2026-12-31"), ("year", "gregorian")),
        (("2026-03-21", "2027-03-20"), ("year", "jalali")),
        (("2026-06-22", "2026-09-22"), ("quarter", "jalali")),
    ):
        found = reports.find(*map(date.fromisoformat, days))
        assert found is not None
        assert (found.kind, found.calendar) == expected


def test_of_two_reports_begun_at_once_there_is_one(past: Past) -> None:
    who = factories.an_actor(past.database, "manager", "first")
    days = (date(2026, 7, 1), date(2026, 9, 30))
    made = factories.at_once(
        3, lambda _: factories.as_actor(past.database, who, lambda uow: reports.create(uow, AGENCY, *days))
    )
    assert sorted(getattr(one, "code", "") for one in made) == ["", "report-exists", "report-exists"]
    (winner,) = [str(one) for one in made if isinstance(one, UUID)]
    assert {one.state["report"]["id"] for one in made if isinstance(one, Conflict)} == {winner}


def test_of_two_signatures_at_once_one_counts(past: Past, writer: Client) -> None:
    report = past.begin(writer, "welfare", ("2026-04-01", "2026-06-30"))
    people = [factories.an_actor(past.database, "manager", name) for name in ("second", "third")]

    def attempt(number: int) -> None:
        found = UUID(report["id"]), report["digest"]
        factories.as_actor(past.database, people[number], lambda uow: reports.sign(uow, *found))

    done = factories.at_once(2, attempt)
    assert sorted(getattr(one, "code", "") for one in done) == ["", "report-signed"]


def test_reports_of_other_units_do_not_exist(past: Past, writer: Client) -> None:
    report = past.begin(writer, "municipality", ("2026-01-01", "2026-03-31"))["id"]
    action = body(an_action(past, writer, report, later(3)))["id"]
    a_unit(past.database, "far", kind="agency")
    a_member(past.database, "far-away", "far", "*", "manager")
    stranger = past.client("manager", "far-away")
    for path in (f"/reports/{report}", f"/reports/{report}/owners", f"/reports/{report}/pdf"):
        assert stranger.get(path).status_code == 404
    assert stranger.send("PATCH", f"/reports/{report}", json={"summary": "x"}).status_code == 404
    assert stranger.post(f"/reports/{report}/signature", {"digest": "0" * 64}).status_code == 404
    assert stranger.post(f"/reports/{report}/editions", {"reason": "r"}).status_code == 404
    assert stranger.post(f"/report-actions/{action}/close", {"status": "done"}).status_code == 404
    assert (
        stranger.post("/reports", {"unit": AGENCY, "first": AUGUST[0], "last": AUGUST[1]}).status_code == 404
    )
    assert (
        stranger.get(f"/reports/agencies?unit={AGENCY}&first={AUGUST[0]}&last={AUGUST[1]}").status_code == 404
    )
    assert body(stranger.get("/reports"))["items"] == body(stranger.get("/report-actions"))["items"] == []
    lines = body(stranger.get(f"/reports/agencies?first={AUGUST[0]}&last={AUGUST[1]}"))["items"]
    assert [line["unit"] for line in lines] == ["far"]


def test_a_ministry_sees_who_has_not_reported(past: Past, writer: Client, signer: Client) -> None:
    days = ("2026-05-01", "2026-05-31")
    sign(signer, past.begin(writer, AGENCY, days)["id"])
    past.begin(writer, "welfare", days)
    found = body(writer.get(f"/reports/agencies?first={days[0]}&last={days[1]}"))
    states = {line["unit"]: (line["state"], line["overdue_report"]) for line in found["items"]}
    assert states[AGENCY] == ("signed", False)
    assert states["welfare"] == ("draft", True)
    assert states["municipality"] == ("none", True)
    assert found["due"] == "2026-06-15"
    for days in (ABAN, ("2026-07-01", "2026-09-30")):  # a month, and a quarter of the other calendar
        lines = body(writer.get(f"/reports/agencies?first={days[0]}&last={days[1]}"))["items"]
        for line in lines:
            query = f"unit={line['unit']}&from={days[0]}&to={days[1]}"
            numbers = body(writer.get(f"/metrics/overview?{query}"))["numbers"]
            assert line["figures"] == {name: numbers[name] for name in line["figures"]}


def test_reading_needs_few_statements(past: Past, writer: Client) -> None:
    report = past.begin(writer, AGENCY, ("2026-06-01", "2026-06-30"))["id"]
    compared = f"/reports/agencies?first={AUGUST[0]}&last={AUGUST[1]}"
    for path, most in ((f"/reports/{report}", READ), (compared, COMPARED)):
        with counted(past.database) as told:
            assert writer.get(path).status_code == 200
        assert len(told) <= most, "\n".join(told)


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """Collect the SQL that is executed meanwhile."""
    told: list[str] = []

    def note(*arguments: Any) -> None:
        told.append(arguments[2])

    event.listen(database.engine, "before_cursor_execute", note)
    yield told
    event.remove(database.engine, "before_cursor_execute", note)


def test_the_file_of_a_signed_report_is_always_the_same(past: Past, writer: Client, signer: Client) -> None:
    report = past.begin(writer, AGENCY, ("2026-02-01", "2026-02-28"))["id"]
    writer.send("PATCH", f"/reports/{report}", json={"summary": "خلاصهٔ گزارش"})
    sign(signer, report)
    for language in ("fa", "en"):
        first, second = (writer.get(f"/reports/{report}/pdf?language={language}") for _ in range(2))
        assert first.status_code == 200, first.text
        assert first.data.startswith(b"%PDF")
        assert first.data == second.data
    assert writer.get(f"/reports/{report}/pdf?language=de").status_code == 422


def test_keys_that_are_none_are_refused(past: Past, writer: Client) -> None:
    for path in ("/reports?", "/report-actions?", "/reports/agencies?first=2026-08-01&last=2026-08-31&"):
        for unit, status in (("%00", 422), ("nowhere", 404), ("x" * 64, 422)):
            assert writer.get(f"{path}unit={unit}").status_code == status


def test_a_draft_is_discarded_once(past: Past, writer: Client, signer: Client) -> None:
    report = past.begin(writer, "municipality", ("2026-04-01", "2026-04-30"))["id"]
    path = f"/reports/{report}"
    assert writer.send("DELETE", path, headers={"If-Match": '"9"'}).status_code == 412
    assert body(writer.send("DELETE", path)) == {"id": report}
    assert writer.send("DELETE", path).status_code == 404
    signed = past.begin(writer, "municipality", ("2026-04-01", "2026-04-30"))["id"]
    sign(signer, signed)
    assert code(writer.send("DELETE", f"/reports/{signed}")) == (409, "report-signed")


def test_auditors_and_administrators_only_read(past: Past, writer: Client) -> None:
    report = past.begin(writer, AGENCY, ("2026-03-01", "2026-03-31"))["id"]
    for role in ("auditor", "administrator"):
        other = past.client(role)
        assert other.get(f"/reports/{report}").status_code == 200
        assert body(other.get(f"/reports/{report}/owners"))["items"] == []
        assert code(other.send("PATCH", f"/reports/{report}", json={"summary": "x"})) == (403, "forbidden")
    assert past.client("caseworker").get(f"/reports/{report}").status_code == 403
