"""Why cases were late: the causes, ranked by the hours that they cost."""

from collections.abc import Sequence
from typing import Any

from engine.oversight import metrics
from engine.oversight.metrics import FEWEST, CausedLine, DelayCell, DelayLine
from web import charts, texts
from web.charts import About, Bar
from web.oversight import names, words
from web.oversight.area import Built
from web.oversight.asking import Asked
from web.oversight.names import Names
from web.oversight.tables import Column, Row, Table
from web.visit import Visit

CHART = 10  # causes that are drawn
LEFT = ("rank", "bucket", "element")  # on the page the order and the sentence have them
COLUMNS = (
    Column("cause"),
    Column("rank"),
    Column("bucket"),
    Column("party"),
    Column("definition"),
    Column("element"),
    Column("ms", words.hours, bar=True),
    Column("share", words.share),
    Column("cases"),
)


CAUSED = (
    Column("cause"),
    Column("bucket"),
    Column("party"),
    Column("agency"),
    Column("definition"),
    Column("element"),
    Column("ms", words.hours, bar=True),
    Column("cases"),
)


def build(visit: Visit, found: Asked) -> Built:
    """Read the causes of delay."""
    read = metrics.delays(visit.uow, found.filters)
    shown = _table(found, read.lines)
    values = {
        "days": read.days,
        "as_of": read.as_of,
        "read": read,
        "lateness": words.hours(read.ms),
        "late_link": found.link("/oversight/cases", measure="late"),
        "order": names.ORDER,
        "leave": LEFT,
        "fewest": FEWEST,
        "chart": _chart(visit, shown) if shown.rows else None,
    }
    return Built([shown, _caused(found, read.caused)], values)


def table(visit: Visit, found: Asked, *, most: int) -> Table:
    """Return the first causes."""
    return _table(found, metrics.causes(visit.uow, found.filters)[:most])


def _table(found: Asked, lines: Sequence[DelayLine]) -> Table:
    called = names.load(
        found.known,
        of_units={line.party for line in lines if line.party},
        of_processes={line.definition for line in lines},
        steps={(line.definition, line.element) for line in lines},
    )
    return Table("causes", COLUMNS, [_row(line, called, found) for line in lines])


def _caused(found: Asked, lines: Sequence[CausedLine]) -> Table:
    """Return the delays that these units caused in cases of others, which lead to no list of cases."""
    called = names.load(
        found.known,
        of_units={key for line in lines for key in (line.party, line.agency)},
        of_processes={line.definition for line in lines},
        steps={(line.definition, line.element) for line in lines},
    )
    return Table("caused", CAUSED, [_caused_row(line, called) for line in lines])


def _caused_row(line: CausedLine, called: Names) -> Row:
    values = {column.name: getattr(line, column.name) for column in CAUSED[1:]}
    shown = {
        "cause": called.cause(DelayCell(line.party, line.element, line.bucket), line.definition),
        "bucket": names.bucket(line.bucket),
        "party": called.unit(line.party),
        "agency": called.unit(line.agency),
        "definition": called.process(line.definition),
        "element": called.step(line.definition, line.element),
    }
    if line.cases.value is None:
        shown |= dict.fromkeys(("ms", "cases"), texts.say("oversight.too-few-cases"))
    elif line.left_out:
        shown["cases"] = texts.say("oversight.and-few", count=line.cases.value)
    return Row(values, shown, {})


def _row(line: DelayLine, called: Names, found: Asked) -> Row:
    values = {column.name: getattr(line, column.name) for column in COLUMNS[1:]}
    party, step = called.party(line.party, line.bucket), called.step(line.definition, line.element)
    link = found.link(
        "/oversight/cases",
        measure="late",
        definition=line.definition,
        party=line.party,
        element=line.element,
        bucket=line.bucket,
    )
    shown = {
        "cause": called.cause(DelayCell(line.party, line.element, line.bucket), line.definition),
        "bucket": names.bucket(line.bucket),
        "party": party,
        "definition": called.process(line.definition),
        "element": step,
    }
    return Row(values, shown, {"cases": link, "cause": link})


def _chart(visit: Visit, shown: Table) -> Any:
    rows = shown.rows[:CHART]
    bars = [Bar(row.names["cause"], row.values["ms"], words.hours(row.values["ms"])) for row in rows]
    about = About(
        "causes", texts.say("oversight.causes"), "; ".join(f"{bar.name}: {bar.text}" for bar in bars)
    )
    return charts.bars(visit.reader, about, bars)
