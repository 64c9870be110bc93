"""The cases behind a figure: as many as it says."""

from collections.abc import Sequence

from flask import request

from engine.access import CASEWORKER
from engine.oversight import metrics
from engine.oversight.metrics import AGES, MEASURES, PASSAGES, CaseLine, CaseMeasure, DelayCell, StepCell
from engine.timeline import BUCKETS
from web import asked, texts
from web.listing import cursor
from web.oversight import names, words
from web.oversight.area import Built
from web.oversight.asking import NO_ROLE, Asked
from web.oversight.load import role
from web.oversight.names import Names
from web.oversight.overview import age
from web.oversight.tables import Column, Row, Table
from web.visit import Visit

COLUMNS = (
    Column("number"),
    Column("definition"),
    Column("version"),
    Column("unit"),
    Column("service_class"),
    Column("started_at", words.day),
    Column("ended_at", words.day),
    Column("due_at", words.day),
    Column("days_late", words.count),
    Column("holders"),
    Column("outcome"),
    Column("life", words.length),
    Column("late", words.hours),
    Column("delay", words.hours),
    Column("times"),
)

LEFT = ("outcome",)  # codes of the process, for files
CAUSES = (*BUCKETS, "plan", "unexplained")
BANDS = tuple(str(index) for index in range(len(AGES) + 1))


def build(visit: Visit, found: Asked) -> Built:
    """Read a page of them; for a file all of them."""
    measure: CaseMeasure = found.choice("measure", MEASURES) or "closed"
    band = found.choice("age", BANDS)
    bucket = found.choice("bucket", CAUSES)
    if found.faults:
        return Built()
    cause, index = _cause(bucket), None if band is None else int(band)
    cell = cause or _step(measure)
    # A file has all of them.
    is_file = "kind" in (request.view_args or {})
    read = (
        metrics.list_all_cases(visit.uow, found.filters, measure, cell, index)
        if is_file
        else metrics.list_cases(visit.uow, found.filters, measure, cell, cursor(), index)
    )
    called = names.load(
        found.known,
        of_units={key for line in read.items for key in (line.unit, *line.holders)} | _parties(cell),
        of_processes={line.definition for line in read.items},
        steps={(found.filters.definition, cell.element or "")} if cell and found.filters.definition else (),
    )
    return Built(
        [Table("cases", COLUMNS, [_row(line, called, measure) for line in read.items])],
        {
            "as_of": read.as_of,
            "measure": measure,
            "count": read.count,
            "next": read.next,
            "age": "" if index is None else age(index),
            "passages": measure.startswith(PASSAGES),
            "leave": _left(read.items, cause, measure),
            "behind_it": _sentence(cell, found, called),
        },
    )


def _left(items: Sequence[CaseLine], cause: DelayCell | None, measure: str) -> Sequence[str]:
    """Return the columns that a page leaves out: they say nothing of these cases."""
    useful = {
        "service_class": any(line.service_class for line in items),
        "times": measure.startswith(PASSAGES),
        "delay": cause is not None,
        **dict.fromkeys(("ended_at", "life", "late"), any(line.ended_at for line in items)),
        "due_at": any(line.due_at for line in items),
        "days_late": any(line.days_late is not None for line in items),
        "holders": any(line.holders for line in items),
    }
    return (*LEFT, *(name for name, has in useful.items() if not has))


def _cause(bucket: str | None) -> DelayCell | None:
    if bucket is None:
        return None
    return DelayCell(
        asked.text(request.args, "party") or "", asked.text(request.args, "element") or "", bucket
    )


def _step(measure: str) -> StepCell | None:
    """Return the step, and the role, whose passages a measure counts."""
    if not measure.startswith(PASSAGES):
        return None
    code = asked.text(request.args, "role")
    element, unit = (asked.text(request.args, name) for name in ("element", "step_unit"))
    return StepCell(element, CASEWORKER if code == NO_ROLE else code, unit)


def _parties(cell: DelayCell | StepCell | None) -> set[str]:
    party = cell.party if isinstance(cell, DelayCell) else cell and cell.step_unit
    return {party} if party else set()


def _sentence(cell: DelayCell | StepCell | None, found: Asked, called: Names) -> str:
    """Return which cause of delay, or whose work, at which step and of which role, it is about."""
    if cell is None:
        return ""
    definition = found.filters.definition or ""
    if isinstance(cell, DelayCell):
        return called.cause(cell, definition)
    step = called.step(definition, cell.element or "")
    whose = called.unit(cell.step_unit) if cell.step_unit else ""
    parts = [whose, step if cell.element else "", "" if cell.role is None else role(cell.role)]
    return " · ".join(part for part in parts if part)


def _row(line: CaseLine, called: Names, measure: str) -> Row:
    values = {column.name: getattr(line, column.name) for column in COLUMNS}
    values["holders"] = ",".join(line.holders)
    shown = {
        "number": texts.reader().digits(line.number),
        "definition": called.process(line.definition),
        "unit": called.unit(line.unit),
        "service_class": names.service_class(line.service_class),
        "holders": texts.reader().both([called.unit(key) for key in line.holders]),
    }
    if line.ended_at is None:
        shown["late"] = texts.say("oversight.not-applicable")
    elif line.silent:
        shown["late"] = texts.say("oversight.by-silence")
    elif measure == "late" and not line.late:  # ended before the office opened again
        shown["late"] = texts.say("oversight.moment")
    return Row(values, shown, {"number": f"/desk/cases/{line.id}"})
