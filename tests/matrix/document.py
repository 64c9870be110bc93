"""The table of docs/bpmn-support.md, as the tests of this package have it."""

from collections.abc import Iterator

from engine.platform.config import ROOT
from tests.matrix import (
    test_activities,
    test_beside,
    test_between,
    test_borders,
    test_compensation,
    test_data,
    test_flows,
    test_gateways,
    test_many,
    test_others,
    test_starts_and_ends,
)
from tests.matrix.table import Section

SECTIONS = [
    test_starts_and_ends.SECTION,
    test_flows.SECTION,
    test_gateways.SECTION,
    test_activities.SECTION,
    test_many.SECTION,
    test_between.SECTION,
    test_borders.SECTION,
    test_beside.SECTION,
    test_compensation.SECTION,
    test_data.SECTION,
    test_others.SECTION,
]
DOCUMENT = ROOT / "docs" / "bpmn-support.md"
BEGIN, END = "<!-- written by python -m tests.matrix -->\n", "<!-- end of what it writes -->\n"


def table() -> str:
    """All rows, by section."""
    return "\n".join(line for section in SECTIONS for line in _lines(section))


def _lines(section: Section) -> Iterator[str]:
    yield from (f"### {section.title}", "", "| construct | here | notes or errors |", "|---|---|---|")
    for row in section.rows:
        yield f"| {row.construct} | {row.verdict} | {', '.join(f'`{code}`' for code in row.codes)} |"
    yield ""


def parts() -> tuple[str, str, str]:
    """The document before, in and behind the table."""
    before, _, rest = DOCUMENT.read_text().partition(BEGIN)
    written, _, behind = rest.partition(END)
    return before + BEGIN, written, END + behind
