"""The words of the modeler's panel: each field has a plain name and help, in both languages."""

import json
import re

from engine.platform.config import ROOT
from web.texts import TEXTS

PANEL = ROOT / "web" / "assets" / "panel"
SOURCES = "\n".join(path.read_text() for path in sorted([*PANEL.glob("*.js"), *PANEL.glob("*.jsx")]))
ATTRIBUTES = json.loads((PANEL / "attributes.json").read_bytes())
DESCRIPTOR = json.loads((PANEL.parent / "parvandeh.json").read_bytes())
WORDS = {key.removeprefix("panel."): said for key, said in TEXTS.texts.items() if key.startswith("panel.")}
PARTS = {"mapping": ("add", "left", "right"), "request": ("add", "left", "right")}
CODE = re.compile(r"parvandeh:|camunda:")


def short(name: str) -> str:
    return name.partition(":")[2]


def described() -> set[str]:
    """The attributes that the engine understands, as the modeler knows them."""
    types = (kind for kind in DESCRIPTOR["types"] if "extends" in kind)
    return {f"{DESCRIPTOR['prefix']}:{one['name']}" for kind in types for one in kind["properties"]}


def named() -> set[str]:
    """The words of the fields that are no attributes of ours."""
    found = set(re.findall(r"""\b(?:key|word): "([\w-]+)\"""", SOURCES))
    times = re.search(r"const TIMES = \[(.*?)\]", SOURCES)
    assert times
    references = re.findall(r'property: "(\w+)"', SOURCES)
    children = re.findall(r'(?:child|item)\(element, \w+, "(\w+)"', SOURCES)
    return found | set(re.findall(r'"(\w+)"', times[1])) | set(references) | set(children)


def test_every_attribute_that_the_engine_understands_has_a_field() -> None:
    rows = [row["name"] for row in ATTRIBUTES]
    assert len(rows) == len(set(rows))
    assert described() <= set(rows)


def test_every_field_has_a_name_and_help_in_both_languages() -> None:
    wanted = {f"{short(row['name'])}.{part}" for row in ATTRIBUTES for part in ("name", "help")}
    wanted |= {f"{short(row['name'])}.{value}" for row in ATTRIBUTES for value in row.get("values", ())}
    wanted |= {f"{short(row['name'])}.{part}" for row in ATTRIBUTES for part in PARTS.get(row["kind"], ())}
    assert not wanted - WORDS.keys()
    bare = {word for word in named() if f"{word}.name" not in WORDS and f"{word}.name-fa" not in WORDS}
    # Described under another word: an entry that says its own.
    assert bare <= {"name", "text", "multiInstanceLoopCharacteristics", "standardLoopCharacteristics"}
    halves = {
        f"{word}.{part}"
        for word in ("name", "text", "processName", "outcomeName")
        for part in ("name", "help")
    }
    assert all({f"{half}-fa", f"{half}-en"} <= WORDS.keys() for half in halves)


def test_every_word_that_the_panel_says_is_there() -> None:
    said = set(re.findall(r"""\bsay\("([\w.-]+)\"""", SOURCES))
    sections = re.search(r"const ORDER = \[(.*?)\]", SOURCES, re.DOTALL)
    assert sections
    said |= {f"section.{name}" for name in re.findall(r'"(\w+)"', sections[1])}
    said |= {f"section.{row['section']}" for row in ATTRIBUTES}
    assert len(said) > 30
    assert not said - WORDS.keys()


def test_no_word_stands_there_that_the_panel_never_says() -> None:
    known = SOURCES + json.dumps(ATTRIBUTES)
    assert not {
        key for key in WORDS if not re.search(rf"[\"'`:]{re.escape(key.split('.')[0])}[\"'`.]", known)
    }


def test_words_are_plain_and_have_the_same_places_in_both_languages() -> None:
    places = re.compile(r"{\w+}|`[^`]+`")
    for key, said in WORDS.items():
        fa, en = str(said["fa"]), str(said["en"])
        assert sorted(places.findall(fa)) == sorted(places.findall(en)), key
        assert not CODE.search(fa + en), key
        assert re.search("[آ-ی]", fa), key
