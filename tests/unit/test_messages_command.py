"""`python -m engine messages` writes the catalogues as PO files for translators, and reads them back."""

import re
import shutil
from pathlib import Path

import pytest

from engine.cli import main
from engine.cli.messages import FOLDERS
from engine.platform.language import Catalogue
from engine.platform.messages import po
from tests.catalogues import FILES
from tests.rules.sources import ROOT


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the catalogues, and their PO files in `po`."""
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    assert main(["messages", "export", str(tmp_path / "po"), "--source", str(tmp_path)]) == 0
    return tmp_path


def imported(copy: Path) -> int:
    return main(["messages", "import", str(copy / "po"), "--source", str(copy)])


def contents(copy: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for folder in FOLDERS for path in (copy / folder).glob("*.toml")}


def edit(copy: Path, old: str, new: str) -> None:
    """Change the PO file of the refusals once."""
    path = copy / "po" / "refusals.po"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_text_is_exported_and_import_changes_nothing(file: Path) -> None:
    toml = file.read_text(encoding="utf-8")
    entries = po.read(po.write(toml, file.stem))
    assert {entry.key.partition("#")[0] for entry in entries} == set(Catalogue.read(file).texts)
    assert po.merge(toml, file.stem, entries) == toml


def test_unchanged_files_are_not_written(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(copy)
    capsys.readouterr()
    assert imported(copy) == 0
    assert capsys.readouterr().out == ""
    assert contents(copy) == before


def test_a_translation_changes_one_line(copy: Path) -> None:
    before = contents(copy)
    path = copy / FOLDERS[0] / "refusals.toml"
    told = Catalogue.read(path).texts["refusals.not-found"]["fa"]
    edit(copy, f'msgstr "{told}"', 'msgstr "تازه"')
    assert imported(copy) == 0
    assert Catalogue.read(path).texts["refusals.not-found"]["fa"] == "تازه"
    lines = zip(before.pop(path).splitlines(), path.read_bytes().splitlines(), strict=True)
    assert sum(old != new for old, new in lines) == 1
    assert before.items() <= contents(copy).items()


def test_what_tools_write_is_read() -> None:
    toml = '[a]\nen = "One {x}"\nfa = "یک {x}"\n\n[b]\nen = "Two"\nfa = "دو"\n'
    written = (
        '# of a tool\n#, python-brace-format\nmsgctxt "c.a"\nmsgid ""\n"One "\n"{x}"\n'
        'msgstr ""\n"۱ "\n"{x}"\n\n'
        '#, fuzzy\nmsgctxt "c.b"\nmsgid "Two"\nmsgstr "سه"\n\n#~ msgid "old"\n#~ msgstr "کهنه"\n'
    )
    assert po.merge(toml, "c", po.read(written)) == toml.replace("یک {x}", "۱ {x}")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("refusals.not-found", "refusals.not-fuond"), "no text with this key"),
        (("{count}", "{cuont}"), "{cuont}"),
    ],
)
def test_a_wrong_translation_is_refused_and_nothing_is_written(
    copy: Path, change: tuple[str, str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(copy)
    path = copy / "po" / "refusals.po"
    text = path.read_text(encoding="utf-8")
    at = [match.start() for match in re.finditer(re.escape(change[0]), text)][-1]
    path.write_text(text[:at] + text[at:].replace(*change, 1), encoding="utf-8")
    assert imported(copy) == 1
    assert told in capsys.readouterr().err
    assert contents(copy) == before


def test_a_translation_of_an_older_text_is_refused(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = copy / FOLDERS[0] / "refusals.toml"
    text = path.read_text(encoding="utf-8")
    english = str(Catalogue.read(path).texts["refusals.not-found"]["en"])
    path.write_text(text.replace(english, f"Now {english}"), encoding="utf-8")
    assert imported(copy) == 1
    assert "has changed since the export" in capsys.readouterr().err
