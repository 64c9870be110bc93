"""Published statistics, for everybody: one page for all readers of a language, so that caches may store it.

No session is read and no cookie is set. The query has no effect, but for a choice of language or calendar.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, g, request

from engine.oversight.publication import editions, reading
from engine.oversight.publication.months import Month, named
from engine.oversight.publication.reading import Edition
from engine.oversight.publication.rounding import ALL, Row
from engine.platform.language import Reader
from web import charts, texts
from web.charts import About, Series
from web.oversight import words
from web.site import LOOKING, site
from web.visit import Page, Visit, page

blueprint = Blueprint("public_statistics", __name__, url_prefix="/statistics")
FRESH = 300  # seconds for which a cache may show a page without asking again
FEW = 60  # rows of all and agencies and services, up to which a month is on one page
MOST = 100  # rows of a page: files have all
FULL = 4  # months of a chart whose names fit a phone
HOUR = 3_600_000  # ms
CERTAIN = 5  # a share is shown of at least so many times what its figures may be wrong by
_TIMELY = ("on_time", "late", "silent")
_DECIDED = ("granted", "refused")
Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table: its name, where it leads, and its cells in words; None: not shown."""

    name: str
    link: str
    cells: Sequence[str | None]


COLUMNS = (
    *("started", "closed", "timely", "late", "silent", "no_term", "median", "most"),
    *("granted", "refused", "withdrawn", "other"),
)


@blueprint.before_request
def _look_as_anybody() -> None:
    """Ignore who looks: a page that a cache stores must not depend on it."""
    g.opened = None
    g.public = True


@blueprint.after_request
def _let_caches_store(response: Response) -> Response:
    """A choice of language sets a cookie, so that its response is for one browser alone."""
    if texts.chosen():
        response.headers["Cache-Control"] = "private, no-store"
    elif response.status_code == 200 and request.method in LOOKING:
        response.headers["Cache-Control"] = f"public, max-age={FRESH}"
        response.add_etag()
        response.make_conditional(request)
    return response


@page(blueprint.get(""), anybody=True)
def index(visit: Visit) -> Page:
    """Show the newest month."""
    found = reading.editions(visit.uow.session)
    if not found:
        return _unpublished(visit, None, 200)
    return _month_page(visit, found, found[0])


@page(blueprint.get("/<month>"), anybody=True)
def month(visit: Visit, month: str) -> Page:
    """Show the newest edition of a month."""
    return _edition_page(visit, month, None)


@page(blueprint.get("/<month>/editions/<int:number>"), anybody=True)
def edition(visit: Visit, month: str, number: int) -> Page:
    """Show an edition of a month."""
    return _edition_page(visit, month, number)


@page(blueprint.get("/<month>/units/<key>"), anybody=True)
def unit(visit: Visit, month: str, key: str) -> Page:
    """Show the services of an agency in a month."""
    own = reading.editions_of(visit.uow.session, month)
    rows = reading.rows(visit.uow.session, own[0].id, key) if own and key else {}
    if not rows:
        return _missing()
    services = [_line(row, figures, own[0]) for row, figures in rows.items() if row[1]]
    values = {
        **_about(visit, own[0], [rows[key, ""]]),
        "agency": rows[key, ""]["name"][visit.reader.language],
        "services": services[:MOST],
        "more": max(len(services) - MOST, 0),
    }
    return Page("statistics/unit.html", values)


@page(blueprint.get("/services/<key>"), anybody=True)
def service(visit: Visit, key: str) -> Page:
    """Show a service in the last twelve published months."""
    chosen = reading.newest(reading.editions(visit.uow.session))[: reading.MONTHS]
    found = reading.service_rows(visit.uow.session, key, chosen)
    if not found:
        return _missing()
    newest, unit, figures = found[0]
    language = visit.reader.language
    values = {
        **_about(visit, newest, [row for _, _, row in found]),
        "name": figures["name"][language],
        "agency": _agency(visit, newest, unit),
        "lines": [_month_line(visit, one, row) for one, _, row in found],
        "charts": _charts(visit, [(one.month, row) for one, _, row in reversed(found)]),
        "grounds": [_ground(figures, one, language) for one in figures["grounds"] or ()],
        "no_grounds": "hidden-grounds" if figures["grounds"] is None else "no-grounds",
        "versions": [
            (one["number"], date.fromisoformat(one["since"])) for one in figures.get("versions", ())
        ],
        "fee": _fee(visit, figures.get("fee")),
        "offered": newest.id == chosen[0].id,
        "file": f"/api/v1/statistics/services/{key}",
    }
    return Page("statistics/service.html", values)


