"""Published statistics. No account is needed to read them, as for the pages."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from apiflask import APIBlueprint
from flask import Response, current_app, request
from pydantic import Field
from sqlalchemy.orm import Session

from api import operations
from api.catalogue import BothLanguages, FeeBody
from api.command import DATABASE, Reply, asked, command
from api.operations import Operation
from api.shapes import Body, Instant, Request
from engine.oversight.publication import editions, files, months, reading
from engine.oversight.publication.reading import Edition
from engine.platform.db import Actor, Database, UnitOfWork
from engine.platform.errors import NotFound
from engine.platform.ids import uuid7
from engine.platform.language import Calendar

blueprint = APIBlueprint("statistics", __name__, tag="Statistics")
CSV = "text/csv"
PUBLISHED_CALENDAR = "published-calendar"  # of the application
ANYBODY = Actor(id=uuid7(), name="", role="anybody")
FRESH = 300  # seconds for which a cache may use a response without asking again
Count = Annotated[int | None, Field(ge=0)]


class IndexQuery(Request):
    """Nothing can be chosen."""


class FileQuery(Request):
    """In which form."""

    format: Literal["csv"] | None = None
    """`csv`: a file for spreadsheets, as with `Accept: text/csv`."""


class MonthQuery(FileQuery):
    """Which edition, in which form."""

    edition: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """An earlier edition; by default the newest."""


class EditionBody(Body):
    """An edition of a month."""

    month: str
    """The month in addresses: `1405-07`, or `2026-10`."""
    calendar: Calendar
    """The calendar of which it is a month."""
    first: date
    """Its first day."""
    last: date
    """Its last day."""
    edition: int
    """Number of the edition: 1, or more after corrections."""
    reason: str | None
    """Why it was corrected; null in the first edition."""
    published_at: Instant
    """When the edition was published."""
    digest: str
    """SHA-256 of all that the edition says, in hexadecimal, as the administration log has it."""


class EditionList(Body):
    """All editions of all months."""

    items: list[EditionBody]
    """The newest month first, of each the newest edition first."""


class RefusalGroundBody(Body):
    """How often a ground was stated for a refusal."""

    code: str
    """Code of the ground in the process; `-`: none was stated, `+`: several were."""
    name: BothLanguages | None
    """The ground in words, if the process has them."""
    count: int
    """Refusals with this ground."""


class VersionInForceBody(Body):
    """A version of the process that was current in the month."""

    number: int
    """Number of the version."""
    since: date
    """Day on which it was published."""


class FiguresBody(Body):
    """The figures of a service, of an agency, or of all, in a month; rounded at random by a secret.

    Editions that were published before figures were rounded have exact ones, and null for those hidden.
    """

    unit: str
    """Key of the agency; empty: all agencies."""
    service: str
    """Key of the service; empty: all services of the agency."""
    name: BothLanguages | None
    """Name of the service, or of the agency; null for all agencies."""
    margin: Count
    """True counts of the row differ from its figures by at most this, so 0 may be as many; null: exact."""
    started: Count
    """Cases that started in the month."""
    closed: Count
    """Cases that ended in the month; all following figures are of these."""
    on_time: Count
    """Ended or decided within the statutory term, or within the norm of a process without one."""
    late: Count
    """Ended or decided after it, without those decided by silence."""
    silent: Count
    """Decided by silence of the authority when the term ended. They are late, too."""
    no_term: Count
    """Of a process without term and norm."""
    granted: Count
    """Decided for the applicant."""
    refused: Count
    """Decided against the applicant."""
    withdrawn: Count
    """Withdrawn by the applicant, without a decision."""
    other: Count
    """Ended in another way."""
    median_hours: float | None
    """Hours that half of the cases did not exceed, two digits; null if there may be fewer than 10."""
    most_hours: float | None
    """The same for nine of ten cases."""
    grounds: list[RefusalGroundBody] | None
    """Refusals by ground, rounded as all; of agencies empty."""
    versions: list[VersionInForceBody]
    """Versions of the process that were current in the month, the newest first."""
    fee: FeeBody | None
    """Fee of the service when the month was published; null without one, and for agencies."""


class PublishedMonthBody(EditionBody):
    """The statistics of a month."""

    items: list[FiguresBody]
    """All, then each agency with its services."""


class ServiceMonthBody(EditionBody):
    """A service in a month."""

    figures: FiguresBody
    """Its figures."""


class ServiceMonthList(Body):
    """A service in the last twelve published months."""

    key: str
    """Key of the service."""
    items: list[ServiceMonthBody]
    """The newest month first; months in which it was not offered are missing."""


class CorrectMonth(Request):
    """Why a month is corrected."""

    reason: Annotated[str, Field(max_length=editions.LONGEST)]
    """For everybody to read: 10 to 500 characters."""


@blueprint.get("/statistics")
@operations.declare(
    Operation(query=IndexQuery, answer=EditionList, sends=("ETag", "Cache-Control"), public=True)
)
def list_editions() -> Response:
    """List the published months and their editions

    A month is published on the fifth day after it has ended. No account is needed.
    """
    asked(IndexQuery)
    found = _read(lambda session, _: reading.editions(session))
    return _tagged(EditionList(items=[EditionBody(**_edition(one)) for one in found]))


@blueprint.get("/statistics/months/<month>")
@operations.declare(
    Operation(
        query=MonthQuery,
        answer=PublishedMonthBody,
        also_as=CSV,
        refusals=(404,),
        sends=("ETag", "Cache-Control"),
        public=True,
    )
)
def read_month(month: str) -> Response:
    """Read the statistics of a month

    Of all services, by agency. Counts are rounded at random, up or down to multiples of 5, or of 3 for
    services with 50 closed cases or more, so that nobody can know a small one; sums are of rounded figures.
    For a month that is not published yet, the problem says when it will be. No account is needed.
    """
    query = asked(MonthQuery)
    one, rows = _read(lambda session, now: _month(session, now, month, query.edition))
    if _wants_csv(query):
        units = {unit: figures["name"] for (unit, service), figures in rows.items() if unit and not service}
        return _file(files.csv_of([(one, *row, figures) for row, figures in rows.items()], units))
    items = [_figures(row[0], row[1], figures) for row, figures in rows.items()]
    return _tagged(PublishedMonthBody(**_edition(one), items=items))


@blueprint.get("/statistics/services/<key>")
@operations.declare(
    Operation(
        query=FileQuery,
        answer=ServiceMonthList,
        also_as=CSV,
        refusals=(404,),
        sends=("ETag", "Cache-Control"),
        public=True,
    )
)
def read_service(key: str) -> Response:
    """Read the statistics of a service

    Of the last twelve published months. No account is needed.
    """
    query = asked(FileQuery)
    found = _read(lambda session, _: _service(session, key))
    if not found:
        raise NotFound(f"There are no published statistics of the service {key!r}.")
    if _wants_csv(query):
        names = _read(lambda session, _: reading.agency_names(session, [one for one, _, _ in found]))
        return _file(files.csv_of([(one, unit, key, figures) for one, unit, figures in found], names))
    items = [
        ServiceMonthBody(**_edition(one), figures=_figures(unit, key, figures))
        for one, unit, figures in found
    ]
    return _tagged(ServiceMonthList(key=key, items=items))


@command(
    blueprint.post("/statistics/months/<month>/editions"),
    body=CorrectMonth,
    answer=EditionBody,
    status=201,
    refusals=(404, 409),
)
def correct(uow: UnitOfWork, month: str, body: CorrectMonth) -> Reply:
    """Correct the statistics of a month

    Adds what has changed, rounded, as a new edition; the earlier ones remain readable. 409 if no figure is
    another one then, and for a month that was published before figures were rounded. For administrators of
    all units.
    """
    made = editions.correct_month(uow, month, body.reason)
    return Reply(EditionBody(**_edition(made)), status=201)


def _month(session: Session, now: datetime, name: str, number: int | None) -> tuple[Edition, Any]:
    found = reading.editions_of(session, name)
    chosen = [one for one in found if number in (None, one.edition)]
    if not chosen:
        asked = None if found else months.named(name)
        uow = UnitOfWork(session, ANYBODY, now)
        due = asked and editions.due_month(uow, asked, current_app.extensions[PUBLISHED_CALENDAR])
        if due:
            raise NotFound(f"The month {name} is not published yet. It will be on {due.due}, or soon after.")
        what = f"edition {number} of " if found else ""
        raise NotFound(f"The statistics have no {what}month {name!r}.")
    return chosen[0], reading.rows(session, chosen[0].id)


def _service(session: Session, key: str) -> Sequence[tuple[Edition, str, Any]]:
    chosen = reading.newest(reading.editions(session))[: reading.MONTHS]
    return reading.service_rows(session, key, chosen)


def _edition(one: Edition) -> dict[str, Any]:
    month = one.month
    days = {"month": month.name, "calendar": month.calendar, "first": month.first, "last": month.last}
    own = {"edition": one.edition, "reason": one.reason, "published_at": one.published_at}
    return {**days, **own, "digest": one.digest}


def _figures(unit: str, service: str, figures: Any) -> FiguresBody:
    fee = figures.get("fee")
    lists = {name: figures.get(name, []) for name in ("grounds", "versions")}
    shown = {name: value for name, value in figures.items() if name not in ("fee", *lists)}
    own = None if fee is None else {name: fee.get(name) for name in ("amount", "currency")}
    return FiguresBody.model_validate(
        {"unit": unit, "service": service, "margin": None, **shown, **lists, "fee": own}
    )


def _read(look: Callable[[Session, datetime], Any]) -> Any:
    database: Database = current_app.extensions[DATABASE]
    return database.run(look, "snapshot")


def _wants_csv(query: FileQuery) -> bool:
    return query.format == "csv" or request.accept_mimetypes.best_match(("application/json", CSV)) == CSV


def _file(content: bytes) -> Response:
    name = request.path.rpartition("/")[2]
    headers = {"Content-Disposition": f'attachment; filename="statistics-{name}.csv"', "Vary": "Accept"}
    return _fresh(Response(content, content_type=f"{CSV}; charset=utf-8", headers=headers))


def _tagged(body: Body) -> Response:
    response = Response(body.model_dump_json(), content_type="application/json", headers={"Vary": "Accept"})
    return _fresh(response)


def _fresh(response: Response) -> Response:
    """Add what caches need, and return 304 to a caller who has the response."""
    tag = hashlib.sha256(response.get_data()).hexdigest()[:32]
    response.headers["ETag"] = f'"{tag}"'
    response.headers["Cache-Control"] = f"public, max-age={FRESH}"
    if request.if_none_match.contains_weak(tag):
        kept = {name: response.headers[name] for name in ("ETag", "Cache-Control", "Vary")}
        return Response(status=304, headers=kept)
    return response
