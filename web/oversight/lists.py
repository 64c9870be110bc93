"""The cases behind a figure: as many as it says."""

from flask import request

from engine.oversight import metrics
from engine.oversight.metrics import AGES, MEASURES, CaseLine, CaseMeasure, DelayCell, StepCell
from engine.timeline import BUCKETS
from web import asked, texts
from web.listing import cursor
from web.oversight import names, words
from web.oversight.area import Built
from web.oversight.asking import NO_ROLE, Asked
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
    Column("outcome"),
    Column("life", words.length),
    Column("late", words.hours),
    Column("delay", words.hours),
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
        visit,
        of_units={line.unit for line in read.items} | ({cause.party} if cause and cause.party else set()),
        of_processes={line.definition for line in read.items},
        steps=cause is not None,
    )
    return Built(
        [Table("cases", COLUMNS, [_row(line, called) for line in read.items])],
        {
            "as_of": read.as_of,
            "measure": measure,
            "count": read.count,
            "next": read.next,
            "age": "" if index is None else age(index),
            "leave": LEFT if cause else (*LEFT, "delay"),
            "cause": _sentence(cause, found, called) if cause else None,
        },
    )


def _cause(bucket: str | None) -> DelayCell | None:
    if bucket is None:
        return None
    return DelayCell(
        asked.text(request.args, "party") or "", asked.text(request.args, "element") or "", bucket
    )


def _step(measure: str) -> StepCell | None:
    """Return the step, and the role, whose passages a measure counts."""
    if not measure.startswith(("step_", "work_")):
        return None
    role = asked.text(request.args, "role")
    return StepCell(asked.text(request.args, "element"), "" if role == NO_ROLE else role)


def _sentence(cause: DelayCell, found: Asked, called: Names) -> str:
    step = called.step(found.filters.definition or "", cause.element)
    return texts.say(
        f"oversight.cause.{cause.bucket}", party=called.party(cause.party, cause.bucket), step=step
    )


def _row(line: CaseLine, called: Names) -> Row:
    values = {column.name: getattr(line, column.name) for column in COLUMNS}
    shown = {
        "number": texts.reader().digits(line.number),
        "definition": called.process(line.definition),
        "unit": called.unit(line.unit),
        "service_class": names.service_class(line.service_class),
    }
    return Row(values, shown, {"number": f"/desk/cases/{line.id}"})