def _agency(visit: Visit, edition: Edition, unit: str) -> tuple[str, str]:
    """Return the name of an agency, and its page in an edition's month."""
    names = reading.agency_names(visit.uow.session, [edition])
    name = names[unit][visit.reader.language] if unit in names else ""
    return name, f"/statistics/{edition.month.name}/units/{unit}"


def _missing() -> Page:
    """Show that there are no such statistics. Anybody may read all that there are."""
    return Page("statistics/missing.html", {}, 404, headers={"Cache-Control": "no-cache"})


def _fee(visit: Visit, fee: Mapping[str, str] | None) -> str:
    if fee is None:
        return texts.say("statistics.no-fee")
    if not fee.get("amount"):
        return texts.say("statistics.fee-varies")
    return visit.reader.money(Decimal(fee["amount"]), fee["currency"])


def _edition_page(visit: Visit, name: str, number: int | None) -> Page:
    found = reading.editions(visit.uow.session)
    wanted = [one for one in found if one.month.name == name and number in (None, one.edition)]
    if wanted:
        return _month_page(visit, found, wanted[0])
    asked = named(name)
    if asked is None or number is not None:
        return _missing()
    return _unpublished(visit, asked, 404)


def _unpublished(visit: Visit, asked: Month | None, status: int) -> Page:
    """Show when a month will be published: this one, or the first."""
    calendar = site().settings.published_calendar
    due = (
        editions.next_month(visit.uow, calendar)
        if asked is None
        else editions.due_month(visit.uow, asked, calendar)
    )
    values = {
        "asked": None if asked is None else _name(visit, asked),
        "due": None if due is None else due.due,
        "month": None if due is None else _name(visit, due),
    }
    return Page("statistics/unpublished.html", values, status, headers={"Cache-Control": "no-cache"})


def _month_page(visit: Visit, found: Sequence[Edition], chosen: Edition) -> Page:
    rows = reading.overview_rows(visit.uow.session, chosen.id, FEW)
    newest = reading.newest(found)
    at = next(index for index, one in enumerate(newest) if one.month == chosen.month)
    agencies = [_line(row, figures, chosen) for row, figures in rows.items() if row[0] and not row[1]]
    services = [_line(row, figures, chosen) for row, figures in rows.items() if row[1]]
    trend = reading.all_rows(visit.uow.session, newest[at : at + reading.MONTHS])
    query = f"?edition={chosen.edition}" if chosen.edition != newest[at].edition else ""
    values = {
        **_about(visit, chosen, [figures for _, figures in trend]),
        "all": _tiles(rows[ALL, ""]),
        "agencies": agencies[:MOST],
        "services": services,
        "more": max(len(agencies) - MOST, 0),
        "charts": _charts(visit, [(one.month, row) for one, row in reversed(trend)]),
        "others": [one for one in found if one.month == chosen.month and one.id != chosen.id],
        "is_newest": chosen.id == newest[at].id,
        "lines": [_month_line(visit, one, figures) for one, figures in trend],
        "months": [(_name(visit, one.month), one.month.name) for one in newest],
        "file": f"/api/v1/statistics/months/{chosen.month.name}{query}",
    }
    return Page("statistics/month.html", values)


def _about(visit: Visit, one: Edition, rows: Sequence[Figures]) -> dict[str, Any]:
    """Return what all pages say of the edition that they show, and how the figures of these rows are made."""
    said = {"edition": one, "month": _name(visit, one.month), "slug": one.month.name, "columns": COLUMNS}
    ways = {"rounded" if "margin" in figures else "hidden" for figures in rows}
    return {**said, "ways": sorted(ways, reverse=True)}


