"""A case's status by its number and secret: in plain words, never by one of them alone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import event, select, update

from engine.models import Case, Definition, Throttle, Unit
from engine.platform.db import Database
from tests import bpmn, factories
from tests.api.conftest import Clients
from tests.api.contract import body, refused
from tests.api.test_decisions import GROUND, deciding
from tests.api.test_services import described

Ask = Callable[..., Any]
WRONG = "2222-2222-2222"


@pytest.fixture
def ask(client: Clients) -> Ask:
    """Ask without an account."""

    def send(number: str, secret: str, address: str = "198.51.100.1", **fields: Any) -> Any:
        return client(None).post(
            "/status",
            {"case_number": number, "secret": secret, **fields},
            environ_overrides={"REMOTE_ADDR": address},
        )

    return send


@pytest.fixture
def case(client: Clients, database: Database) -> dict[str, Any]:
    """A case that waits for a decision, in a unit with a name of two halves."""
    factories.deploy(database, deciding(name="خدمت | Service"))
    with database.transaction() as session:
        session.execute(update(Unit).values(name="اداره | Office"))
    return client("portal").start(data={"salary": "hidden-value"})


def persian(text: str) -> str:
    return text.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))


def test_status_tells_in_words_who_has_the_case(ask: Ask, case: dict[str, Any]) -> None:
    told = body(ask(case["case_number"], case["secret"], language="en"))
    day = f"{datetime.now(UTC).day} {datetime.now(UTC):%B %Y}"
    assert told["service"] == "Service"
    assert told["state"] == "held"
    assert told["text"] == f"The case has been with Office since {day}."
    assert told["holders"] == ["Office"]
    assert told["started"]["text"] == day


def test_status_is_persian_unless_another_language_is_wanted(
    client: Clients, ask: Ask, case: dict[str, Any]
) -> None:
    told = body(ask(case["case_number"], case["secret"]))
    assert (told["language"], told["service"], told["holders"]) == ("fa", "خدمت", ["اداره"])
    assert told["text"].startswith("پرونده از ")
    assert "نزد اداره است" in told["text"]
    for wished in ("de, en;q=0.8", "en-GB, fa;q=0.5"):
        english = client(None).post(
            "/status",
            {"case_number": case["case_number"], "secret": case["secret"]},
            headers={"Accept-Language": wished},
        )
        assert body(english)["language"] == "en"
        assert english.headers["Content-Language"] == "en"
        assert english.headers["Cache-Control"] == "no-store"


def test_dates_are_jalali_in_persian(ask: Ask, database: Database, case: dict[str, Any]) -> None:
    with database.transaction() as session:
        started = datetime(2026, 3, 21, 8, tzinfo=UTC)
        session.execute(update(Case).values(started_at=started))
    told = body(ask(case["case_number"], case["secret"]))
    assert told["started"] == {"at": "2026-03-21T08:00:00Z", "text": "۱ فروردین ۱۴۰۵"}


def test_nothing_internal_is_told(ask: Ask, case: dict[str, Any]) -> None:
    said = ask(case["case_number"], case["secret"]).text
    assert not [
        word for word in ("hidden-value", "salary", "decide", case["id"], "caseworker") if word in said
    ]


@pytest.mark.parametrize(
    "typed",
    [str.lower, lambda text: text.replace("-", ""), lambda text: f" {text} ", persian],
    ids=["lower", "without hyphens", "with spaces", "Persian digits"],
)
def test_secret_may_be_typed_otherwise(ask: Ask, case: dict[str, Any], typed: Callable[[str], str]) -> None:
    assert ask(persian(case["case_number"]), typed(case["secret"])).status_code == 200


def test_what_does_not_open_looks_the_same(ask: Ask, database: Database, case: dict[str, Any]) -> None:
    old = factories.a_case(database, factories.an_actor(database, "portal", "old"))
    with database.transaction() as session:
        session.execute(update(Case).where(Case.id == old.id).values(secret=None))
    tried = ((case["case_number"], WRONG), ("1405-999999", case["secret"]), (old.number, WRONG), ("x", "-"))
    answers = [refused(ask(*pair), 404, "not-found") for pair in tried]
    assert len({answer["detail"] for answer in answers}) == 1


def test_old_case_without_a_secret_opens_by_none(ask: Ask, database: Database, case: dict[str, Any]) -> None:
    with database.transaction() as session:
        session.execute(update(Case).values(secret=None))
    refused(ask(case["case_number"], case["secret"]), 404, "not-found")


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"case_number": "1"},
        {"secret": "x"},
        {"case_number": "\0", "secret": "x"},
        {"case_number": "1" * 41, "secret": "x"},
        {"case_number": 1, "secret": "x"},
        {"case_number": "1", "secret": "x", "language": "de"},
        {"case_number": "1", "secret": "x", "more": 1},
    ],
    ids=str,
)
def test_malformed_question_is_refused(client: Clients, sent: dict[str, Any]) -> None:
    refused(client(None).post("/status", sent), 422, "invalid")


def test_sixth_wrong_try_has_to_wait(ask: Ask, database: Database, case: dict[str, Any]) -> None:
    for _ in range(5):
        refused(ask(case["case_number"], WRONG), 404, "not-found")
    blocked(database)
    response = ask(case["case_number"], case["secret"])
    refused(response, 429, "throttled")
    assert int(response.headers["Retry-After"]) >= 1


def blocked(database: Database) -> None:
    """The block of a second lasts longer, for machines that are slow."""
    with database.transaction() as session:
        later = Throttle.blocked_until + timedelta(minutes=1)
        session.execute(
            update(Throttle).where(Throttle.blocked_until > Throttle.since).values(blocked_until=later)
        )


def test_block_ends(ask: Ask, database: Database, case: dict[str, Any]) -> None:
    for _ in range(5):
        ask(case["case_number"], WRONG)
    with database.transaction() as session:
        session.execute(update(Throttle).values(blocked_until=datetime(2026, 1, 1, tzinfo=UTC)))
    assert ask(case["case_number"], case["secret"]).status_code == 200


def test_guessing_elsewhere_does_not_keep_the_applicant_out(
    ask: Ask, database: Database, case: dict[str, Any]
) -> None:
    for _ in range(5):
        ask(case["case_number"], WRONG, "203.0.113.9")
    blocked(database)
    refused(ask(case["case_number"], WRONG, "203.0.113.9"), 429, "throttled")
    assert ask(case["case_number"], case["secret"]).status_code == 200


def test_who_knows_one_secret_guesses_no_faster_at_others(
    ask: Ask, client: Clients, database: Database, case: dict[str, Any]
) -> None:
    other = client("portal").start()["case_number"]
    for _ in range(5):
        ask(other, WRONG)
        assert ask(case["case_number"], case["secret"]).status_code == 200
    blocked(database)
    refused(ask(other, WRONG), 429, "throttled")


def test_attempts_at_once_all_count(ask: Ask, database: Database, case: dict[str, Any]) -> None:
    answers = factories.at_once(8, lambda _: ask(case["case_number"], WRONG).status_code)
    assert set(map(str, answers)) <= {"404", "429"}
    with database.transaction() as session:
        counted = session.scalars(select(Throttle.failures)).all()
    assert min(counted) == answers.count(404) >= 5  # the address counts those that were blocked, too


def test_wrong_secret_and_unknown_number_ask_the_same_of_the_database(
    ask: Ask, database: Database, case: dict[str, Any]
) -> None:
    """The time itself is not judged here: what takes it is."""
    seen: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    counts = []
    for number in (case["case_number"], "1405-999999"):
        seen.clear()
        refused(ask(number, WRONG), 404, "not-found")
        counts.append(list(seen))
    assert counts[0] == counts[1]


def test_refusal_is_told_with_ground_and_appeal(ask: Ask, client: Clients, database: Database) -> None:
    factories.deploy_shipped(database, "objection")
    factories.deploy(database, deciding("q", parvandeh__appeal="objection", parvandeh__appealWithin="P20D"))
    case = client("portal").start("q")
    client("caseworker").complete(case["tasks"][0]["id"], {"decision": "refused", "ground": GROUND})
    told = body(ask(case["case_number"], case["secret"], language="en"))
    assert told["state"] == "ended"
    decision = told["decision"]
    assert (decision["outcome"], decision["grounds"]) == (
        "refused",
        [{"title": None, "text": GROUND["text"]}],
    )
    assert decision["appeal"].startswith("You can appeal the decision until ")
    assert decision["appeal_until"] is not None


def test_licence_refused_for_its_unclear_identity_is_told_with_ground_and_appeal(
    ask: Ask, client: Clients, database: Database
) -> None:
    factories.deploy_shipped(database, "objection")
    factories.deploy_shipped(database, factories.LICENCE)
    case = client("portal").start(factories.LICENCE, factories.example(factories.LICENCE)["data"])
    factories.answer_calls(database, ask_registry={"result": "mismatch"})
    (task,) = body(client("caseworker").get(f"/tasks?case={case['id']}&status=open"))["items"]
    ground = {"code": "identity_not_proven", "text": "Nobody answered the video call."}
    client("caseworker").complete(task["id"], {"identity_decision": "refused", "ground": ground})
    decision = body(ask(case["case_number"], case["secret"], language="en"))["decision"]
    assert decision["outcome"] == "refused"
    assert decision["grounds"] == [
        {"title": "The identity of the applicant is not proven", "text": ground["text"]}
    ]
    assert decision["appeal"].startswith("You can appeal the decision until ")


def test_words_of_the_form_name_outcome_and_ground(ask: Ask, client: Clients, database: Database) -> None:
    factories.deploy_shipped(database, "objection")
    case = client("portal").start("objection", {"reasons": "The taxes have been paid."})
    ground = {"code": "nothing_new", "text": "All of this was known."}
    client("caseworker").complete(case["tasks"][0]["id"], {"decision": "refused", "ground": ground})
    told = body(ask(case["case_number"], case["secret"]))
    assert told["decision"]["outcome"] == "رد شد"
    assert told["decision"]["grounds"] == [
        {"title": "اعتراض نکتهٔ تازه‌ای ندارد", "text": "All of this was known."}
    ]
    assert told["decision"]["appeal"] is None


def test_processs_own_outcome_is_told_in_the_words_of_its_form(
    ask: Ask, client: Clients, database: Database
) -> None:
    files = deciding(outcomes={"partly": "grants"})
    words = {"partly": {"en": "partly", "fa": "بخشی"}}
    files["f.json"] = orjson.dumps(factories.form(decision={"enum": ["partly"], "x-enum-i18n": words}))
    factories.deploy(database, files)
    case = client("portal").start()
    client("caseworker").complete(case["tasks"][0]["id"], {"decision": "partly"})
    told = body(ask(case["case_number"], case["secret"]))["decision"]
    assert (told["outcome"], told["effect"]) == ("بخشی", "grants")


def test_applicants_task_is_told(ask: Ask, client: Clients, database: Database) -> None:
    task = bpmn.node(
        "userTask", "a", name="مدارک | Papers", parvandeh__role="applicant", parvandeh__due="'P3D'"
    )
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(task))))
    case = client("portal").start()
    told = body(ask(case["case_number"], case["secret"], language="en"))
    assert told["state"] == "waits-for-you"
    (item,) = told["to_do"]
    assert (item["name"], item["text"]) == ("Papers", None)
    assert item["due"] is not None
    assert told["expected"] is None


@pytest.mark.parametrize("statutory", ["P30D", "P2D"])
def test_without_a_usual_time_the_statutory_latest_is_expected(
    ask: Ask, client: Clients, database: Database, statutory: str
) -> None:
    factories.deploy(database, described("permit", statutory=statutory, norm="P10D"))
    case = client("portal").start("permit")
    told = body(ask(case["case_number"], case["secret"]))
    assert told["expected"] == told["latest"] is not None


def test_suspended_case_is_paused(
    ask: Ask, client: Clients, database: Database, case: dict[str, Any]
) -> None:
    client("administrator").post(f"/cases/{case['id']}/suspend", {})
    assert body(ask(case["case_number"], case["secret"]))["state"] == "paused"
    client("administrator").post(f"/cases/{case['id']}/resume", {})
    with database.transaction() as session:
        session.execute(update(Definition).values(suspended_at=datetime.now(UTC)))
    assert body(ask(case["case_number"], case["secret"]))["state"] == "paused"


def test_cancelled_case_has_ended(ask: Ask, client: Clients, case: dict[str, Any]) -> None:
    client("caseworker").post(f"/cases/{case['id']}/cancel", {})
    told = body(ask(case["case_number"], case["secret"], language="en"))
    assert told["state"] == "ended"
    assert "without a decision" in told["text"]


@pytest.mark.parametrize("role", ["portal", "caseworker"])
def test_new_secret_takes_the_place_of_the_old(
    ask: Ask, client: Clients, case: dict[str, Any], role: str
) -> None:
    issued = body(client(role).post(f"/cases/{case['id']}/secret"))
    assert issued["case_number"] == case["case_number"]
    refused(ask(case["case_number"], case["secret"]), 404, "not-found")
    assert ask(case["case_number"], issued["secret"]).status_code == 200
    events = body(client("caseworker").get(f"/cases/{case['id']}/events"))["items"]
    (logged,) = [event for event in events if event["kind"] == "secret.issued"]
    assert len(logged["payload"]["secret"]) == 16


def test_no_secret_is_issued_for_anothers_case(client: Clients, case: dict[str, Any]) -> None:
    refused(client("portal", "another").post(f"/cases/{case['id']}/secret"), 404, "not-found")
    refused(client("administrator").post(f"/cases/{case['id']}/secret"), 403, "forbidden")


def test_an_ended_case_is_rated_with_number_and_secret(client: Clients, ask: Ask, database: Database) -> None:
    factories.deploy(database, factories.one_task())
    case = client("portal").start()
    given = {"case_number": case["case_number"], "secret": case["secret"], "stars": 2, "had_to_come": False}

    def rate(**more: Any) -> Any:
        return client(None).post("/status/rating", {**given, **more})

    assert rate(secret=WRONG).status_code == 404
    assert body(rate())["code"] == "rating-early"
    client("caseworker").post(f"/tasks/{case['tasks'][0]['id']}/complete", {"data": {}})
    assert body(ask(case["case_number"], case["secret"]))["rateable"] is True
    answer = rate(comment="خوب بود")
    assert (answer.status_code, body(answer)["stars"]) == (201, 2)
    assert body(rate())["code"] == "rated"
    told = body(ask(case["case_number"], case["secret"]))
    assert (told["rateable"], told["rated"]) == (False, 2)
    (event,) = [
        one
        for one in body(client("caseworker").get(f"/cases/{case['id']}/events"))["items"]
        if one["kind"] == "rating.given"
    ]
    assert (event["actor"]["role"], event["facts"]) == ("applicant", {"stars": 2, "visited": False})
    assert event["payload"] == {"comment": "خوب بود"}
