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
    case,
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
from engine.events.follower import Stretch, follow
from engine.events.webhooks import owners
from engine.events.webhooks.owners import Owner
from engine.events.webhooks.sending import TIMEOUT, Outcome, WebhookRequest, build_request
from engine.models import Case, Cursor, DefinitionVersion, Delivery, Event, Webhook
from engine.platform.db import UnitOfWork

CURSOR: Final = "webhooks"  # the last transaction whose events have deliveries
AT_ONCE = 4  # concurrent deliveries of one subscription, so that one that hangs doesn't block others
LEASE = timedelta(seconds=TIMEOUT + 50)
PAUSES = tuple(
    timedelta(seconds=seconds) for seconds in (10, 60, 600, 3600, 6 * 3600, 24 * 3600)
)  # after the first failure, the second …; after the last one it is given up
UNREADABLE: Final = "unreadable"  # the failure of what was not sent: the owner may not read the case

# Ids in order of creation (RFC 9562 §5.7), generated where the rows are.
_UUID7: ColumnElement[Any] = literal_column(
    "(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')"
    " || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid",
    Uuid,
)


def fan_out(uow: UnitOfWork) -> int:
    """Creates deliveries of new events for the subscriptions that want them. Returns how many.

    Only one process at a time does so: others find nothing to do.
    """
    return follow(uow, CURSOR, _enqueue_new)


def _enqueue_new(uow: UnitOfWork, stretch: Stretch) -> int:
    new = (stretch.condition, Webhook.disabled_at.is_(None), Event.at >= Webhook.created_at)
    return sum(
        _counted(uow, _enqueue(_wanted(uow, owner).where(*new)).on_conflict_do_nothing(), owner)
        for owner in owners.having(uow, Webhook.disabled_at.is_(None))
    )


def again(uow: UnitOfWork, webhook: UUID, since: datetime) -> int:
    """Sends a subscription all matching events since an instant again, even if they were delivered."""
    given_out = select(Cursor.transaction_id).where(Cursor.name == CURSOR).scalar_subquery()
    past = (Webhook.id == webhook, Event.at >= since, Event.transaction_id <= given_out)
    done = 0
    for owner in owners.having(uow, Webhook.id == webhook):
        anew = _enqueue(_wanted(uow, owner).where(*past)).on_conflict_do_update(
            index_elements=[Delivery.webhook_id, Delivery.case_id, Delivery.seq],
            set_=_afresh(uow),
            where=Delivery.status != "waiting",
        )  # `fan_out` delivers newer ones
        done += _counted(uow, anew, owner)
    return done


def revive(uow: UnitOfWork, webhook: UUID) -> int:
    """Sends a subscription its dead deliveries again."""
    dead = update(Delivery).where(Delivery.webhook_id == webhook, Delivery.status == "dead")
    return _counted(uow, dead.values(_afresh(uow)))


def hasten(uow: UnitOfWork, webhook: UUID, *narrowed: ColumnElement[bool]) -> int:
    """Makes a subscription's waiting deliveries due now, without their pauses. Returns how many."""
    pausing = update(Delivery).where(
        Delivery.webhook_id == webhook, Delivery.status == "waiting", Delivery.due_at > uow.now, *narrowed
    )
    return _counted(uow, pausing.values(due_at=uow.now))


