"""One's own cases: their status, what is to be done, who has looked, withdrawing and appealing."""

import io
import re
from collections.abc import Callable
from functools import partial
from typing import Any, get_args
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from engine import cases, tasks
from engine.cases import proposals
from engine.models import AccessRecord, Case, Event, Unit
from engine.oversight import access_log
from engine.oversight.access_log import Opened, Reason, Way
from engine.platform.db import Actor, Database
from engine.platform.language import Reader
from engine.portal import appeals
from tests import bpmn, clocks, factories
from tests.catalogues import LANGUAGES, speaking
from tests.web.applying import (
    OTHER,
    Applicant,
    an_applicant,
    apply_here,
    decided,
    me,
    sent_back,
    service,
    started,
)
from tests.web.conftest import Browser, statements

__all__ = ["apply_here", "me"]  # fixtures

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@pytest.fixture
def office(actor: Callable[..., Actor]) -> Actor:
    """A caseworker."""
    return actor("caseworker")


@pytest.fixture
def case(me: Applicant, database: Database) -> UUID:
    """A case of the applicant's."""
    return started(database, me)


@pytest.fixture
def other(
    database: Database, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser]
) -> Applicant:
    """Another applicant."""
    return an_applicant(database, actor, session_of, "other", OTHER)


def test_nothing_is_told_of_nothing(me: Applicant) -> None:
    assert "You have no cases yet." in me.get("/my")


def test_the_status_tells_who_has_it_and_how_far_it_is(me: Applicant, case: UUID) -> None:
    page = me.get(f"/my/cases/{case}")
    assert "Step" in page
    assert 'max="2" value="1"' in page
    assert "The case started." in page


def test_what_waits_for_the_applicant_comes_first(
    me: Applicant, case: UUID, database: Database, office: Actor
) -> None:
    task = sent_back(database, office, me, case)
    page = me.get("/my")
    assert page.index(f"/my/tasks/{task}") < page.index(f"/my/cases/{case}")
    assert "action needed" in page
    assert f"/my/tasks/{task}" in me.get(f"/my/cases/{case}")


def test_many_cases_are_listed_a_page_at_a_time(me: Applicant, database: Database) -> None:
    made = [started(database, me) for _ in range(52)]
    with statements(database) as told:
        page = me.get("/my")
    assert len(told) <= 12
    assert str(made[-1]) in page
    assert str(made[0]) not in page
    (cursor,) = re.findall(r"cursor=([\w-]+)", page)
    assert str(made[0]) in me.get(f"/my?cursor={cursor}")
    assert "You have no cases" not in me.get("/my?cursor=nonsense")


@pytest.mark.parametrize(
    "rest",
    ["", "/begun", "/documents", "/messages", "/access", "/withdraw", "/appeal", "/decision"],
)
def test_a_case_of_another_does_not_exist(
    me: Applicant, case: UUID, other: Applicant, rest: str, database: Database
) -> None:
    assert other.browser.get(f"/my/cases/{case}{rest}").status_code == 404
    assert other.browser.get(f"/my/cases/{uuid4()}{rest}").status_code == 404
    with database.transaction() as session:
        assert not session.scalars(select(AccessRecord)).all()


@pytest.mark.parametrize("rest", ["messages", "withdraw", "appeal", "documents"])
def test_nothing_is_done_in_the_case_of_another(
    me: Applicant, case: UUID, other: Applicant, rest: str
) -> None:
    sent = other.post(f"/my/cases/{case}/{rest}", {"text": "x", "data/reasons": "x" * 20}, on="/account")
    assert sent.status_code == 404
    assert me.case(case).status == "active"


def test_a_task_of_another_does_not_exist(
    me: Applicant, case: UUID, other: Applicant, database: Database, office: Actor
) -> None:
    task = sent_back(database, office, me, case)
    assert other.browser.get(f"/my/tasks/{task}").status_code == 404
    assert other.post(f"/my/tasks/{task}", {"data/f2": "5"}, on="/account").status_code == 404
    staff = me.task(case, kind="step")
    assert me.browser.get(f"/my/tasks/{staff}").status_code == 404, "those of the office"


