"""What the pages of a case and of a task show is what the next gateway decides by."""

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import pytest

from engine import cases, tasks
from engine.platform.db import Actor, Database, UnitOfWork
from tests import factories
from tests.deciding import NEVER_WRITTEN, WRITTEN, Drawing, deployed
from tests.web.conftest import Browser

STEPS = 6
ROW = re.compile(
    r'<th scope="row">(?:<code>)?(\w+)(?:</code>)?</th><td><span class="words" dir="auto">(\d+)</span></td>'
)


@pytest.mark.parametrize("seed", [2, 5, 7])
def test_what_pages_show_decides(
    database: Database, actor: Callable[..., Actor], session_of: Callable[[Actor], Browser], seed: int
) -> None:
    random = Random(seed)
    drawing = Drawing(random, forms=True)
    factories.deploy(database, deployed(drawing))
    values: dict[str, Any] = {name: random.randint(0, 9) for name in (*WRITTEN, *NEVER_WRITTEN)}
    case = factories.a_case(database, actor("portal"), "process", {"items": [1, 8], **values})
    clerk = Clerk(database, actor("caseworker"), session_of(actor("caseworker")))
    seen = 0
    for _ in range(STEPS):
        rows = clerk.do(lambda uow: tasks.of_case(uow, case.id, status="open"))
        if not rows:
            break
        seen += 1
        _complete(clerk, case, random.choice(rows), drawing, random)
    assert seen > 1


class Clerk:
    """Somebody who reads pages, and answers by the form on them."""

    def __init__(self, database: Database, who: Actor, browser: Browser) -> None:
        self.database, self.who, self.browser = database, who, browser

    def do(self, command: Callable[[UnitOfWork], Any]) -> Any:
        return factories.as_actor(self.database, self.who, command)

    def see(self, path: str) -> str:
        answer = self.browser.get(f"/desk{path}?lang=en")
        assert answer.status_code == 200
        return answer.text


def _complete(
    clerk: Clerk, case: cases.CaseView, row: Mapping[str, Any], drawing: Drawing, random: Random
) -> None:
    clerk.do(lambda uow: tasks.claim(uow, row["id"]))
    number = int(row["element"].rpartition("/")[2].removeprefix("t"))
    names = drawing.conditions[number]
    page = clerk.see(f"/tasks/{row['id']}")
    shown = {name: _in_form(page, name) for name in names}
    if "/" not in row["element"]:
        listed = _data(clerk.see(f"/cases/{case.id}"))
        ours = {name for name in names if not name.startswith("own")}  # others belong to an inner scope
        assert {name: listed[name] for name in ours} == {name: shown[name] for name in ours}
    answer = {name: random.randint(0, 9) for name in names if name in WRITTEN and random.random() < 0.5}
    one, other = (answer.get(name, shown[name]) for name in names)
    sent = {f"data/{name}": str(answer.get(name, shown[name])) for name in names if name in WRITTEN}
    hidden = dict(re.findall(r'name="(token|seen|beside)" value="([^"]*)"', page))
    before = _passed(clerk, case)
    done = clerk.browser.post(f"/desk/tasks/{row['id']}", {**hidden, **sent, "then": "complete"})
    assert done.status_code == 303, done.text
    passed = {name for name in _passed(clerk, case)[len(before) :] if name in (f"yes{number}", f"no{number}")}
    assert passed == {f"yes{number}" if one > other else f"no{number}"}


def _in_form(page: str, name: str) -> int:
    """The value in the input of a field."""
    (value,) = re.findall(rf'<input[^>]* name="data/{name}"[^>]* value="(\d+)"', page)
    return int(value)


def _data(page: str) -> dict[str, int]:
    """The variables of a case's page that are numbers, by name."""
    part, _, _ = page[page.index('id="data"') :].partition("</section>")
    return {name: int(value) for name, value in ROW.findall(part)}


def _passed(clerk: Clerk, case: cases.CaseView) -> list[str]:
    rows = clerk.do(lambda uow: cases.log(uow, case.id))
    return [row["element"].rpartition("/")[2] for row in rows if row["element"]]
