"""What becomes of commitments: by planted months, against a reference; and who changes them how."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import pytest
from persiantools.jdatetime import JalaliDate
from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from engine import definitions
from engine.design import publishing
from engine.events import administration_log
from engine.identity import accounts
from engine.models import Unit
from engine.oversight import commitments
from engine.oversight.commitments import MeasuredCommitment, NewService
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Conflict, Invalid, NotFound
from engine.platform.language import Calendar
from tests import factories
from tests.committing import TEXTS, a_past, at, move, plant, promise
from tests.organisation import a_member, a_unit

MONTHS = [date(2026, number, 1) for number in range(1, 11)]
MADE = date(2026, 1, 5)


@pytest.fixture
def agency(database: Database) -> str:
    a_unit(database, "agency", kind="agency")
    return "agency"


@pytest.fixture
def administrator(database: Database, agency: str) -> Actor:
    return a_member(database, "an administrator", agency, "*", "administrator")


@pytest.fixture
def manager(database: Database, agency: str) -> Actor:
    return a_member(database, "a manager", agency, "*", "manager")


def begins(calendar: Calendar, day: date) -> bool:
    """Whether a month begins on a day."""
    return (JalaliDate(day) if calendar == "jalali" else day).day == 1


class Reading(NamedTuple):
    """What a reader says: state, first month that reached it, whether it was lost, the days to explain."""

    state: str
    reached: date | None
    lost: bool
    demands: list[date]


Sums = Mapping[date, tuple[int, int]]
Judged = list[tuple[date, date, bool | None]]  # first and last day, and whether it was good


def whole_months(sums: Sums, calendar: Calendar, until: date) -> Judged:
    """The months after the entry that have ended, day by day; None for one of fewer than ten cases."""
    found: Judged = []
    first, day, in_time, cases = None, MADE + timedelta(days=1), 0, 0
    while day <= until + timedelta(days=1):
        if begins(calendar, day):
            if first is not None:
                good = 10 * in_time >= 8 * cases if cases >= 10 else None
                found.append((first, day - timedelta(days=1), good))
            first, in_time, cases = day, 0, 0
        more = sums.get(day, (0, 0))
        in_time, cases, day = in_time + more[0], cases + more[1], day + timedelta(days=1)
    return found


def holding(months: Judged, due: date) -> Reading:
    bound = [one for one in months if one[0] >= due]
    known = [one for one in bound if one[2] is not None]
    if not bound:
        return Reading("pending", None, False, [])
    if not known:
        return Reading("not_measured", None, False, [bound[0][1]])
    demands = [last for _, last, good in known if not good]
    return Reading("held" if known[-1][2] else "not_held", None, False, demands)


def reaching(months: Judged, due: date, until: date) -> Reading:
    reached, lost, demands, seen = None, False, [], False
    for first, last, good in months:
        if good is None:
            continue
        seen = True
        if good:
            reached, lost = reached or (first, last), False
        elif reached and not lost:
            lost = True
            demands.append(last)
    if until > due and (reached is None or reached[1] > due):
        demands.insert(0, due)
    if reached is not None:
        return Reading("reached" if reached[1] <= due else "late", reached[0], lost, demands)
    if not seen:
        return Reading("not_measured" if months or until > due else "pending", None, False, demands)
    return Reading("missed" if until > due else "pending", None, False, demands)


def some_sums(rng: Random) -> Sums:
    """Sums of some of the periods of a year, which begin with a month of either calendar."""
    odds, sums = rng.choice((0.1, 0.9)), {}
    for number in range(300):
        day = date(2026, 1, 1) + timedelta(days=number)
        cases = rng.choice((1, 4, 5, 9, 12, 30))
        if (begins("gregorian", day) or begins("jalali", day)) and rng.random() < odds:
            sums[day] = (rng.choice((0, cases // 2, cases, cases, cases)), cases)
    return sums


@pytest.mark.parametrize("calendar", ["gregorian", "jalali"])
def test_states_are_those_of_a_reference(
    database: Database, agency: str, administrator: Actor, manager: Actor, calendar: Calendar
) -> None:
    """Over random months, kinds, dues and days on which somebody looks; all read at once."""
    rng = Random(24)
    a_past(database)
    planted: dict[str, Sums] = {}
    for number in range(60):
        key = f"office-{number}"
        a_unit(database, key, agency)
        planted[key] = some_sums(rng)
        plant(database, key, planted[key])
        due = date(2026, rng.randint(3, 10), rng.choice((1, 15, 28)))
        kind = rng.choice(("reach-by", "hold-from"))
        at(database, administrator, MADE, commitments.make, promise(key, due, calendar=calendar, kind=kind))
    seen = set()
    for until in (MADE, *(date(2026, rng.randint(2, 10), rng.choice((1, 14, 28))) for _ in range(9))):
        found = at(database, manager, date(2026, 12, 24), commitments.measured_in, agency, until)
        assert {one.unit for one in found} == set(planted)
        for one in found:
            months = whole_months(planted[one.unit], calendar, until)
            held = one.kind == "hold-from"
            expected = holding(months, one.due) if held else reaching(months, one.due, until)
            assert (one.state, one.reached, one.lost) == expected[:3], (one, until)
            awaited = expected.demands[0] + timedelta(days=14) if expected.demands else None
            assert one.explain_by == awaited, (one, until)
            seen.add((one.state, one.lost))
    states = ("pending", "reached", "late", "missed", "not_measured", "held", "not_held")
    assert seen == {(one, False) for one in states} | {("reached", True), ("late", True)}


def test_good_months_before_the_entry_reach_nothing(
    database: Database, agency: str, administrator: Actor, manager: Actor
) -> None:
    """Nor do the month of the entry, and those of nine cases: they are shown, and don't count."""
    a_past(database)
    good = {one: (10, 10) for one in MONTHS[:3]}
    plant(database, agency, {**good, MONTHS[3]: (9, 9), MONTHS[4]: (7, 10)})
    new = promise(agency, date(2026, 5, 31), since=date(2026, 1, 1))
    made = at(database, administrator, date(2026, 3, 5), commitments.make, new)
    one = look(database, manager, date(2026, 6, 1), made)
    assert [month.met for month in one.months] == [True, True, True, None, False]
    assert (one.state, one.reached, one.lost) == ("missed", None, False)


