"""Case numbers: what is refused uses none up, whatever began the case."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from engine import cases, tasks
from engine.platform.db import Database
from engine.platform.errors import Invalid
from engine.portal import appeals
from tests import factories
from tests.api.test_decisions import deciding

Act = Callable[..., Any]
Begin = Callable[[dict[str, Any]], cases.CaseView]
REFUSED = {"decision": "refused", "ground": {"code": "tax_debt", "text": "Taxes of 1404 are unpaid."}}
REASONED = factories.form(("reasons",), reasons={"type": "string"})


@pytest.fixture
def used(database: Database) -> Callable[[], int]:
    """How many numbers have been drawn."""

    def drawn() -> int:
        with database.transaction() as session:
            return int(session.execute(text("SELECT last_value FROM case_numbers")).scalar_one())

    return drawn


@pytest.fixture
def begin(database: Database, act: Act) -> Begin:
    """Start a case of a process whose form asks for reasons."""
    factories.deploy(database, factories.with_start_form(REASONED, key="q"))
    return lambda data: act("portal", lambda uow: cases.start(uow, "q", data))


@pytest.fixture
def first(database: Database, act: Act) -> cases.CaseView:
    """A case with a decision that is appealed by that process."""
    factories.deploy(database, deciding(parvandeh__appeal="q"))
    case: cases.CaseView = act("portal", lambda uow: cases.start(uow, "p", {}))
    act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], REFUSED))
    return case


def test_a_start_that_its_form_refuses_uses_no_number(begin: Begin, used: Callable[[], int]) -> None:
    begin({"reasons": "a"})
    before = used()
    with pytest.raises(Invalid):
        begin({})
    assert used() == before
    begin({"reasons": "b"})
    assert used() == before + 1


@pytest.mark.usefixtures("begin")
def test_an_appeal_that_its_form_refuses_uses_no_number(
    act: Act, first: cases.CaseView, used: Callable[[], int]
) -> None:
    def appeal(data: dict[str, Any]) -> None:
        act("portal", lambda uow: appeals.file(uow, first.id, data))

    before = used()
    with pytest.raises(Invalid):
        appeal({})
    assert used() == before
    appeal({"reasons": "The taxes have been paid."})
    assert used() == before + 1
