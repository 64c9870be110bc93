"""The inbox: what waits for somebody, in its order, in its tabs, narrowed by the address."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from engine import tasks
from engine.platform.db import Actor, Database
from tests import factories
from tests.desks import Desks
from tests.web.conftest import Browser, statements
from tests.web.inbox import office, sara, sent

__all__ = ["office", "sara"]  # fixtures

SessionOf = Callable[[Actor], Browser]


def shown(browser: Browser, path: str = "/desk") -> list[UUID]:
    """The tasks of a page, in their order."""
    page = browser.get(path)
    assert page.status_code == 200
    return [
        UUID(found)
        for found in re.findall(r'<th scope="row"><a href="/desk/tasks/([0-9a-f-]+)["?]', page.text)
    ]


def counts(browser: Browser) -> dict[str, int]:
    page = browser.get("/desk?lang=en").text
    found = re.findall(r'href="/desk\?view=(\w+)".*?number">([\d,+]+)<', page, flags=re.DOTALL)
    return {name: int(count) for name, count in found}


def test_order_is_that_of_the_remaining_time(office: Desks, sara: Browser) -> None:
    (none,), (late,), (soon,), (far,) = (
        office.some(1),
        office.some(1, hours=-3),
        office.some(1, hours=2),
        office.some(1, days=9),
    )
    assert shown(sara) == [late, soon, far, none]


def test_a_bound_that_decides_the_order_is_shown(office: Desks, sara: Browser, database: Database) -> None:
    (bound,), (due,) = office.some(1), office.some(1, days=2)
    with database.transaction() as session:
        for task, days in ((bound, 1), (due, 3)):
            change = text("UPDATE tasks SET serve_by = now() + make_interval(days => :days) WHERE id = :id")
            session.execute(change, {"id": task, "days": days})
    assert shown(sara) == [bound, due]
    page = sara.get("/desk?lang=en").text
    first, second = page.partition(f'data-task="{due}"')[::2]
    assert "Serve by (service class):" in first.partition(f'data-task="{bound}"')[2]
    assert "Serve by" not in second  # it is due before
    assert "رسیدگی تا" in sara.get("/desk?lang=fa").text
    assert "Serve by" in sara.get(f"/desk/tasks/{due}?lang=en").text


def test_a_number_leads_to_its_case_for_who_may_see_that(
    office: Desks, sara: Browser, session_of: SessionOf
) -> None:
    (task,) = office.some(1)
    case = f'href="/desk/cases/{office.row(task).case_id}"'
    assert case in sara.get("/desk").text
    office.claimed("sara", task)
    office.do(
        "sara", lambda uow: tasks.request_opinion(uow, task, tasks.Question("Is it safe?", unit="fire"))
    )
    omid = session_of(office["omid"])
    assert len(shown(omid)) == 1
    assert case not in omid.get("/desk").text


def test_remaining_time_is_told_in_words(office: Desks, sara: Browser) -> None:
    office.some(1, hours=-3.5)
    office.some(1, days=2.5)
    page = sara.get("/desk?lang=en").text
    assert "3 hours overdue" in page
    assert "2 days left" in page
    assert 'class="late"' in page
    assert "۲ روز مانده" in sara.get("/desk?lang=fa").text


def test_counts_equal_the_lists(office: Desks, sara: Browser) -> None:
    late = office.some(2, hours=-3)
    office.some(3)
    office.claimed("sara", late[0])
    office.claimed("reza", late[1])
    now = datetime.now(UTC)
    today = office.some(2)
    office.change(today, due_at=now + (now.replace(hour=23, minute=59, second=59) - now) / 2)
    found = counts(sara)
    assert {name: len(shown(sara, f"/desk?view={name}")) for name in found} == found
    assert found == {"mine": 1, "team": 7, "today": 2, "overdue": 2, "returned": 0, "free": 5}


def test_what_the_applicant_has_corrected_comes_back_in_a_tab(office: Desks, sara: Browser) -> None:
    schema = factories.form(("name",), name={"type": "string"})
    office.deploy(factories.with_start_form(schema, key="q"))
    task = factories.a_case(office.database, office["portal"], "q", {"name": "Ali"}).tasks[0]["id"]
    office.claimed("sara", task)
    marks = tasks.Marks([("/name", "Whole name")])
    asked = office.do("sara", lambda uow: tasks.request_correction(uow, task, marks))
    assert counts(sara)["returned"] == 0
    assert "Waiting for an answer" in sara.get("/desk?lang=en").text
    office.do("portal", lambda uow: tasks.complete(uow, asked, {"name": "Ali Kazemi"}))
    assert shown(sara, "/desk?view=returned") == [task]
    assert counts(sara)["returned"] == 1
    assert "Corrected by the applicant" in sara.get("/desk?lang=en").text


def test_filters_stand_in_the_address(office: Desks, sara: Browser) -> None:
    office.deploy(factories.one_task("q"))
    early, late = office.some(1, days=1), office.some(1, days=30)
    office.change(late, priority=5)
    assert shown(sara, "/desk?definition=p") == [*early, *late]
    assert shown(sara, "/desk?definition=q") == []
    assert shown(sara, "/desk?priority=3") == [*late]
    assert shown(sara, "/desk?priority=۳") == [*late]
    day = (datetime.now(UTC) + timedelta(days=3)).date()
    assert shown(sara, f"/desk?due={day}") == [*early]
    assert shown(sara, "/desk?unit=office&role=caseworker&view=free") == [*early, *late]
    page = sara.get("/desk?unit=office&priority=3").text
    assert 'value="office" selected' in page
    assert 'name="priority" inputmode="numeric" dir="ltr" autocomplete="off" value="3"' in page


@pytest.mark.parametrize("query", ["due=soon", "priority=high", "priority=99999999999999"])
def test_filter_that_is_none_is_told_and_narrows_nothing(office: Desks, sara: Browser, query: str) -> None:
    (task,) = office.some(1)
    assert shown(sara, f"/desk?{query}") == [task]
    assert 'aria-invalid="true"' in sara.get(f"/desk?{query}").text


@pytest.mark.parametrize(
    "query", ["view=nothing", "cursor=x", "holder=x", "definition=" + "x" * 9000, "role=%D8%A7"]
)
def test_addresses_that_make_no_sense_are_pages_all_the_same(sara: Browser, query: str) -> None:
    assert sara.get(f"/desk?{query}").status_code == 200


def test_pages_follow_each_other_without_a_gap(office: Desks, sara: Browser) -> None:
    made = office.some(2, days=1)
    _copy(office, made[0], 499)
    found: list[UUID] = []
    path = "/desk"
    while path:
        page = sara.get(path).text
        found += shown(sara, path)
        following = re.search(r'rel="next" href="([^"]+)"', page) or re.search(
            r'href="([^"]+)" rel="next"', page
        )
        path = following[1].replace("&amp;", "&") if following else ""
    assert len(found) == len(set(found)) == 501


def _copy(office: Desks, task: UUID, count: int) -> None:
    """So many more like this one."""
    columns = "case_id, element, name, status, revision, opened_at, due_at, kind, candidate_group_id, search"
    copied = f"INSERT INTO tasks (id, {columns}) SELECT gen_random_uuid(), {columns} FROM tasks"
    with office.database.transaction() as session:
        many = text(f"{copied} CROSS JOIN generate_series(1, :count) WHERE id = :task")
        session.execute(many, {"count": count, "task": task})


def test_empty_tabs_say_what_they_would_have(office: Desks, sara: Browser) -> None:
    assert "No tasks are overdue." in sara.get("/desk?view=overdue&lang=en").text
    office.some(1)
    assert "Nothing matches these filters." in sara.get("/desk?definition=none&lang=en").text


def test_other_agencies_tasks_never_appear(office: Desks, session_of: SessionOf) -> None:
    (task,) = office.some(1)
    omid = session_of(office["omid"])
    assert set(counts(omid).values()) == {0}
    assert all(not shown(omid, f"/desk?view={view}") for view in ("mine", "team", "free", "supervised"))
    assert sent(omid, "/desk", ("take", task))[0] == 404
    office.claimed("sara", task)
    assert not shown(omid, f"/desk?view=supervised&holder={office['sara'].id}")


def test_supervisors_see_of_whom(office: Desks, session_of: SessionOf, sara: Browser) -> None:
    first, second, free = office.some(3)
    office.claimed("sara", first)
    office.claimed("reza", second)
    mina = session_of(office["mina"])
    assert sorted(shown(mina, "/desk?view=supervised")) == sorted([first, second, free])
    assert shown(mina, f"/desk?view=supervised&holder={office['reza'].id}") == [second]
    assert ">reza</option>" in mina.get("/desk?view=supervised").text
    assert "view=supervised" not in sara.get("/desk").text


def test_one_is_claimed_from_its_row(office: Desks, sara: Browser) -> None:
    (task,) = office.some(1)
    assert sent(sara, "/desk", ("take", task))[:2] == (303, f"/desk/tasks/{task}")
    assert office.row(task).assignee_id == office["sara"].id


def test_who_comes_second_is_told_who_has_it(office: Desks, session_of: SessionOf, sara: Browser) -> None:
    (task,) = office.some(1)
    office.claimed("reza", task)
    status, _, page = sent(sara, "/desk?lang=en", ("take", task))
    assert status == 409
    assert re.search(r"was not claimed: it is assigned to \W*reza\W*", page)


def test_nothing_marked_begins_nothing(office: Desks, sara: Browser) -> None:
    status, _, page = sent(sara, "/desk?lang=en&view=free", ("action", "claim"))
    assert status == 422
    assert "No task is selected." in page
    assert 'view=free" aria-current="page"' in page
    assert not office.do("sara", tasks.list_bulk_jobs)


def test_search_finds_by_the_body_and_keeps_the_words(office: Desks, sara: Browser) -> None:
    (task,) = office.some(1)
    number = factories.as_actor(office.database, office["sara"], lambda uow: tasks.get(uow, task))[
        "case_number"
    ]
    status, _, page = sent(sara, "/desk/search", ("words", number), ("scope", "free"))
    assert status == 200
    assert f"/desk/tasks/{task}" in page
    assert f'value="{number}"' in page
    assert number not in sara.get("/desk/search").text
    assert "contain these words" in sent(sara, "/desk/search?lang=en", ("words", "nowhere"))[2]


def test_search_without_a_word_is_explained(sara: Browser) -> None:
    status, _, page = sent(sara, "/desk/search", ("words", "..."))
    assert status == 422
    assert 'aria-invalid="true"' in page


@pytest.mark.parametrize("path", ["/desk", "/desk?view=supervised", "/desk/search", "/desk/batches"])
def test_pages_need_few_statements(
    office: Desks, session_of: SessionOf, database: Database, path: str
) -> None:
    office.some(6, days=1)
    mina = session_of(office["mina"])
    mina.get(path)
    with statements(database) as told:
        assert mina.get(path).status_code == 200
    assert len(told) <= 8
