"""What service.toml does to a service: its first values, its entry in the catalogue, its fee."""

from collections.abc import Callable
from dataclasses import astuple

import pytest
from sqlalchemy import delete, select

from engine import bpmn, definitions
from engine.bpmn import Fee
from engine.definitions import catalogue_entries
from engine.design import publishing
from engine.models import CatalogueEntry, Definition, OrganisationRecord
from engine.platform.config import Publishing
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import Rejected
from engine.portal import catalogue
from tests import factories
from tests.factories import as_actor

Actors = Callable[..., Actor]
TEXT = 'offered = true\nclass = "low"\ndescription = { fa = "شرح", en = "Text" }\n'


def _deploy(database: Database, who: Actor, text: str, *, four_eyes: bool = False) -> definitions.Deployed:
    files = {**factories.one_task(), "service.toml": text.encode()}
    how: Publishing = "four-eyes" if four_eyes else "direct"
    done: definitions.Deployed = as_actor(
        database, who, lambda uow: definitions.deploy(uow, files, publishing=how)
    )
    return done


def _state(database: Database) -> tuple[bool, str | None, str | None]:
    with database.transaction() as session:
        row = session.get_one(Definition, "p")
        return row.offered_at is not None, row.service_class, row.serve_within


def test_first_values_apply_once_and_are_recorded(database: Database, actor: Actors) -> None:
    designer, other = actor("designer", "author"), actor("designer", "other")
    _deploy(database, designer, TEXT, four_eyes=True)
    assert _state(database) == (False, None, None)  # nothing before another person has published it
    as_actor(database, other, lambda uow: publishing.publish(uow, "p", 1, publishing="four-eyes"))
    assert _state(database) == (True, "low", "P10WD")
    with database.transaction() as session:
        kinds = set(
            session.scalars(select(OrganisationRecord.kind).where(OrganisationRecord.actor_id == other.id))
        )
    assert {"definition.offered", "service.classed"} <= kinds
    as_actor(database, designer, lambda uow: publishing.withdraw(uow, "p"))
    _deploy(database, designer, TEXT.replace("low", "urgent"))
    assert _state(database) == (False, "low", "P10WD")


def test_a_wrong_file_refuses_the_deployment_with_all_findings(database: Database, actor: Actors) -> None:
    with pytest.raises(Rejected) as refused:
        _deploy(database, actor("designer"), 'fee = 1\nnmae = "x"\n')
    found = [(one.code, one.line) for one in refused.value.findings if one.severity == "error"]
    assert found == [("toml-missing", None), ("toml-elsewhere", 1), ("toml-unknown-key", 2)]


def test_the_file_is_part_of_the_version(database: Database, actor: Actors) -> None:
    first = _deploy(database, actor("designer"), TEXT).definitions[0]
    same = _deploy(database, actor("designer"), TEXT).definitions[0]
    changed = _deploy(database, actor("designer"), TEXT.replace("Text", "Other")).definitions[0]
    assert (same.created, same.hash) == (False, first.hash)
    assert (changed.version, changed.hash != first.hash) == (2, True)


def test_entries_of_an_earlier_release_are_completed(database: Database, actor: Actors) -> None:
    _deploy(database, actor("designer"), TEXT)

    def found(uow: UnitOfWork) -> list[str]:
        return [entry.facts["description"]["en"] for entry in catalogue.every(uow.session)]

    assert as_actor(database, actor("designer"), found) == ["Text"]
    with database.transaction() as session:
        session.execute(delete(CatalogueEntry))
    assert as_actor(database, actor("designer"), found) == []
    completed = [database.run(lambda session, _: catalogue_entries.complete(session)) for _ in range(2)]
    assert completed == [1, 0]
    assert as_actor(database, actor("designer"), found) == ["Text"]


@pytest.mark.parametrize(
    ("request_", "fee"),
    [
        ("{'amount_rials': 5000, 'reference': fee_reference}", ("5000", "IRR")),
        ("{'amount_rials': int(fee_rials), 'reference': fee_reference}", (None, None)),
        ("{'amount_rials': -1}", (None, None)),
        ("dict(fee)", (None, None)),
    ],
)
def test_a_fee_is_known_if_the_bill_has_it_as_a_constant(request_: str, fee: tuple[str | None, ...]) -> None:
    files = factories.shipped("collect-fee")
    drawn = files["process.bpmn"].decode()
    request = "{'amount_rials': int(fee_rials), 'reference': fee_reference}"
    assert request in drawn
    files = {"process.bpmn": drawn.replace(request, request_).encode()}
    found = bpmn.fee(bpmn.build(bpmn.Source("d", files, {}), "collect-fee"))
    assert isinstance(found, Fee)
    assert astuple(found) == fee


def test_a_process_without_bills_has_no_fee() -> None:
    assert bpmn.fee(bpmn.build(bpmn.Source("d", factories.one_task(), {}), "p")) is None
