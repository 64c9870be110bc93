"""The import contracts hold, and none of them has a hole."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.rules.sources import ROOT, imported, nodes, python, text, where

CONTRACTS = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"]


def test_imports_keep_to_the_contracts() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_of_the_engine_has_its_layer() -> None:
    engine = next(contract for contract in CONTRACTS if contract.get("containers") == ["engine"])
    assert engine["type"] == "layers"
    assert engine["exhaustive"] is True
    assert engine["exhaustive_ignores"] == ["__main__"]


def test_no_contract_excuses_an_import_within_the_project() -> None:
    excused = [entry for contract in CONTRACTS for entry in contract.get("ignore_imports", [])]
    assert excused == [
        "engine.bpmn.** -> SpiffWorkflow",
        "engine.bpmn.picture.layout -> bpmn_io",
        "engine.bpmn.lint.drawing -> bpmn_io",
    ]


def test_tests_build_the_application_that_users_run() -> None:
    found = [
        where(path, node.lineno)
        for path in python("tests", "bench", "wsgi.py")
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and node.module == "api"
        for alias in node.names
        if alias.name == "create_app"
    ]
    assert not found


def test_pages_know_nothing_of_the_api() -> None:
    found = [
        where(path, node.lineno)
        for path in python("web")
        if path != ROOT / "web" / "application.py"  # both in one
        for node in nodes(path)
        for name in _imported(node)
        if name == "api" or name.startswith("api.")
    ]
    assert not found


def test_the_entry_point_of_a_server_needs_neither_command_line_nor_demonstration() -> None:
    """import-linter knows packages only; what these files import is held by its contracts."""
    found = {name for path in python("wsgi.py", "gunicorn.conf.py") for _, name in imported(path)}
    assert "web" in found
    assert not [name for name in found if name.startswith(("engine.cli", "demo"))]


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
