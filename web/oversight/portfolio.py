"""Services ranked for re-engineering, with the weights of the ranking in the form and the address."""

from typing import Any, get_type_hints

from flask import request

from engine.oversight import metrics
from engine.oversight.metrics import Portfolio, ServiceLine, Weights
from engine.platform import persian
from engine.platform.errors import Fault, Invalid
from web import charts, texts
from web.charts import About, Bar
from web.oversight import names, words
from web.oversight.area import Built
from web.oversight.asking import Asked
from web.oversight.names import Names
from web.oversight.tables import Column, Row, Table
from web.visit import Visit

CHART = 10  # services that are drawn
WEIGHTS = tuple(get_type_hints(Weights))
COLUMNS = (
    Column("rank"),
    Column("definition"),
    Column("score", words.points, bar=True),
    Column("volume", bar=True),
    Column("visits", words.average),
    Column("time", words.length),
    Column("dissatisfaction", words.share),
)


def build(visit: Visit, found: Asked) -> Built:
    """Read the ranking with the weights of the address."""
    typed = {name: _weight(name, found) for name in WEIGHTS}
    values: dict[str, Any] = {
        "weights": {name: request.args.get(name) or str(typed[name]) for name in WEIGHTS}
    }
    try:
        read = None if found.faults else metrics.portfolio(visit.uow, found.filters, Weights(**typed))
    except Invalid as refusal:
        found.faults.extend(refusal.faults)
        read = None
    if read is None:
        return Built((), values)  # the form shows the weights as they were typed
    called = names.load(visit, of_processes={line.definition for line in read.lines})
    shown = Table("portfolio", COLUMNS, [_row(line, called, found) for line in read.lines])
    values |= {"days": read.days, "as_of": read.as_of}
    values["chart"] = _chart(visit, read, called) if shown.rows else None
    return Built([shown], values)


def _weight(name: str, found: Asked) -> float:
    """Return a weight as people type it, in any digits; 1 for none."""
    given = persian.digits(request.args.get(name, "").strip()).replace("٫", ".")
    try:
        return float(given) if given else 1
    except ValueError:
        found.faults.append(Fault(f"/query/{name}", "is not a number", "type.number"))
        return 1


def _row(line: ServiceLine, called: Names, found: Asked) -> Row:
    values = {column.name: getattr(line, column.name) for column in COLUMNS}
    link = found.link("/oversight/cases", measure="closed", definition=line.definition)
    return Row(values, {"definition": called.process(line.definition)}, {"volume": link})


def _chart(visit: Visit, read: Portfolio, called: Names) -> Any:
    bars = [
        Bar(called.process(line.definition), line.score, words.points(line.score))
        for line in read.lines[:CHART]
    ]
    about = About(
        "ranking", texts.say("oversight.chart.ranking"), "; ".join(f"{bar.name}: {bar.text}" for bar in bars)
    )
    return charts.bars(visit.reader, about, bars)
