"""The catalogues of texts, read directly from their files."""

import string
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import cast

from engine.platform.language import LANGUAGES, Catalogue, Language, Reader, Text, Texts
from tests.rules.sources import ROOT

ENGINE, PAGES = ROOT / "engine" / "platform" / "messages", ROOT / "web" / "texts"
FILES = sorted([*ENGINE.glob("*.toml"), *PAGES.glob("*.toml")])

__all__ = ["FILES", "LANGUAGES", "Text", "forms", "placeholders", "read", "speaking", "texts"]


def texts(area: str) -> Mapping[str, Mapping[str, Text]]:
    """Return those of an area: an entry for each language by the key, which begins with the area's name."""
    return next(read(file) for file in FILES if file.stem == area)


def read(file: Path) -> Mapping[str, Mapping[str, Text]]:
    """Read those of a file."""
    return Catalogue.read(file).texts


def forms(text: Text) -> list[str]:
    """Return the one text, or those for different numbers; the last is that of most numbers."""
    return [text] if isinstance(text, str) else [text["one"], text["other"]]


def placeholders(text: str) -> set[str]:
    """Return the placeholders in a text."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@cache
def speaking(language: str) -> Texts:
    """Return all texts for readers of this language."""
    return Texts(Catalogue.read(*FILES), Reader.of(cast(Language, language)))
