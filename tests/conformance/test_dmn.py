"""The OMG's test kit for DMN passes, but for functions in Java. Skipped where the kit lacks.

`python -m tests.conformance --decisions --record` writes down a change that is meant.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.conformance.dmn_report import (
    document,
    failed,
    functions,
    kit_is_there,
    left_out,
    limits,
    outcomes,
    passed,
    section,
    written,
)
from tests.conformance.tck import LEVELS

needs_kit = pytest.mark.skipif(not kit_is_there(), reason="no DMN test kit beside the project (dmn-tck)")


@needs_kit
@pytest.mark.parametrize("level", LEVELS)
def test_every_case_passes(level: str, record_property: Callable[[str, str], None]) -> None:
    yes, cases = passed(level)
    record_property("passed", f"{yes} of {cases}")
    assert cases
    assert not failed(level), f"{yes} of {cases} passed"


@needs_kit
def test_only_functions_in_java_are_left_out() -> None:
    aside = {each.case.model for each in outcomes() if left_out(each.case)}
    assert all('kind="Java"' in model.read_text(encoding="utf-8") for model in aside)


@needs_kit
def test_the_document_tells_what_there_is() -> None:
    assert written() == document()


@pytest.mark.parametrize(("title", "lines"), [("Built-in functions", functions), ("Limits", limits)])
def test_functions_and_limits_are_documented(title: str, lines: Callable[[], Iterator[str]]) -> None:
    assert section(written(), title) == "\n".join(lines())
