"""Rules that several parts need are written once: there is no second definition that could diverge."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.rules.sources import ROOT, nodes, python, where

HUMAN = {"task", "userTask", "manualTask"}
REFUSING = {"refused", "inadmissible", "rejected", "denied", "declined", "refuse", "رد"}
TERMS = {"valid_from", "valid_to", "revoked_at"}
LENT = {"Membership", "Delegation", "Substitution"}
VALIDITY, KINDS, OUTCOMES = (
    "engine/access/validity.py",
    "engine/bpmn/notation/vocabulary.py",
    "engine/bpmn/notation/outcomes.py",
)
ORDERED = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def others(home: str) -> list[Path]:
    """Return the files in which a rule must not be defined again."""
    assert (ROOT / home).exists()
    return [path for path in python("engine", "api", "web", "demo") if where(path) != home]


def lists(node: ast.AST) -> set[str]:
    """Return the texts in a literal list."""
    listed = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else []
    texts = [part.value if isinstance(part, ast.Constant) else None for part in listed]
    return {text for text in texts if isinstance(text, str)} if all(map(bool, texts)) else set()


def judged(node: ast.AST, kinds: tuple[type, ...]) -> Iterator[ast.Attribute]:
    """Return the columns of a comparison, `.is_()` or `.is_not()`."""
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], kinds):
        sides = [node.left, *node.comparators]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        sides = [node.func.value] if node.func.attr in ("is_", "is_not") else []
    else:
        sides = []
    yield from (side for side in sides if isinstance(side, ast.Attribute))


def test_work_for_people_is_listed_once() -> None:
    """Tables of all tasks, or of user tasks and start events, list more or other kinds."""
    found = [
        where(path, getattr(node, "lineno", None))
        for path in others(KINDS)
        for node in nodes(path)
        if "userTask" in (kinds := lists(node)) and len(kinds) > 1 and kinds <= HUMAN
    ]
    assert not found


def test_refusals_are_listed_once() -> None:
    found = [
        where(path, getattr(node, "lineno", None))
        for path in others(OUTCOMES)
        for node in nodes(path)
        if len(lists(node) & REFUSING) > 1
    ]
    assert not found


def test_the_current_version_is_asked_for_in_one_place() -> None:
    found = [
        where(path, side.lineno)
        for path in others(VALIDITY)
        for node in nodes(path)
        for side in judged(node, (ast.Eq, ast.NotEq))
        if side.attr == "current_version_id" and getattr(side.value, "id", "")[:1].isupper()
    ]
    assert not found


def test_validity_is_judged_in_one_place() -> None:
    found = [
        where(path, side.lineno)
        for path in others(VALIDITY)
        for node in nodes(path)
        for side in judged(node, ORDERED)
        if side.attr in TERMS and getattr(side.value, "id", "") in LENT
    ]
    assert not found


def test_whether_a_case_runs_is_judged_in_one_place() -> None:
    columns = [
        where(path, side.lineno)
        for path in others(VALIDITY)
        for node in nodes(path)
        for side in judged(node, ())
        if side.attr == "suspended_at"
    ]
    texts = [
        where(path, node.lineno)
        for path in others(VALIDITY)
        for node in nodes(path)
        if isinstance(node, ast.Constant) and "suspended_at IS" in str(node.value)
    ]
    assert not columns + texts
