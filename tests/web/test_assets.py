"""What browsers load is there, stays in their cache for good, and nothing else is served."""

import gzip
import json
import re
from pathlib import Path

import pytest

from engine.bpmn.check import extensions
from engine.bpmn.notation import vocabulary
from engine.bpmn.notation.outcomes import ATTRIBUTES, OUTCOME
from engine.cli import web as server
from engine.platform.errors import Unusable
from tests.rules.sources import ROOT
from tests.web.conftest import Browser
from web import assets

NAMED = {
    name
    for path in (ROOT / "web").rglob("*")
    if path.suffix in {".html", ".py"} and "node_modules" not in path.parts
    for name in re.findall(r"""\basset\(["']([^"']+)["']\)""", path.read_text(encoding="utf-8"))
}
OURS = f"{{{vocabulary.PARVANDEH}}}"


def test_whatever_pages_name_is_built() -> None:
    assert {"style.css", "icon.svg"} <= NAMED
    assert set(assets.built()) >= NAMED


@pytest.mark.parametrize("name", assets.built())
def test_each_is_kept_for_good(browser: Browser, name: str) -> None:
    types = {
        ".css": "text/css",
        ".js": "text/javascript",
        ".svg": "image/svg+xml",
        ".txt": "text/plain",
        ".woff2": "font/woff2",
    }
    with browser.get(assets.asset(name)) as answer:
        assert answer.status_code == 200
        assert answer.mimetype == types[Path(name).suffix]
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.data


@pytest.mark.parametrize("name", ["style.css", "page.js"])
def test_texts_are_sent_compressed_to_who_takes_them_so(browser: Browser, name: str) -> None:
    with browser.get(assets.asset(name)) as whole:
        assert "Content-Encoding" not in whole.headers
        assert whole.headers["Vary"] == "Accept-Encoding"
        content = whole.data
    small = browser.get(assets.asset(name), **{"Accept-Encoding": "br, gzip"})
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == content
    assert len(small.data) < len(content) / 2
    assert small.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_other_content_has_another_name() -> None:
    assert all(re.search(r"-[0-9A-Z]{8}\.\w+$", name) for name in assets.built().values())


@pytest.mark.parametrize("name", ["style.css", "manifest.json", "..%2Fassets.py", "style-00000000.css"])
def test_nothing_else_is_served(browser: Browser, name: str) -> None:
    assert browser.get(f"/assets/{name}").status_code == 404


def test_licences_of_what_is_bundled_go_along(browser: Browser) -> None:
    with browser.get(assets.asset("licences.txt")) as answer:
        text = answer.get_data(as_text=True)
    for package in ("htmx.org", "bpmn-js", "@fontsource-variable/vazirmatn", "diagram-js", "preact"):
        assert re.search(rf"(?m)^{re.escape(package)} \d", text), package
    assert "the watermark must stay fully visible" in text
    assert not re.search(r"GPL", text)


def test_without_them_nothing_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assets.built.cache_clear()
    monkeypatch.setattr(assets, "FOLDER", tmp_path)
    monkeypatch.setattr(server, "ROOT", tmp_path)
    try:
        for ask in (assets.built, server.require_built):
            with pytest.raises(Unusable, match="make assets"):
                ask()
    finally:
        assets.built.cache_clear()


def test_the_modeler_knows_our_attributes() -> None:
    """But for `name`: the modeler confuses it with that of BPMN, and retains it if it does not know it."""
    read = {name: {element for element, _ in readers} for name, readers in extensions._OURS.items()}
    read |= {
        name.removeprefix(OURS): set(elements)
        for name, elements in extensions._USED_ATTRIBUTES.items()
        if name.startswith(OURS)
    }
    described = json.loads((ROOT / "web" / "assets" / "parvandeh.json").read_bytes())
    assert described["uri"] == vocabulary.PARVANDEH
    known = {
        entry["name"]: {f"{name[5].lower()}{name[6:]}" for name in kind["extends"]}
        for kind in described["types"]
        for entry in kind["properties"]
        if "extends" in kind
    }
    assert known == {name: elements for name, elements in read.items() if name != "name"}


def test_the_modeler_keeps_declared_outcomes() -> None:
    described = json.loads((ROOT / "web" / "assets" / "parvandeh.json").read_bytes())
    (own,) = (kind for kind in described["types"] if "extends" not in kind)
    assert (own["name"].lower(), own["superClass"]) == (OUTCOME.removeprefix(OURS), ["Element"])
    assert tuple(entry["name"] for entry in own["properties"]) == ATTRIBUTES
