"""The repository's own files, for tests that read them as text."""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = (
    "demo",
    "engine",
    "api",
    "web",
    "migrations",
    "wsgi.py",
    "gunicorn.conf.py",
)
PROGRAMS = (*PRODUCT, "bench", "clients")
EVERYTHING = (*PROGRAMS, "docs/examples", "tests")
NOT_OURS = {".git", ".venv", "var", "node_modules"}
GENERATED = (
    "clients/python/src/parvandeh_client/generated"  # from the OpenAPI document, which has its own rules
)


def python(*parts: str) -> list[Path]:
    """Return the Python files of these folders (or files) that exist."""
    found: list[Path] = []
    for part in parts:
        path = ROOT / part
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path] * path.exists()
    found = [path for path in found if not path.is_relative_to(ROOT / GENERATED)]
    assert found
    return found


def markdown() -> list[Path]:
    """Return the documents."""
    found = [path for path in ROOT.rglob("*.md") if not NOT_OURS & set(path.relative_to(ROOT).parts)]
    assert found
    return sorted(found)


def guides() -> list[Path]:
    """Return the documents for readers; decisions and the changelog are records, and are never rewritten."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    assert len(found) > 2
    return found


def text(name: str) -> str:
    """Return the text of a file by its name below the root."""
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def nodes(path: Path) -> Sequence[ast.AST]:
    """Return the syntax nodes of a file. Read once for all tests (tests/distribution.py)."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def comments(path: Path) -> Iterator[tuple[int, str]]:
    """Return the comments of a file: (line, text)."""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def where(path: Path, line: int | None = None) -> str:
    """Return a place that editors can open."""
    name = str(path.relative_to(ROOT))
    return name if line is None else f"{name}:{line}"


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Return the modules that a file imports: (line, full name)."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""


def calls(paths: Iterable[Path], function: str) -> Iterator[ast.Call]:
    """Return the calls of a function by its last name."""
    for path in paths:
        for node in nodes(path):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
                if name == function:
                    yield node


def strings(call_list: Iterable[ast.Call], position: int) -> set[str]:
    """Return the literal texts at a place among the arguments."""
    arguments = [call.args[position] for call in call_list if len(call.args) > position]
    return {
        node.value for node in arguments if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def rows(document: str, heading: str) -> set[str]:
    """Return the words in the first column of the table below a heading of a document, without marks."""
    section = re.split(r"^#{1,6} ", document.split(f"# {heading}\n", 1)[1], flags=re.MULTILINE)[0]
    body = section.split("|---", 1)[1]
    return set(re.findall(r"^\| `([^`]+)` \|", body, flags=re.MULTILINE))
