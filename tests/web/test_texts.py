"""The texts of pages are in the catalogues, in both languages, and nowhere else."""

import ast
import re
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from engine.dmn.feel.faults import NULLS
from tests.rules.sources import ROOT, nodes, python, where
from web import texts

TEMPLATES = sorted((ROOT / "web" / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "web" / "assets").glob("*.js"))
SAID = re.compile(r"""\b(?:say|find_text)\(\s*["']([\w.-]+)["']\s*(~)?""")
# Attributes that a person sees or hears.
TOLD = {"title", "alt", "placeholder", "aria-label", "aria-description", "label", "summary", "content"}
# Texts that the engine's own words name at run time: a key for each code, kind or status. And what drawing
# tools say.
NAMED = (
    *("faults.", "refusals.", "findings.", "events.", "differences.", "words.", "incidents.", "obstacles."),
    *("modeler.label.", "panel.", "problems.", "malformed.", "parsers.", "scenarios.", "server."),
    "reports.",  # of the report itself, on its page and in its PDF
    "reference.",  # of the page around the reference of the API
    "typesetting.",  # in PDF files
)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def used() -> tuple[set[str], set[str]]:
    """Keys that pages and their code name whole, and beginnings of those that are put together."""
    whole: set[str] = set()
    beginnings: set[str] = set()
    for path in TEMPLATES:
        for key, joined in SAID.findall(path.read_text(encoding="utf-8")):
            (beginnings if joined else whole).add(key)
        whole |= set(re.findall(r"""["']([a-z-]+(?:\.[\w-]+)+)["']""", path.read_text(encoding="utf-8")))
    for path in python("web"):
        for node in nodes(path):
            value = getattr(node, "value", None)
            if isinstance(value, str):
                whole.add(value)
        beginnings |= set(
            re.findall(r"""f["']([a-z-]+\.(?:[\w-]+\.)*)\{""", path.read_text(encoding="utf-8"))
        )
    return whole, beginnings


def test_every_text_that_is_named_is_there() -> None:
    missing = {
        f"{name(path)}: {key}"
        for path in [*TEMPLATES, *python("web")]
        for key, joined in SAID.findall(path.read_text(encoding="utf-8"))
        if not joined and key not in texts.TEXTS and "{" not in key
    }
    assert not missing


def test_every_null_of_a_fault_is_explained() -> None:
    assert [code for code in NULLS if f"desk.null.{code}" not in texts.TEXTS] == []


def test_every_text_is_used() -> None:
    whole, beginnings = used()
    known = (*beginnings, *NAMED)
    assert not {key for key in texts.TEXTS.texts if key not in whole and not key.startswith(known)}


def test_pages_never_show_the_sentence_of_an_exception() -> None:
    """It is in English, for logs and the API: pages have the text of its code."""
    shown = [
        path
        for path in TEMPLATES
        if re.search(r"\b(?:fault|refusal)\.detail\b", path.read_text(encoding="utf-8"))
    ]
    read = [
        where(path, node.lineno)
        for path in python("web")
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr == "detail"
    ]
    assert (shown, read) == ([], [])


class Reading(HTMLParser):
    """Collects what a person would read in a template without its expressions."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kept = dict(attrs)
        for key, value in attrs:
            button = key == "value" and kept.get("type") in ("submit", "button", "reset")
            viewport = tag == "meta" and kept.get("name") == "viewport"
            if (
                value
                and (key in TOLD or button)
                and not viewport
                and not (kept.get("name") or "").startswith("htmx")
            ):
                self.found.append(value)


def read(path: Path) -> Iterator[str]:
    source = re.sub(r"{#.*?#}", "", path.read_text(encoding="utf-8"), flags=re.S)
    yield from re.findall(r"[\u0600-\u06ff]+", source)
    reading = Reading()
    reading.feed(re.sub(r"{%.*?%}|{{.*?}}", "", source, flags=re.S))
    attributes = re.compile(r'[\w-]+="[^"]*"|\b(?:readonly|checked|selected|disabled|hidden)\b')
    yield from (text for text in reading.found if re.search(r"[^\W\d_]", attributes.sub("", text)))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_has_no_text_of_its_own(path: Path) -> None:
    assert not list(read(path))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_pages_have_no_script_and_no_style_of_their_own(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]* src=)|<style|\bon\w+=|\bstyle=|\| *safe|javascript:", source)


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_a_script_has_no_text_of_its_own(path: Path) -> None:
    source = re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.S)
    strings = [found[1] for found in re.findall(r"(['\"`])((?:\\.|(?!\1).)*)\1", source)]
    sentences = [
        text
        for text in strings
        if re.search(r"[\u0600-\u06ff]{2}|^[A-Z][a-z]+( [a-z]+)+|[a-z] [a-z]+ [a-z]+ ", text)
    ]
    assert not sentences


def test_a_report_has_the_words_of_the_pages() -> None:
    """A code has one name, whether a page of oversight says it or a report, which can't read pages' texts."""
    files = (ROOT / "engine/platform/messages/reports.toml", ROOT / "web/texts/words.toml")
    of_reports, of_pages = (tomllib.loads(path.read_text(encoding="utf-8")) for path in files)
    groups = {"metric": "commitment-metric", "why": "commitment-cause", "offline": "offline-reason"}
    for own, theirs in groups.items():
        assert of_reports[own] == of_pages[theirs]
    states = of_reports["commitments"]["state"]
    assert states == of_pages["commitment-state"]
    of_reports["bucket"].pop("plan")  # a report has no legend that explains it
    assert of_reports["bucket"].items() <= of_pages["bucket"].items()


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_parts_of_a_line_are_joined_by_the_readers_comma(path: Path) -> None:
    assert not re.search(r"(?:}}|%}|</a>)[,;] ", path.read_text(encoding="utf-8"))
