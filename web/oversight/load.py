"""The work of units: what is open, came in and was done, by unit, role and step. Never by person."""

from typing import Any

from engine.oversight import metrics
from engine.oversight.metrics import FEWEST, NO_DATA, AutomatedLine, Figure, LoadLine, People, RoleLine
from web import charts, texts
from web.charts import About, Bar
from web.oversight import names, words
from web.oversight.area import Built
from web.oversight.asking import Asked
from web.oversight.names import Names
from web.oversight.tables import Column, Row, Table
from web.visit import Visit

CHART = 12  # units that are drawn
LOAD = (
    Column("unit"),
    Column("role"),
    Column("definition"),
    Column("element"),
    Column("open", bar=True),
    Column("arrived"),
    Column("done"),
    Column("hours", words.noted_hours),
    Column("send_backs"),
)
ROLES = (
    Column("unit"),
    Column("role"),
    Column("open", bar=True),
    Column("arrived"),
    Column("done"),
    Column("hours", words.noted_hours),
    Column("capacity", words.noted_hours),
)
AUTOMATED = (
    Column("element"),
    Column("definition"),
    Column("passed"),
    Column("hours", words.noted_hours),
)
QUALITY = ("closed", "send_backs", "appealed", "upheld")
UNITS = (
    Column("unit"),
    Column("open"),
    Column("arrived"),
    Column("done"),
    *(Column(name) for name in QUALITY),
)


def build(visit: Visit, found: Asked) -> Built:
    """Read the load."""
    read = metrics.people(visit.uow, found.filters)
    called = names.load(
        found.known,
        of_units={line.unit for line in read.lines} | {line.unit for line in read.quality},
        of_processes={line.definition for line in read.lines} | {line.definition for line in read.automated},
        steps={(line.definition, line.element) for line in read.lines}
        | {(line.definition, line.element) for line in read.automated},
    )
    by_unit = _units(read, called, found)
    roles = Table("roles", ROLES, [_role(line, called) for line in read.roles])
    load = Table("load", LOAD, [_row(line, called, found) for line in read.lines])
    automated = Table("automated", AUTOMATED, [_automated(line, called) for line in read.automated])
    values = {
        "days": read.days,
        "as_of": read.as_of,
        "fewest": FEWEST,
        "chart": _chart(visit, by_unit) if by_unit.rows else None,
    }
    return Built([by_unit, roles, automated, load], values)


def _row(line: LoadLine, called: Names, found: Asked) -> Row:
    values = {column.name: getattr(line, column.name) for column in LOAD}
    shown = {
        "unit": called.unit(line.unit),
        "role": role(line.role),
        "definition": called.process(line.definition),
        "element": called.step(line.definition, line.element),
    }
    cell = {"step_unit": line.unit, "role": line.role}
    cell |= {"definition": line.definition, "element": line.element}
    links = {
        name: found.link("/oversight/cases", measure=f"work_{name}", **cell)
        for name in ("open", "arrived", "done")
        if values[name]
    }
    return Row(values, shown | _hours(line.hours), links)


def _hours(noted: Figure) -> dict[str, str]:
    """Return hours in words, with how much of the work they are of: often not all of what was done."""
    if noted.value is None:
        return {}
    return {"hours": texts.say("oversight.hours-of", hours=words.noted_hours(noted.value), count=noted.cases)}


def _role(line: RoleLine, called: Names) -> Row:
    values = {column.name: getattr(line, column.name) for column in ROLES}
    shown = {"unit": called.unit(line.unit), "role": role(line.role)}
    return Row(values, shown | _hours(line.hours), {})


def _automated(line: AutomatedLine, called: Names) -> Row:
    values = {column.name: getattr(line, column.name) for column in AUTOMATED}
    shown = {
        "element": called.step(line.definition, line.element),
        "definition": called.process(line.definition),
    }
    return Row(values, shown, {})


def role(code: str) -> str:
    """Return the name of a role in a unit."""
    return texts.find_text(f"words.position.{code}", code)


def _units(read: People, called: Names, found: Asked) -> Table:
    """Add up the load of each unit, with the quality of its work next to its speed."""
    sums: dict[str, dict[str, Any]] = {}
    for line in read.lines:
        into = sums.setdefault(line.unit, {"open": 0, "arrived": 0, "done": 0})
        for name in into:
            into[name] += getattr(line, name)
    quality = {one.unit: one for one in read.quality}
    rows = []
    for unit in sorted({*sums, *quality}):
        values = {"unit": unit, **sums.get(unit, {"open": 0, "arrived": 0, "done": 0})}
        values |= dict.fromkeys(QUALITY, NO_DATA)
        if unit in quality:
            values |= {name: getattr(quality[unit], name) for name in QUALITY}
        links = {
            column: found.link("/oversight/cases", measure=measure, unit=unit, alone=1)
            for column, measure in (
                ("closed", "closed"),
                ("appealed", "appealed"),
            )
            if unit in quality
        }
        rows.append(Row(values, {"unit": called.unit(unit)}, links))
    return Table("units", UNITS, rows)


def _chart(visit: Visit, shown: Table) -> Any:
    most = sorted(shown.rows, key=lambda row: -row.values["open"])[:CHART]
    bars = [Bar(row.names["unit"], row.values["open"], words.count(row.values["open"])) for row in most]
    about = About(
        "load", texts.say("oversight.chart.load"), "; ".join(f"{bar.name}: {bar.text}" for bar in bars)
    )
    return charts.bars(visit.reader, about, bars)
