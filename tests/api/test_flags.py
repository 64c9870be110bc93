"""Red flags over HTTP: who sees them, questions with a right to answer, conclusions."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from engine.models import AccessRecord, FlagQuestion, Membership, User
from engine.oversight import flags
from engine.oversight.flags import NewQuestion
from engine.platform.db import Actor, Database
from tests import factories
from tests.api.conftest import Clients
from tests.api.contract import Client, body, pointers
from tests.flagging import PURPOSE, a_flag
from tests.organisation import a_member, a_unit

CLOSING = {"conclusion": "explained", "text": "There was a good reason."}


@pytest.fixture
def office(database: Database) -> Mapping[str, Actor]:
    """An agency with an official, a head and a manager; and the inspector of all."""
    a_unit(database, "guild", kind="agency")
    a_unit(database, "guild-office", "guild")
    factories.deploy(database, factories.one_task())
    return {
        "sara": a_member(database, "sara", "guild-office"),
        "omid": a_member(database, "omid", "guild-office"),
        "head": a_member(database, "head", "guild-office", "supervisor"),
        "boss": a_member(database, "boss", "guild", "*", "manager"),
        "admin": a_member(database, "admin", "guild", "*", "administrator"),
        "nima": a_member(database, "nima", "guild", "*", "auditor"),
    }


@pytest.fixture
def flag(database: Database, office: Mapping[str, Actor]) -> str:
    """A flag that concerns Sara."""
    case = factories.a_case(database, factories.an_actor(database, "portal"))
    return str(a_flag(database, office["sara"], "guild-office", cases=[case.id]))


@pytest.fixture
def asked(office: Mapping[str, Actor]) -> Callable[..., Any]:
    """`asked(client, flag)`: Sara is asked, unless something else is given."""

    def ask(client: Client, flag: str, **more: Any) -> Any:
        given = {"text": "Why?", "asked": str(office["sara"].id), **more}
        return client.send("POST", f"/flags/{flag}/questions", json=given, headers=PURPOSE)

    return ask


def closed(client: Client, flag: str, **more: Any) -> Any:
    return client.send("POST", f"/flags/{flag}/close", json={**CLOSING, **more}, headers=PURPOSE)


def test_a_flag_says_how_often_of_what_and_a_list_names_nobody(
    client: Clients, office: Mapping[str, Actor], flag: str
) -> None:
    inspector = client("auditor", "nima")
    (listed,) = body(inspector.get("/flags?pattern=outside-hours&unit=guild&state=raised"))["items"]
    assert (listed["id"], listed["unit"], listed["definition"]) == (flag, "guild-office", "p")
    assert listed["seen"] == {"numerator": 7, "base": 31}
    assert listed["usual"] == {"numerator": 1, "base": 40}
    assert listed["false"]["base"] == 7178
    assert "sara" not in str(listed)
    shown = body(inspector.send("GET", f"/flags/{flag}", headers=PURPOSE))
    assert (shown["subject"]["name"], shown["left"], len(shown["cases"])) == ("sara", False, 1)
    assert [(one["name"], one["position"]) for one in shown["askable"]] == [
        *(("sara", "concerned"), ("head", "head"), ("boss", "manager"))
    ]


def test_a_question_is_asked_answered_once_and_concluded(
    asked: Callable[..., Any], client: Clients, office: Mapping[str, Actor], flag: str
) -> None:
    inspector, sara = client("auditor", "nima"), client("caseworker", "sara")
    answer = asked(inspector, flag)
    assert answer.status_code == 201
    (question,) = body(answer)["questions"]
    assert question["asked"]["name"] == "sara"
    due = datetime.fromisoformat(question["due_at"]) - datetime.now(UTC)
    assert timedelta(days=11) < due < timedelta(days=25)  # ten working days
    (own,) = body(sara.get("/questions"))["items"]
    assert (own["text"], own["about"], own["conclusion"]) == ("Why?", None, None)
    path = f"/questions/{own['id']}"
    assert len(body(sara.get(path))["cases"]) == 1
    assert body(sara.post(f"{path}/answer", {"text": "It was a busy week.\nSorry."}))["answer"]
    again = sara.post(f"{path}/answer", {"text": "No."})
    assert (again.status_code, body(again)["code"]) == (409, "question-answered")
    shown = body(inspector.send("GET", f"/flags/{flag}", headers=PURPOSE))
    assert (shown["state"], shown["questions"][0]["answer"]) == ("answered", "It was a busy week.\nSorry.")
    done = body(closed(inspector, flag))
    assert (done["state"], done["conclusion"], done["closed_by"]["name"]) == ("closed", "explained", "nima")
    assert body(sara.get(path))["conclusion_text"] == CLOSING["text"]
    for refused in (closed(inspector, flag), asked(inspector, flag)):
        assert (refused.status_code, body(refused)["code"]) == (409, "flag-closed")
    log = body(client("auditor").get("/organisation-log"))["items"]
    told = [one for one in log if one["kind"].partition(".")[0] in ("flag", "question")]
    assert [one["kind"] for one in told] == ["question.asked", "question.answered", "flag.closed"]
    assert all((one["person"], one["unit"]) == (None, None) for one in told)
    assert {key for one in told for key in one["payload"]} == {"flag", "question", "conclusion"}


def test_flags_are_seen_by_auditors_of_the_unit_alone(
    asked: Callable[..., Any], client: Clients, database: Database, office: Mapping[str, Actor], flag: str
) -> None:
    a_unit(database, "elsewhere", kind="agency")
    a_member(database, "ali", "elsewhere", "*", "auditor")
    unmoved = client("auditor", "ali")
    assert body(unmoved.get("/flags"))["items"] == []
    others = [client("caseworker", "sara"), client("caseworker", "head"), client("manager", "boss")]
    for other in (unmoved, *others, client("administrator", "admin"), client("designer"), client("portal")):
        assert other.send("GET", f"/flags/{flag}", headers=PURPOSE).status_code == 404
        assert asked(other, flag).status_code == 404
        assert closed(other, flag).status_code == 404
    for other in others:
        assert other.get("/flags").status_code == 403
    assert body(client("auditor").get("/flags"))["items"][0]["id"] == flag  # of the whole installation
    own = str(a_flag(database, office["nima"], "guild", pattern="reads-without-part"))
    inspector = client("auditor", "nima")
    assert inspector.send("GET", f"/flags/{own}", headers=PURPOSE).status_code == 404
    assert own not in str(body(inspector.get("/flags")))
    assert client("auditor").send("GET", f"/flags/{own}", headers=PURPOSE).status_code == 200


def test_opening_a_flag_needs_a_purpose_and_is_recorded(
    client: Clients, database: Database, office: Mapping[str, Actor], flag: str
) -> None:
    inspector = client("auditor", "nima")
    assert inspector.get(f"/flags/{flag}").status_code == 403
    assert inspector.send("GET", f"/flags/{flag}", headers=PURPOSE).status_code == 200
    with database.transaction() as session:
        (record,) = session.scalars(select(AccessRecord).where(AccessRecord.what == "flag"))
    assert (record.reader_id, record.object_id, record.case_id) == (office["nima"].id, UUID(flag), UUID(flag))
    assert (record.payload or {})["purpose"] == "inspection"


def test_a_question_belongs_to_the_one_who_was_asked(
    asked: Callable[..., Any], client: Clients, office: Mapping[str, Actor], flag: str
) -> None:
    (question,) = body(asked(client("auditor", "nima"), flag))["questions"]
    path = f"/questions/{question['id']}"
    for name in ("omid", "head"):
        other = client("caseworker", name)
        assert body(other.get("/questions"))["items"] == []
        assert other.get(path).status_code == 404
        assert other.post(f"{path}/answer", {"text": "I answer."}).status_code == 404
    assert client("auditor", "nima").get("/questions").status_code == 403
    missing = client("caseworker", "sara").post(f"/questions/{uuid4()}/answer", {"text": "x"})
    assert missing.status_code == 404


def test_wrong_questions_and_conclusions_are_refused(
    asked: Callable[..., Any], client: Clients, office: Mapping[str, Actor], flag: str
) -> None:
    inspector = client("auditor", "nima")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"text": "   "}, "/text"),
        ({"text": "x" * 4001}, "/text"),
        ({"text": "x" * 10_001}, "/text"),
        ({"text": None}, "/text"),
        ({"text": 5}, "/text"),
        ({"due": "2020-01-01"}, "/due"),
        ({"due": datetime.now(UTC).date().isoformat()}, "/due"),
        ({"due": "9999-12-31"}, "/due"),
        ({"due": "soon"}, "/due"),
        ({"asked": str(office["nima"].id)}, "/asked"),
        ({"asked": str(office["omid"].id)}, "/asked"),
        ({"asked": str(uuid4())}, "/asked"),
        ({"asked": "sara"}, "/asked"),
        ({"asked": None}, "/asked"),
        ({"asked": ""}, "/asked"),
    ]
    for change, pointer in wrong:
        refused = asked(inspector, flag, **change)
        assert (refused.status_code, pointers(body(refused))) == (422, [pointer]), change
    for change, pointer in [({"conclusion": "guilty"}, "/conclusion"), ({"text": " "}, "/text")]:
        refused = closed(inspector, flag, **change)
        assert (refused.status_code, pointers(body(refused))) == (422, [pointer])


def test_a_second_question_waits_for_the_answer_and_so_does_the_conclusion(
    asked: Callable[..., Any], client: Clients, database: Database, office: Mapping[str, Actor], flag: str
) -> None:
    inspector, sara = client("auditor", "nima"), client("caseworker", "sara")
    assert asked(inspector, flag).status_code == 201
    twice = asked(inspector, flag)
    assert (twice.status_code, body(twice)["code"]) == (409, "question-open")
    assert asked(inspector, flag, asked=str(office["head"].id)).status_code == 201  # somebody else
    early = closed(inspector, flag)
    assert (early.status_code, body(early)["code"]) == (409, "answer-awaited")
    with database.transaction() as session:
        session.execute(update(FlagQuestion).values(due_at=datetime.now(UTC) - timedelta(days=1)))
    shown = body(inspector.send("GET", f"/flags/{flag}", headers=PURPOSE))
    assert [one["overdue"] for one in shown["questions"]] == [True, True]
    assert body(inspector.get("/flags"))["items"][0]["overdue"] is True
    (own,) = body(sara.get("/questions"))["items"]
    assert sara.post(f"/questions/{own['id']}/answer", {"text": "Late, but still."}).status_code == 200
    assert body(inspector.get("/flags?state=asked"))["items"] != []  # the head has not answered
    assert closed(inspector, flag, unanswered=True).status_code == 200
    (headed,) = body(client("caseworker", "head").get("/questions"))["items"]
    assert headed["about"]["name"] == "sara"
    late = client("caseworker", "head").post(f"/questions/{headed['id']}/answer", {"text": "x"})
    assert (late.status_code, body(late)["code"]) == (409, "flag-closed")


@pytest.mark.parametrize("how", ["closed", "ended", "auditor"])
def test_instead_of_somebody_who_has_left_the_head_is_asked(
    asked: Callable[..., Any],
    client: Clients,
    database: Database,
    office: Mapping[str, Actor],
    flag: str,
    how: str,
) -> None:
    now, sara = datetime.now(UTC), office["sara"].id
    with database.transaction() as session:
        if how == "closed":
            session.execute(update(User).where(User.id == sara).values(deactivated_at=now))
        elif how == "auditor":
            session.execute(update(User).where(User.id == sara).values(role="auditor"))
        else:
            ended = update(Membership).where(Membership.user_id == sara)
            session.execute(ended.values(valid_to=now - timedelta(days=1)))
    inspector = client("auditor", "nima")
    refused = asked(inspector, flag)
    assert (refused.status_code, body(refused)["code"]) == (409, "asked-left")
    shown = body(inspector.send("GET", f"/flags/{flag}", headers=PURPOSE))
    assert (shown["left"], shown["askable"][0]["name"]) == (True, "head")
    assert asked(inspector, flag, asked=shown["askable"][0]["id"]).status_code == 201


def test_of_two_questions_at_the_same_moment_one_is_asked(
    database: Database, office: Mapping[str, Actor], flag: str
) -> None:
    who = Actor(office["nima"].id, "nima", "auditor", purpose="inspection")
    new = NewQuestion("Why?", office["sara"].id)
    made = factories.at_once(
        3, lambda _: factories.as_actor(database, who, lambda uow: flags.ask(uow, UUID(flag), new))
    )
    assert sum(isinstance(one, UUID) for one in made) == 1
    assert factories.count(database, FlagQuestion) == 1


def test_of_two_answers_at_the_same_moment_one_is_given(
    database: Database, office: Mapping[str, Actor], flag: str
) -> None:
    who = Actor(office["nima"].id, "nima", "auditor", purpose="inspection")
    question = factories.as_actor(
        database, who, lambda uow: flags.ask(uow, UUID(flag), NewQuestion("Why?", office["sara"].id))
    )
    made = factories.at_once(
        3,
        lambda number: factories.as_actor(
            database, office["sara"], lambda uow: flags.answer(uow, question, f"answer {number}")
        ),
    )
    assert sum(one is None for one in made) == 1


@pytest.mark.parametrize("query", ["unit=%00", "unit=Root", "unit=", "pattern=%00", "state=open", "cursor=x"])
def test_wrong_filters_are_refused(client: Clients, query: str) -> None:
    refused = client("auditor").get(f"/flags?{query}")
    assert (refused.status_code, pointers(body(refused))) == (422, [f"/query/{query.partition('=')[0]}"])


def test_only_auditors_of_everything_see_flags_in_the_administration_log(
    asked: Callable[..., Any], client: Clients, office: Mapping[str, Actor], flag: str
) -> None:
    asked(client("auditor", "nima"), flag)

    def kinds(reader: Client, query: str = "") -> set[str]:
        return {one["kind"] for one in body(reader.get(f"/organisation-log{query}"))["items"]}

    assert "question.asked" in kinds(client("auditor"))
    assert kinds(client("auditor"), "?kind=question.asked") == {"question.asked"}
    for reader in (client("administrator"), client("administrator", "admin"), client("auditor", "nima")):
        seen = kinds(reader)
        assert not {"flag.raised", "question.asked", "question.answered", "flag.closed"} & seen
        assert kinds(reader, "?kind=question.asked") == set()
