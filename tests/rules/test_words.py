"""Plain words: documents, docstrings, comments and texts use contemporary English and the glossary's terms.

Code in documents (in backticks and blocks) and addresses of links are exempt: stored names, such as kinds of
events, have their old words. Decisions and the changelog are records of their time.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import catalogues
from tests.rules.sources import comments, guides, nodes, python, where

# What to write instead. Each pattern matches whole words, in any case.
OLD = {
    r"tell|tells|told|telling": "report, return, show, explain, notify",
    r"mend|mends|mended|mending": "fix, correct",
    r"stand|stands|stood": "is stored in, is stopped, is at",
    r"ways? in|ways? back": "entry point, navigation, back",
    r"keeps|kept": "store, retain, preserve",
    r"anew|once more": "again",
    r"whoever|whomever": "the user who, the role that",
    r"beside": "alongside, attached to, next to",
    r"gives? (it )?(on|out)|given (on|out)": "assign, reassign, delegate",
    r"goes on|go on|went on|going on": "continue, resume",
    r"holds? up|held up": "suspend, delay, block",
    r"pass over|passes over|passed over": "skip",
    r"hands? in|handed in": "upload, submit",
    r"no more": "no longer",
    r"sketch|sketches": "draft (of a process)",
    r"trials?": "test run",
    r"rulings?": "DMN evaluation, or legal decision",
    r"outlook": "remaining steps",
    r"custody": "account administration",
    r"lifeline": "parent-death signal",
    r"impartial|impartiality": "eligibility",
    r"by lot": "at random",
    r"due first first|first first": "sorted by due date, earliest first",
}
PATTERN = re.compile("|".join(rf"\b(?:{words})\b" for words in OLD), re.IGNORECASE)
CODE = re.compile(r"```.*?```|``.*?``|`[^`]*`|\]\([^)]*\)|<[^>]*>", re.DOTALL)

DOCUMENTS = guides()
# Whose docstrings and comments are written in plain words.
CODE_FILES = python(
    "api",
    "bench",
    "clients",
    "demo",
    "docs/examples",
    "engine",
    "gunicorn.conf.py",
    "migrations",
    "tests",
    "web",
    "wsgi.py",
)


def prose(text: str) -> str:
    """A text of Markdown without its code and addresses; its lines stay where they are."""
    return CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def remarks(path: Path) -> Iterator[tuple[int, str]]:
    """Return the docstrings and comments of a Python file: (line, text)."""
    yield from comments(path)
    for node in nodes(path):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False)
            if docstring is not None:
                yield node.body[0].lineno, docstring


def old_words(path: Path, text: str) -> Iterator[str]:
    """Where a text has old words: place, word, and what to write instead."""
    for found in PATTERN.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        better = next(new for old, new in OLD.items() if re.fullmatch(old, found[0], re.IGNORECASE))
        yield f"{where(path, line)}: {found[0]!r}; write: {better}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=where)
def test_documents_are_written_in_plain_words(path: Path) -> None:
    assert not list(old_words(path, prose(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("path", CODE_FILES, ids=where)
def test_docstrings_and_comments_are_written_in_plain_words(path: Path) -> None:
    padded = ("\n" * (line - 1) + prose(text) for line, text in remarks(path))
    assert not [found for text in padded for found in old_words(path, text)]


@pytest.mark.parametrize("path", catalogues.FILES, ids=where)
def test_texts_are_written_in_plain_words(path: Path) -> None:
    texts = catalogues.read(path)
    english = {key: " ".join(catalogues.forms(text["en"])) for key, text in texts.items()}
    assert not [f"{key}: {text}" for key, text in english.items() if PATTERN.search(text)]


def test_old_words_are_found_in_prose_and_not_in_code() -> None:
    text = "It tells `whoever`\nand [is](beside.md) kept.\n```\nanew\n```\n"
    assert [found.split(";")[0] for found in old_words(DOCUMENTS[0], prose(text))] == [
        f"{where(DOCUMENTS[0], 1)}: 'tells'",
        f"{where(DOCUMENTS[0], 2)}: 'kept'",
    ]
