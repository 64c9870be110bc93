"""Names are terms of docs/glossary.md: each term and package is there once, no module has a retired word."""

import re
from pathlib import Path

import pytest

import engine.models
from tests.rules.sources import ROOT, rows, text, where

# The words that the glossary replaces, as they would appear in a name between underscores.
RETIRED = {
    "address",
    "addresses",
    "anew",
    "beside",
    "chains",
    "custody",
    "fairness",
    "impartial",
    "lifeline",
    "mend",
    "move",
    "moves",
    "outbound",
    "outlook",
    "pool",
    "pools",
    "post",
    "posts",
    "ruling",
    "rulings",
    "sketch",
    "sketches",
    "staffing",
    "telling",
    "told",
    "trial",
    "trials",
}

HEADS = {"Term", "Package"}  # of the columns of terms
TABLES_RETIRED = RETIRED | {"moved"}
TABLES = engine.models.Base.metadata.tables


def modules() -> list[Path]:
    """The modules and packages of the engine."""
    found = sorted((ROOT / "engine").rglob("*.py"))
    assert found
    return [path.parent if path.name == "__init__.py" else path for path in found]


def test_no_module_is_called_by_a_retired_word() -> None:
    found = [path for path in modules() if RETIRED & set(path.stem.split("_"))]
    assert not [where(path) for path in found]


def test_no_table_is_called_by_a_retired_word() -> None:
    assert TABLES
    assert not {name for name in TABLES if TABLES_RETIRED & set(name.split("_"))}


def test_no_column_is_called_by_a_retired_word() -> None:
    columns = {f"{table}.{column.name}" for table, of in TABLES.items() for column in of.columns}
    assert not {name for name in columns if TABLES_RETIRED & set(re.split(r"[._]", name))}


def test_no_key_check_or_index_is_called_by_a_retired_word() -> None:
    found = [one for table in TABLES.values() for one in (*table.constraints, *table.indexes)]
    names = {str(name) for one in found if (name := getattr(one, "name", None))}
    assert len(names) > len(TABLES)
    assert not {name for name in names if TABLES_RETIRED & set(name.split("_"))}


def test_no_model_is_called_by_a_retired_word() -> None:
    models = {mapper.class_.__name__ for mapper in engine.models.Base.registry.mappers}
    assert len(models) == len(TABLES)
    assert not {name for name in (*models, *engine.models.__all__) if TABLES_RETIRED & set(words_of(name))}


def words_of(name: str) -> list[str]:
    """The words of a name in capitals, such as `TestRun`, in lower case."""
    return [word.lower() for word in re.findall("[A-Z][a-z]*", name)]


def test_each_package_of_the_engine_is_in_the_glossary_and_no_other() -> None:
    packages = {path.parent.name for path in (ROOT / "engine").glob("*/__init__.py")}
    assert rows(text("docs/glossary.md"), "Packages") == packages


def terms() -> list[tuple[str, str, str]]:
    """Term, Persian word and meaning of each row of the glossary."""
    cells = [
        line.strip("|").split("|") for line in text("docs/glossary.md").splitlines() if line.startswith("| ")
    ]
    return [(row[0].strip(), row[1].strip(), row[2].strip()) for row in cells if row[0].strip() not in HEADS]


def test_each_term_is_in_the_glossary_once() -> None:
    names = [term for term, _, _ in terms()]
    assert len(names) > 100
    assert len(names) == len(set(names))


def test_each_term_has_a_persian_word_and_a_meaning() -> None:
    assert not [term for term, persian, meaning in terms() if not re.search("[آ-ی]", persian) or not meaning]


@pytest.mark.parametrize(
    "words", [("legal decision", "DMN decision"), ("process draft", "draft (of an answer)")]
)
def test_terms_that_are_easily_confused_have_names_of_their_own(words: tuple[str, str]) -> None:
    names = [term for term, _, _ in terms()]
    assert all(any(name.startswith(word) for name in names) for word in words)
    assert "decision" not in names
    assert "draft" not in names
