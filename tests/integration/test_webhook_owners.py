"""Owners of subscriptions: only events of cases that they may read are queued, replayed and sent."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, update

from engine.events import webhooks
from engine.events.webhooks import Outcome, subscriptions
from engine.models import Case, Membership, User
from engine.platform.db import Actor
from engine.platform.errors import Invalid
from tests import factories
from tests.outbound import Hub

NOWHERE = "http://127.0.0.1:9/hook"
DELIVERED = Outcome("delivered")
FAILED = Outcome("failed", "status 500")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def case_of(hub: Hub, portal: Actor) -> UUID:
    """A case that another portal has started."""
    return factories.a_case(hub.database, portal, "p", None).id


def sent(hub: Hub, *failing: UUID) -> list[UUID]:
    """One round: the cases whose events were taken. Requests about the `failing` ones fail."""
    taken = hub.due()
    for request in taken:
        hub.run(webhooks.settle, request, FAILED if request.case_id in failing else DELIVERED)
    return [request.case_id for request in taken]


def change(hub: Hub, statement: Any) -> None:
    with hub.database.transaction() as session:
        session.execute(statement)


def test_portal_gets_events_of_its_own_cases_alone(hub: Hub) -> None:
    other = factories.an_actor(hub.database, "portal", "another")
    webhook, _ = hub.subscribe(NOWHERE, owner=hub.portal.id, kinds=["case.started"])
    foreign, own = case_of(hub, other), hub.case().id
    assert sent(hub) == [own]
    assert hub.run(subscriptions.replay, webhook, since=LONG_AGO) == 1
    assert {row.case_id for row in hub.deliveries()} == {own} != {foreign}


def test_official_gets_no_events_of_the_case_of_which_it_is_a_party(hub: Hub) -> None:
    hub.subscribe(NOWHERE, kinds=["case.started"])
    change(hub, update(User).where(User.id == hub.administrator.id).values(person="0499370899"))
    own, other = hub.case().id, hub.case().id
    change(hub, update(Case).where(Case.id == own).values(representative="0499370899"))
    assert sent(hub) == [other] != [own]


def test_what_the_owner_may_no_longer_read_is_closed_unsent(hub: Hub) -> None:
    webhook, _ = hub.subscribe(NOWHERE)
    hub.case()
    hub.run(webhooks.fan_out)
    ended = delete(Membership).where(Membership.user_id == hub.administrator.id)
    change(hub, ended)
    assert hub.due() == []
    rows = hub.deliveries()
    assert {(row.status, row.failure, row.attempts) for row in rows} == {("dead", "unreadable", 0)}
    assert len(rows) > 1
    assert all(row.lease_until is None for row in rows)
    assert webhook == rows[0].webhook_id


def test_deactivated_owner_gets_nothing_and_no_replay(hub: Hub) -> None:
    webhook, _ = hub.subscribe(NOWHERE, owner=hub.portal.id)
    hub.case()
    hub.run(webhooks.fan_out)
    change(hub, update(User).where(User.id == hub.portal.id).values(deactivated_at=datetime.now(UTC)))
    assert hub.due() == []
    assert {row.failure for row in hub.deliveries()} == {"unreadable"}
    assert hub.run(subscriptions.replay, webhook, since=LONG_AGO) == 0
    hub.run(subscriptions.replay, webhook)  # those that are dead are looked at again
    assert hub.due() == []
    assert {row.failure for row in hub.deliveries("dead")} == {"unreadable"}


def test_unreadable_events_are_replayed_once_the_owner_may_read_them(hub: Hub) -> None:
    webhook, _ = hub.subscribe(NOWHERE, owner=hub.portal.id, kinds=["case.started"])
    own = hub.case().id
    hub.run(webhooks.fan_out)
    change(hub, update(User).where(User.id == hub.portal.id).values(deactivated_at=datetime.now(UTC)))
    assert hub.due() == []
    change(hub, update(User).where(User.id == hub.portal.id).values(deactivated_at=None))
    assert hub.run(subscriptions.replay, webhook) == 1
    assert sent(hub) == [own]


@pytest.mark.parametrize("role", ["auditor", "applicant"])
def test_owner_must_read_cases_without_stating_a_purpose(hub: Hub, role: Any) -> None:
    owner = factories.an_actor(hub.database, role)
    with pytest.raises(Invalid) as refusal:
        hub.subscribe(NOWHERE, owner=owner.id)
    assert [(fault.pointer, fault.code) for fault in refusal.value.faults] == [("/owner", "owner-role")]


def test_owner_must_be_an_active_account(hub: Hub) -> None:
    with pytest.raises(Invalid) as refusal:
        hub.subscribe(NOWHERE, owner=UUID(int=1))
    assert [(fault.pointer, fault.code) for fault in refusal.value.faults] == [("/owner", "unknown")]


def test_first_success_after_an_outage_makes_due_what_failed_in_it(hub: Hub) -> None:
    webhook, _ = hub.subscribe(NOWHERE, kinds=["case.started"])
    failed = {hub.case().id for _ in range(3)}
    for seconds in (0, 10, 60):
        hub.later(seconds=seconds)
        assert set(sent(hub, *failed)) == failed
    assert hub.run(subscriptions.get, webhook)["failing_since"] is not None
    healthy = hub.case().id
    assert sent(hub) == [healthy]
    assert set(sent(hub)) == failed  # ten minutes before their pause ends
    assert hub.run(subscriptions.get, webhook)["failing_since"] is None


def test_event_that_alone_fails_is_hastened_once_at_most(hub: Hub) -> None:
    hub.subscribe(NOWHERE, kinds=["case.started"])
    poison = hub.case().id
    assert sent(hub, poison) == [poison]
    hub.later(seconds=10)
    hurried = []
    for _ in range(5):
        hub.case()
        hurried += [case for case in sent(hub, poison) if case == poison]
        hub.later(seconds=11)
    assert len(hurried) <= 2  # its own second attempt, and one more


def test_waiting_deliveries_are_sent_now_on_demand(hub: Hub) -> None:
    webhook, _ = hub.subscribe(NOWHERE, kinds=["case.started"])
    case = hub.case().id
    assert sent(hub, case) == [case]
    assert sent(hub) == []
    assert hub.run(subscriptions.retry, webhook) == 1
    assert hub.run(subscriptions.retry, webhook) == 0
    assert sent(hub) == [case]


def test_nothing_is_due_before_its_time_otherwise(hub: Hub) -> None:
    hub.subscribe(NOWHERE, kinds=["case.started"])
    case = hub.case().id
    assert sent(hub, case) == [case]
    (row,) = hub.deliveries("waiting")
    assert row.failed_at is not None
    assert row.due_at - row.failed_at == timedelta(seconds=10)
