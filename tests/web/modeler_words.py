"""The words that the drawing tools ask to be said in the page's language, as their sources have them."""

import re
from collections.abc import Iterator
from pathlib import Path

from engine.platform.config import ROOT

PACKAGES = ROOT / "web" / "node_modules"
_TEXT = r"""(['"`])((?:\\.|(?!\1).)+)\1"""
CALL = re.compile(rf"(?:\b|_)translate\(\s*{_TEXT}")
LABEL = re.compile(rf"\b(?:label|title): {_TEXT}")
MESSAGE = re.compile(rf"\bvar \w+_ERR_MSG = {_TEXT}")
# How the panel names an element: by its type, in words.
TYPES = re.compile(r"\biconsByType = \{(.*?)\};", re.DOTALL)
CHOSEN = re.compile(r"\btranslate\(is\(.*?\? '([^']+)' : '([^']+)'\)")
# What is put together where it is asked for.
BUILT = {
    "Align elements ": [
        f"Align elements {side}" for side in ("left", "center", "right", "top", "middle", "bottom")
    ],
}
ELSEWHERE = {"HELLO {you}", " + shift + "}  # an example, and a function of the same name that moves shapes


def plain(word: str) -> str:
    """A word as `modeler.js` finds it."""
    return re.sub("[^a-z]+", " ", word.lower()).strip()


def asked() -> set[str]:
    """All of them."""
    found = {word.replace("\\'", "'") for word in _asked()} - ELSEWHERE
    return {word for one in found for word in BUILT.get(one, [one])}


def _asked() -> Iterator[str]:
    for package in ("bpmn-js", "diagram-js"):
        for file in (PACKAGES / package / "lib").rglob("*.js"):
            yield from _found(CALL, file.read_text())
    features = PACKAGES / "bpmn-js" / "lib" / "features"
    for name in ("replace/ReplaceOptions.js", "popup-menu/PopupEntries.js"):
        yield from _found(LABEL, (features / name).read_text())
    yield from _found(MESSAGE, (features / "modeling-feedback" / "ModelingFeedback.js").read_text())
    # Of the panel its frame is used: it comes first in both, and the fields, which are ours, behind it.
    yield from _found(
        CALL, _bundle("@bpmn-io/properties-panel").read_text().partition("const DescriptionContext")[0]
    )
    panel = _bundle("bpmn-js-properties-panel").read_text().partition("class MultiCommandHandler")[0]
    yield from _found(CALL, panel)
    yield from _found(LABEL, panel)
    for chosen in CHOSEN.findall(panel):
        yield from chosen
    types = TYPES.search(panel)
    assert types
    for name in re.findall(r"'(\w+)':", types[1]):
        yield re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def _bundle(package: str) -> Path:
    return PACKAGES / package / "dist" / "index.esm.js"


def _found(pattern: re.Pattern[str], source: str) -> list[str]:
    return [found[2] for found in pattern.finditer(source)]
