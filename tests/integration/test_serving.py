"""Serving a request: done once under its key, and what its response shows is recorded when it succeeds."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select

from engine import cases
from engine.models import AccessRecord, Case, IdempotencyKey
from engine.oversight.access_log import Opened
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Conflict, Forbidden, Refusal
from engine.requests.idempotency import Answer
from engine.requests.serving import Outcome, Request, serve
from tests import bpmn, factories
from tests.factories import count

Command = Callable[[UnitOfWork], Outcome[str]]


@pytest.fixture
def keyed_request(database: Database, actor: Callable[..., Actor]) -> Request:
    """A caseworker's request under the key `k`."""
    factories.deploy(database, factories.one_task())
    worker = actor("caseworker")
    return Request(lambda _: worker, lambda: "k", lambda: b"the same")


def start(uow: UnitOfWork) -> Outcome[str]:
    case = cases.start(uow, "p", {})
    return Outcome("done", Answer(201, {}, str(case.id).encode()), Opened("case", case.id))


def refusing(refusal: Refusal) -> Command:
    def command(uow: UnitOfWork) -> Outcome[str]:
        raise refusal

    return command


def counts(database: Database) -> Sequence[int]:
    return [count(database, table) for table in (Case, IdempotencyKey, AccessRecord)]


def test_first_request_gets_the_response_and_a_repeated_one_the_stored_answer(
    database: Database, keyed_request: Request
) -> None:
    assert serve(database, keyed_request, start, "write") == "done"
    repeated = serve(database, keyed_request, start, "write")
    assert isinstance(repeated, Answer)
    assert counts(database) == [1, 1, 2]


def test_what_is_refused_the_second_time_was_answered_before(
    database: Database, keyed_request: Request
) -> None:
    serve(database, keyed_request, start, "write")
    repeated = serve(database, keyed_request, refusing(Conflict("It is done.")), "write")
    assert isinstance(repeated, Answer)
    assert counts(database) == [1, 1, 1]  # the command has shown nothing


def test_final_refusal_is_raised_though_the_key_has_an_answer(
    database: Database, keyed_request: Request
) -> None:
    serve(database, keyed_request, start, "write")
    strict = replace(keyed_request, final=(Forbidden,))
    with pytest.raises(Forbidden):
        serve(database, strict, refusing(Forbidden("Not any more.")), "write")
    repeated = serve(database, keyed_request, refusing(Forbidden("Not any more.")), "write")
    assert isinstance(repeated, Answer)


def test_key_with_another_fingerprint_is_refused(database: Database, keyed_request: Request) -> None:
    serve(database, keyed_request, start, "write")
    with pytest.raises(Conflict) as refused:
        serve(database, replace(keyed_request, fingerprint=lambda: b"another"), start, "write")
    assert refused.value.code == "sent-before"
    assert counts(database) == [1, 1, 1]


def test_outcome_without_an_answer_is_not_stored(database: Database, keyed_request: Request) -> None:
    for _ in range(2):
        assert serve(database, keyed_request, lambda uow: replace(start(uow), answer=None), "write") == "done"
    assert counts(database) == [2, 0, 2]


def test_without_a_key_nothing_is_stored(database: Database, keyed_request: Request) -> None:
    for _ in range(2):
        assert serve(database, replace(keyed_request, key=lambda: None), start, "write") == "done"
    assert counts(database) == [2, 0, 2]


def test_refused_command_is_neither_stored_nor_recorded(database: Database, keyed_request: Request) -> None:
    with pytest.raises(Conflict):
        serve(database, keyed_request, refusing(Conflict("It is done.")), "write")
    assert counts(database) == [0, 0, 0]


def test_what_may_be_there_only_once_is_a_refusal(database: Database, keyed_request: Request) -> None:
    def keyed(uow: UnitOfWork) -> Outcome[str]:
        cases.start(uow, "p", {}, cases.Application(business_key="B-1"))
        return Outcome("done")

    unique = 'isExecutable="true" parvandeh:businessKey="unique"'
    factories.deploy(
        database, factories.files(bpmn.process(*bpmn.in_line("userTask a"), key="p", attributes=unique))
    )
    serve(database, keyed_request, keyed, "write")
    with pytest.raises(Conflict) as refused:
        serve(database, keyed_request, keyed, "write")
    assert refused.value.code == "business-key-runs"
    with database.transaction() as session:
        number = session.execute(select(Case.number)).scalar_one()
    assert refused.value.state["case"]["case_number"] == number