def test_each_time_it_is_lost_again_is_explained(
    database: Database, agency: str, administrator: Actor, manager: Actor
) -> None:
    a_past(database)
    plant(database, agency, {one: (10 * (at % 2), 10) for at, one in enumerate(MONTHS)})
    made = at(database, administrator, MADE, commitments.make, promise(agency, date(2026, 3, 31)))
    assert look(database, manager, date(2026, 3, 31), made).explain_by is None
    lost = look(database, manager, date(2026, 4, 1), made)
    assert (lost.state, lost.lost, lost.explain_by) == ("reached", True, date(2026, 4, 14))
    regained = look(database, manager, date(2026, 5, 1), made)
    assert (regained.lost, regained.unexplained) == (False, True)
    at(database, manager, date(2026, 5, 2), commitments.explain, made, "staff", "Two were ill.")
    assert not look(database, manager, date(2026, 5, 3), made).unexplained
    again = look(database, manager, date(2026, 6, 1), made)
    assert (again.lost, again.unexplained, again.explain_by) == (True, True, date(2026, 6, 14))


def test_easier_promise_counts_from_its_own_entry(
    database: Database, agency: str, administrator: Actor, manager: Actor
) -> None:
    """Months of before can't keep it; and one that holds stays so when nothing is said."""
    a_past(database)
    plant(database, agency, {one: (8, 10) for one in MONTHS})
    new = promise(agency, date(2026, 9, 30), target=90)
    made = at(database, administrator, MADE, commitments.make, new)
    day = date(2026, 4, 10)
    easier = promise(agency, date(2026, 9, 30))
    at(database, administrator, day, commitments.amend, made, 1, easier, "It was too much.")
    one = look(database, manager, date(2026, 5, 1), made)
    assert (one.state, one.entered, one.kind) == ("pending", day, "reach-by")
    assert look(database, manager, date(2026, 6, 1), made).reached == date(2026, 5, 1)
    held = promise(agency, date(2026, 6, 1), kind="hold-from")
    made = at(database, administrator, MADE, commitments.make, held)
    at(database, administrator, day, commitments.amend, made, 1, promise(agency, date(2026, 7, 1)), "Later.")
    one = look(database, manager, date(2026, 8, 1), made)
    assert (one.state, one.kind, one.entered) == ("held", "hold-from", MADE)