def test_marked_fields_are_corrected_and_the_rest_is_shown(
    me: Applicant, case: UUID, database: Database, office: Actor
) -> None:
    task = sent_back(database, office, me, case)
    page = me.get(f"/my/tasks/{task}")
    assert "It is far too many." in page
    assert "Please look again." in page
    assert 'name="data/f2"' in page
    assert 'name="data/f1"' not in page
    assert "first" in page
    sent = me.post(f"/my/tasks/{task}", {"data/f2": "۵", "data/f1": "sneaked in"})
    assert sent.headers["Location"] == f"/my/cases/{case}"
    assert (me.case(case).data["f2"], me.case(case).data["f1"]) == (5, "first")
    assert "The correction was sent." in me.get(f"/my/cases/{case}")


def test_a_wrong_correction_is_told_beside_its_field(
    me: Applicant, case: UUID, database: Database, office: Actor
) -> None:
    task = sent_back(database, office, me, case)
    sent = me.post(f"/my/tasks/{task}", {"data/f2": "2"})
    assert sent.status_code == 422
    assert 'id="data-f2-wrong0"' in sent.text
    assert me.case(case).data["f2"] == 12


def test_an_answer_is_kept_for_later(me: Applicant, case: UUID, database: Database, office: Actor) -> None:
    task = sent_back(database, office, me, case)
    assert me.post(f"/my/tasks/{task}", {"data/f2": "77", "save": "yes"}).status_code == 303
    assert 'value="77"' in me.get(f"/my/tasks/{task}")
    assert me.case(case).data["f2"] == 12


def test_what_was_typed_is_not_lost_when_it_comes_too_late(
    me: Applicant, case: UUID, database: Database, office: Actor
) -> None:
    task = sent_back(database, office, me, case)
    token = me.browser.token(f"/my/tasks/{task}")
    factories.as_actor(database, office, lambda uow: tasks.withdraw_request(uow, task))
    sent = me.browser.post(f"/my/tasks/{task}", {"token": token, "data/f2": "77"})
    assert sent.status_code == 422
    assert 'role="alert"' in sent.text
    assert "77" in sent.text or "۷۷" in sent.text


def test_a_case_that_was_withdrawn_meanwhile_takes_no_answer(
    me: Applicant, case: UUID, database: Database, office: Actor
) -> None:
    task = sent_back(database, office, me, case)
    token = me.browser.token(f"/my/tasks/{task}")
    factories.as_actor(database, me.actor, lambda uow: cases.withdraw(uow, case))
    assert me.browser.post(f"/my/tasks/{task}", {"token": token, "data/f2": "77"}).status_code == 422
    assert "no longer needed" in me.get(f"/my/tasks/{task}")


def test_withdrawing_is_asked_once_more(me: Applicant, case: UUID) -> None:
    assert "can’t undo this" in me.get(f"/my/cases/{case}/withdraw")
    sent = me.post(f"/my/cases/{case}/withdraw", {"reason": "I have moved."})
    assert sent.headers["Location"] == f"/my/cases/{case}"
    assert me.case(case).outcome == "withdrawn"
    page = me.get(f"/my/cases/{case}")
    assert re.search(r"The case ended on [^.]*: \W*withdrawn\W*\.", page)
    assert f"/my/cases/{case}/withdraw" not in page
    again = me.post(f"/my/cases/{case}/withdraw", {"reason": "kept"}, on="/account")
    assert again.status_code == 409


def test_a_decision_is_read_downloaded_and_appealed(
    me: Applicant, case: UUID, database: Database, office: Actor
) -> None:
    assert me.browser.get(f"/my/cases/{case}/decision").status_code == 404
    decided(database, office, me, case)
    page = me.get(f"/my/cases/{case}")
    assert "refused" in page
    assert "Taxes of 1404 are unpaid." in page
    assert office.name not in page, "who decided is not told"
    letter = me.browser.get(f"/my/cases/{case}/decision?lang=en")
    assert letter.headers["Content-Disposition"].startswith("attachment")
    assert "Taxes of 1404 are unpaid." in letter.text
    with database.transaction() as session:
        made = session.scalars(select(Event).where(Event.kind == "decision.made")).one()
        assert made.hash.hex() in letter.text
    assert not re.search(r'(?:src|href)="', letter.text), "it needs nothing else"
    short = me.post(f"/my/cases/{case}/appeal", {"data/reasons": "no"})
    assert short.status_code == 422
    assert 'id="data-reasons-wrong0"' in short.text
    sent = me.post(f"/my/cases/{case}/appeal", {"data/reasons": "All taxes are paid."})
    appeal = UUID(sent.headers["Location"].split("/")[3])
    assert me.case(appeal).appeal_of == case
    assert f"/my/cases/{appeal}" in me.get(f"/my/cases/{case}")
    assert f"/my/cases/{case}" in me.get(f"/my/cases/{appeal}")
    assert "no decision that you can appeal" in me.get(f"/my/cases/{case}/appeal")


