"""docs/bpmn-support.md holds the table that these tests prove."""

from pathlib import Path

from tests.matrix.document import SECTIONS, parts, table


def test_document_holds_the_table() -> None:
    assert parts()[1] == table()  # else: python -m tests.matrix


def test_every_section_is_in_the_table() -> None:
    modules = {path.stem for path in Path(__file__).parent.glob("test_*.py")} - {"test_document"}
    assert len(SECTIONS) == len(modules)
