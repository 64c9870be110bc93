"""Write the message catalogues as PO files for translators' tools, and read them back."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from engine.platform.config import Settings
from engine.platform.errors import Invalid
from engine.platform.messages import po

FOLDERS = (Path("engine", "platform", "messages"), Path("web", "texts"))


def run(arguments: argparse.Namespace, _settings: Settings) -> int:
    """Print the names of the written files. Raises Invalid if a translation can't be read."""
    catalogues = list(_catalogues(arguments.source))
    made = _exported if arguments.act == "export" else _imported
    contents = {path: text for toml in catalogues for path, text in made(toml, arguments.folder)}
    for path, text in contents.items():
        _write(path, text)
        print(path)
    return 0


def _catalogues(source: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted((source / folder).glob("*.toml"))


def _exported(toml: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    yield folder / f"{toml.stem}.po", po.write(toml.read_text(encoding="utf-8"), toml.stem)


def _imported(toml: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield a catalogue that the PO file of its name changes."""
    translated = folder / f"{toml.stem}.po"
    if translated.exists():
        before = toml.read_text(encoding="utf-8")
        after = po.merge(before, toml.stem, po.read(translated.read_text(encoding="utf-8")))
        if after != before:
            yield toml, after


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as cause:
        raise Invalid(f"{path} can't be written: {cause.strerror}.") from cause