def test_a_decision_by_silence_has_a_letter_and_is_appealed(
    me: Applicant, database: Database, office: Actor, session_of: Callable[[Actor], Browser]
) -> None:
    law = 'parvandeh:statutory="PT10H" parvandeh:onSilence="refuse" parvandeh:legalBasis="مادهٔ ۵ | Article 5"'
    factories.deploy(database, service(more=law))
    case = started(database, me)
    clocks.silence(database, case)

    page = me.get(f"/my/cases/{case}")
    assert "By law, the silence of the office counts as a decision." in page
    letter = me.browser.get(f"/my/cases/{case}/decision?lang=en").text
    with database.transaction() as session:
        made = session.scalars(select(Event).where(Event.kind == "clock.deemed")).one()
        assert made.hash.hex() in letter
        unit = Reader.of("en").half(
            session.scalars(select(Unit.name).where(Unit.key == (made.facts or {})["units"])).one()
        )
    found = dict(re.findall(r"<dt>([^<]*)</dt><dd[^>]*>([^<]*)</dd>", letter))
    assert (found["Units that did not decide"], found["Legal basis"]) == (unit, "Article 5")
    assert found["Statutory term ended"] == Reader.of("en", ZoneInfo("Asia/Tehran")).day(
        clocks.due(database, case)
    )
    for shown in (page, letter):
        assert "refused, because the office didn’t decide in time" in shown
        assert f"without a decision of {unit}" in re.sub("[\u2066-\u2069]", "", shown)
        assert "You can appeal the decision until" in shown
    assert "به سبب سکوت اداره" in me.browser.get(f"/my/cases/{case}/decision?lang=fa").text

    sent = me.post(f"/my/cases/{case}/appeal", {"data/reasons": "I never got an answer."})
    appeal = UUID(sent.headers["Location"].split("/")[3])
    assert me.case(appeal).appeal_of == case
    desk = session_of(office).get(f"/desk/cases/{case}?lang=en").text
    assert f"Nobody: by law, silence counts as a decision · {unit}" in desk


def test_an_outcome_is_told_by_the_name_of_its_end_event(
    me: Applicant, database: Database, office: Actor, session_of: Callable[[Actor], Browser]
) -> None:
    body = [
        bpmn.node("startEvent", "start"),
        bpmn.node("endEvent", "end", name="به‌روز شد | Brought up to date", parvandeh__outcome="updated"),
        bpmn.flow("start", "end"),
    ]
    factories.deploy(database, {"p.bpmn": bpmn.process(*body, key="short")})
    case_id = started(database, me, "short")

    assert re.search(r"The case ended on .*Brought up to date", me.get(f"/my/cases/{case_id}"))
    assert "Brought up to date" in me.get("/my")
    desk = session_of(office).get(f"/desk/cases/{case_id}?lang=fa").text
    assert re.search(r'class="badge\s*">به‌روز شد<', desk)


@pytest.mark.parametrize(
    ("outcome", "effect", "kind"),
    [("returned", "refuses", "bad"), ("denied", "grants", "good"), ("denied", "", "bad"), ("closed", "", "")],
)
def test_the_effect_of_an_outcome_is_shown(
    me: Applicant,
    database: Database,
    outcome: str,
    effect: str,
    kind: str,
) -> None:
    ground = {"code": "debt", "text": "Taxes of 1404 are unpaid."}
    script = bpmn.script("s", f"ground = {ground}")
    steps = [
        part.replace('id="end"', f'id="end" parvandeh:outcome="{outcome}"') for part in bpmn.in_line(script)
    ]
    told = bpmn.declared(**{outcome: effect}) if effect else ""
    factories.deploy(database, {"p.bpmn": bpmn.process(told, *steps, key="short")})
    started(database, me, "short")
    assert re.search(rf'class="badge {kind}\s*">', me.get("/my"))


