"""The import contracts pass, and none of them has a gap."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.rules.sources import ROOT, imported, nodes, python, text, where

CONTRACTS = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"]


def test_imports_keep_to_the_contracts() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("package", "apart"), [("engine", ["__main__"]), ("engine.bpmn", [])])
def test_every_module_has_its_layer(package: str, apart: list[str]) -> None:
    found = next(contract for contract in CONTRACTS if contract.get("containers") == [package])
    assert found["type"] == "layers"
    assert found["exhaustive"] is True
    assert found.get("exhaustive_ignores", []) == apart


def test_only_entries_of_bpmn_are_open_to_others() -> None:
    entries = {"diff", "forms", "sandbox", "values"}
    bpmn = ROOT / "engine" / "bpmn"
    packages = {path.parent.name for path in bpmn.glob("*/__init__.py")}
    children = packages | {path.stem for path in bpmn.glob("*.py")} - {"__init__"}
    found = next(one for one in CONTRACTS if "engine.bpmn.run" in one.get("protected_modules", []))
    assert found["allowed_importers"] == ["engine.bpmn"]
    closed = {name.removeprefix("engine.bpmn.") for name in found["protected_modules"]}
    assert closed == children - entries | {"diff.*", "forms.*"}


def test_no_package_has_a_circle_of_imports_among_its_parts() -> None:
    circles = next(contract for contract in CONTRACTS if contract["type"] == "acyclic_siblings")
    assert set(circles["ancestors"]) == {"engine", "api", "web"}
    assert "skip_descendants" not in circles
    assert "depth" not in circles  # ten levels by default, more than there are


def test_no_contract_excuses_an_import_within_the_project() -> None:
    excused = [entry for contract in CONTRACTS for entry in contract.get("ignore_imports", [])]
    assert excused == [
        "engine.platform.typesetting.child -> typst",
        "engine.bpmn.run.** -> SpiffWorkflow",
        "engine.bpmn.draw.layout -> bpmn_io",
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
        where(path, getattr(node, "lineno", None))
        for path in python("web")
        if path != ROOT / "web" / "application.py"  # both in one
        for node in nodes(path)
        for name in _imported(node)
        if name == "api" or name.startswith("api.")
    ]
    assert not found


def test_the_entry_point_of_a_server_needs_neither_command_line_nor_demonstration() -> None:
    """import-linter checks packages only; the imports of these files are covered by its contracts."""
    found = {name for path in python("wsgi.py", "gunicorn.conf.py") for _, name in imported(path)}
    assert "web" in found
    assert not [name for name in found if name.startswith(("engine.cli", "demo"))]


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
