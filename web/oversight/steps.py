"""The steps of one version: how often they were passed and how long that took, as heat on its diagram."""

from collections.abc import Mapping

from engine.bpmn import Marks
from engine.design import diagrams
from engine.oversight import metrics
from engine.oversight.metrics import Figure, StepLine
from engine.platform.errors import Invalid
from web import texts
from web.oversight import names, words
from web.oversight.area import Built
from web.oversight.asking import Asked
from web.oversight.tables import Column, Row, Table
from web.oversight.words import Write
from web.visit import Content, Visit

# What the diagram can show.
SHOWN: Mapping[str, Write] = {"wait": words.length, "work": words.length, "closed": words.count}
LEAST = {"wait": 60_000, "work": 60_000, "closed": 1}  # that is written at a step
SIZES = ("actual", "fit")
COLUMNS = (
    Column("element"),
    Column("kind"),
    Column("arrived"),
    Column("closed", bar=True),
    Column("wait", words.length, bar=True),
    Column("work", words.length, bar=True),
    Column("send_backs"),
)


def build(visit: Visit, found: Asked) -> Built:
    """Read the steps; none before a version is chosen."""
    show = found.choice("show", SHOWN) or "wait"
    size = found.choice("size", SIZES) or SIZES[0]
    filters, shared = found.filters, {"show": show, "shows": SHOWN, "size": size}
    if found.faults or filters.definition is None or filters.version is None:
        return Built((), {"chosen": False, **shared})
    read = metrics.steps(visit.uow, filters)
    called = names.load(visit, of_processes={read.definition}, steps=True)
    rows = [_row(line, called.step(read.definition, line.element), found) for line in read.lines]
    values = {
        "days": read.days,
        "as_of": read.as_of,
        **shared,
        "chosen": True,
        "name": called.process(read.definition),
        "number": read.version,
        "picture": found.link("/oversight/steps.svg", show=show, lang=visit.reader.language),
    }
    return Built([Table("steps", COLUMNS, rows)], values)


def _row(line: StepLine, name: str, found: Asked) -> Row:
    values = {column.name: getattr(line, column.name) for column in COLUMNS}
    kind = texts.find_text(f"words.step.{line.kind}", line.kind)
    links = {
        column: found.link("/oversight/cases", measure=f"step_{column}", element=line.element)
        for column in ("arrived", "closed")
        if values[column]
    }
    return Row(values, {"element": name, "kind": kind}, links)


def picture(visit: Visit, found: Asked) -> Content:
    """Return the diagram: the warmer an element, the greater its figure, which is written at it."""
    show = found.choice("show", SHOWN) or "wait"
    if found.faults:
        raise Invalid("The request has errors.", found.faults)
    read = metrics.steps(visit.uow, found.filters)
    values = {line.element: value for line in read.lines if (value := _value(line, show))}
    most = max(values.values(), default=0) or 1
    marks = Marks(
        heat={element: value / most for element, value in values.items()},
        # Calls of other systems mostly take less than a minute: that says nothing to a reader.
        labels={one: SHOWN[show](value) for one, value in values.items() if value >= LEAST[show]},
    )
    drawn = diagrams.of_figures(visit.uow, read.definition, read.version, visit.reader.language, marks)
    return Content(drawn, "image/svg+xml")


def _value(line: StepLine, show: str) -> float | None:
    found: Figure | int = getattr(line, show)
    return found.value if isinstance(found, Figure) else found
