"""Deliveries: which events are sent to which subscription, in which order, and when they are retried.

Events of one case are sent in order: none is sent before the previous ones are delivered or dead. A delivery
is leased while it is sent; if its process dies, it is sent again when the lease ends.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Update,
    Uuid,
    and_,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import aliased
from sqlalchemy.sql.selectable import LateralFromClause

from engine.events import administration_log, feed
from engine.events.webhooks.sending import TIMEOUT, Outcome, WebhookRequest, build_request
from engine.models import Cursor, DefinitionVersion, Delivery, Event, Webhook
from engine.platform.db import UnitOfWork

CURSOR: Final = "webhooks"  # the last transaction whose events have deliveries
AT_ONCE = 4  # concurrent deliveries of one subscription, so that one that hangs doesn't block others
LEASE = timedelta(seconds=TIMEOUT + 50)
PAUSES = tuple(
    timedelta(seconds=seconds) for seconds in (10, 60, 600, 3600, 6 * 3600, 24 * 3600)
)  # after the first failure, the second …; after the last one it is given up

# Ids in order of creation (RFC 9562 §5.7), generated where the rows are.
_UUID7: ColumnElement[Any] = literal_column(
    "(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')"
    " || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid",
    Uuid,
)


def fan_out(uow: UnitOfWork) -> int:
    """Creates deliveries of new events for the subscriptions that want them. Returns how many.

    Only one process at a time does so: others find nothing to do. All new events are processed at once, so
    that an event never precedes an earlier one of its case, whose transaction may have the higher id.
    """
    cursor = select(Cursor.transaction_id).where(Cursor.name == CURSOR)
    newer = select(Event.seq).where(
        Event.transaction_id > cursor.scalar_subquery(), Event.transaction_id < feed.horizon()
    )
    if not uow.connection.execute(select(newer.exists())).scalar_one():
        return 0  # an idle installation writes nothing
    row = uow.connection.execute(
        cursor.add_columns(feed.horizon().label("end")).with_for_update(of=Cursor, skip_locked=True)
    ).one_or_none()
    if row is None:
        return 0
    chosen = _wanted(uow).where(
        Event.transaction_id > row.transaction_id,
        Event.transaction_id < row.end,
        Webhook.disabled_at.is_(None),
        Event.at >= Webhook.created_at,
    )
    made = _counted(uow, _enqueue(chosen).on_conflict_do_nothing())
    uow.connection.execute(update(Cursor).where(Cursor.name == CURSOR).values(transaction_id=row.end - 1))
    return made


def from_now_on(uow: UnitOfWork) -> None:
    """Delivers events from now on, if none have ever been delivered."""
    start = select(literal(CURSOR), feed.horizon() - 1)
    columns = [Cursor.name, Cursor.transaction_id]
    uow.connection.execute(insert(Cursor).from_select(columns, start).on_conflict_do_nothing())


def again(uow: UnitOfWork, webhook: UUID, since: datetime) -> int:
    """Sends a subscription all matching events since an instant again, even if they were delivered."""
    given_out = select(Cursor.transaction_id).where(Cursor.name == CURSOR).scalar_subquery()
    chosen = _wanted(uow).where(
        Webhook.id == webhook, Event.at >= since, Event.transaction_id <= given_out
    )  # `fan_out` delivers newer ones
    anew = _enqueue(chosen).on_conflict_do_update(
        index_elements=[Delivery.webhook_id, Delivery.case_id, Delivery.seq],
        set_=_afresh(uow),
        where=Delivery.status != "waiting",
    )
    return _counted(uow, anew)


def revive(uow: UnitOfWork, webhook: UUID) -> int:
    """Sends a subscription its dead deliveries again."""
    dead = update(Delivery).where(Delivery.webhook_id == webhook, Delivery.status == "dead")
    return _counted(uow, dead.values(_afresh(uow)))


def due(uow: UnitOfWork, limit: int) -> list[WebhookRequest]:
    """Leases up to this number of deliveries that may be sent now: send them without delay.

    So request only as many as can be sent at once. Subscriptions with the fewest running deliveries come
    first.
    """
    free = or_(Delivery.lease_until.is_(None), Delivery.lease_until <= uow.now)
    ready = and_(Delivery.status == "waiting", Delivery.due_at <= uow.now, free)
    first = _first_of_each(uow, ready)
    chosen = (
        select(Delivery.id)
        .select_from(Webhook)
        .join(first, Webhook.disabled_at.is_(None))
        .join(Delivery, Delivery.id == first.c.id)
        .where(first.c.turn <= AT_ONCE, ready)  # still, because another process may have leased it meanwhile
        .order_by(first.c.turn, first.c.due_at)
        .limit(limit)
        .with_for_update(of=Delivery, skip_locked=True)
        .cte("chosen")
    )
    taken = (
        update(Delivery)
        .where(Delivery.id == chosen.c.id)
        .values(lease_until=uow.now + LEASE, attempts=Delivery.attempts + 1)
        .returning(Delivery.id)
    )
    ids = list(uow.connection.execute(taken).scalars())
    return [build_request(row) for row in uow.connection.execute(_requests(ids)).mappings()] if ids else []


def _first_of_each(uow: UnitOfWork, ready: ColumnElement[bool]) -> LateralFromClause:
    """Selects a subscription's next deliveries: those that are ready, without earlier ones in their case.

    `turn` continues from the running ones.
    """
    in_hand = (
        select(func.count())
        .where(Delivery.webhook_id == Webhook.id, Delivery.lease_until > uow.now)
        .correlate(Webhook)
        .scalar_subquery()
    )
    earlier = aliased(Delivery)
    blocked = select(earlier.id).where(
        earlier.webhook_id == Delivery.webhook_id,
        earlier.case_id == Delivery.case_id,
        earlier.seq < Delivery.seq,
        earlier.status == "waiting",
    )
    turn = in_hand + func.row_number().over(order_by=Delivery.due_at)
    return (
        select(Delivery.id, Delivery.due_at, turn.label("turn"))
        .where(Delivery.webhook_id == Webhook.id, ready, ~blocked.exists())
        .order_by(Delivery.due_at)
        .limit(AT_ONCE)  # a number that the planner can see: else it sorts all waiting ones
        .correlate(Webhook)
        .lateral("first")
    )


def settle(uow: UnitOfWork, sent: WebhookRequest, outcome: Outcome) -> None:
    """Stores the result; does nothing if the lease has ended and another process has leased it since."""
    values: dict[str, Any] = {"due_at": uow.now}
    if outcome.result == "delivered":
        values = {"status": "delivered", "closed_at": uow.now}
    elif outcome.result == "failed" and sent.attempt > len(PAUSES):
        values = {"status": "dead", "closed_at": uow.now}
    elif outcome.result == "failed":
        values = {"due_at": uow.now + PAUSES[sent.attempt - 1]}
    ours = update(Delivery).where(
        Delivery.id == sent.delivery_id, Delivery.status == "waiting", Delivery.attempts == sent.attempt
    )
    if not _counted(uow, ours.values(**values, lease_until=None, failure=outcome.failure)):
        return
    if outcome.result == "gone":  # the delivery waits, in case the subscription is enabled again
        stop = update(Webhook).where(Webhook.id == sent.webhook_id, Webhook.disabled_at.is_(None))
        if uow.connection.execute(stop.values(disabled_at=uow.now)).rowcount:
            gone = {"webhook": sent.webhook_id, "reason": "gone"}
            administration_log.note(uow, "webhook.disabled", None, gone)
    elif "status" not in values:
        # Later ones of its case cannot be sent sooner: if they stayed due, they would be checked all the
        # time.
        after = update(Delivery).where(
            Delivery.webhook_id == sent.webhook_id,
            Delivery.case_id == sent.case_id,
            Delivery.status == "waiting",
        )
        uow.connection.execute(after.values(due_at=func.greatest(Delivery.due_at, values["due_at"])))


def _wanted(uow: UnitOfWork) -> Select[Any]:
    """Selects the deliveries to create: each event with each subscription that wants its kind."""
    return (
        select(
            _UUID7,
            Webhook.id,
            Event.case_id,
            Event.seq,
            literal("waiting"),
            literal(0),
            literal(uow.now),
        )
        .select_from(Event)
        .join(DefinitionVersion, Event.version_id == DefinitionVersion.id)
        .join(
            Webhook,
            and_(
                or_(Webhook.definition.is_(None), Webhook.definition == DefinitionVersion.key),
                or_(Webhook.kinds == [], Webhook.kinds.has_key(Event.kind)),
            ),
        )
    )


def _enqueue(chosen: Select[Any]) -> Insert:
    columns = ["id", "webhook_id", "case_id", "seq", "status", "attempts", "due_at"]
    return insert(Delivery).from_select(columns, chosen)


def _counted(uow: UnitOfWork, statement: Insert | Update) -> int:
    """Executes it and returns how many rows it wrote. SQLAlchemy would discard the number after an insert."""
    done = uow.connection.execute(statement, execution_options={"preserve_rowcount": True})
    return done.rowcount


def _afresh(uow: UnitOfWork) -> dict[str, Any]:
    return {"status": "waiting", "attempts": 0, "due_at": uow.now, "failure": None, "closed_at": None}


def _requests(ids: Sequence[UUID]) -> Select[Any]:
    return (
        feed.facts(
            Delivery.id.label("delivery_id"),
            Delivery.attempts,
            Webhook.id.label("webhook_id"),
            Webhook.url,
            Webhook.secret,
        )
        .join(Delivery, tuple_(Delivery.case_id, Delivery.seq) == tuple_(Event.case_id, Event.seq))
        .join(Webhook, Delivery.webhook_id == Webhook.id)
        .where(Delivery.id.in_(ids))
        .order_by(Delivery.id)
    )
