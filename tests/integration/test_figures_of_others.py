"""The figures of logs that another program has written, that break rules, or that change afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from random import Random
from threading import Event as Signal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from engine import tasks
from engine.cases import erasure
from engine.cli import main
from engine.events import follower
from engine.organisation import calendars, units
from engine.organisation.calendars import reading
from engine.oversight import metrics, projection
from engine.oversight.metrics import Filters
from engine.oversight.projection import projecting
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Conflict, NotFound
from tests import factories, histories
from tests.histories import ZONE
from tests.integration.test_figures import _report_outage, bring_up_to_date, content, run
from tests.organisation import a_member
from tests.outbound import Hub, settled


@pytest.fixture
def manager(database: Database) -> Actor:
    return factories.an_actor(database, "manager")


def check(database: Database, who: Actor) -> list[str]:
    found: list[str] = run(database, who, lambda uow: list(projection.check(uow)))
    return found


def execute(database: Database, statement: str, **values: Any) -> None:
    """Runs a statement, as only another program would."""
    with database.transaction() as session:
        session.execute(text(statement), values)


LAST_VERSION = "(array_agg(version_id ORDER BY seq DESC))[1]"
OTHER_VERSION = (
    "(SELECT other.id FROM definition_versions AS other JOIN definition_versions AS own USING (key)"
    f" WHERE own.id = {LAST_VERSION} ORDER BY other.id = own.id LIMIT 1)"
)


def append(
    database: Database,
    case: UUID,
    kind: str,
    facts: str,
    at: str = "max(at)",
    version: str = LAST_VERSION,
) -> None:
    """Adds an event to the log of a case, like the last one."""
    added = (
        "INSERT INTO events"
        " (case_id, seq, at, kind, element, task_id, actor_id, actor_role, version_id, hash, facts)"
        f" SELECT case_id, max(seq) + 1, {at}, :kind, max(element), max(task_id::text)::uuid,"
        f" max(actor_id::text)::uuid, max(actor_role), {version}, '', :facts"
        " FROM events WHERE case_id = :case GROUP BY case_id"
    )
    grown = "UPDATE cases SET log_length = log_length + 1 WHERE id = :case"
    with database.transaction() as session:
        session.execute(text(added), {"case": case, "kind": kind, "facts": facts})
        session.execute(text(grown), {"case": case})


BROKEN = {
    "the instant is none": ("clock.started", '{"due_at": "never"}'),
    "the number is too large for its column": ("rating.given", '{"stars": 100000}'),
    "the appeal is no case": ("appeal.decided", '{"appeal": "a"}'),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_case_that_breaks_a_rule_stops_no_other(hub: Hub, how: str) -> None:
    """It is named in the log of the worker, once for each change, and by the check of the figures."""
    database, who = hub.database, hub.administrator
    broken, sound = (hub.case().id for _ in range(2))
    append(database, broken, *BROKEN[how])
    settled(database)
    with capture_logs() as lines:
        bring_up_to_date(database, who)
    assert [line["case"] for line in lines if line["event"] == "figures.case-failed"] == [str(broken)]
    assert [row[0] for row in content(database)["case_figures"]] == [sound]
    (named,) = check(database, who)
    assert "its figures don't include all of its events" in named
    before = content(database)
    append(database, sound, *BROKEN[how])
    append(database, broken, "comment.added", "{}")
    execute(database, "UPDATE case_figures SET seq = 0")  # as after a change of a calendar
    settled(database)
    bring_up_to_date(database, who)
    after = content(database)
    assert after["case_figures"][0][1] == -1
    assert {name: rows for name, rows in after.items() if name != "case_figures"} == {
        name: rows for name, rows in before.items() if name != "case_figures"
    }


CHANGES: Mapping[str, tuple[Any, ...]] = {
    "closure": (calendars.declare, "district-1", date(2026, 8, 1), date(2026, 10, 1), "strike"),
    "calendar of a unit that is asked for opinions only": (calendars.choose, "legal-office", "iran-friday"),
    "party becomes a unit": (units.create, units.NewUnit("tax-office", "Taxes", "agency", "root")),
    "unit is moved": (units.change, "district-2", {"parent": "registry-north"}),
}


def test_changes_of_office_hours_afterwards_change_the_figures(
    database: Database, database_url: str, manager: Actor
) -> None:
    """Another process changes them; ours remembers for a minute how they were. As a rebuild has them."""
    administrator = factories.an_actor(database, "administrator")
    histories.write(database, database_url, 60, seed=8)  # an opinion takes longer than a weekend
    bring_up_to_date(database, manager)
    after = content(database)
    for name, change in CHANGES.items():
        before = after
        remembered = dict(reading._reported[database.engine])
        run(database, administrator, *change)
        reading._reported[database.engine] = remembered
        bring_up_to_date(database, manager)
        after = content(database)
        assert after != before, name
    calendars.forget()
    run(database, manager, follower.rebuild, projection.FIGURES)
    assert content(database) == after


def test_corrections_do_not_wait_for_a_moment_without_events(hub: Hub) -> None:
    case = hub.case()
    bring_up_to_date(hub.database, hub.administrator)
    execute(hub.database, "UPDATE case_figures SET seq = 0")  # as after a change of a calendar
    other = hub.case()
    hub.run(projection.project)
    assert {row[0]: row[1] > 0 for row in content(hub.database)["case_figures"]} == {
        case.id: True,
        other.id: True,
    }


def test_figures_are_right_while_cases_change_and_somebody_rebuilds(hub: Hub) -> None:
    """Two workers run, and the figures are emptied meanwhile."""
    hub.run(projection.prepare)
    worker = factories.an_actor(hub.database, "caseworker")
    done = Signal()

    def part(number: int) -> None:
        if number < 2:
            for _ in range(6):
                case = factories.a_case(hub.database, hub.portal)
                task = case.tasks[0]["id"]
                factories.as_actor(hub.database, worker, partial(tasks.claim, task_id=task))
                factories.as_actor(hub.database, worker, partial(tasks.complete, task_id=task, data={}))
            hub.run(follower.reset, projection.FIGURES)
            if number == 0:
                done.set()
            return
        while not done.is_set():
            hub.run(projection.project)

    assert factories.at_once(4, part) == [None] * 4
    settled(hub.database)
    while hub.run(projection.project):
        pass
    assert check(hub.database, hub.administrator) == []
    assert [row["closed"] for row in sums_of(hub.database)] == [12]


def sums_of(database: Database) -> list[Mapping[str, Any]]:
    with database.transaction() as session:
        return [dict(row) for row in session.execute(text("SELECT * FROM period_figures")).mappings()]


def test_managers_see_exactly_the_units_of_their_memberships(
    database: Database, database_url: str, manager: Actor
) -> None:
    histories.write(database, database_url, 60)
    bring_up_to_date(database, manager)
    period: dict[str, Any] = {"first": date(2026, 7, 1), "last": date(2026, 11, 20)}

    def a_manager(name: str, *units: str, **membership: Any) -> Actor:
        return [a_member(database, name, unit, "caseworker", "manager", **membership) for unit in units][-1]

    def closed(who: Actor, **filters: Any) -> Any:
        return run(database, who, metrics.overview, Filters(**period, **filters)).numbers.closed.value

    by_unit = {one: closed(manager, unit=one) for one in ("registry-north", "welfare", "municipality")}
    assert by_unit["municipality"] == sum(
        closed(manager, unit=f"district-{number}", alone=True) for number in range(1, 7)
    )
    both = a_manager("of two", "registry-north", "welfare")
    assert closed(both) == by_unit["registry-north"] + by_unit["welfare"] > 0
    assert closed(a_manager("of all below", "municipality", "district-1")) == by_unit["municipality"]
    ended = a_manager("of none", "welfare", valid_to=datetime(2026, 3, 1, tzinfo=ZONE))
    assert closed(ended) == 0
    for who, filters in (
        (both, {"unit": "municipality"}),
        (both, {"unit": "land-registry"}),  # above one of them
        (both, {"definition": "trade-permit"}),
        (ended, {"unit": "welfare"}),
        (ended, {"definition": "welfare-allowance"}),
    ):
        with pytest.raises(NotFound):
            closed(who, **filters)
    assert run(database, both, metrics.list_cases, Filters(**period)).count == closed(both)
    assert {one.unit for one in run(database, both, metrics.people, Filters(**period)).lines} == {
        *("registry-north", "welfare-tehran", "welfare-tabriz"),
    }


# Events of cases that may have ended, some of them nonsense, as another program might write them.
FACTS: Mapping[str, Sequence[str]] = {
    "rating.given": ('{"stars": 4, "visited": true}', '{"stars": 1}', "{}"),
    "visit.recorded": ('{"visit": "v", "channel": "in_person"}', '{"visit": "w", "channel": "phone"}'),
    "visit.corrected": ('{"visit": "v", "withdrawn": true}', '{"visit": "x"}'),
    "delay.explained": ('{"code": "workload", "ms": 5}',),
    "appeal.filed": ('{"appeal": "00000000-0000-0000-0000-000000000001"}',),
    "appeal.decided": ('{"appeal": "00000000-0000-0000-0000-000000000001"}',),
    "correction.asked": ('{"parent": "x", "side": "applicant"}',),
    "opinion.asked": ('{"parent": "x", "unit": "health"}',),
    "clock.stopped": ('{"code": "decision", "due_at": "2026-09-01T00:00:00+00:00"}', "{}"),
    "clock.paused": ('{"side": "applicant"}',),
    "case.completed": ('{"effect": "refuses", "by": "rule"}', '{"by": "silence"}'),
    "case.cancelled": ("{}",),
    "case.withdrawn": ("{}",),
    "case.suspended": ("{}",),
    "task.created": ('{"side": "office", "presence": "required"}', '{"side": "delegate", "unit": "health"}'),
    "task.completed": ("{}",),
    "task.delegated": ('{"unit": "welfare"}',),
    "call.made": ('{"call": "c", "agency": "health"}', "{}"),
    "call.failed": ('{"call": "c"}',),
    "work.noted": ('{"from_at": "2026-08-01T06:00:00+00:00", "to_at": "2026-08-01T07:00:00+00:00"}',),
    "something.new": ('{"x": 1}', "null"),
}
INSTANTS = (
    "max(at)",
    "max(at) + interval '40 days'",
    "min(at) - interval '3 days'",
    "max(at) - interval '1 day'",
)


def test_sums_are_those_of_the_rows_after_any_sequence(
    database: Database, database_url: str, manager: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events of any kind and instant, versions, erasure and corrections, read in batches of any size."""
    histories.write(database, database_url, 25)
    run(database, manager, projection.prepare)
    rng = Random(20)
    with database.transaction() as session:
        ids = session.execute(text("SELECT id FROM cases ORDER BY id")).scalars().all()
    for turn in range(9):
        for _ in range(rng.randrange(9)):
            kind = rng.choice([*FACTS])
            version = rng.choice([LAST_VERSION, LAST_VERSION, OTHER_VERSION])
            append(database, rng.choice(ids), kind, rng.choice(FACTS[kind]), rng.choice(INSTANTS), version)
        if turn == 5:
            _report_outage(database, manager)
        if turn == 7:
            execute(database, "UPDATE events SET payload = NULL, salt = NULL")
        monkeypatch.setattr(projecting, "CASES", rng.choice([1, 3, 17, 1000]))
        monkeypatch.setattr(
            projecting, "FIGURES", replace(projection.FIGURES, most=rng.choice([1, 300, 5000]))
        )
        for _ in range(rng.randrange(5)):
            run(database, manager, projection.project)
        assert [line for line in check(database, manager) if not line.startswith("case")] == []
    bring_up_to_date(database, manager)
    assert check(database, manager) == []
    before = content(database)
    run(database, manager, follower.rebuild, projection.FIGURES)
    assert content(database) == before


