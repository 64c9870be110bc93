"""The catalogues of texts, read as the files that they are."""

import string
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from engine.platform.language import LANGUAGES, Catalogue, Language, Reader, Text
from tests.rules.sources import ROOT

FILES = sorted((ROOT / "web" / "texts").glob("*.toml"))

__all__ = ["FILES", "LANGUAGES", "Text", "forms", "placeholders", "read", "speaking", "texts"]


def texts(area: str) -> Mapping[str, Mapping[str, Text]]:
    """Those of an area: an entry for each language by the key, which begins with the area's name."""
    return read(ROOT / "web" / "texts" / f"{area}.toml")


def read(file: Path) -> Mapping[str, Mapping[str, Text]]:
    """Those of a file."""
    return Catalogue.read(file).texts


def forms(text: Text) -> list[str]:
    """The one text, or those among which numbers decide; the last is that of most numbers."""
    return [text] if isinstance(text, str) else [text["one"], text["other"]]


def placeholders(text: str) -> set[str]:
    """What stands for values in a text."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def speaking(area: str, language: str) -> Callable[..., str]:
    """What gives texts of an area in a language."""
    catalogue = Catalogue.read(ROOT / "web" / "texts" / f"{area}.toml")
    reader = Reader.of(cast(Language, language))

    def say(key: str, **values: Any) -> str:
        return catalogue.say(reader, key, **values)

    return say