def test_persian_pages_write_the_number_of_a_case_in_persian_digits(
    me: Applicant, case: UUID, database: Database, office: Actor, session_of: Callable[[Actor], Browser]
) -> None:
    number = me.case(case).number
    desk = session_of(office)
    pages = {path: desk.get(f"{path}?lang=fa") for path in ("/desk", *desk_pages(case))}
    sent_back(database, office, me, case)
    task = me.task(case, kind="correction")
    own = ("/my", f"/my/cases/{case}", f"/my/tasks/{task}")
    pages |= {path: me.browser.get(f"{path}?lang=fa") for path in own}

    assert {page.status_code for page in pages.values()} == {200}
    assert [path for path, page in pages.items() if number in page.text] == []
    assert [path for path, page in pages.items() if Reader.of("fa").digits(number) not in page.text] == []


def test_a_persian_letter_and_the_appeal_write_numbers_in_persian_digits(
    me: Applicant, case: UUID, database: Database, office: Actor
) -> None:
    decided(database, office, me, case)
    number = me.case(case).number
    letter = me.browser.get(f"/my/cases/{case}/decision?lang=fa").text
    assert number not in letter
    assert Reader.of("fa").digits(number) in letter

    filed = factories.as_actor(
        database, me.actor, lambda uow: appeals.file(uow, case, {"reasons": "All taxes are paid."})
    )
    page = me.browser.get(f"/my/cases/{case}?lang=fa").text
    assert me.case(filed.id).number not in page
    assert Reader.of("fa").digits(me.case(filed.id).number) in page


def desk_pages(case: UUID) -> list[str]:
    """The pages of a case at the desk."""
    return [f"/desk/cases/{case}{part}" for part in ("", "/log", "/diagram")]


def test_messages_for_the_applicant_are_shown_and_others_are_not(
    me: Applicant, case: UUID, database: Database, office: Actor
) -> None:
    for text, visible in (("Please wait.", True), ("A difficult one.", False)):
        factories.as_actor(database, office, partial(tasks.comment, text=text, case=case, visible=visible))
    sent = me.post(f"/my/cases/{case}/messages", {"text": "When will it be?"})
    assert sent.status_code == 303
    page = me.get(f"/my/cases/{case}/messages")
    assert "Please wait." in page
    assert "When will it be?" in page
    assert "A difficult one." not in page
    empty = me.post(f"/my/cases/{case}/messages", {"text": " "})
    assert empty.status_code == 422


def test_who_has_looked_is_told_without_oneself(
    me: Applicant, case: UUID, database: Database, office: Actor
) -> None:
    me.get(f"/my/cases/{case}")
    page = me.get(f"/my/cases/{case}/access")
    assert "Nobody has looked" in page
    access_log.record(database, office, Opened("case", case))
    page = me.get(f"/my/cases/{case}/access")
    assert office.name in page
    assert f"<bdi>{me.actor.name}</bdi></td>" not in page


def test_what_one_person_reads_on_a_day_is_one_entry(
    me: Applicant, case: UUID, database: Database, office: Actor, actor: Callable[..., Actor]
) -> None:
    for way in ("list", "search", "list"):
        access_log.record(database, office, Opened("case", case, way=way))
    access_log.record(database, office, Opened("comments", case))
    access_log.record(database, actor("caseworker", "colleague"), Opened("case", case))
    page = me.get(f"/my/cases/{case}/access").replace("\u2068", "").replace("\u2069", "")
    entries = page.split("<tbody>")[1].split("</tbody>")[0].split("</tr>")[:-1]
    assert ["colleague" in entry for entry in entries] == [True, False]
    assert "(1 time)" in entries[0]
    assert "(4 times)" in entries[1]
    assert "the case and the notes" in entries[1]
    assert entries[1].count("<div>") == 1, "one reason is told once"


def test_an_appeal_is_confirmed_as_an_appeal(
    me: Applicant, case: UUID, database: Database, office: Actor
) -> None:
    decided(database, office, me, case)
    page = f"/my/cases/{case}/appeal"
    sent = me.post(page, {"data/reasons": "The taxes of that year are paid."})
    assert sent.status_code == 303, sent.text
    told = me.get(sent.headers["Location"])
    assert "Your appeal was filed" in told
    assert "Your case has started" not in told
    assert f'href="/my/cases/{case}"' in told


