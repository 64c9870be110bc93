"""The steps of one version: how often they were passed and how long that took, as heat on its diagram."""

from collections.abc import Mapping
from dataclasses import replace

from engine.bpmn import Marks
from engine.design import diagrams
from engine.oversight import metrics
from engine.oversight.metrics import Figure, Filters, StepLine
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
SIZES = ("fit", "actual")
NO_WORK = ("call", "wait", "bill", "incident")  # kinds of steps at which nobody can work
COLUMNS = (
    Column("element"),
    Column("kind"),
    Column("arrived"),
    Column("closed", bar=True, title="done"),
    Column("wait", words.length, bar=True),
    Column("work", words.length, bar=True),
    Column("send_backs"),
)


def build(visit: Visit, found: Asked) -> Built:
    """Read the steps of a version, of the newest unless another is chosen.

    Without a service they are those of the one with the most cases of the period; none without cases.
    """
    show = found.choice("show", SHOWN) or "wait"
    size = found.choice("size", SIZES) or SIZES[0]
    shared = {"show": show, "shows": SHOWN, "size": size}
    if found.faults:
        return Built((), {"chosen": False, **shared})
    picked = found.filters.definition is None
    if picked:
        found = _with_busiest(visit, found)
    if found.filters.definition is None:
        return Built((), {"chosen": False, **shared})
    read = metrics.steps(visit.uow, _with_version(found))
    called = names.load(found.known, of_processes={read.definition})
    steps = _names(found, read.version)
    rows = [_row(line, steps.get(line.element, line.element), found, read.version) for line in read.lines]
    values = {
        "days": read.days,
        "as_of": read.as_of,
        **shared,
        "chosen": True,
        "picked": picked,
        "name": called.process(read.definition),
        "number": read.version,
        "picture": found.link(
            "/oversight/steps.svg", version=read.version, show=show, lang=visit.reader.language
        ),
    }
    return Built([Table("steps", COLUMNS, rows)], values)


def _with_busiest(visit: Visit, found: Asked) -> Asked:
    """Return what is asked for, of the service with the most cases among those that the form offers."""
    offered = found.known.processes
    key = next((one for one in metrics.busiest(visit.uow, found.filters) if one in offered), None)
    if key is None:
        return found
    return replace(
        found, filters=replace(found.filters, definition=key), query={**found.query, "definition": key}
    )


def _with_version(found: Asked) -> Filters:
    """Return the filters with a version. Raises NotFound for a process that doesn't exist."""
    filters = found.filters
    if filters.version is not None or filters.definition is None:
        return filters
    return replace(filters, version=found.known.versions(filters.definition)[0].number)


def _names(found: Asked, number: int) -> Mapping[str, str]:
    """Return the names of the steps in this version."""
    versions = found.known.versions(found.filters.definition or "")
    return next((found.known.elements(one) for one in versions if one.number == number), {})


def _row(line: StepLine, name: str, found: Asked, version: int) -> Row:
    values = {column.name: getattr(line, column.name) for column in COLUMNS}
    kind = texts.find_text(f"words.step.{line.kind}", line.kind)
    of = {"version": version, "element": line.element}
    links = {
        column: found.link("/oversight/cases", measure=f"step_{column}", **of)
        for column in ("arrived", "closed")
        if values[column]
    }
    shown = {"element": name, "kind": kind}
    if line.kind in NO_WORK:
        shown |= dict.fromkeys(("work", "send_backs"), texts.say("oversight.not-applicable"))
    return Row(values, shown, links)


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