def look(database: Database, who: Actor, day: date, commitment: Any) -> MeasuredCommitment:
    found: MeasuredCommitment = at(database, who, day, commitments.one_measured, commitment)
    return found


def test_missed_commitment_is_explained_and_explained_again_when_it_changes(
    database: Database, agency: str, administrator: Actor, manager: Actor
) -> None:
    a_past(database)
    plant(database, agency, {MONTHS[0]: (9, 9), MONTHS[1]: (4, 10), MONTHS[2]: (10, 10), MONTHS[3]: (0, 10)})
    made = at(database, administrator, MADE, commitments.make, promise(agency, date(2026, 2, 28)))
    with pytest.raises(Conflict, match="not late"):
        at(database, manager, date(2026, 2, 28), commitments.explain, made, "staff", "Too early.")
    missed = look(database, manager, date(2026, 3, 1), made)
    assert (missed.state, missed.unexplained, missed.value) == ("missed", True, 0.4)
    assert missed.explain_by == date(2026, 3, 14)
    explain = commitments.explain
    one = at(database, manager, date(2026, 3, 9), explain, made, "staff", "Two posts are vacant.")
    assert (one.unexplained, one.cause) == (False, "staff")
    with pytest.raises(Conflict, match="given before"):
        at(database, manager, date(2026, 3, 9), explain, made, "staff", "  Two posts are vacant. ")
    at(database, manager, date(2026, 4, 2), explain, made, "other", "Reached with a month of delay.")
    late = look(database, manager, date(2026, 5, 2), made)
    assert (late.state, late.reached, late.lost) == ("late", MONTHS[2], True)
    assert (late.unexplained, late.cause, late.explain_by) == (True, None, date(2026, 5, 14))
    assert [(said.state, said.cause) for said in late.explanations] == [
        ("missed", "staff"),
        ("late", "other"),
    ]
    before = at(database, manager, date(2026, 5, 2), commitments.measured_in, agency, date(2026, 3, 31))
    assert [(said.state, said.cause) for said in before[0].explanations] == [("missed", "staff")]
    for cause, text in (("weather", "t"), ("staff", " "), ("staff", "x" * 2001), ("staff", "a\x07b")):
        with pytest.raises(Invalid):
            at(database, manager, date(2026, 5, 2), explain, made, cause, text)


