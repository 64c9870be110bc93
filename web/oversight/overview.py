"""The overview: what came in, what is open, what was closed and how; by month, and compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine import cases
from engine.oversight import metrics
from engine.oversight.metrics import AGES, Figure, Line, Overview
from engine.oversight.projection.periods import Days, month_after
from web import charts, texts
from web.charts import About, Bar, Series
from web.oversight import causes, names, words
from web.oversight.area import Built
from web.oversight.asking import NO_CLASS, Asked
from web.oversight.tables import Column, Row, Table
from web.oversight.words import Write
from web.visit import Visit

CASES = "/oversight/cases"
TOP = 5  # causes of delay
PARTS = ("on_time", "refused", "take_up")  # shares: how many cases they are is written next to them
# Name of a tile, how it is written, and which cases it leads to.
TILES: Sequence[tuple[str, Write, str | None]] = (
    ("started", words.count, "started"),
    ("closed", words.count, "closed"),
    ("on_time", words.share, "on_time"),
    ("median", words.length, "closed"),
    ("most", words.length, "closed"),
    ("refused", words.share, "refused"),
    ("silent", words.count, "silent"),
    ("withdrawn", words.count, "withdrawn"),
    ("visits_actual", words.average, "closed"),
    ("visits_planned", words.average, None),
    ("stars", words.average, "rated"),
    ("take_up", words.share, "online"),
    ("cost", words.rials, None),
    ("send_backs", words.count, "sent_back"),
    ("appealed", words.count, "appealed"),
    ("upheld", words.count, "upheld"),
)
# Tiles by what they are about.
GROUPS: Mapping[str, Sequence[str]] = {
    "flow": ("started", "open", "overdue", "closed"),
    "time": ("on_time", "median", "most", "silent"),
    "result": ("refused", "withdrawn", "send_backs", "appealed", "upheld"),
    "people": ("visits_actual", "visits_planned", "stars", "take_up", "completion", "cost"),
}
TREND = (
    Column("month"),
    Column("started"),
    Column("closed"),
    Column("on_time", words.share),
    Column("median", words.length),
    Column("most", words.length),
)
COMPARED = (
    Column("service_class"),
    Column("closed", bar=True),
    Column("on_time", words.share, bar=True),
    Column("median", words.length, bar=True),
    Column("most", words.length, bar=True),
    Column("refused", words.share),
    Column("visits_planned", words.average),
    Column("visits_actual", words.average),
    Column("stars", words.average),
    Column("send_backs"),
    Column("upheld"),
)


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with its words, a note, and the cases behind it: as many as the figure or its note says.

    `of`: those of a figure that counts something else, such as corrections.
    """

    name: str
    text: str
    note: str
    link: str
    measured: bool
    of: str = ""


def build(visit: Visit, found: Asked) -> Built:
    """Read the overview, with the first causes of delay."""
    compare = found.choice("compare", ("version", "unit"))
    if found.faults:
        return Built()
    read = metrics.overview(visit.uow, found.filters, compare, visit.reader.calendar)
    ages = _ages(read, found)
    trend = Table("trend", TREND, [_month(visit, line, found, read.days) for line in read.trend])
    compared = _compared(read, found, compare)
    late = causes.table(visit, found, most=TOP)
    values = {
        "days": read.days,
        "as_of": read.as_of,
        "groups": _groups(read, found),
        "ages": _ages_chart(visit, ages) if read.stock.ages else None,
        "counts": _counts(visit, read),
        "times": _times(visit, read),
        "counts_key": charts.key([texts.say("oversight.tile.started"), texts.say("oversight.tile.closed")]),
        "times_key": charts.key([texts.say("oversight.tile.median"), texts.say("oversight.tile.most")]),
        "compare": compare,
        "comparisons": _by_class(compared),
        "known_late": read.numbers.late.value is not None,
        "all_delays": found.link("/oversight/delays"),
    }
    return Built([_figures(read), ages, trend, compared, late], values)


def _groups(read: Overview, found: Asked) -> Mapping[str, Sequence[Tile]]:
    numbers = read.numbers
    tiles = {
        name: _tile(name, getattr(numbers, name), write, measure, found) for name, write, measure in TILES
    }
    tiles["open"] = _tile("open", read.stock.open, words.count, "open", found)
    tiles["overdue"] = _tile("overdue", read.stock.overdue, words.count, "overdue", found)
    tiles["completion"] = _completion(read.completion)
    return {group: [tiles[name] for name in names] for group, names in GROUPS.items()}


def _completion(figure: Figure) -> Tile:
    """Return the tile of applications, which are not cases."""
    measured = figure.value is not None
    return Tile(
        "completion",
        words.figure(figure, words.share),
        texts.say("oversight.of-applications", count=figure.cases) if measured else "",
        "/funnel" if measured else "",
        measured,
    )


def _tile(name: str, figure: Figure, write: Write, measure: str | None, found: Asked) -> Tile:
    measured = figure.value is not None
    link = found.link(CASES, measure=measure) if measure and measured else ""
    text, note = words.figure(figure, write), _note(name, figure)
    if name == "send_backs":
        return Tile(name, text, note, "", measured, link if figure.value else "")
    return Tile(name, text, note, link, measured)


def _note(name: str, figure: Figure) -> str:
    if figure.value is None or not figure.cases or figure.value is figure.cases:
        return ""
    if name in PARTS:
        count = round(figure.value * figure.cases)
        return texts.say("oversight.part-of-cases", count=count, whole=figure.cases)
    return "" if figure.value == figure.cases else texts.say("oversight.of-cases", count=figure.cases)


