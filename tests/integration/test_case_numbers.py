"""Case numbers: what is refused uses none up, whatever began the case."""

from collections.abc import Callable
from typing import Any

import pytest

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


def counter(case: cases.CaseView) -> int:
    return int(case.number.partition("-")[2])


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


def test_a_start_that_its_form_refuses_uses_no_number(begin: Begin) -> None:
    before = counter(begin({"reasons": "a"}))
    with pytest.raises(Invalid):
        begin({})
    assert counter(begin({"reasons": "b"})) == before + 1


def test_an_appeal_that_its_form_refuses_uses_no_number(
    act: Act, begin: Begin, first: cases.CaseView
) -> None:
    def appeal(data: dict[str, Any]) -> int:
        return counter(act("portal", lambda uow: appeals.file(uow, first.id, data)))

    with pytest.raises(Invalid):
        appeal({})
    assert appeal({"reasons": "The taxes have been paid."}) == counter(first) + 1
