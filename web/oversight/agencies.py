"""The comparison of agencies as a file, and the pages to which its figures and those of a report lead."""

from datetime import date
from urllib.parse import urlencode

from engine.oversight.metrics import Figure
from engine.oversight.reports import Comparison
from web.oversight.tables import Column, Row, Table
from web.visit import Content

FIGURES = ("on_time", "median", "visits_actual", "silent")  # of a comparison, in this order
_BEFORE = ("unit", "name", "report", "state", "overdue_report")
_AFTER = ("online", "services", "commitments", "missed", "late", "open_actions", "overdue_actions")


def file(found: Comparison) -> Content:
    """Return the comparison as CSV, with the names that the API has."""
    columns = [Column(name) for name in (*_BEFORE, *FIGURES, *_AFTER)]
    rows = []
    for line in found.lines:
        values = {name: getattr(line, name) for name in (*_BEFORE, *_AFTER)}
        values["report"] = None if line.report is None else str(line.report)
        rows.append(Row(values | {name: Figure(**line.figures[name]) for name in FIGURES}, {}, {}))
    days = found.period.days
    return Table("agencies", columns, rows).file("csv", f"agencies-{days.first}-{days.last}")


def overview(unit: str, first: date, last: date, at: str = "/oversight") -> str:
    """Return the address of a page of oversight with a unit and a period as its filter."""
    return f"{at}?{urlencode({'unit': unit, 'from': first, 'to': last})}"
