"""Files of people: applied as they say, twice is once, and one fault refuses all of it."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from engine import definitions
from engine.cli import main
from engine.cli.people import apply
from engine.events.administration_log import WRITTEN
from engine.models import Delegation, Membership, OrganisationRecord, Substitution, Unit, User
from engine.organisation import import_files
from engine.platform.db import Database
from engine.platform.errors import Invalid
from tests import factories
from tests.organisation import a_unit

TEHRAN = ZoneInfo("Asia/Tehran")
HEADER = "name,account,unit,role,from,to,person\n"


@pytest.fixture(autouse=True)
def guild(database: Database) -> None:
    a_unit(database, "guild", kind="agency")


def take(
    database: Database, text: str | bytes, name: str = "people.csv", *, dry: bool = False
) -> Counter[str]:
    content = text if isinstance(text, bytes) else text.encode()
    return apply(database, import_files.read(name, content, TEHRAN), dry=dry)


def places(database: Database, text: str, name: str = "people.csv") -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        take(database, text, name)
    return [(fault.pointer, fault.code) for fault in refused.value.faults]


def works(database: Database) -> list[tuple[Any, ...]]:
    found = (
        select(User.name, Unit.key, Membership.role, Membership.valid_from, Membership.valid_to)
        .join(User, User.id == Membership.user_id)
        .join(Unit, Unit.id == Membership.unit_id)
        .where(Unit.key != "root")
        .order_by(User.name, Membership.role)
    )
    with database.transaction() as session:
        return [tuple(row) for row in session.execute(found)]


def test_table_with_persian_digits_and_jalali_days_is_taken(database: Database) -> None:
    header = "name;account;unit;role;from;to;person"
    table = f"{header}\nرضا;caseworker;guild;inspector;۱۴۰۵/۰۱/۰۱;۱۴۰۵/۰۶/۳۱;۰۰۱۲۳۴۵۶۷۹\n"
    assert take(database, b"\xef\xbb\xbf" + table.encode()) == {"person.made": 1}
    # To the end of the last day.
    begin, end = datetime(2026, 3, 20, 20, 30, tzinfo=UTC), datetime(2026, 9, 22, 20, 30, tzinfo=UTC)
    assert works(database) == [("رضا", "guild", "inspector", begin, end)]
    with database.transaction() as session:
        assert session.scalars(select(User.person).where(User.name == "رضا")).one() == "0012345679"


def test_second_time_changes_nothing(database: Database) -> None:
    table = (
        f"{HEADER}reza,caseworker,guild,inspector,2020-01-01,,\nreza,caseworker,guild,reviewer,,,\n"
        "mina,caseworker,guild,caseworker,2020-01-01,2021-01-01,\n"
        "mina,caseworker,guild,caseworker,2024-01-01,,\n"
    )
    assert take(database, table) == {"person.made": 2, "membership.given": 2}
    before = works(database)
    assert take(database, table) == {"unchanged": 4}
    assert works(database) == before


def test_changed_row_changes_only_that(database: Database) -> None:
    rows = (
        f"{HEADER}reza,caseworker,guild,inspector,2020-01-01,,\nmina,caseworker,guild,inspector,2020-01-01,"
    )
    take(database, f"{rows},\n")
    assert take(database, f"{rows}2030-12-31,\n") == {"unchanged": 1, "membership.changed": 1}
    ends = {name: end for name, _, _, _, end in works(database)}
    assert ends == {"reza": None, "mina": datetime(2030, 12, 31, 20, 30, tzinfo=UTC)}


def test_all_faults_are_told_and_nothing_is_written(database: Database) -> None:
    table = (
        f"{HEADER}reza,caseworker,guild,inspector,,,\nmina,caseworker,nowhere,inspector,,,\n"
        "sara,chief,guild,inspector,,,\nali,caseworker,guild,inspector,1405/13/01,,\n"
        "zahra,caseworker,guild,applicant,,,\n,caseworker,guild,inspector,,,\n"
        "hadi,caseworker,guild,inspector,2026-01-01,2025-01-01,1\n"
    )
    assert sorted(places(database, table)) == [
        ("line 3, unit", "unit"),
        ("line 4, account", "role"),
        ("line 5, from", "date"),
        ("line 6, role", "role"),
        ("line 7, name", "missing"),
        ("line 8, person", "format"),
    ]
    assert works(database) == []
    with database.transaction() as session:
        assert (
            session.scalars(select(OrganisationRecord).where(OrganisationRecord.kind != WRITTEN)).all() == []
        )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", ("line 1", "header")),
        ("name,account,unit\n", ("line 1", "columns")),
        ("name,account,unit,role,colour\n", ("line 1", "columns")),
        ("name,account,unit,role,role\n", ("line 1", "columns")),
        (f"{HEADER}a,b,c,d,e,f,g,h\n", ("line 2", "cells")),
        (f'{HEADER}"reza,caseworker\n', ("line 2", "csv")),
        (f"{HEADER}reza,caseworker,gu\0ild,x,,,\n", ("line 2, unit", "text")),
    ],
)
def test_table_that_is_none_is_refused_with_its_place(
    database: Database, text: str, place: tuple[str, str]
) -> None:
    assert places(database, text) == [place]


def test_other_encoding_is_told(database: Database) -> None:
    with pytest.raises(Invalid) as refused:
        take(database, "رضا".encode("cp1256"))
    assert refused.value.faults[0].code == "encoding"


def test_json_brings_units_people_and_substitutes(database: Database) -> None:
    member = {"unit": "guild-tehran", "role": "reviewer", "from": "2020-01-01"}
    content = {
        "units": [
            {"key": "guild-tehran", "name": "تهران", "kind": "unit", "parent": "guild", "region": "tehran"}
        ],
        "people": [
            {"name": name, "account": "caseworker", "memberships": [member]} for name in ("reza", "mina")
        ],
        "substitutes": [{"absent": "reza", "substitute": "mina", "from": "2026-01-01", "to": "2099-12-29"}],
    }
    text = json.dumps(content)
    assert take(database, text, "people.json") == {"unit.made": 1, "person.made": 2, "substitution.agreed": 1}
    assert take(database, text, "people.json") == {"unchanged": 4}
    with database.transaction() as session:
        assert len(session.scalars(select(Substitution)).all()) == 1


def test_json_with_delegations(database: Database) -> None:
    a_unit(database, "office", kind="delegate")
    who = factories.an_actor(database, "designer")
    factories.as_actor(database, who, lambda uow: definitions.deploy(uow, factories.one_task(), unit="guild"))
    new = {"definition": "p", "elements": ["a"], "unit": "guild", "delegate": "office"}

    def text(**more: Any) -> str:
        return json.dumps({"delegations": [{**new, **more}]})

    assert take(database, text(), "people.json") == {"delegation.agreed": 1}
    assert take(database, text(), "people.json") == {"unchanged": 1}
    faults: list[tuple[dict[str, Any], str]] = [
        ({"to": "2099-12-29"}, "/to"),
        ({"elements": ["b"]}, ""),
        ({"unit": "guilt"}, "/unit"),
    ]
    for wrong, place in faults:
        assert places(database, text(**wrong), "people.json")[0][0] == f"/delegations/0{place}"
    with database.transaction() as session:
        assert len(session.scalars(select(Delegation)).all()) == 1


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("{", ""),
        ("[]", ""),
        ('{"bosses": []}', ""),
        ('{"units": {}}', "/units"),
        ('{"units": [{"key": "x"}]}', "/units/0"),
        ('{"units": [{"key": 1, "name": "x", "kind": "unit"}]}', "/units/0/key"),
        ('{"units": [{"key": "X y", "name": "x", "kind": "unit"}]}', "/units/0/key"),
        ('{"units": [{"key": "guild", "name": "x", "kind": "unit"}]}', "/units/0/kind"),
        (
            '{"people": [{"name": "x", "account": "caseworker", "memberships": [1]}]}',
            "/people/0/memberships/0",
        ),
        ('{"people": [{"name": "x", "account": "caseworker", "memberships": 1}]}', "/people/0/memberships"),
    ],
)
def test_json_that_does_not_fit_is_refused_with_its_place(
    database: Database, content: str, place: str
) -> None:
    assert [found for found, _ in places(database, content, "people.json")] == [place]


def test_account_keeps_its_role(database: Database) -> None:
    take(database, f"{HEADER}reza,caseworker,guild,inspector,,,\n")
    assert places(database, f"{HEADER}reza,administrator,guild,inspector,,,\n") == [
        ("line 2, account", "fixed")
    ]


def test_second_account_of_a_person_is_refused_with_its_place(database: Database) -> None:
    one = f"{HEADER}reza,caseworker,guild,inspector,,,0012345679\n"
    again = "reza2,caseworker,guild,inspector,,,0012345679\n"
    assert places(database, one + again) == [("line 3, person", "person-taken")]
    take(database, f"{one}reza2,caseworker,guild,inspector,,,\n")
    assert places(database, HEADER + again) == [("line 2, person", "person-taken")]


def test_trying_writes_nothing(database: Database) -> None:
    assert take(database, f"{HEADER}reza,caseworker,guild,inspector,,,\n", dry=True) == {"person.made": 1}
    assert works(database) == []


def test_command_tells_what_it_did(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    file = tmp_path / "people.csv"
    file.write_text(f"{HEADER}reza,caseworker,guild,inspector,,,\n")
    assert main(["import", str(file)]) == 0
    assert "1  person.made" in capsys.readouterr().out
    file.write_text(f"{HEADER}reza,caseworker,guilt,inspector,,,\n")
    assert main(["import", str(file)]) == 1
    assert "line 2, unit: 'guilt' is not an open unit that you administer" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "none.csv")]) == 1


NAMED = "name,account,unit,role,full_name_fa,full_name_en,email,phone,language,calendar\n"


def profile(database: Database, name: str) -> tuple[Any, ...]:
    with database.transaction() as session:
        user = session.scalars(select(User).where(User.name == name)).one()
        return (user.full_name_fa, user.full_name_en, user.email, user.phone, user.language, user.calendar)


def test_a_file_names_people_and_what_it_leaves_empty_stays(database: Database) -> None:
    line = "reza,caseworker,guild,reviewer,رضا احمدی,Reza Ahmadi,r@example.org,9121234567,fa,jalali\n"
    assert take(database, NAMED + line) == {"person.made": 1}
    known = ("رضا احمدی", "Reza Ahmadi", "r@example.org", "+989121234567", "fa", "jalali")
    assert profile(database, "reza") == known
    assert take(database, NAMED + line) == {"unchanged": 1}
    assert take(database, NAMED + "reza,caseworker,guild,reviewer,,Reza A.,,,,\n") == {"person.changed": 1}
    assert profile(database, "reza") == (known[0], "Reza A.", *known[2:])
    person: dict[str, Any] = {"name": "reza", "account": "caseworker", "phone": "02112345678"}
    person["memberships"] = [{"unit": "guild", "role": "reviewer"}]
    assert take(database, json.dumps({"people": [person]}), "people.json") == {"person.changed": 1}
    assert profile(database, "reza")[3] == "+982112345678"


def test_each_field_that_cannot_be_used_is_told_with_its_place(database: Database) -> None:
    lines = "reza,caseworker,guild,reviewer,،,Reza,r@,12,de,fa\nmina,caseworker,guild,reviewer,,,,,,\n"
    assert places(database, NAMED + lines) == [
        ("line 2, full_name_fa", "full-name"),
        ("line 2, email", "format/email"),
        ("line 2, phone", "phone"),
        ("line 2, language", "enum"),
        ("line 2, calendar", "enum"),
    ]
