"""The OMG's test kit for DMN passes, but for functions in Java. Skipped where the kit lacks.

`python -m tests.conformance --decisions --record` writes down a change that is meant.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import groupby

import pytest

from engine.dmn.evaluation import decisions
from engine.dmn.serialization import read_json, write_json
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
from tests.conformance.tck import LEVELS, UNSET, same

NOW = datetime(2026, 1, 1, tzinfo=UTC)

needs_kit = pytest.mark.skipif(not kit_is_there(), reason="no DMN test kit beside the project (dmn-tck)")


@needs_kit
@pytest.mark.parametrize("level", LEVELS)
def test_every_case_passes(level: str, record_property: Callable[[str, str], None]) -> None:
    yes, cases = passed(level)
    record_property("passed", f"{yes} of {cases}")
    assert cases
    assert not failed(level), f"{yes} of {cases} passed"


@needs_kit
def test_errors_are_recorded_as_faults_and_values_are_not() -> None:
    known = [each for each in outcomes() if not left_out(each.case)]
    errors = [each.faults for each in known if each.case.expected is UNSET]
    assert sum(errors) >= 0.99 * len(errors)
    alarms = [each.case for each in known if each.case.expected not in (UNSET, None) and each.faults]
    assert not [f"{case.folder} {case.number}" for case in alarms]


@needs_kit
def test_only_functions_in_java_are_left_out() -> None:
    aside = {each.case.model for each in outcomes() if left_out(each.case)}
    assert all('kind="Java"' in model.read_text(encoding="utf-8") for model in aside)


@needs_kit
def test_what_is_given_as_json_gives_the_same() -> None:
    """Moments that are given without a type cannot: they are texts there."""
    wrong = []
    asked = [each.case for each in outcomes() if each.case.given and not left_out(each.case)]
    for model, cases in groupby(asked, key=lambda case: case.model):
        decided = decisions({path.name: path.read_bytes() for path in model.parent.glob("*.dmn")})
        places = {(each.file, name): each for each in decided.offered for name in (each.id, each.name)}
        for case in cases:
            offered = places[model.name, case.asked]
            untyped = {each.name for each in offered.inputs if each.type in (None, "Any")}
            given = read_json(write_json(case.given))
            if not any(given[name] != case.given[name] for name in untyped & case.given.keys()):
                value = decided.ask(offered, given, NOW).result
                value = value.get(case.result, value) if isinstance(value, dict) else value
                wanted = None if case.expected is UNSET else case.expected
                wrong += [] if same(value, wanted) else [(case.folder, case.number)]
    assert not wrong
    assert len(asked) > 100


@needs_kit
def test_the_document_tells_what_there_is() -> None:
    assert written() == document()


@pytest.mark.parametrize(("title", "lines"), [("Built-in functions", functions), ("Limits", limits)])
def test_functions_and_limits_are_documented(title: str, lines: Callable[[], Iterator[str]]) -> None:
    assert section(written(), title) == "\n".join(lines())
