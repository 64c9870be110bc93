"""Which events become deliveries, and in which order they may be sent."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, text

from engine import cases, tasks
from engine.events import webhooks
from engine.events.webhooks import Outcome, subscriptions
from engine.platform.db import UnitOfWork
from engine.platform.errors import Forbidden, Invalid, NotFound
from tests import factories
from tests.outbound import LOOPBACK, Hub, event_ids, settled

NOWHERE = "http://127.0.0.1:9/hook"
DELIVERED = Outcome("delivered")
FAILED = Outcome("failed", "status 500")


def sent(hub: Hub, outcome: Outcome = DELIVERED) -> list[str]:
    """One round that sends nothing, and ends like this: the ids that were taken."""
    taken = hub.due()
    for request in taken:
        hub.run(webhooks.settle, request, outcome)
    return [request.event_id for request in taken]


def all_sent(hub: Hub) -> list[str]:
    found: list[str] = []
    while taken := sent(hub):
        found += taken
    return found


def test_subscription_gets_each_event_once_in_the_order_of_its_case(hub: Hub) -> None:
    hub.subscribe(NOWHERE)
    started = [hub.case() for _ in range(3)]
    found = all_sent(hub)
    for case in started:
        assert [name for name in found if name.startswith(str(case.id))] == event_ids(hub.database, case.id)
    assert all_sent(hub) == []


def test_what_happened_before_is_not_sent(hub: Hub) -> None:
    before = hub.case()
    hub.subscribe(NOWHERE)
    hub.subscribe(NOWHERE)
    after = hub.case()
    late, _ = hub.subscribe(NOWHERE)  # before the events of `after` have been delivered
    assert hub.run(webhooks.fan_out) == 2 * len(event_ids(hub.database, after.id))
    assert {row.case_id for row in hub.deliveries()} == {after.id}
    assert late not in {row.webhook_id for row in hub.deliveries()}
    assert before.id != after.id


def test_subscription_is_sent_its_kinds_of_its_definition_alone(hub: Hub) -> None:
    factories.deploy(hub.database, factories.one_task("q"))
    kinds = hub.subscribe(NOWHERE, kinds=["task.created", "case.completed"])[0]
    definition = hub.subscribe(NOWHERE, definition="q")[0]
    case, other = hub.case(), hub.case("q")
    hub.run(webhooks.fan_out)
    found: dict[Any, set[str]] = {kinds: set(), definition: set()}
    for row in hub.deliveries():
        found[row.webhook_id].add(f"{row.case_id}/{row.seq}")
    all_of_other = set(event_ids(hub.database, other.id))
    assert found[definition] == all_of_other
    assert len(found[kinds]) == 2
    assert len(found[kinds] & set(event_ids(hub.database, case.id))) == 1


def test_disabled_subscription_is_given_nothing_and_goes_on_with_what_waited(hub: Hub) -> None:
    webhook, _ = hub.subscribe(NOWHERE, kinds=["case.started"])
    waiting = hub.case()
    hub.run(webhooks.fan_out)
    hub.run(subscriptions.disable, webhook)
    missed = hub.case()
    assert all_sent(hub) == []
    hub.run(subscriptions.enable, webhook)
    later = hub.case()
    assert set(all_sent(hub)) == {f"{waiting.id}/1", f"{later.id}/1"}
    assert hub.run(subscriptions.replay, webhook, since=missed.started_at) == 2
    assert set(all_sent(hub)) == {f"{missed.id}/1", f"{later.id}/1"}


def test_what_commits_late_is_given_out_too(hub: Hub) -> None:
    hub.subscribe(NOWHERE, kinds=["case.started"])
    early = hub.case()
    with hub.database.transaction() as session:
        slow = cases.start(UnitOfWork(session, hub.portal, datetime.now(UTC)), "p", {})
        cases.get(UnitOfWork(session, hub.administrator, datetime.now(UTC)), slow.id)  # writes what is owed
        quick = factories.a_case(hub.database, hub.portal)
        assert all_sent(hub) == [f"{early.id}/1"]
    settled(hub.database)
    assert set(all_sent(hub)) == {f"{slow.id}/1", f"{quick.id}/1"}
    assert all_sent(hub) == []


def test_case_is_sent_in_order_though_its_later_event_has_the_lower_transaction(hub: Hub) -> None:
    hub.subscribe(NOWHERE)
    case = hub.case()
    before = all_sent(hub)
    worker = factories.an_actor(hub.database, "caseworker")
    task = case.tasks[0]["id"]
    with hub.database.transaction() as session:
        session.execute(text("SELECT pg_current_xact_id()"))  # has its id before the claim gets one
        factories.as_actor(hub.database, worker, lambda uow: tasks.claim(uow, task))
        assert all_sent(hub) == []
        tasks.complete(UnitOfWork(session, worker, datetime.now(UTC)), task, {})
    settled(hub.database)
    assert before + all_sent(hub) == event_ids(hub.database, case.id)


def test_later_event_of_a_case_waits_for_the_earlier_and_other_cases_do_not(hub: Hub) -> None:
    hub.subscribe(NOWHERE, kinds=["case.started", "task.created"])
    held, free = hub.case(), hub.case()
    first = hub.due()
    assert {request.event_id for request in first} == {f"{held.id}/1", f"{free.id}/1"}
    for request in first:
        failed = request.event_id.startswith(str(held.id))
        hub.run(webhooks.settle, request, FAILED if failed else DELIVERED)
    assert {name.split("/")[0] for name in sent(hub)} == {str(free.id)}
    assert sent(hub) == []
    hub.later(seconds=10)
    assert sent(hub) == [f"{held.id}/1"]
    assert [name.split("/")[0] for name in sent(hub)] == [str(held.id)]


def test_delivery_is_tried_again_ever_later_and_then_given_up(hub: Hub) -> None:
    hub.subscribe(NOWHERE, kinds=["case.started", "task.created"])
    case = hub.case()
    for pause in (10, 60, 600, 3600, 6 * 3600, 24 * 3600):
        assert sent(hub, FAILED) == [f"{case.id}/1"]
        hub.later(seconds=pause - 1)
        assert sent(hub) == []
        hub.later(seconds=1)
    assert hub.deliveries("dead") == []
    assert sent(hub, FAILED) == [f"{case.id}/1"]
    (dead,) = hub.deliveries("dead")
    assert (dead.seq, dead.attempts, dead.failure) == (1, 7, "status 500")
    assert dead.closed_at is not None
    assert len(sent(hub)) == 1  # the next event of the case: a dead one blocks nothing


def test_what_comes_after_a_failure_in_its_case_is_due_no_sooner(hub: Hub) -> None:
    hub.subscribe(NOWHERE)
    hub.case()
    sent(hub, FAILED)
    assert len(hub.deliveries()) > 1
    assert len({row.due_at for row in hub.deliveries()}) == 1
    hub.later(seconds=10)
    assert len(all_sent(hub)) == len(hub.deliveries())


def test_delivery_that_is_being_sent_is_not_taken_again(hub: Hub) -> None:
    hub.subscribe(NOWHERE)
    hub.case()
    (request,) = hub.due()
    assert hub.due() == []
    hub.later(seconds=59)
    assert hub.due() == []
    hub.later(seconds=2)  # its process must have died
    (again,) = hub.due()
    assert (again.event_id, again.body, again.attempt) == (request.event_id, request.body, 2)
    hub.run(webhooks.settle, request, FAILED)  # it lives after all, and comes too late
    (delivery,) = [row for row in hub.deliveries() if row.attempts]
    assert (delivery.status, delivery.failure, delivery.lease_until is None) == ("waiting", None, False)


def test_two_workers_take_different_deliveries(hub: Hub) -> None:
    for _ in range(4):
        hub.subscribe(NOWHERE, kinds=["case.started"])
    for _ in range(8):
        hub.case()
    hub.run(webhooks.fan_out)
    taken = factories.at_once(4, lambda _: hub.run(webhooks.due, 5))
    ids = [request.delivery_id for some in taken if isinstance(some, list) for request in some]
    assert len(ids) == len(set(ids))
    assert ids


def test_two_workers_give_events_out_once(hub: Hub) -> None:
    hub.subscribe(NOWHERE)
    case = hub.case()
    given = factories.at_once(4, lambda _: hub.run(webhooks.fan_out))
    assert sum(number for number in given if isinstance(number, int)) == len(event_ids(hub.database, case.id))


def test_second_process_that_would_give_events_out_does_not_wait(hub: Hub) -> None:
    hub.subscribe(NOWHERE)
    hub.case()
    with hub.database.transaction() as first, hub.database.transaction() as second:
        second.execute(text("SET LOCAL lock_timeout = '5s'"))
        assert webhooks.fan_out(hub.uow(first)) > 0
        assert webhooks.fan_out(hub.uow(second)) == 0


def test_subscription_has_few_in_hand_so_that_others_are_not_held_up(hub: Hub) -> None:
    hanging, _ = hub.subscribe(NOWHERE, kinds=["case.started"])
    for _ in range(10):
        hub.case()
    assert {request.webhook_id for request in hub.due()} == {hanging}
    quick, _ = hub.subscribe(NOWHERE, kinds=["case.started"])
    case = hub.case()
    taken = hub.due()
    assert [(request.webhook_id, request.event_id) for request in taken] == [(quick, f"{case.id}/1")]
    assert len([row for row in hub.deliveries() if row.lease_until and row.webhook_id == hanging]) == 4


def test_subscription_with_fewest_in_hand_comes_first(hub: Hub) -> None:
    busy, _ = hub.subscribe(NOWHERE, kinds=["case.started"])
    for _ in range(5):
        hub.case()
    hub.due(limit=2)
    idle, _ = hub.subscribe(NOWHERE, kinds=["case.started"])
    hub.case()
    assert [request.webhook_id for request in hub.due(limit=1)] == [idle]
    assert {request.webhook_id for request in hub.due(limit=100)} == {busy}


def test_receiver_that_is_gone_disables_its_subscription(hub: Hub) -> None:
    webhook, _ = hub.subscribe(NOWHERE)
    case = hub.case()
    assert sent(hub, Outcome("gone", "status 410")) == [f"{case.id}/1"]
    assert hub.run(subscriptions.get, webhook)["disabled_at"] is not None
    hub.later(days=2)
    assert sent(hub) == []
    hub.run(subscriptions.enable, webhook)
    assert sent(hub) == [f"{case.id}/1"]


def test_dead_deliveries_are_replayed(hub: Hub) -> None:
    webhook, _ = hub.subscribe(NOWHERE, kinds=["case.started"])
    other, _ = hub.subscribe(NOWHERE, kinds=["case.started"])
    case = hub.case()
    for _ in range(7):
        assert len(sent(hub, FAILED)) == 2
        hub.later(days=1)
    assert len(hub.deliveries("dead")) == 2
    assert hub.run(subscriptions.replay, webhook) == 1
    assert sent(hub) == [f"{case.id}/1"]
    assert [row.webhook_id for row in hub.deliveries("dead")] == [other]
    assert hub.run(subscriptions.replay, webhook) == 0


def test_replay_since_an_instant_sends_all_again_in_order(hub: Hub) -> None:
    webhook, _ = hub.subscribe(NOWHERE)
    first, second = hub.case(), hub.case()
    all_sent(hub)
    expected = event_ids(hub.database, second.id)
    assert hub.run(subscriptions.replay, webhook, since=second.started_at) == len(expected)
    assert all_sent(hub) == expected
    before = first.started_at - timedelta(seconds=1)
    assert hub.run(subscriptions.replay, webhook, since=before) == len(hub.deliveries())


def test_replay_reaches_back_before_the_subscription(hub: Hub) -> None:
    case = hub.case()
    webhook, _ = hub.subscribe(NOWHERE, kinds=["case.started"])
    assert hub.run(subscriptions.replay, webhook, since=case.started_at) == 1
    assert all_sent(hub) == [f"{case.id}/1"]


def test_replay_leaves_alone_what_is_being_sent(hub: Hub) -> None:
    webhook, _ = hub.subscribe(NOWHERE, kinds=["case.started"])
    case = hub.case()
    hub.due()
    assert hub.run(subscriptions.replay, webhook, since=case.started_at) == 0


def test_removed_subscription_takes_its_deliveries_along(hub: Hub) -> None:
    webhook, _ = hub.subscribe(NOWHERE)
    hub.case()
    (request,) = hub.due()
    hub.run(subscriptions.remove, webhook)
    assert hub.deliveries() == []
    hub.run(webhooks.settle, request, DELIVERED)
    for act in (
        subscriptions.get,
        subscriptions.remove,
        subscriptions.enable,
        subscriptions.disable,
        subscriptions.replay,
    ):
        with pytest.raises(NotFound):
            hub.run(act, webhook)


def test_installation_in_which_nothing_happens_writes_nothing(hub: Hub) -> None:
    hub.subscribe(NOWHERE)
    hub.case()
    assert hub.run(webhooks.fan_out) > 0
    statements: list[str] = []
    event.listen(hub.database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert hub.run(webhooks.fan_out) == 0
    assert len(statements) == 1
    assert statements[0].startswith("SELECT")


def test_delivery_ids_are_time_ordered_uuids(hub: Hub) -> None:
    hub.subscribe(NOWHERE, kinds=["case.started"])
    for _ in range(2):
        hub.case()
        hub.run(webhooks.fan_out)
    ids = [row.id for row in sorted(hub.deliveries(), key=lambda row: row.due_at)]
    assert ids == sorted(ids)
    assert {(one.version, one.variant) for one in ids} == {(7, "specified in RFC 4122")}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://127.0.0.1/", "address"),
        ("http://1.1.1.1/", "address"),
        ("https://2130706433/", "url"),
        ("https://name.invalid/", "name"),
    ],
)
def test_address_that_leads_inside_is_refused_at_once(hub: Hub, url: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        hub.run(subscriptions.create, url)
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [("/url", code)]


def test_definition_that_is_not_deployed_is_refused(hub: Hub) -> None:
    with pytest.raises(Invalid) as caught:
        hub.run(subscriptions.create, NOWHERE, definition="none", allow=LOOPBACK)
    assert [fault.pointer for fault in caught.value.faults] == ["/definition"]


@pytest.mark.parametrize("role", ["designer", "caseworker", "portal"])
def test_subscriptions_are_for_administrators(hub: Hub, role: Any) -> None:
    uow = factories.an_actor(hub.database, role, "other")
    acts: list[Any] = [subscriptions.page, lambda uow: subscriptions.create(uow, NOWHERE)]
    acts += [
        lambda uow, act=act: act(uow, uuid4())
        for act in (
            subscriptions.get,
            subscriptions.remove,
            subscriptions.enable,
            subscriptions.disable,
            subscriptions.replay,
        )
    ]
    for act in acts:
        with pytest.raises(Forbidden):
            factories.as_actor(hub.database, uow, act)
