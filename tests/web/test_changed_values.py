"""Pages that are minutes old: a value that has changed since is shown, and nothing typed is lost."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from engine import tasks
from engine.models import Definition, Unit
from engine.platform.db import Actor, Database
from tests import factories
from tests.organisation import a_member, a_unit
from tests.web.conftest import Browser
from tests.web.desk import Office

FEE = {"type": "integer", "title": "هزینه | Fee"}
PLOT = {"type": "string", "title": "پلاک | Plot"}
SHOWN = factories.form(
    ("fee",),
    fee=FEE,
    plot={**PLOT, "readOnly": True, "not": {}},
    why={"type": "string", "title": "چرا | Why"},
    secret={"type": "string", "title": "راز | Secret", "x-visible-to": ["head"]},
)
OTHER = factories.form(fee=FEE, plot=PLOT, secret={"type": "string", "title": "راز | Secret"})


Files = Mapping[str, bytes]
Opens = Callable[[Files], Office]


@pytest.fixture
def opens(database: Database, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser]) -> Opens:
    """`opens(files)`: an office with a case, in which `a` is open for Sara, and `b` for Reza."""

    def opened(files: Files) -> Office:
        a_unit(database, "office", kind="agency")
        actors = {name: a_member(database, name, "office", "caseworker") for name in ("sara", "reza")}
        factories.deploy(database, files)
        with database.transaction() as session:
            unit = select(Unit.id).where(Unit.key == "office").scalar_subquery()
            session.execute(update(Definition).values(unit_id=unit))
        case = factories.a_case(database, actor("portal"), data={"fee": 100})
        return Office(database, session_of, actors, case.id)

    return opened


@pytest.fixture
def office(opens: Opens) -> Office:
    """The form of `a` shows fee and plot."""
    return opens(factories.side_by_side(SHOWN, OTHER))


@pytest.fixture
def beside(opens: Opens) -> Office:
    """The form of `a` asks a reason only; fee and plot are asked by the start and by `b`."""
    reason = factories.form(why={"type": "string", "title": "چرا | Why"})
    files = factories.side_by_side(reason, OTHER)
    return opens({**files, "p.bpmn": files["p.bpmn"].replace(b"f.json", b"g.json", 1)})


def _task(office: Office, name: str, element: str) -> UUID:
    rows = office.do(name, tasks.of_case, office.case)
    (found,) = (row["id"] for row in rows if row["element"] == element)
    office.do(name, tasks.claim, found)
    return UUID(str(found))


def _seen(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', page)
    assert found
    return found[1]


def _change(office: Office, **data: Any) -> None:
    office.do("reza", tasks.complete, _task(office, "reza", "b"), data)


def test_changed_value_is_shown_with_the_former_one_and_the_text_stays(office: Office) -> None:
    sara, task = office["sara"], _task(office, "sara", "a")
    seen = _seen(sara.see(f"/tasks/{task}").text)
    _change(office, fee=250, plot="7/12")
    page = sara.send(f"/tasks/{task}", then="complete", seen=seen, data__fee="100", data__why="my words")
    assert page.status_code == 409
    assert "has changed since you opened it" in page.text
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", page.text, re.S)
    told = [re.sub(r"<[^>]+>", " ", row).split() for row in rows]
    assert told == [["Fee", "100", "250"], ["Plot", "—", "7/12"]]
    assert "my words" in page.text


@pytest.mark.parametrize(("typed", "kept"), [("100", "250"), ("120", "120")], ids=["left", "typed"])
def test_field_that_was_left_as_it_was_takes_the_new_value(office: Office, typed: str, kept: str) -> None:
    sara, task = office["sara"], _task(office, "sara", "a")
    seen = _seen(sara.see(f"/tasks/{task}").text)
    _change(office, fee=250)
    page = sara.send(f"/tasks/{task}", then="complete", seen=seen, data__fee=typed).text
    (field,) = re.findall(r'<input[^>]* name="data/fee"[^>]*>', page)
    assert f'value="{kept}"' in field
    done = sara.send(f"/tasks/{task}", then="complete", seen=_seen(page), data__fee=kept)
    assert done.status_code == 303


def test_another_fault_does_not_hide_a_change(office: Office) -> None:
    sara, task = office["sara"], _task(office, "sara", "a")
    seen = _seen(sara.see(f"/tasks/{task}").text)
    _change(office, plot="7/12")
    page = sara.send(f"/tasks/{task}", then="complete", seen=seen, data__fee="many")
    assert page.status_code in (409, 422)
    again = sara.send(f"/tasks/{task}", then="draft", seen=_seen(page.text), data__fee="many")
    assert again.status_code == 303


def test_draft_remembers_what_was_shown_when_it_was_written(office: Office) -> None:
    sara, task = office["sara"], _task(office, "sara", "a")
    seen = _seen(sara.see(f"/tasks/{task}").text)
    sara.send(f"/tasks/{task}", then="draft", seen=seen, data__fee="100", data__why="begun")
    _change(office, fee=250)
    page = sara.see(f"/tasks/{task}").text
    assert "begun" in page
    answer: dict[str, Any] = {"data__fee": "100", "data__why": "begun"}
    refused = sara.send(f"/tasks/{task}", then="complete", seen=_seen(page), **answer)
    assert refused.status_code == 409
    assert sara.send(f"/tasks/{task}", then="complete", seen=_seen(refused.text), **answer).status_code == 303


def test_field_that_the_reader_may_not_see_is_never_a_change(office: Office) -> None:
    sara, task = office["sara"], _task(office, "sara", "a")
    seen = _seen(sara.see(f"/tasks/{task}").text)
    _change(office, secret="x")
    assert sara.send(f"/tasks/{task}", then="complete", seen=seen, data__fee="100").status_code == 303


@pytest.mark.parametrize("seen", ["", "garbage", "0", "1-1-", "9" * 500])
def test_tag_of_nothing_completes_nothing(office: Office, seen: str) -> None:
    sara, task = office["sara"], _task(office, "sara", "a")
    page = sara.send(f"/tasks/{task}", then="complete", seen=seen, data__fee="100", data__why="my words")
    assert page.status_code == 409
    assert "my words" in page.text


def test_page_of_an_earlier_release_is_still_accepted(office: Office) -> None:
    sara, task = office["sara"], _task(office, "sara", "a")
    assert sara.send(f"/tasks/{task}", then="complete", revision="2", data__fee="100").status_code == 303


def _shown(page: str) -> dict[str, Any]:
    """The hidden fields that say what a page has shown."""
    return {name: value for name, value in re.findall(r'name="(seen|beside)" value="([^"]*)"', page)}


def test_value_next_to_the_form_that_has_changed_is_shown_and_the_text_stays(beside: Office) -> None:
    sara, task = beside["sara"], _task(beside, "sara", "a")
    shown = _shown(sara.see(f"/tasks/{task}").text)
    assert shown.keys() == {"seen", "beside"}
    _change(beside, fee=250, plot="7/12")
    page = sara.send(f"/tasks/{task}", then="complete", **shown, data__why="my words")
    assert page.status_code == 409
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", page.text, re.S)
    assert [re.sub(r"<[^>]+>", " ", row).split() for row in rows] == [["Fee", "100", "250"]]
    assert "my words" in page.text
    again = _shown(page.text)
    done = sara.send(f"/tasks/{task}", then="complete", **again, data__why="my words")
    assert done.status_code == 303


def test_values_that_were_not_shown_next_to_the_form_do_not_matter(beside: Office) -> None:
    sara, task = beside["sara"], _task(beside, "sara", "a")
    shown = _shown(sara.see(f"/tasks/{task}").text)
    _change(beside, fee=100, plot="7/12")
    done = sara.send(f"/tasks/{task}", then="complete", **shown, data__why="my words")
    assert done.status_code == 303


@pytest.mark.parametrize("length", ["", "x", "-1", "99999999999", "0"])
def test_odd_length_of_the_log_breaks_nothing(beside: Office, length: str) -> None:
    sara, task = beside["sara"], _task(beside, "sara", "a")
    assert sara.send(f"/tasks/{task}", then="complete", beside=length, data__why="so").status_code == 303