def due(uow: UnitOfWork, limit: int, origin: str | None = None) -> list[WebhookRequest]:
    """Leases up to this number of deliveries that may be sent now: send them without delay.

    So request only as many as can be sent at once. Subscriptions with the fewest running deliveries come
    first. `origin` is that of the installation, if it is known. Those of cases that the owner may not read
    (any more) are closed instead, with all that waits of these cases.
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
    allowed = owners.allowed(uow, ids)
    _close_unreadable(uow, [one for one in ids if one not in allowed])
    rows = uow.connection.execute(_requests(list(allowed))).mappings() if allowed else ()
    return [build_request(row, origin or "") for row in rows]


def _close_unreadable(uow: UnitOfWork, ids: Sequence[UUID]) -> None:
    """Closes leased deliveries, which were not sent after all, and the later ones of their cases."""
    if not ids:
        return
    leased = aliased(Delivery)
    same_case = select(leased.id).where(
        leased.id.in_(ids), leased.webhook_id == Delivery.webhook_id, leased.case_id == Delivery.case_id
    )
    closed = {"status": "dead", "closed_at": uow.now, "failure": UNREADABLE, "lease_until": None}
    unsent = case((Delivery.id.in_(ids), Delivery.attempts - 1), else_=Delivery.attempts)
    uow.connection.execute(
        update(Delivery)
        .where(Delivery.status == "waiting", same_case.exists())
        .values(**closed, attempts=unsent)
    )


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
    values = _values_after(uow, sent, outcome)
    ours = update(Delivery).where(
        Delivery.id == sent.delivery_id, Delivery.status == "waiting", Delivery.attempts == sent.attempt
    )
    if not _counted(uow, ours.values(**values, lease_until=None, failure=outcome.failure)):
        return
    _note_state(uow, sent.webhook_id, outcome)
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


def _values_after(uow: UnitOfWork, sent: WebhookRequest, outcome: Outcome) -> dict[str, Any]:
    if outcome.result == "delivered":
        return {"status": "delivered", "closed_at": uow.now}
    if outcome.result == "gone":
        return {"due_at": uow.now}
    first = {"failed_at": func.coalesce(Delivery.failed_at, uow.now)}
    if sent.attempt > len(PAUSES):
        return {"status": "dead", "closed_at": uow.now, **first}
    return {"due_at": uow.now + PAUSES[sent.attempt - 1], **first}


def _note_state(uow: UnitOfWork, webhook: UUID, outcome: Outcome) -> None:
    """Notes since when a receiver fails; its first success makes due what has failed in this outage.

    In an outage shorter than the first pause nothing waits longer than that. An event that alone fails, while
    others are delivered, is hastened once at most: after that its first failure is older than any outage.
    """
    if outcome.result == "failed":
        first = update(Webhook).where(Webhook.id == webhook, Webhook.failing_since.is_(None))
        uow.connection.execute(first.values(failing_since=uow.now))
    elif outcome.result == "delivered":
        failing = select(Webhook.failing_since).where(
            Webhook.id == webhook, Webhook.failing_since.is_not(None)
        )
        since = uow.connection.execute(failing.with_for_update()).scalar_one_or_none()
        if since is None:
            return
        uow.connection.execute(update(Webhook).where(Webhook.id == webhook).values(failing_since=None))
        if since > uow.now - PAUSES[0]:
            return
        failed = aliased(Delivery)
        cases = select(failed.case_id).where(
            failed.webhook_id == webhook, failed.status == "waiting", failed.failed_at >= since
        )
        hasten(uow, webhook, Delivery.case_id.in_(cases))


def _wanted(uow: UnitOfWork, owner: Owner) -> Select[Any]:
    """Selects the deliveries to create: each event with each subscription of this owner that wants its kind.

    Only events of cases that the owner may read now.
    """
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
        .join(Case, Event.case_id == Case.id)
        .join(
            Webhook,
            and_(
                feed.OFFERED,
                Webhook.owner_id == owner.id,
                owners.may_read(owner),
                or_(Webhook.definition.is_(None), Webhook.definition == DefinitionVersion.key),
                or_(Webhook.kinds == [], Webhook.kinds.has_key(Event.kind)),
            ),
        )
    )


def _enqueue(chosen: Select[Any]) -> Insert:
    columns = ["id", "webhook_id", "case_id", "seq", "status", "attempts", "due_at"]
    return insert(Delivery).from_select(columns, chosen)


def _counted(uow: UnitOfWork, statement: Insert | Update, owner: Owner | None = None) -> int:
    """Executes it and returns how many rows it wrote. SQLAlchemy would discard the number after an insert."""
    given = owners.seen_by(uow, owner) if owner else {}
    done = uow.connection.execute(statement, given, execution_options={"preserve_rowcount": True})
    return done.rowcount


def _afresh(uow: UnitOfWork) -> dict[str, Any]:
    return {
        "status": "waiting",
        "attempts": 0,
        "due_at": uow.now,
        "failure": None,
        "failed_at": None,
        "closed_at": None,
    }


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