def _name(visit: Visit, one: Month) -> str:
    """Return what a month is called in its own calendar."""
    return Reader(visit.reader.language, one.calendar).month(one.first)


def _line(row: Row, figures: Figures, of: Edition) -> Line:
    link = f"/statistics/services/{row[1]}" if row[1] else f"/statistics/{of.month.name}/units/{row[0]}"
    return Line(figures["name"][texts.reader().language], link, _cells(figures))


def _month_line(visit: Visit, one: Edition, figures: Figures) -> Line:
    return Line(_name(visit, one.month), f"/statistics/{one.month.name}", _cells(figures))


def _cells(figures: Figures) -> list[str | None]:
    """Return the cells of a row in words. Where there is no case there is no share and no time: a dash."""
    names = ("started", "closed", "late", "silent", "no_term", "withdrawn", "other", "granted")
    found = {name: _count(figures, figures[name]) for name in names}
    found["timely"] = _share(figures, "on_time", _TIMELY)
    found["refused"] = _share(figures, "refused", _DECIDED)
    found["median"], found["most"] = _time(figures, "median_hours"), _time(figures, "most_hours")
    return [found[name] for name in COLUMNS]


def _count(figures: Figures, value: int | None) -> str | None:
    """Return a figure, which says itself that it is rounded. Old editions have exact ones, or none."""
    if value is None:
        return None
    margin = figures.get("margin")
    if margin is None:
        return words.count(value)
    if value == 0:
        return texts.say("statistics.fewer", count=margin + 1) if margin else words.count(0)
    return texts.say("statistics.about-count", count=value)


def _share(figures: Figures, name: str, of: Sequence[str]) -> str | None:
    """Return a number with its share, if all are shown of which it is one, and rounding matters little."""
    count = _count(figures, figures[name])
    if count is None:
        return None
    parts = [figures[one] for one in of]
    if None in parts or not sum(parts) or sum(parts) < CERTAIN * figures.get("margin", 0):
        return count
    share = words.share(figures[name] / sum(parts))
    return texts.say("statistics.of", count=count, share=share)


def _time(figures: Figures, name: str) -> str | None:
    if figures[name] == 0:
        return texts.say("statistics.moment")
    if figures[name] is not None:
        return words.length(figures[name] * HOUR)
    return None if figures["closed"] != 0 and "margin" not in figures else "–"


def _tiles(figures: Figures) -> list[tuple[str, str | None]]:
    return list(zip(COLUMNS, _cells(figures), strict=True))


def _ground(figures: Figures, one: Mapping[str, Any], language: str) -> tuple[str, str | None]:
    special = {"-": "statistics.ground.none", "+": "statistics.ground.several"}.get(one["code"])
    name = texts.say(special) if special else _own(one["name"], language) or one["code"]
    return name, _count(figures, one["count"])


def _own(name: Mapping[str, str] | None, language: str) -> str | None:
    return None if name is None else name[language]


def _charts(visit: Visit, rows: Sequence[tuple[Month, Figures]]) -> Sequence[Any]:
    """Return the chart of volumes and that of times, each with its legend; none of a single month."""
    if len(rows) < 2:
        return []
    reader = visit.reader
    months = [_short(reader, one, few=len(rows) <= FULL) for one, _ in rows]
    found = []
    for name, columns in (("volumes", ("started", "closed")), ("times", ("median_hours", "most_hours"))):
        series = [
            Series(texts.say(f"statistics.series.{column}"), [_value(row[column], name) for _, row in rows])
            for column in columns
        ]
        if not any(value is not None for one in series for value in one.values):
            continue
        title = texts.say(f"statistics.chart.{name}")
        about = About(name, title, texts.say(f"statistics.chart.{name}-text"))
        whole = name == "volumes"
        drawn = charts.lines(reader, about, months, series, write=reader.number, whole=whole)
        found.append((name, title, drawn, charts.key([one.name for one in series])))
    return found


def _value(value: float | None, chart: str) -> float | None:
    return value if value is None or chart == "volumes" else value / 24


def _short(reader: Reader, one: Month, *, few: bool) -> str:
    name = Reader(reader.language, one.calendar).month(one.first, year=False)
    return name if few or reader.language == "fa" else name[:3]
