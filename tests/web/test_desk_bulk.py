"""The same with many tasks from the pages: the question before, and the result."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine import tasks
from engine.identity import accounts
from engine.platform.db import Actor, Database, UnitOfWork
from tests import factories
from tests.desks import Desks
from tests.web.conftest import Browser, statements
from tests.web.inbox import office, sara, sent

__all__ = ["office", "sara"]  # fixtures

SessionOf = Callable[[Actor], Browser]


def marked(ids: Any) -> list[tuple[str, object]]:
    return [("task", task) for task in ids]


def carry_on(office: Desks, batch: UUID) -> None:
    """What the worker does until a batch is finished."""

    def command(session: Any, now: datetime) -> int:
        return tasks.run_bulk_job(UnitOfWork(session, accounts.system(session, now), now), batch)

    while office.database.run(command):
        pass


def begun(location: str) -> UUID:
    found = re.fullmatch(r"/desk/batches/([0-9a-f-]{36})", location)
    assert found
    return UUID(found[1])


def test_progress_is_shown_until_it_ends_and_then_what_came_of_each(office: Desks, sara: Browser) -> None:
    mine = office.some(3)
    office.claimed("reza", mine[1])
    status, location, _ = sent(sara, "/desk", ("action", "claim"), *marked(mine))
    assert status == 303
    page = sara.get(f"{location}?lang=en").text
    assert 'hx-trigger="every' in page
    assert '<meta http-equiv="refresh"' in page
    assert 'max="3" value="0"' in page
    carry_on(office, begun(location))
    page = sara.get(f"{location}?lang=en").text
    assert "hx-trigger" not in page
    assert "<progress" not in page
    assert re.search(r"Done: \W*2\W* of \W*3", page)
    assert "Somebody else has claimed this task." in page
    refused, done = page.split('<section aria-labelledby="done">')
    assert re.findall(r'"/desk/cases/([0-9a-f-]{36})"', refused) == [str(office.row(mine[1]).case_id)]
    assert re.findall(r'"/desk/tasks/([0-9a-f-]{36})"', done) == [str(mine[0]), str(mine[2])]
    assert re.search(r"It is assigned to \W*reza\W*\.", refused)
    assert "دیگری" in sara.get(f"{location}?lang=fa").text
    assert location in sara.get("/desk/batches").text


def test_a_form_sent_twice_begins_one_batch(office: Desks, sara: Browser) -> None:
    fields = [("once", "o" * 32), ("action", "claim"), *marked(office.some(2))]
    assert sent(sara, "/desk", *fields)[1] == sent(sara, "/desk", *fields)[1]
    assert len(office.do("sara", tasks.list_bulk_jobs)) == 1


def test_a_supervisor_chooses_who_gets_them(office: Desks, session_of: SessionOf) -> None:
    mina, mine = session_of(office["mina"]), office.some(2)
    status, _, page = sent(mina, "/desk", ("action", "assign"), *marked(mine))
    assert status == 200
    people = dict(re.findall(r'<option value="([0-9a-f-]{36})">(\w+)</option>', page))
    assert sorted(people.values()) == ["mina", "reza", "sara"]
    to = next(one for one, name in people.items() if name == "reza")
    _, location, _ = sent(mina, "/desk/batches", ("action", "assign"), ("to", to), *marked(mine))
    carry_on(office, begun(location))
    assert {office.row(task).assignee_id for task in mine} == {office["reza"].id}


def test_nobody_chosen_asks_again_with_the_same_tasks(office: Desks, sara: Browser) -> None:
    mine = office.some(2)
    status, _, page = sent(sara, "/desk/batches?lang=en", ("action", "assign"), *marked(mine))
    assert status == 422
    assert "Choose the person who takes over the tasks." in page
    assert all(f'value="{task}"' in page for task in mine)


def test_one_answer_completes_all_of_one_step(office: Desks, sara: Browser) -> None:
    mine = office.some(2)
    _, _, page = sent(sara, "/desk?lang=en", ("action", "complete"), *marked(mine))
    assert 'name="data/decision"' in page
    given = ("data/decision", "granted")
    _, location, _ = sent(sara, "/desk/batches", ("action", "complete"), given, *marked(mine))
    carry_on(office, begun(location))
    assert {office.row(task).status for task in mine} == {"completed"}


def test_an_answer_that_does_not_fit_is_explained_before_anything_begins(
    office: Desks, sara: Browser
) -> None:
    mine = office.some(2)
    status, _, page = sent(sara, "/desk/batches", ("action", "complete"), *marked(mine))
    assert status == 422
    assert 'href="#data-decision"' in page
    assert all(f'value="{task}"' in page for task in mine)
    assert not office.do("sara", tasks.list_bulk_jobs)


def test_steps_that_differ_are_explained_in_the_inbox(office: Desks, sara: Browser) -> None:
    office.deploy(factories.one_task("q"))
    both = [*office.some(1), *office.some(1, "q")]
    status, _, page = sent(sara, "/desk?lang=en", ("action", "complete"), *marked(both))
    assert status == 422
    assert "Select tasks of the same step" in page


@pytest.mark.parametrize(
    "fields",
    [
        [("action", "explode"), ("task", uuid4())],
        [("action", "claim"), ("task", "x")],
        [("action", "complete"), ("task", uuid4())],
        [("action", "assign"), ("task", uuid4())],
        [("take", "x")],
        [("take", uuid4())],
        [],
    ],
)
@pytest.mark.parametrize("path", ["/desk", "/desk/batches"])
def test_forms_that_make_no_sense_are_refused(
    sara: Browser, path: str, fields: list[tuple[str, object]]
) -> None:
    assert sent(sara, path, *fields)[0] in (200, 404, 409, 422)


def test_a_batch_is_nobodys_but_its_owners(office: Desks, sara: Browser, session_of: SessionOf) -> None:
    _, location, _ = sent(sara, "/desk", ("action", "claim"), *marked(office.some(1)))
    assert session_of(office["mina"]).get(location).status_code == 404


def test_a_batch_of_many_needs_few_statements(office: Desks, sara: Browser, database: Database) -> None:
    _, location, _ = sent(sara, "/desk", ("action", "claim"), *marked(office.some(12)))
    carry_on(office, begun(location))
    with statements(database) as told:
        assert sara.get(location).status_code == 200
    assert len(told) <= 6
