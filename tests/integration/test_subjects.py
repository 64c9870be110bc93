"""What a case is about, in lists: when it changes, by what its tasks are found, and who gets to know it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from engine import cases, tasks
from engine.models import Case, Incident, User
from engine.platform.db import Database
from engine.tasks import Inbox, delegations
from tests import bpmn, factories
from tests.desks import Desks, desks
from tests.organisation import a_member, a_person, a_unit
from tests.web.conftest import statements

FORM = factories.form((), shop={"type": "string"}, owner={"type": "string"})


def process(subject: str | None = "shop", rest: str = "") -> dict[str, bytes]:
    """Start with FORM → `a` of the office → `b` of the fire brigade → end."""
    told = "" if subject is None else f' parvandeh:subject="{subject}"'
    nodes = [
        bpmn.node("startEvent", "start", camunda__formKey="form.json"),
        bpmn.node("userTask", "a", camunda__formKey="form.json"),
        bpmn.node("userTask", "b", parvandeh__role="caseworker", parvandeh__unit="fire"),
        bpmn.node("endEvent", "end"),
    ]
    flows = [bpmn.flow(*pair) for pair in (("start", "a"), ("a", "b"), ("b", "end"))]
    return factories.files(
        bpmn.process(*nodes, *flows, attributes=f'isExecutable="true"{told}{rest}'), form=FORM
    )


@pytest.fixture
def office(database: Database) -> Desks:
    found = desks(database)
    found.deploy(process(rest=' parvandeh:party="owner"'))
    return found


def a_case(office: Desks, **data: Any) -> UUID:
    case = office.do(
        "portal", lambda uow: cases.start(uow, "p", data, cases.Application(applicant=a_person("ali")))
    )
    return UUID(str(case.id))


def inbox(office: Desks, name: str, **wanted: Any) -> Sequence[Mapping[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = office.do(name, lambda uow: tasks.page(uow, Inbox(**wanted)))
    return rows


def subjects(office: Desks, name: str, **wanted: Any) -> list[str | None]:
    return [row["subject"] for row in inbox(office, name, **wanted)]


def done(office: Desks, name: str, **answer: Any) -> None:
    (task,) = (row["id"] for row in inbox(office, name))
    office.claimed(name, task)
    office.do(name, lambda uow: tasks.complete(uow, task, answer))


def test_is_in_lists_and_searches_and_follows_the_data(office: Desks) -> None:
    case = a_case(office, shop="نان سنگک")
    assert subjects(office, "sara") == subjects(office, "sara", words="سنگ") == ["نان سنگک"]
    (listed,) = office.do("sara", lambda uow: cases.page(uow, cases.Wanted()))
    assert listed["subject"] == office.do("sara", lambda uow: cases.get(uow, case)).subject == "نان سنگک"
    done(office, "sara", shop="نان بربری")
    assert office.do("sara", lambda uow: cases.get(uow, case)).subject == "نان بربری"


def test_an_open_task_is_found_by_what_its_case_is_about_now(office: Desks) -> None:
    a_case(office, shop="sangak")
    (task,) = (row["id"] for row in inbox(office, "sara"))
    office.claimed("sara", task)
    office.do("sara", lambda uow: tasks.request_correction(uow, task, tasks.Marks([("/shop", "wrong")])))
    (correction,) = (
        row["id"]
        for row in office.do("portal", lambda uow: tasks.of_case(uow, inbox(office, "sara")[0]["case_id"]))
        if row["kind"] == "correction"
    )
    office.do("portal", lambda uow: tasks.complete(uow, correction, {"shop": "barbari"}))
    assert subjects(office, "sara", words="barbari") == ["barbari"]
    assert subjects(office, "sara", words="sangak") == []


@pytest.mark.parametrize("subject", ["1 / 0", "missing", "[shop]"])
def test_one_that_fails_is_no_incident_and_leaves_none(
    office: Desks, database: Database, subject: str
) -> None:
    office.deploy(process(subject))
    a_case(office, shop="sangak")
    assert subjects(office, "sara") == [None]
    with database.transaction() as session:
        assert session.scalars(select(Incident.id)).all() == []


def test_who_has_a_step_alone_neither_reads_nor_finds_it(office: Desks) -> None:
    a_case(office, shop="sangak")
    done(office, "sara", shop="sangak")
    (row,) = inbox(office, "omid")
    assert (row["subject"], row["applicant"], row["applicant_name"]) == (None, None, None)
    assert inbox(office, "omid", words="sangak") == []
    assert office.do("omid", lambda uow: tasks.get(uow, row["id"]))["subject"] is None
    assert subjects(office, "mina", scope="supervised") == []  # it is not hers to assign


def test_who_has_a_step_whose_form_shows_as_much_reads_and_finds_it(office: Desks) -> None:
    files = process()
    shows = b'<bpmn:userTask id="b" camunda:formKey="form.json"'
    files["p.bpmn"] = files["p.bpmn"].replace(b'<bpmn:userTask id="b"', shows)
    office.deploy(files)
    a_case(office, shop="sangak")
    done(office, "sara", shop="sangak")
    (row,) = inbox(office, "omid", words="sangak")
    assert (row["subject"], row["applicant"]) == ("sangak", None)


def test_a_delegate_neither_reads_nor_finds_it(office: Desks, database: Database) -> None:
    a_unit(database, "bureau", kind="delegate")
    a_member(database, "clerk", "bureau")
    boss = a_member(database, "boss", "office", "*", "administrator")
    office.people["clerk"] = a_member(database, "clerk", "bureau")
    a_case(office, shop="sangak")  # taken over,
    wanted = delegations.NewDelegation("p", ("a",), "office", "bureau", take_over=True)
    agreed = factories.as_actor(database, boss, lambda uow: delegations.create(uow, wanted))
    a_case(office, shop="sangak")  # and new
    assert subjects(office, "clerk") == [None, None]
    assert inbox(office, "clerk", words="sangak") == []
    factories.as_actor(database, boss, lambda uow: delegations.revoke(uow, agreed))
    assert subjects(office, "sara", words="sangak") == ["sangak", "sangak"]


@pytest.mark.parametrize("known", [True, False])
def test_an_official_whom_the_process_names_as_a_party_does_not_read_it(
    office: Desks, database: Database, known: bool
) -> None:
    case = a_case(office, shop="sangak", owner=a_person("sara"))
    if not known:  # as it is with a case from before parties were stored
        with database.transaction() as session:
            session.execute(update(Case).where(Case.id == case).values(parties=None))
    (row,) = inbox(office, "sara")
    assert (row["subject"], row["applicant"], row["applicant_name"]) == (None, None, None)
    (listed,) = office.do("sara", lambda uow: cases.page(uow, cases.Wanted()))
    assert listed["subject"] is None
    assert subjects(office, "reza") == ["sangak"]


def test_the_applicant_has_the_name_of_the_own_account(office: Desks, database: Database) -> None:
    a_case(office, shop="sangak")
    assert [(row["applicant"], row["applicant_name"]) for row in inbox(office, "sara")] == [
        (a_person("ali"), None)
    ]
    with database.transaction() as session:
        made = factories.an_actor(database, "applicant", "ali")
        named = {"person": a_person("ali"), "full_name_fa": "علی کاظمی", "full_name_en": "Ali Kazemi"}
        session.execute(update(User).where(User.id == made.id).values(named))
    (row,) = inbox(office, "sara")
    assert row["applicant_name"] == {"fa": "علی کاظمی", "en": "Ali Kazemi"}


def test_costs_no_statement_of_its_own(office: Desks, database: Database) -> None:
    def counted(subject: str | None) -> int:
        office.deploy(process(subject))
        a_case(office, shop="x")  # reads the definition once
        with statements(database) as told:
            a_case(office, shop="y")
        return len(told)

    assert counted("shop") == counted(None)
