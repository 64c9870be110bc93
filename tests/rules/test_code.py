"""Rules for the code that no linter checks."""

import ast
import re

import pytest

from tests.rules.sources import EVERYTHING, PRODUCT, PROGRAMS, comments, imported, nodes, python, where

MAX_LINES = 400
MAX_FUNCTION = 50
BUDGET = 10  # of each kind of exemption, in the whole project: fewer than this
TRANSACTIONS = "engine/platform/db.py"
XML = "engine/platform/xml.py"  # whose parser refuses what others expand or load
YARDSTICK = "bench/skeleton.py"  # measures what a program without the engine would do, so it has its own
BOUNDARIES: set[str] = set()  # files that may catch any exception; the API registers a handler instead
BROAD = {"Exception", "BaseException"}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "services", "managers", "misc"}
EXEMPTIONS = {
    "noqa": re.compile(r"# noqa: [A-Z]+\d+(, [A-Z]+\d+)*  ?(#|-) ?\S.+"),
    "type: ignore": re.compile(r"# type: ignore\[[a-z-]+(, [a-z-]+)*\]  # \S.+"),
}


def test_only_one_module_begins_commits_and_rolls_back() -> None:
    verbs = {"commit", "begin", "rollback"}
    found = [
        where(path, node.lineno)
        for path in python(*PROGRAMS)
        if where(path) not in {TRANSACTIONS, YARDSTICK}
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in verbs
    ]
    assert not found


def test_only_one_module_reads_xml_with_lxml() -> None:
    readers = {"XMLParser", "XMLPullParser", "HTMLParser", "XML", "HTML", "fromstring", "parse", "iterparse"}
    found = {
        where(path)
        for path in python(*PRODUCT)
        for node in nodes(path)
        if isinstance(node, ast.Attribute)
        and node.attr in readers
        and getattr(node.value, "id", "") == "etree"
    }
    assert found == {XML}


def test_nothing_catches_whatever_happens() -> None:
    found = [
        where(path, node.lineno)
        for path in python(*PROGRAMS)
        if where(path) not in BOUNDARIES
        for node in nodes(path)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node) and not _raises_again(node)
    ]
    assert not found


def test_one_handler_answers_for_errors_that_nobody_foresaw() -> None:
    found = [
        where(path)
        for path in python(*PRODUCT)
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", "") in {"register_error_handler", "errorhandler", "error_processor"}
        and any(getattr(argument, "id", "") in BROAD for argument in node.args)
    ]
    assert found == ["api/problems.py"]


def _is_broad(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or getattr(kind, "id", "") in BROAD for kind in kinds)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_no_file_is_too_long() -> None:
    lengths = {where(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python(*PROGRAMS)}
    assert not {name: lines for name, lines in lengths.items() if lines > MAX_LINES}


def test_no_function_is_too_long() -> None:
    found = [
        f"{where(path, node.lineno)} {node.name}"
        for path in python(*PROGRAMS)
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION
    ]
    assert not found


def test_every_module_says_what_it_is() -> None:
    found = [
        where(path)
        for path in python(*PROGRAMS)
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found


def test_no_module_has_a_name_that_says_nothing() -> None:
    found = [where(path) for path in python(*EVERYTHING) if EMPTY_NAMES & {path.stem, *path.parent.parts}]
    assert not found


@pytest.mark.parametrize("kind", EXEMPTIONS)
def test_exemptions_are_few_and_carry_a_code_and_a_reason(kind: str) -> None:
    found = {
        where(path, line): comment
        for path in python(*EVERYTHING)
        for line, comment in comments(path)
        if re.search(rf"#\s*{kind}", comment)
    }
    assert len(found) < BUDGET, found
    assert not {place: comment for place, comment in found.items() if not EXEMPTIONS[kind].search(comment)}


def test_spiffworkflow_has_one_door() -> None:
    found = [
        where(path, line)
        for path in python(*PROGRAMS)
        if not where(path).startswith("engine/bpmn/run/")
        for line, module in imported(path)
        if module.split(".")[0] == "SpiffWorkflow"
    ]
    assert not found


def test_the_engine_knows_no_http() -> None:
    foreign = {"flask", "werkzeug", "apiflask", "pydantic", "gunicorn", "marshmallow", "api", "web"}
    found = [
        where(path, line)
        for path in python("engine")
        for line, module in imported(path)
        if module.split(".")[0] in foreign
    ]
    assert not found


def test_python_of_uploads_is_read_in_one_place() -> None:
    # docstrings.py reads the product's own source.
    allowed = {"engine/bpmn/expressions/syntax.py", "api/reference/docstrings.py"}
    readers = {("ast", "parse"), ("ast", "literal_eval"), ("symtable", "symtable"), ("builtins", "compile")}
    found = [
        where(path, node.lineno)
        for path in python("engine", "api", "web")
        if where(path) not in allowed
        for node in nodes(path)
        if isinstance(node, ast.Call)
        for name in [node.func]
        if (isinstance(name, ast.Name) and name.id in {"compile", "literal_eval"})
        or (
            (isinstance(name, ast.Attribute) and isinstance(name.value, ast.Name))
            and (name.value.id, name.attr) in readers
        )
    ]
    assert not found
