"""Where the time of ended cases went: how long they were in each bucket."""

from datetime import date
from typing import Any

from engine.oversight import metrics
from engine.oversight.metrics import TimeBy, TimeLine
from engine.timeline import BUCKETS
from web import charts, texts
from web.charts import About, Stack
from web.oversight import names, words
from web.oversight.area import Built
from web.oversight.asking import Asked
from web.oversight.names import Names
from web.oversight.tables import Column, Row, Table
from web.visit import Visit

CASES = "/oversight/cases"
BY = ("unit", "definition", "version", "month")
COLUMNS = (
    Column("label"),
    Column("cases"),
    Column("life", words.length),
    *(Column(bucket, words.length) for bucket in BUCKETS),
)


def build(visit: Visit, found: Asked) -> Built:
    """Read the time of a scope, and of each of its units, processes, versions or months."""
    by: TimeBy = found.choice("by", BY) or "unit"
    if found.faults:
        return Built()
    read = metrics.times(visit.uow, found.filters, by, visit.reader.calendar)
    called = names.load(
        visit,
        of_units={line.label for line in read.lines} if by == "unit" else (),
        of_processes={line.label.partition("/")[0] for line in read.lines}
        if by in ("definition", "version")
        else (),
    )
    rows = [_row(line, _name(visit, line, by, called), _link(visit, found, line, by)) for line in read.lines]
    total = _row(read.total, texts.say("oversight.all"), found.link(CASES, measure="closed"))
    values = {
        "days": read.days,
        "as_of": read.as_of,
        "read": read,
        "by": by,
        "bys": BY,
        "order": names.ORDER,
        "legend": charts.swatches("time", [names.bucket(bucket) for bucket in BUCKETS]),
        "whole": _chart(visit, "whole", [total]) if read.total.cases else None,
        "parts": _chart(visit, "parts", rows) if len(rows) > 1 else None,
    }
    return Built([Table("time", COLUMNS, [total, *rows] if read.total.cases else [])], values)


def _row(line: TimeLine, name: str, link: str) -> Row:
    values = {"label": line.label, "cases": line.cases, "life": line.life, **line.buckets}
    averages = {
        part: words.length(ms / line.cases)
        for part, ms in {"life": line.life, **line.buckets}.items()
        if line.cases
    }
    return Row(values, {"label": name, **averages}, {"cases": link})


def _name(visit: Visit, line: TimeLine, by: str, called: Names) -> str:
    if by == "unit":
        return called.unit(line.label)
    if by == "month":
        return visit.reader.month(date.fromisoformat(line.label))
    key, _, number = line.label.partition("/")
    name = called.process(key)
    return f"{name}, {texts.say('designer.version-number', number=int(number))}" if number else name


def _link(visit: Visit, found: Asked, line: TimeLine, by: str) -> str:
    """Return where a line's cases are."""
    if by == "month":
        return found.month(CASES, date.fromisoformat(line.label), visit.reader.calendar, measure="closed")
    key, _, number = line.label.partition("/")
    if by == "unit":
        return found.link(CASES, measure="closed", unit=line.label, alone=1)
    more = {"definition": key, "version": number} if by == "version" else {by: line.label}
    return found.link(CASES, measure="closed", **more)


def _chart(visit: Visit, id: str, rows: list[Row]) -> Any:
    stacks = [
        Stack(
            row.names["label"],
            [row.values[bucket] for bucket in BUCKETS],
            texts.say("oversight.count-cases", count=row.values["cases"]),
        )
        for row in rows
    ]
    about = About(id, texts.say("oversight.way.time"), texts.say("oversight.chart.time-text"))
    return charts.stacks(visit.reader, about, stacks, whole=True)