def test_figures_are_their_lists_after_the_clock_has_jumped_back(
    database: Database, database_url: str, manager: Actor
) -> None:
    """A server whose clock was ten days ahead has cases that end in the days to come."""
    histories.write(database, database_url, 60)
    bring_up_to_date(database, manager)
    now = datetime(2026, 11, 10, tzinfo=ZONE)

    def read(command: Any, *arguments: Any) -> Any:
        return database.run(lambda session, _: command(UnitOfWork(session, manager, now), *arguments))

    for filters in (Filters(first=date(2026, 10, 20)), Filters(first=date(2026, 11, 8))):
        numbers = read(metrics.overview, filters).numbers
        closed, started = (read(metrics.list_cases, filters, name).count for name in ("closed", "started"))
        assert (numbers.closed.value, numbers.started.value) == (closed, started)
        assert read(metrics.times, filters).total.cases == closed
    assert read(metrics.overview, Filters(last=date(2026, 12, 30))).numbers.closed.value > closed


def test_figures_stay_after_erasure(database: Database, database_url: str, manager: Actor) -> None:
    histories.write(database, database_url, 25)
    bring_up_to_date(database, manager)
    before = content(database)
    administrator = factories.an_actor(database, "administrator")
    with database.transaction() as session:
        ended = session.execute(text("SELECT id FROM cases WHERE ended_at IS NOT NULL")).scalars().all()
    assert sum(run(database, administrator, _erase, case_id) for case_id in ended) > 20
    bring_up_to_date(database, manager)
    erased = content(database)
    assert erased != before
    for found in (before, erased):
        found["case_figures"] = [(row[0], *row[2:]) for row in found["case_figures"]]  # not `seq`
    assert erased == before