def test_why_somebody_has_looked_is_told(
    me: Applicant, case: UUID, database: Database, office: Actor
) -> None:
    access_log.record(database, office, Opened("case", case, way="search"))
    told = me.get(f"/my/cases/{case}/access").replace("\u2068", "").replace("\u2069", "")
    assert "not stated" not in told
    assert "found in a search" not in told, "the step says more"
    assert "For the step “" in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_and_way_has_a_text(language: str) -> None:
    say = speaking(language).say
    for reason in get_args(Reason):
        assert say(f"applicants.reason.{reason}", step="گام")
    for way in get_args(Way):
        assert say(f"applicants.way.{way}")


def test_what_the_applicant_is_shown_is_recorded(me: Applicant, case: UUID, database: Database) -> None:
    for rest in ("", "/messages", "/documents", "/access"):
        me.get(f"/my/cases/{case}{rest}")
    with database.transaction() as session:
        found = session.scalars(select(AccessRecord.what).order_by(AccessRecord.seq)).all()
    assert list(found) == ["case", "comments"], "as the API does"


def test_documents_are_handed_in_and_fetched(me: Applicant, case: UUID) -> None:
    file: Any = (io.BytesIO(PDF), "نقشه.pdf")
    sent = me.post(f"/my/cases/{case}/documents", {"file": file, "title": "Plan"})
    assert sent.status_code == 303, sent.text
    page = me.get(f"/my/cases/{case}/documents")
    assert "Plan" in page
    (path,) = re.findall(r'href="(/my/documents/[\w-]+)"', page)
    fetched = me.browser.get(path)
    assert fetched.data == PDF
    assert fetched.headers["Content-Disposition"].startswith("attachment")


def test_a_file_may_be_larger_than_what_other_pages_take(me: Applicant, case: UUID) -> None:
    large = PDF.replace(b"%%EOF", (b"%" + b"x" * 1022 + b"\n") * (9 << 10) + b"%%EOF")
    sent = me.post(f"/my/cases/{case}/documents", {"file": (io.BytesIO(large), "plan.pdf")})
    assert sent.status_code == 303
    assert me.post(f"/my/cases/{case}/messages", {"text": "x" * (9 << 20)}).status_code == 413


def test_a_file_that_is_too_large_is_told_with_the_limit_and_the_way_back(me: Applicant, case: UUID) -> None:
    page = f"/my/cases/{case}/documents?lang=en"
    form: dict[str, Any] = {
        "token": me.browser.token(page),
        "file": (io.BytesIO(b"x" * (22 << 20)), "plan.pdf"),
    }
    site = "http://pages.test"
    sent = me.browser.post(page, form, Referer=f"{site}{page}")
    assert sent.status_code == 413
    assert "20" in re.findall(r"limit is (.*) MB", sent.text)[0]
    assert f'href="{page}"' in sent.text
    elsewhere = me.browser.post(page, {"text": "x" * (22 << 20)}, Referer="http://elsewhere.test/a")
    assert "elsewhere" not in elsewhere.text


@pytest.mark.parametrize("file", [None, (b"MZ\x90\x00", "programme.exe")])
def test_a_file_that_is_not_taken_is_explained(
    me: Applicant, case: UUID, file: tuple[bytes, str] | None
) -> None:
    given: Any = {} if file is None else {"file": (io.BytesIO(file[0]), file[1])}
    sent = me.post(f"/my/cases/{case}/documents", given)
    assert sent.status_code == 422
    assert 'id="file-wrong"' in sent.text


def test_a_document_comes_with_a_task(me: Applicant, case: UUID, database: Database, office: Actor) -> None:
    task = sent_back(database, office, me, case)
    file: Any = (io.BytesIO(PDF), "deed.pdf")
    sent = me.post(f"/my/tasks/{task}/documents", {"file": file}, on=f"/my/tasks/{task}")
    assert sent.headers["Location"] == f"/my/tasks/{task}"
    assert "deed.pdf" in me.get(f"/my/tasks/{task}")


