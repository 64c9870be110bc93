"""No block of lines is in two places. Imports, docstrings, comments and signatures may be alike."""

import ast
from collections import defaultdict
from collections.abc import Iterator

from tests.rules.sources import python, where

LONGEST = 10  # lines of a block that may be in two places
CHECKED = ("engine", "api", "web", "demo", "wsgi.py", "gunicorn.conf.py", "tests")


def ignored(text: str) -> Iterator[int]:
    """Return the numbers of the lines of imports, docstrings and signatures."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import() | ast.ImportFrom():
                yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from range(node.lineno, node.body[0].lineno)
            case ast.Expr(value=ast.Constant(value=str())):
                yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)


def lines(text: str) -> list[tuple[int, str]]:
    """Return the lines that count with their numbers: without comments and closing brackets."""
    without = set(ignored(text))
    numbered = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    return [
        (number, line)
        for number, line in numbered
        if number not in without and not line.startswith("#") and any(char.isalnum() for char in line)
    ]


def copies(texts: dict[str, str], longest: int = LONGEST) -> list[tuple[str, ...]]:
    """Return the places (file:line) of blocks of more than `longest` lines that are alike."""
    places: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    for name, text in texts.items():
        found = lines(text)
        for start in range(len(found) - longest):
            block = tuple(line for _, line in found[start : start + longest + 1])
            places[block].append((name, found[start][0]))
    alike = [found for found in places.values() if len(found) > 1]
    return [tuple(f"{name}:{line}" for name, line in found) for found in alike]


def test_no_block_of_more_than_ten_lines_is_in_two_places() -> None:
    texts = {where(path): path.read_text(encoding="utf-8") for path in python(*CHECKED)}
    assert not copies(texts)


def test_a_copied_block_is_found_whatever_surrounds_it() -> None:
    block = "".join(f"    step({number})\n" for number in range(LONGEST + 1))
    one = f'"""One."""\n\nimport os\n\n\ndef one() -> None:\n    """Do it."""\n{block}'
    other = (
        f"def other(x: int) -> int:\n    # Again.\n{block.replace('5)', '5)' + chr(10) * 2)}    return x\n"
    )
    assert copies({"one.py": one, "other.py": other}) == [("one.py:8", "other.py:3")]


def test_a_block_of_ten_lines_and_alike_signatures_are_no_copy() -> None:
    block = "".join(f"    step({number})\n" for number in range(LONGEST))
    text = f'import os\n\n\ndef one(\n    x: int,\n) -> None:\n    """Do it."""\n{block}'
    assert not copies({"one.py": text, "other.py": text})