def test_amended_commitment_keeps_its_versions_and_needs_another_explanation(
    database: Database, agency: str, administrator: Actor, manager: Actor
) -> None:
    a_past(database)
    plant(database, agency, {one: (6, 10) for one in MONTHS})
    made = at(database, administrator, MADE, commitments.make, promise(agency, date(2026, 2, 28)))
    at(database, manager, date(2026, 3, 9), commitments.explain, made, "staff", "Two posts are vacant.")
    same, amend, day = promise(agency, date(2026, 2, 28)), commitments.amend, date(2026, 3, 10)
    with pytest.raises(Conflict, match="Nothing"):
        at(database, administrator, day, amend, made, 1, same, "No reason.")
    with pytest.raises(Invalid):
        at(database, administrator, day, amend, made, 1, promise(agency, date(2026, 3, 1)), "In the past.")
    with pytest.raises(Invalid):
        at(database, administrator, day, amend, made, 1, promise(agency, date(2026, 5, 31)), "")
    new = promise(agency, date(2026, 5, 31), text_en="Decide in time, with new posts")
    assert at(database, administrator, day, amend, made, 1, new, "The posts come in April.") == 2
    with pytest.raises(Conflict, match="version 2"):
        at(database, administrator, day, amend, made, 1, new, "Read long ago.")
    one = look(database, manager, date(2026, 3, 12), made)
    assert (one.state, one.due, one.unexplained) == ("pending", date(2026, 5, 31), False)
    assert [(each.number, each.due, each.text_en, each.reason) for each in one.versions] == [
        (1, date(2026, 2, 28), TEXTS["text_en"], None),
        (2, date(2026, 5, 31), new.text_en, "The posts come in April."),
    ]
    again = look(database, manager, date(2026, 6, 2), made)
    assert (again.state, again.unexplained, again.explanation) == ("missed", True, None)
    # As the report of February knew it.
    (before,) = at(database, manager, date(2026, 6, 2), commitments.measured_in, agency, date(2026, 3, 9))
    assert (before.state, before.due, before.cause) == ("missed", date(2026, 2, 28), "staff")
    at(database, administrator, date(2026, 6, 3), commitments.withdraw, made, 2, "The decree was repealed.")
    assert at(database, manager, date(2026, 6, 4), commitments.measured_in, agency, date(2026, 6, 4)) == []
    (kept,) = at(database, manager, date(2026, 6, 4), commitments.measured_in, agency, date(2026, 6, 2))
    assert kept.state == "missed"
    for command, arguments in (
        (amend, (made, 2, same, "r")),
        (commitments.withdraw, (made, 2, "r")),
    ):
        with pytest.raises(Conflict, match="withdrawn"):
            at(database, administrator, date(2026, 6, 4), command, *arguments)
    log = factories.as_actor(database, administrator, lambda uow: administration_log.head(uow.session))
    assert log.length >= 4


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"metric": "happiness"}, "/metric"),
        ({"target": "much"}, "/target"),
        ({"target": "NaN"}, "/target"),
        ({"target": float("inf")}, "/target"),
        ({"target": -1}, "/target"),
        ({"target": "100.5"}, "/target"),
        ({"target": True}, "/target"),
        ({"target": None}, "/target"),
        ({"target": "1406/01/01"}, "/target"),
        ({"target": "80.12345"}, "/target"),
        ({"target": "9" * 5000}, "/target"),
        ({"target": 10**5000}, "/target"),
        ({"target": "0e-99999"}, "/target"),
        ({"target": "0e-300"}, "/target"),
        ({"target": 1e-300}, "/target"),
        ({"target": "8e1"}, "/target"),
        ({"target": "-0"}, "/target"),
        ({"target": -0.0}, "/target"),
        ({"target": "8_0"}, "/target"),
        ({"target": "८०"}, "/target"),
        ({"target": "80\0"}, "/target"),
        ({"metric": "late", "target": "2.5"}, "/target"),
        ({"metric": "stars", "target": 6}, "/target"),
        ({"metric": "median", "target": 4000}, "/target"),
        ({"due": date(2026, 1, 4)}, "/due"),
        ({"due": date(2047, 1, 1)}, "/due"),
        ({"due": date(2026, 1, 30)}, "/due"),
        ({"due": date(2026, 2, 27)}, "/due"),
        ({"kind": "hold-from", "due": date(2026, 1, 4)}, "/due"),
        ({"kind": "sometimes"}, "/kind"),
        ({"due": None}, "/due"),
        ({"since": date(2026, 1, 6)}, "/since"),
        ({"since": date(2019, 1, 6)}, "/since"),
        ({"calendar": "mayan"}, "/calendar"),
        ({"text_fa": " \n "}, "/text_fa"),
        ({"text_en": "x" * 2001}, "/text_en"),
        ({"legal_basis": "x" * 501}, "/legal_basis"),
        ({"definition": "nothing"}, "/definition"),
        ({"definition": "p\0"}, "/definition"),
        ({"legal_basis": "Decree\0"}, "/legal_basis"),
        ({"metric": "completion"}, "/definition"),
        ({"metric": "services_online", "definition": "p"}, "/definition"),
    ],
)
def test_wrong_commitment_is_refused(
    database: Database, agency: str, administrator: Actor, change: dict[str, Any], pointer: str
) -> None:
    new = promise(agency, **{"due": date(2026, 3, 31), **change})
    with pytest.raises(Invalid) as refused:
        at(database, administrator, MADE, commitments.make, new)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]