def _figures(read: Overview) -> Table:
    shown = {name: getattr(read.numbers, name) for name, _, _ in TILES}
    shown |= {"open": read.stock.open, "overdue": read.stock.overdue, "completion": read.completion}
    rows = [
        Row({"measure": name, "value": figure, "cases": figure.cases}, {}, {})
        for name, figure in shown.items()
    ]
    return Table("figures", [Column("measure"), Column("value"), Column("cases")], rows)


def _ages(read: Overview, found: Asked) -> Table:
    rows = []
    for index, count in enumerate(read.stock.ages):
        least, below = limits(index)
        values = {"from_days": least, "to_days": below, "open": count}
        link = found.link(CASES, measure="open", age=str(index))
        rows.append(Row(values, {"age": age(index)}, {"open": link}))
    return Table("ages", [Column("age"), Column("from_days"), Column("to_days"), Column("open")], rows)


def limits(index: int) -> tuple[int, int | None]:
    """Return from how many days on, and below how many, the open cases of a band are."""
    return (0, *AGES)[index], AGES[index] if index < len(AGES) else None


def age(index: int) -> str:
    """Return the name of a band of ages."""
    least, below = limits(index)
    if below is None:
        return texts.say("oversight.age.above", count=least)
    key = "oversight.age.between" if least else "oversight.age.below"
    return texts.say(key, count=below, least=least)


def _ages_chart(visit: Visit, ages: Table) -> Any:
    write = visit.reader.number
    bars = [Bar(row.names["age"], row.values["open"], write(row.values["open"])) for row in ages.rows]
    about = About("ages", texts.say("oversight.ages"), "; ".join(f"{bar.name}: {bar.text}" for bar in bars))
    return charts.bars(visit.reader, about, bars)


def _month(visit: Visit, line: Line, found: Asked, days: Days) -> Row:
    values = {column.name: getattr(line.numbers, column.name) for column in TREND[1:]}
    first, calendar = date.fromisoformat(line.label), visit.reader.calendar
    links = {
        name: found.month(CASES, first, calendar, measure=name)
        for name in ("started", "closed")
        if values[name].value is not None
    }
    return Row({"month": line.label, **values}, {"month": _called(visit, first, days)}, links)


def _called(visit: Visit, first: date, days: Days) -> str:
    """Return the name of a month, which says so if it isn't over, or not whole within the period."""
    name = visit.reader.month(first)
    return texts.say("oversight.part-of-month", month=name) if _is_part(visit, first, days) else name


def _is_part(visit: Visit, first: date, days: Days) -> bool:
    after = month_after(first, visit.reader.calendar)
    return first < days.first or after > min(days.after, visit.uow.now.date())


def _series(read: Overview, *measures: str) -> list[Series]:
    return [
        Series(
            texts.say(f"oversight.tile.{name}"), [getattr(line.numbers, name).value for line in read.trend]
        )
        for name in measures
    ]


def _counts(visit: Visit, read: Overview) -> Any:
    about = About("counts", texts.say("oversight.chart.counts"), texts.say("oversight.chart.counts-text"))
    series = _series(read, "started", "closed")
    return charts.lines(
        visit.reader, about, _months(visit, read), series, write=visit.reader.number, whole=True
    )


def _times(visit: Visit, read: Overview) -> Any:
    about = About("times", texts.say("oversight.chart.times"), texts.say("oversight.chart.times-text"))
    days = [
        Series(one.name, [None if value is None else value / words.DAY for value in one.values])
        for one in _series(read, "median", "most")
    ]
    return charts.lines(visit.reader, about, _months(visit, read), days, write=visit.reader.number)


def _months(visit: Visit, read: Overview) -> list[str]:
    """Return the names of the months; in English short ones, so that six fit a phone. `*`: not whole."""
    found = []
    for line in read.trend:
        first = date.fromisoformat(line.label)
        name = visit.reader.month(first, year=False)
        short = name if visit.reader.language == "fa" else name[:3]
        found.append(f"{short}*" if _is_part(visit, first, read.days) else short)
    return found


def _compared(read: Overview, found: Asked, by: str | None) -> Table:
    units = {line.label for line in read.compared} if by == "unit" else set()
    called = names.load(found.known, of_units=units)
    rows = []
    for line in read.compared:
        values = {column.name: getattr(line.numbers, column.name) for column in COMPARED[1:]}
        name = (
            called.unit(line.label)
            if by == "unit"
            else texts.say("designer.version-number", number=int(line.label))
        )
        kind = names.service_class(line.service_class)
        more = {"version": line.label} if by == "version" else {"unit": line.label, "alone": 1}
        link = found.link(CASES, measure="closed", class_=line.service_class or NO_CLASS, **more)
        rows.append(
            Row(
                {"label": line.label, "service_class": line.service_class, **values},
                {"label": name, "service_class": kind},
                {"closed": link},
            )
        )
    return Table("comparison", (Column("label", title=by or ""), *COMPARED), rows)


def _by_class(compared: Table) -> Mapping[str, Table]:
    """Return what can be compared: the rows of each service class, the most urgent first."""
    found: dict[str, list[Row]] = {one: [] for one in (*cases.BOUNDS, "")}
    for row in compared.rows:
        found[row.values["service_class"]].append(row)
    return {one: Table(compared.name, compared.columns, rows) for one, rows in found.items() if rows}
