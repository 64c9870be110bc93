"""Which event set each value of a case, and which related cases exist."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, and_, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB, distinct_on
from sqlalchemy.orm import aliased

from engine import access
from engine.cases import CaseView
from engine.events.variables import SET_BY
from engine.identity import names
from engine.models import Case, DefinitionVersion, Event, Unit, User
from engine.platform.db import UnitOfWork

MAX_RELATED = 20
# Facts of an answer that was fetched from another agency; None for others.
FETCHED = ("agency", "connector", "operation", "fetched_at")

# The log of a case that loops can grow without limit, and finding the names requires reading all its data.
SEARCHED = 500
_latest = (
    select(Event)
    .where(Event.case_id == bindparam("case"), Event.kind.in_((*SET_BY, "data.prefilled")))
    .order_by(Event.seq.desc())
    .limit(SEARCHED)
    .subquery("latest")
)
_event = aliased(Event, _latest)
_payload = _event.payload.cast(JSONB)
_prefilled = func.string_to_array(_event.facts["fields"].astext, ",")
_names = (
    func.jsonb_object_keys(
        func.coalesce(
            _payload["data"],
            _payload["changes"],
            func.jsonb_object(_prefilled, _prefilled),
            func.jsonb_build_object(),
        )
    )
    .table_valued("field")
    .render_derived(name="named")
)
_set = _names.c.field
_SOURCES = (
    select(
        _set.label("field"),
        _event.seq,
        _event.at,
        _event.kind,
        _event.element,
        _event.task_id,
        _event.actor_id,
        User.name.label("actor"),
        names.of().label("actor_name"),
        *(_event.facts[name].astext.label(name) for name in ("source", *FETCHED)),
        func.coalesce(_event.facts["agency_name"].astext, Unit.name, _event.facts["agency"].astext).label(
            "agency_name"
        ),
    )
    .select_from(_event)
    .join(_names, _payload["scope"].is_(None))  # without those of an instance or a called process
    .join(User, User.id == _event.actor_id)
    .outerjoin(Unit, Unit.key == _event.facts["agency"].astext)
    .ext(distinct_on(_set))
    .order_by(_set, _event.seq.desc())
)


def sources(uow: UnitOfWork, case: CaseView) -> Sequence[RowMapping]:
    """Returns the event that set the present value of each field of a case that the actor may see, by name.

    Of first answers that nobody has typed it is the one that states their source, by the facts `FETCHED`.
    Reads only the `SEARCHED` latest events that set data.
    """
    rows = uow.connection.execute(_SOURCES, {"case": case.id}).mappings().all()
    return [row for row in rows if row["field"] in case.data]


def related(uow: UnitOfWork, case: CaseView) -> Sequence[RowMapping]:
    """Returns visible cases of the same process and applicant or business key, newest first."""
    same = [
        column == value
        for column, value in ((Case.applicant, case.applicant), (Case.business_key, case.business_key))
        if value is not None
    ]
    if not same:
        return []
    version = aliased(DefinitionVersion)
    found = (
        select(Case.id, Case.number.label("case_number"), Case.status, Case.started_at)
        .join(version, version.id == Case.version_id)
        .where(and_(version.key == case.key, Case.id != case.id, or_(*same)))
        .where(access.visible_cases(uow.actor.role))
        .order_by(Case.id.desc())
        .limit(MAX_RELATED)
    )
    return uow.connection.execute(found, access.seen_by(uow)).mappings().all()
