"""Whom a diagram names is held against the units and people that there are."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from engine import definitions
from engine.definitions import Deployed
from engine.design import publishing
from engine.models import Unit
from engine.platform.db import Actor, Database
from engine.platform.errors import Rejected
from tests import bpmn, factories
from tests.organisation import a_member, a_unit


def for_role(role: str, unit: str | None = None, key: str = "p") -> dict[str, bytes]:
    marks = {"parvandeh__role": role, **({"parvandeh__unit": unit} if unit else {})}
    task = bpmn.node("userTask", "a", **marks)
    return factories.files(bpmn.process(*bpmn.in_line(task), key=key))


def deployed(database: Database, files: dict[str, bytes], unit: str, **how: Any) -> Deployed:
    who = factories.an_actor(database, "designer", f"designer for {unit}")
    return factories.as_actor(database, who, lambda uow: definitions.deploy(uow, files, unit=unit, **how))


def codes(done: Deployed) -> list[str]:
    return [found.code for found in done.report.findings if found.code != "no-form"]


@pytest.fixture(autouse=True)
def agencies(database: Database) -> None:
    a_unit(database, "guild", kind="agency")
    a_unit(database, "guild-tehran", "guild")
    a_unit(database, "health", kind="agency")


def close(database: Database, key: str) -> None:
    with database.transaction() as session:
        session.execute(update(Unit).where(Unit.key == key).values(closed_at=datetime.now(UTC)))


def test_unit_that_is_not_there_is_refused_with_its_place(database: Database) -> None:
    with pytest.raises(Rejected) as refused:
        factories.deploy(database, for_role("inspector", "nowhere"))
    (found,) = [finding for finding in refused.value.findings if finding.severity == "error"]
    assert (found.code, found.element, found.file) == ("unknown-unit", "a", "p.bpmn")
    assert found.line


def test_closed_unit_is_refused(database: Database) -> None:
    close(database, "health")
    with pytest.raises(Rejected):
        factories.deploy(database, for_role("inspector", "health"))


def test_role_that_nobody_has_is_warned_of_and_kept_with_the_version(database: Database) -> None:
    done = deployed(database, for_role("inspector", "health"), "guild")
    assert codes(done) == ["nobody-has-role"]
    actor = factories.an_actor(database, "designer", "reader")
    report = factories.as_actor(database, actor, lambda uow: definitions.report(uow, done.id))
    assert "nobody-has-role" in [finding["code"] for finding in report["findings"]]


@pytest.mark.parametrize("unit", ["root", "guild", "guild-tehran"])
@pytest.mark.parametrize("role", ["inspector", "*"])
def test_role_counts_above_and_below_the_agency(database: Database, unit: str, role: str) -> None:
    a_member(database, "reza", unit, role)
    assert codes(deployed(database, for_role("inspector"), "guild")) == []


@pytest.mark.parametrize(
    ("unit", "more"),
    [
        ("health", {}),
        ("guild", {"valid_to": datetime(2001, 1, 1, tzinfo=UTC)}),
        ("guild", {"account_role": "administrator"}),
        ("guild", {"role": "reviewer"}),
    ],
)
def test_who_cannot_do_it_does_not_count(database: Database, unit: str, more: dict[str, Any]) -> None:
    a_member(database, "reza", unit, **{"role": "inspector", **more})
    assert codes(deployed(database, for_role("inspector"), "guild")) == ["nobody-has-role"]


def test_applicants_are_no_post(database: Database) -> None:
    assert codes(factories.deploy(database, for_role("applicant"))) == []


def test_unit_closed_since_the_deployment_keeps_a_draft_from_being_published(
    database: Database, actor: Callable[..., Actor]
) -> None:
    deployed(database, for_role("inspector", "health"), "guild", publishing="four-eyes")
    close(database, "health")
    with pytest.raises(Rejected) as refused:
        factories.as_actor(
            database,
            actor("administrator"),
            lambda uow: publishing.publish(uow, "p", 1, publishing="four-eyes"),
        )
    assert [finding.code for finding in refused.value.findings] == ["unknown-unit"]