def test_target_is_read_as_people_type_it(database: Database, agency: str, administrator: Actor) -> None:
    written = {"۸۰٪": "80", " 12٫5 % ": "12.5", "7.25": "7.25", "0080.00000": "80", "0.0": "0"}
    for number, (typed, target) in enumerate(written.items(), 3):
        new = promise(agency, date(2026, number, 28), target=typed)
        made = at(database, administrator, MADE, commitments.make, new)
        assert str(look(database, administrator, MADE, made).version.target) == target


def test_units_of_others_and_their_commitments_do_not_exist(
    database: Database, agency: str, administrator: Actor, manager: Actor
) -> None:
    a_unit(database, "far", kind="agency")
    stranger = a_member(database, "a stranger", "far", "*", "administrator")
    chief = a_member(database, "a far manager", "far", "*", "manager")
    new = promise(agency, date(2026, 2, 28))
    for unit in (agency, "root", "nowhere", "İ"):
        with pytest.raises(NotFound):
            at(database, stranger, MADE, commitments.make, promise(unit, date(2026, 2, 28)))
    made = at(database, administrator, MADE, commitments.make, new)
    late = date(2026, 3, 9)
    for who, command, arguments in (
        (stranger, commitments.amend, (made, 1, new, "r")),
        (stranger, commitments.withdraw, (made, 1, "r")),
        (stranger, commitments.one_measured, (made,)),
        (chief, commitments.explain, (made, "staff", "t")),
    ):
        with pytest.raises(NotFound, match="does not exist"):
            at(database, who, late, command, *arguments)
    assert at(database, chief, late, commitments.measured_in, None, late) == []
    assert look(database, manager, late, made).state == "not_measured"


def test_of_several_at_the_same_moment_one_commitment_is_made_and_amended(
    database: Database, agency: str, administrator: Actor
) -> None:
    new = promise(agency, date(2026, 3, 31))
    made = factories.at_once(3, lambda _: at(database, administrator, MADE, commitments.make, new))
    codes = sorted(getattr(one, "code", None) or "" for one in made)
    assert codes == ["", "commitment-exists", "commitment-exists"]
    (first,) = [one for one in made if not isinstance(one, Exception)]
    other = at(database, administrator, MADE, commitments.make, promise(agency, date(2026, 4, 30)))

    def amend(number: int) -> Any:
        which, target = (first, 90) if number < 2 else (other, 70)
        changed = promise(agency, date(2026, 6, 30), target=target)
        return at(database, administrator, MADE, commitments.amend, which, 1, changed, "r")

    done = factories.at_once(4, amend)
    assert sorted(str(getattr(one, "code", one)) for one in done if one != 2)[-1].startswith("commitment-")
    assert done.count(2) == 1  # of each the second is too late, and the unit has one by that day


def service(unit: str, name: str, **more: Any) -> NewService:
    return NewService(**{"unit": unit, "name_fa": name, "name_en": name, "reason": "law", **more})


def test_services_are_registered_at_the_same_moment(
    database: Database, agency: str, administrator: Actor
) -> None:
    """One waits for the other, and none is begun again: they would have locked each other out."""
    a_unit(database, "office", agency)
    begun: list[int] = []

    def register(number: int) -> Any:
        def command(uow: UnitOfWork) -> Any:
            begun.append(number)
            if number % 2:
                return commitments.register_service(uow, service(agency, f"one {number}"))
            default, other = (agency, "office") if number % 4 else ("office", agency)
            rows = f"unit,name_fa,name_en,reason\n{other},n{number},n,law\n{default},n{number},n,law\n"
            return commitments.import_csv(uow, default, rows).added

        return factories.as_actor(database, administrator, command)

    done = factories.at_once(6, register)
    assert sorted(begun) == list(range(6))
    assert [one for one in done if one == 2] == [2, 2, 2]
    assert not [one for one in done if isinstance(one, Exception)]


