"""Names of code in the documents exist: files, modules and their functions, as the tree has them now."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import engine.models
from tests.rules.sources import PRODUCT, ROOT, guides, nodes, python, where

PARTS = ("engine", "api", "web", "tests", "bench", "migrations", "processes", "docs", "demo", "clients")
BUILT = {"web/static"}  # created by `make assets`
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
PATH = re.compile(rf"(?:{'|'.join(PARTS)})(?:/[\w*.-]+)+/?")
DOTTED = re.compile(r"((?:engine|api|web|tests|bench)(?:\.\w+)+)(?:\(.*\))?")
MEMBER = re.compile(r"([A-Za-z_]\w*)\.([a-z_]\w*)(?:\(.*\))?")
PLACES = {
    "breaker.failures",
    "breaker.pause",
    "case.waits",
    "state.changes",
    "state.revision",
    "state.task",
}  # in JSON and TOML
ENDINGS = {
    "bpmn",
    "css",
    "csv",
    "dmn",
    "form",
    "html",
    "json",
    "log",
    "md",
    "py",
    "toml",
    "txt",
    "xml",
    "yaml",
}


def spans(path: Path) -> list[str]:
    """Return what is in backticks, outside of blocks of code."""
    return SPAN.findall(FENCE.sub("", path.read_text(encoding="utf-8")))


@cache
def members(path: Path) -> frozenset[str]:
    """Return the names in a module or package: what it defines and imports, and its modules."""
    file = path / "__init__.py" if path.is_dir() else path
    names = {child.stem for child in path.iterdir()} if path.is_dir() else set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body if file.exists() else ():
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return frozenset(names)


@cache
def modules() -> dict[str, list[Path]]:
    """Return the product's modules and packages, by their last name."""
    found: dict[str, list[Path]] = {}
    for part in ("engine", "api", "web"):
        for path in (ROOT / part).rglob("*.py"):
            module = path.parent if path.name == "__init__.py" else path
            found.setdefault(module.stem, []).append(module)
    return found


def defined(statement: ast.stmt) -> str:
    """Return the name that a statement of a class defines: a method's or a field's."""
    name = getattr(statement, "name", None) or getattr(getattr(statement, "target", None), "id", "")
    return str(name)


@cache
def methods() -> frozenset[tuple[str, str]]:
    """Return the methods and fields of the product's classes, with the name of the class."""
    found = set()
    for paths in modules().values():
        for path in paths:
            file = path / "__init__.py" if path.is_dir() else path
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    found |= {(node.name, name) for each in node.body if (name := defined(each))}
    return frozenset(found)


def is_path(name: str) -> bool:
    """Return whether the tree has the file, the folder, the module without extension, or one of a pattern."""
    name = name.rstrip("/")
    if name in BUILT:
        return True
    if "*" in name:
        return any(ROOT.glob(name))
    return (ROOT / name).exists() or (ROOT / f"{name}.py").exists()


def is_module(name: str) -> bool:
    """Return whether `engine.x.y` is a module, or a name in one."""
    place, *rest = name.split(".")
    path = ROOT / place
    for index, part in enumerate(rest):
        below = path / part if (path / part).is_dir() else path / f"{part}.py"
        if not below.exists():
            return part in members(path) and index == len(rest) - 1
        path = below
    return True


@cache
def data() -> frozenset[str]:
    """Return dotted names that are data: columns of tables, and texts of the product."""
    tables = engine.models.Base.metadata.tables.values()
    columns = {f"{table.name}.{column.name}" for table in tables for column in table.columns}
    texts = {
        node.value
        for path in python(*PRODUCT)
        for node in nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and MEMBER.fullmatch(node.value)
    }
    return frozenset(columns | texts | PLACES)


def is_member(module: str, name: str) -> bool:
    """Return whether a module or class of this name has such a member; true for names of other code."""
    if module[0].isupper():
        return (module, name) in methods() or module not in {cls for cls, _ in methods()}
    homes = modules().get(module, [])
    return not homes or any(name in members(home) for home in homes)


def missing(path: Path) -> list[str]:
    """Return the names of code in a document that the tree doesn't have."""
    lost = []
    for span in spans(path):
        if PATH.fullmatch(span):
            found = is_path(span)
        elif dotted := DOTTED.fullmatch(span):
            found = is_module(dotted[1]) or dotted[1].rpartition(".")[2] in ENDINGS
        elif (member := MEMBER.fullmatch(span)) and member[2] not in ENDINGS:
            found = span in data() or is_member(member[1], member[2])
        else:
            found = True
        if not found:
            lost.append(span)
    return lost


@pytest.mark.parametrize("path", guides(), ids=where)
def test_names_of_code_in_documents_exist(path: Path) -> None:
    assert not missing(path)


def test_names_that_do_not_exist_are_found(tmp_path: Path) -> None:
    document = tmp_path / "guide.md"
    document.write_text(
        "`engine/platform/db.py` `engine/no.py` `engine.platform.db.Database` `engine.platform.nowhere`"
        " `Database.run` `Database.walk` `bpmn.start(spec)` `bpmn.begin` `case.started` `process.bpmn`"
    )
    assert missing(document) == ["engine/no.py", "engine.platform.nowhere", "Database.walk", "bpmn.begin"]
