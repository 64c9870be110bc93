"""The rows of the support table, and how they become tests and text.

A construct runs as drawn, is translated first, or is refused. The check of its diagram says which; a
test fails if its row says otherwise, or if the case doesn't run as the standard has it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from engine import bpmn
from tests.driving import document, source
from tests.eventful import DEFINITIONS

Verdict = Literal["runs", "translated", "refused"]
Proof = Callable[[bpmn.Spec], None]
Files = Mapping[str, bytes]  # of decisions, next to the diagram
NO_FILES: Files = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Row:
    """A construct and what becomes of it; `codes` are those of its notes or errors."""

    construct: str
    verdict: Verdict
    codes: tuple[str, ...] = ()


@dataclass
class Section:
    """A part of the table, of one test module.

    Bodies are the content of `<process>`; `more` is next to it in the file.
    """

    title: str
    rows: list[Row] = field(default_factory=list)

    def runs(
        self, construct: str, body: str, *, more: str = "", files: Files = NO_FILES
    ) -> Callable[[Proof], Callable[[], None]]:
        """A construct that runs as it is drawn; the decorated test says how."""
        return self._proven(Row(construct, "runs"), body, more, files)

    def translated(
        self, construct: str, body: str, *codes: str, more: str = "", files: Files = NO_FILES
    ) -> Callable[[Proof], Callable[[], None]]:
        """A construct that is rewritten before it runs, with notes of these codes."""
        return self._proven(Row(construct, "translated", codes), body, more, files)

    def refused(
        self, construct: str, body: str, *codes: str, more: str = "", files: Files = NO_FILES
    ) -> Callable[[], None]:
        """A construct that no deployment accepts, with errors of these codes: the test of that."""
        self.rows.append(Row(construct, "refused", codes))

        def test() -> None:
            errors = _report(body, more, files).errors
            assert {error.code for error in errors} == set(codes), errors
            assert all(error.line and error.reason and error.fix for error in errors)

        return test

    def _proven(self, row: Row, body: str, more: str, files: Files) -> Callable[[Proof], Callable[[], None]]:
        self.rows.append(row)

        def wrap(proof: Proof) -> Callable[[], None]:
            # Not functools.wraps: pytest would take the parameter of the proof for a fixture.
            def test() -> None:
                found = _report(body, more, files).findings
                diagram = [finding for finding in found if finding.file == "process.bpmn"]
                notes = [finding for finding in diagram if finding.severity == "note"]
                assert {note.code for note in notes} == set(row.codes), notes
                proof(bpmn.build(source(body, more=DEFINITIONS + more, files=files), "process"))

            test.__name__, test.__doc__ = proof.__name__, proof.__doc__
            return test

        return wrap


def _report(body: str, more: str, files: Files = NO_FILES) -> bpmn.Report:
    return bpmn.check({"process.bpmn": document(body, more=DEFINITIONS + more), **files})