def test_no_page_of_a_case_needs_many_statements(
    me: Applicant, case: UUID, database: Database, office: Actor
) -> None:
    task = sent_back(database, office, me, case)
    for number in range(3):
        me.post(f"/my/cases/{case}/messages", {"text": f"message {number}"})
        file: Any = (io.BytesIO(PDF), f"{number}.pdf")
        me.post(f"/my/cases/{case}/documents", {"file": file})
        access_log.record(database, office, Opened("case", case))
    paths = [f"/my/cases/{case}{rest}" for rest in ("", "/documents", "/messages", "/access", "/withdraw")]
    measure(me, database, [*paths, f"/my/tasks/{task}", "/my"])
    factories.as_actor(database, office, lambda uow: tasks.withdraw_request(uow, task))
    decided(database, office, me, case)
    measure(me, database, [f"/my/cases/{case}{rest}" for rest in ("", "/appeal", "/decision")])


def measure(me: Applicant, database: Database, paths: list[str]) -> None:
    for path in paths:
        with statements(database) as told:
            me.get(path)
        assert len([text for text in told if not re.match("BEGIN|COMMIT|SET", text)]) <= 12, path


def test_a_message_that_is_too_long_is_told_and_kept(me: Applicant, case: UUID) -> None:
    path = f"/my/cases/{case}/messages"
    told = me.browser.post(f"{path}?lang=en", {"token": me.browser.token(path), "text": "x" * 10_001})
    assert told.status_code == 422
    assert "Enter at most 10,000 characters." in told.text.replace("\u2068", "").replace("\u2069", "")


def test_what_applicants_write_keeps_its_spelling(me: Applicant, case: UUID) -> None:
    me.post(f"/my/cases/{case}/messages", {"text": "می\u200cخواهم"})
    assert "می\u200cخواهم" in me.get(f"/my/cases/{case}/messages")


def test_an_ended_case_is_rated_on_its_page(
    me: Applicant, case: UUID, database: Database, office: Actor
) -> None:
    path = f"/my/cases/{case}"
    assert "Send the rating" not in me.get(path)
    decided(database, office, me, case, "granted")
    wrong = me.post(f"{path}/rating", {"stars": "4", "had_to_come": "yes", "comment": "slow"}, on=path)
    assert wrong.status_code == 422
    assert "slow</textarea>" in wrong.text
    given = {"stars": "4", "had_to_come": "yes", "visit_reason": "payment"}
    assert me.post(f"{path}/rating", given, on=path).status_code == 303
    page = me.get(path)
    assert "You gave" in page
    assert "Send the rating" not in page
    assert me.post(f"{path}/rating", given, on="/my").status_code == 409


def test_an_applicant_sees_what_two_officials_changed_and_why(
    me: Applicant,
    case: UUID,
    database: Database,
    actor: Callable[..., Actor],
    session_of: Callable[[Actor], Browser],
) -> None:
    one, two = (actor("administrator", name) for name in ("one", "two"))
    with database.transaction() as session:
        session.execute(update(Case).values(data={"counted": 1, "f1": "first"}))
    data = {"counted": 2, "f1": "corrected"}
    propose = partial(proposals.propose_variables, case_id=case, data=data, reason="counted again")
    made = factories.as_actor(database, one, propose)
    assert "counted again" not in me.get(f"/my/cases/{case}")
    factories.as_actor(database, two, lambda uow: proposals.confirm(uow, made))
    page = me.get(f"/my/cases/{case}")
    assert "The office changed data of your case" in page
    assert "counted again" in page
    assert re.search("<dt>Field f1</dt>\\s*<dd>.*?corrected", page)
    assert "And 1 internal value." in page
    assert "<dt>counted" not in page
    desk = session_of(two)
    log = desk.get(f"/desk/cases/{case}/log?lang=en").text
    assert re.search(r"corrected.*<dt>Before</dt>.*first", log, re.S), "the former value, too"
    leave = partial(
        proposals.propose_modification, cancel=["decide"], start_before=["decide"], reason="again"
    )
    factories.as_actor(database, one, lambda uow: leave(uow, case))
    page = desk.get(f"/desk/cases/{case}?lang=en").text
    assert "<dt>Leave</dt><dd><bdi>Review</bdi></dd>" in page
    assert "<dt>Continue before</dt><dd><bdi>Review</bdi></dd>" in page
