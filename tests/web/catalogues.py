"""The catalogues of texts, read as the files that they are."""

import string
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.rules.sources import ROOT

LANGUAGES = ("en", "fa")
FILES = sorted((ROOT / "web" / "texts").glob("*.toml"))

Text = str | Mapping[str, str]  # of which numbers decide has `one` and `other`


def texts(area: str) -> dict[str, Mapping[str, Text]]:
    """Those of an area: an entry for each language by the key, which begins with the area's name."""
    return read(ROOT / "web" / "texts" / f"{area}.toml")


def read(file: Path) -> dict[str, Mapping[str, Text]]:
    """Those of a file."""
    return dict(_flat(file.stem, tomllib.loads(file.read_text(encoding="utf-8"))))


def _flat(prefix: str, tree: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Text]]]:
    own = {name: text for name, text in tree.items() if name in LANGUAGES}
    if own:
        yield prefix, own
    for name, inner in tree.items():
        if name not in LANGUAGES:
            yield from _flat(f"{prefix}.{name}", inner)


def forms(text: Text) -> list[str]:
    """The one text, or those among which numbers decide."""
    return [text] if isinstance(text, str) else list(text.values())


def placeholders(text: str) -> set[str]:
    """What stands for values in a text."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def speaking(area: str, language: str) -> Callable[..., str]:
    """What gives texts of an area in a language."""
    found = texts(area)

    def say(key: str, **values: Any) -> str:
        text = found[key][language]
        if not isinstance(text, str):
            text = text["one" if values["count"] == 1 else "other"]
        return text.format(**values)

    return say
