"""Writes the table of docs/bpmn-support.md: `python -m tests.matrix`."""

from tests.matrix.document import DOCUMENT, parts, table

before, _, behind = parts()
DOCUMENT.write_text(before + table() + behind)