def test_figures_continue_in_a_restored_copy(
    database: Database,
    database_url: str,
    empty_database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manager = factories.an_actor(database, "manager")
    histories.write(database, database_url, 12)
    bring_up_to_date(database, manager)
    kept = content(database)
    monkeypatch.setenv("PARVANDEH_VAR", str(tmp_path / "var"))
    for url, *command in ((database_url, "backup"), (empty_database_url, "restore")):
        monkeypatch.setenv("DATABASE_URL", url)
        assert main([*command, str(tmp_path / "copy")]) == 0
    copy = Database(empty_database_url)
    try:
        assert content(copy) == kept
        append(copy, kept["case_figures"][0][0], "delay.explained", '{"code": "workload"}')
        settled(copy)
        bring_up_to_date(copy, manager)
        assert content(copy) != kept
        assert main(["figures", "check"]) == 0
    finally:
        copy.dispose()


def test_check_names_what_is_missing_or_wrong(
    hub: Hub, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    case = hub.case()
    bring_up_to_date(hub.database, hub.administrator)
    assert main(["figures", "check"]) == 0
    execute(hub.database, "UPDATE period_figures SET closed = closed + 1")
    execute(hub.database, "UPDATE case_figures SET seq = seq - 1")
    capsys.readouterr()
    assert main(["figures", "check"]) == 1
    found = capsys.readouterr().out
    assert f"case {case.number}: its figures don't include all of its events" in found
    assert "period_figures: 1 sums of rows are not stored" in found
    assert main(["figures", "rebuild"]) == 0
    bring_up_to_date(hub.database, hub.administrator)
    assert check(hub.database, hub.administrator) == []


def _erase(uow: UnitOfWork, case_id: UUID) -> bool:
    """Erases a case, unless it is that of an appeal that runs."""
    try:
        erasure.erase(uow, str(case_id), "Order 12 of the archive", "operator")
    except Conflict:
        return False
    return True
