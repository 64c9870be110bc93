"""Visits and ratings: events with facts alone, corrected by other events."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from engine import cases, tasks
from engine.cases import Correction, NewVisit, Rating
from engine.oversight import replay
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import Conflict, Forbidden, Invalid, NotFound
from tests import bpmn, factories
from tests.clocks import logged
from tests.integration.conftest import Act
from tests.organisation import a_member, a_unit

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NOBODY = UUID(int=7)


@pytest.fixture
def case(database: Database, start: Callable[..., cases.CaseView]) -> cases.CaseView:
    """A case whose first task requires the applicant to come."""
    visit = bpmn.node("userTask", "a", parvandeh__presence="required")
    factories.deploy(database, factories.files(bpmn.process(*bpmn.in_line(visit))))
    return start()


def record(act: Act, case: cases.CaseView, later: timedelta = HOUR, **given: Any) -> cases.VisitView:
    """Record a visit that takes place when it is recorded, unless `at` says how much later than the case."""
    at = given.pop("at", None)

    def command(uow: UnitOfWork) -> cases.VisitView:
        when = uow.now if at is None else case.started_at + at
        return cases.record_visit(uow, case.id, replace(NewVisit(when, "signature"), **given))

    found: cases.VisitView = act("caseworker", command, later)
    return found


def end(act: Act, case: cases.CaseView) -> None:
    act("caseworker", lambda uow: tasks.complete(uow, case.tasks[0]["id"], {}))


def of(act: Act, case: cases.CaseView, later: timedelta = HOUR) -> Any:
    return act("caseworker", lambda uow: cases.list_visits(uow, case.id), later)


def test_a_visit_matches_the_step_that_required_it_once(
    database: Database, act: Act, case: cases.CaseView
) -> None:
    first, second = record(act, case, at=HOUR / 2), record(act, case, at=HOUR / 3)
    assert [(one.planned, one.task) for one in (first, second)] == [
        (True, case.tasks[0]["id"]),
        (False, None),
    ]
    (facts, _) = [dict(facts) for kind, facts in logged(database, case.id) if kind == "visit.recorded"]
    assert facts.pop("visit") == str(first.id)
    assert facts.pop("occurred_at").startswith((case.started_at + HOUR / 2).astimezone().strftime("%Y"))
    assert facts == {"reason": "signature", "planned": True, "channel": "in_person"}
    assert cases.count_visits(of(act, case)) == 2
    found = database.run(lambda session, _: replay.compare(session), "snapshot")
    assert found.judged
    assert not found.differences


def test_a_contact_by_phone_is_no_visit(act: Act, case: cases.CaseView) -> None:
    assert record(act, case, channel="phone").planned is False
    assert cases.count_visits(of(act, case)) == 0
    assert record(act, case, task=case.tasks[0]["id"], reason="identity").planned


def test_the_same_visit_again_is_the_same(database: Database, act: Act, case: cases.CaseView) -> None:
    first = record(act, case, at=HOUR / 2)
    assert record(act, case, later=DAY, at=HOUR / 2) == first
    assert record(act, case, at=HOUR / 2, reason="payment").id != first.id
    assert [kind for kind, _ in logged(database, case.id)].count("visit.recorded") == 2


def test_a_visit_is_corrected_by_another_event(database: Database, act: Act, case: cases.CaseView) -> None:
    visit = record(act, case, at=HOUR / 2)

    def correct(correction: Correction, later: timedelta = HOUR) -> cases.VisitView:
        assert visit.id is not None
        known = visit.id
        found: cases.VisitView = act(
            "caseworker", lambda uow: cases.correct_visit(uow, case.id, known, correction), later
        )
        return found

    corrected = correct(Correction(reason="payment"))
    assert (corrected.reason, corrected.occurred_at) == ("payment", visit.occurred_at)
    assert correct(Correction(withdrawn=True)).withdrawn
    assert cases.count_visits(of(act, case)) == 0
    with pytest.raises(Conflict, match="withdrawn"):
        correct(Correction(reason="other"))
    with pytest.raises(Invalid):
        correct(Correction())
    kinds = [kind for kind, _ in logged(database, case.id)]
    assert (kinds.count("visit.recorded"), kinds.count("visit.corrected")) == (1, 2)
    assert record(act, case, at=HOUR / 2).planned  # what was withdrawn no longer counts for the step


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"at": DAY}, "/occurred_at"),
        ({"at": -HOUR}, "/occurred_at"),
        ({"reason": "tea"}, "/reason"),
        ({"channel": "fax"}, "/channel"),
        ({"task": NOBODY}, "/task"),
    ],
)
def test_a_wrong_visit_is_refused(
    act: Act, case: cases.CaseView, given: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(Invalid) as refused:
        record(act, case, **given)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]


def test_visits_are_final_30_days_after_the_end(act: Act, case: cases.CaseView) -> None:
    end(act, case)
    visit = record(act, case, later=29 * DAY).id
    assert visit is not None
    with pytest.raises(Conflict) as refused:
        record(act, case, later=31 * DAY)
    assert refused.value.code == "visits-closed"
    with pytest.raises(Conflict):
        act(
            "caseworker",
            lambda uow: cases.correct_visit(uow, case.id, visit, Correction(withdrawn=True)),
            31 * DAY,
        )


def test_others_record_no_visits(database: Database, act: Act, case: cases.CaseView) -> None:
    visit = NewVisit(case.started_at, "other")
    a_unit(database, "elsewhere")
    a_member(database, "stranger", "elsewhere")
    with pytest.raises(NotFound):
        act("caseworker", lambda uow: cases.record_visit(uow, case.id, visit), HOUR, "stranger")
    for role in ("administrator", "portal"):
        with pytest.raises(Forbidden):
            act(role, lambda uow: cases.record_visit(uow, case.id, visit), HOUR)


RATING = Rating(4, had_to_come=True, visit_reason="information", comment="ممنون از خانم مرادی")


@pytest.fixture
def own(database: Database, act: Act) -> cases.CaseView:
    """A case that a portal has started."""
    factories.deploy(database, factories.one_task())
    found: cases.CaseView = act("portal", lambda uow: cases.start(uow, "p", {}))
    return found


def rate(act: Act, case: cases.CaseView, later: timedelta = HOUR, rating: Rating = RATING) -> cases.Rated:
    found: cases.Rated = act("portal", lambda uow: cases.rate(uow, case.id, rating), later)
    return found


def test_an_ended_case_is_rated_once(database: Database, act: Act, own: cases.CaseView) -> None:
    with pytest.raises(Conflict, match="ended"):
        rate(act, own)
    end(act, own)
    assert rate(act, own).stars == 4
    (facts,) = [facts for kind, facts in logged(database, own.id) if kind == "rating.given"]
    assert facts == {"stars": 4, "visited": True, "visit_reason": "information"}  # and no comment
    with pytest.raises(Conflict, match="once"):
        rate(act, own)
    with pytest.raises(Forbidden):
        act("caseworker", lambda uow: cases.rate(uow, own.id, RATING), HOUR)


def test_a_rating_and_a_visit_at_the_same_moment_are_recorded_once(
    database: Database, act: Act, own: cases.CaseView
) -> None:
    worker, portal = (factories.an_actor(database, role) for role in ("caseworker", "portal"))
    visit = NewVisit(own.started_at, "signature")
    same = factories.at_once(
        3, lambda _: factories.as_actor(database, worker, lambda uow: cases.record_visit(uow, own.id, visit))
    )
    assert {type(one) for one in same} == {cases.VisitView}
    end(act, own)
    given = factories.at_once(
        3, lambda _: factories.as_actor(database, portal, lambda uow: cases.rate(uow, own.id, RATING))
    )
    assert sorted(getattr(one, "code", "") for one in given) == ["", "rated", "rated"]
    kinds = [kind for kind, _ in logged(database, own.id)]
    assert (kinds.count("visit.recorded"), kinds.count("rating.given")) == (1, 1)


def test_a_rating_is_late_after_90_days(act: Act, own: cases.CaseView) -> None:
    end(act, own)
    with pytest.raises(Conflict) as refused:
        rate(act, own, 91 * DAY)
    assert refused.value.code == "rating-late"


def test_the_visit_of_a_rating_counts_where_none_was_recorded(act: Act, own: cases.CaseView) -> None:
    end(act, own)
    rate(act, own)
    (visit,) = of(act, own)
    assert (visit.source, visit.reason, visit.occurred_at) == ("rating", "information", None)
    record(act, own, later=2 * HOUR)
    assert [one.source for one in of(act, own, 3 * HOUR)] == ["recorded"]


@pytest.mark.parametrize(
    ("rating", "pointer"),
    [
        (Rating(0, had_to_come=False), "/stars"),
        (Rating(6, had_to_come=False), "/stars"),
        (Rating(3, had_to_come=True), "/visit_reason"),
        (Rating(3, had_to_come=False, visit_reason="payment"), "/visit_reason"),
        (Rating(3, had_to_come=False, comment="x" * 2_001), "/comment"),
    ],
)
def test_a_wrong_rating_is_refused(act: Act, own: cases.CaseView, rating: Rating, pointer: str) -> None:
    end(act, own)
    with pytest.raises(Invalid) as refused:
        rate(act, own, rating=rating)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]
