"""The check raises no false alarm on the OMG's test kit for DMN. Skipped where the kit lacks."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from engine.dmn.check import Checked, check
from engine.dmn.feel.frames import Run
from engine.dmn.feel.values import kind
from engine.dmn.model.graph import Graph
from engine.dmn.model.reader import read_file
from tests.conformance.tck import KIT, LEVELS, cases

MODELS = sorted(path for level in LEVELS for path in (KIT / level).glob("*/*.dmn"))

pytestmark = pytest.mark.skipif(not MODELS, reason=f"no test kit beside the project ({KIT.name})")

# Findings on tables that the kit evaluates: each was looked at, and is correct.
WARNED = {
    "0004-lending": {"uncovered-values"},  # no category for a score of exactly 130, nor for any other text
    "0035-test-structure-output": {"uncovered-values"},  # digits from 10 are whole
    "0040-singlenestedcontext": {"uncovered-values"},
    "0069-feel-list": {"unknown-name"},  # a filter by what no item has
    "0088-no-decision-logic": {"no-logic"},
    "0111-first-hitpolicy-singleoutputcol": {"uncovered-values"},
    "0118-multi-priority-hitpolicy": {"uncovered-values"},
}


def beside(model: Path) -> Mapping[str, bytes]:
    """A model and what it may import, itself first."""
    others = (path for path in sorted(model.parent.glob("*.dmn")) if path != model)
    return {path.name: path.read_bytes() for path in (model, *others)}


@cache
def judged(model: Path) -> Checked:
    return check(beside(model))


@cache
def evaluated() -> Mapping[Path, Sequence[tuple[str | None, Any, bool]]]:
    """For each model what its cases give: the id of what is asked, its value, whether there was a fault."""
    found: dict[Path, list[tuple[str | None, Any, bool]]] = defaultdict(list)
    graphs: dict[Path, Graph] = {}
    for case in cases(KIT):
        if case.model not in graphs:
            graphs[case.model] = Graph([read_file(*file) for file in beside(case.model).items()])
        graph, run = graphs[case.model], Run()
        key = graph.find(case.asked)
        value = None if key is None else graph.evaluate(key, case.given, run)
        found[case.model].append((key and key[1], value, bool(run.faults)))
    return found


@cache
def results() -> Mapping[Path, Mapping[str | None, bool]]:
    """For each model the ids of decisions that are asked, and whether they always have a result."""
    found: dict[Path, dict[str | None, bool]] = defaultdict(dict)
    for model, given in evaluated().items():
        for asked, value, faulty in given:
            has = value is not None and not faulty
            found[model][asked] = has and found[model].get(asked, True)
    return found


def errors(model: Path) -> Iterator[tuple[str, str | None, str]]:
    yield from (
        (each.code, each.element, each.reason) for each in judged(model).findings if each.severity == "error"
    )


def test_models_whose_cases_all_have_results_have_no_errors() -> None:
    sound = [model for model, asked in results().items() if all(asked.values())]
    assert len(sound) > 40
    assert {model.name: found for model in sound if (found := list(errors(model)))} == {}


def test_no_decision_that_always_has_a_result_has_an_error() -> None:
    wrong = {
        (model.name, code, reason)
        for model, asked in results().items()
        for code, element, reason in errors(model)
        if asked.get(element, False)
    }
    assert wrong == set()


def test_every_error_is_of_a_decision_without_a_result() -> None:
    """Or of one that none of the cases asks; there are some hundred errors, so the check does find them."""
    found = [
        element for model, asked in results().items() for _, element, _ in errors(model) if element in asked
    ]
    assert len(found) > 300


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.stem)
def test_every_warning_was_looked_at(model: Path) -> None:
    warned = {each.code for each in judged(model).findings if each.severity == "warning"}
    assert warned - {"condition-type", "gregorian-year"} == WARNED.get(model.parent.name, set())


def test_results_are_of_the_types_that_were_foreseen() -> None:
    foreseen = {
        (model, element): of.name
        for model in evaluated()
        for (space, element), of in judged(model).types.items()
        if space == judged(model).files[0].namespace
    }
    known = 0
    told = set()
    for model, given in evaluated().items():
        for asked, value, _ in given:
            of = foreseen.get((model, asked or ""), "Any")
            if value is not None and of != "Any":
                known += 1
                if kind(value) != of:
                    told.add((model.name, asked, of, kind(value)))
    assert told == set()
    assert known > 1_000