def test_what_was_committed_and_explained_is_append_only(
    database: Database, agency: str, administrator: Actor, manager: Actor
) -> None:
    a_past(database)
    made = at(database, administrator, MADE, commitments.make, promise(agency, date(2026, 2, 28)))
    at(database, manager, date(2026, 3, 9), commitments.explain, made, "staff", "Two posts are vacant.")
    for name in ("commitment_versions", "commitment_explanations"):
        for statement in (f"UPDATE {name} SET text = 'x'", f"DELETE FROM {name}", f"TRUNCATE {name} CASCADE"):
            changed = statement.replace("SET text", "SET text_fa") if name.endswith("versions") else statement
            with pytest.raises(DBAPIError, match="append-only"), database.transaction() as session:
                session.execute(sql(changed))


def test_process_of_an_earlier_release_is_online_again_after_it_was_disabled(
    database: Database, agency: str, manager: Actor
) -> None:
    """It was put into the catalogue when the log didn't say so."""
    with database.transaction() as session:
        system = accounts.system(session, datetime(2026, 1, 5, tzinfo=UTC))
    at(
        database,
        system,
        MADE,
        lambda uow: definitions.deploy(uow, factories.one_task("p"), publishing="direct"),
    )
    move(database, "p", agency)
    with database.transaction() as session:
        session.execute(sql("UPDATE definitions SET offered_at = '2026-01-10'"))
    at(database, system, date(2026, 3, 5), publishing.disable, "p")
    at(database, system, date(2026, 3, 9), publishing.enable, "p")

    def online(day: date) -> Any:
        def read(uow: UnitOfWork) -> int:
            (unit,) = uow.session.scalars(select(Unit.id).where(Unit.key == agency))
            return commitments.services_online(uow, unit, day).online

        return factories.as_actor(database, manager, read)

    days = (date(2026, 1, 8), date(2026, 2, 1), date(2026, 3, 6), date(2026, 3, 9))
    assert [online(day) for day in days] == [0, 1, 0, 1]


def test_share_of_services_online_of_each_month(
    database: Database, agency: str, administrator: Actor, manager: Actor
) -> None:
    """As the register and the catalogue were then: linked services count once."""
    new = promise(agency, date(2026, 4, 30), metric="services_online", target=50)
    made = at(database, administrator, MADE, commitments.make, new)
    ids = [
        at(database, administrator, date(2026, 2, 3), commitments.register_service, service(agency, name))
        for name in ("a", "b", "c")
    ]
    factories.deploy(database, factories.one_task("p"))  # now, and so after all these months
    linked = service(agency, "a", definition="p")
    at(database, administrator, date(2026, 2, 3), commitments.change_service, ids[0], 1, linked)
    with pytest.raises(Conflict) as stale:
        at(database, administrator, date(2026, 2, 3), commitments.change_service, ids[0], 1, linked)
    assert stale.value.code == "service-changed"
    at(database, administrator, date(2026, 4, 10), commitments.remove_service, ids[1])
    one = look(database, manager, date(2026, 5, 2), made)
    assert [(month.value.value, month.value.cases) for month in one.months] == [
        *((None, 0), (0.0, 3), (0.0, 3), (0.0, 2)),
    ]
    assert one.state == "missed"
    now = factories.as_actor(database, manager, lambda uow: commitments.register_now(uow, agency))
    assert (now.online, now.total, [missing.name_fa for missing in now.missing]) == (1, 2, ["c"])
    until = date(2026, 4, 1)
    unit = factories.as_actor(database, manager, lambda uow: commitments.register_now(uow, agency)).missing
    assert unit
    with pytest.raises(NotFound):
        at(database, manager, until, commitments.services_online, ids[0], until)
