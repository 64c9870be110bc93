"""Zip files in the designer: what was downloaded makes a draft again, and what is bad is explained."""

import io
import zipfile
from collections.abc import Callable, Mapping

import pytest

from engine.design import drafts
from engine.platform.db import Actor, Database
from tests import factories
from tests.organisation import a_unit
from tests.packaged import package_of
from tests.web.conftest import Browser
from tests.web.test_designer_pages import send

FILES = {
    **factories.one_task(),
    "f.json": b'{"type": "object", "properties": {}}',
    "s.yaml": b"name: N",
    "README.md": b"# One",
}


FILES_OF_PACKAGE = {
    name: content.replace(b'userTask id="a"', b'userTask id="a" parvandeh:role="checker"')
    for name, content in factories.one_task().items()
}


@pytest.fixture
def designer(actor: Callable[..., Actor], session_of: Callable[[Actor], Browser]) -> Browser:
    browser = session_of(actor("designer"))
    browser.get("/account?lang=en")
    return browser


def packed(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def twice() -> bytes:
    """Two entries of one name."""
    return packed({"p.bpmn": b"<a/>", "q.bpmn": b"<b/>"}, zipfile.ZIP_STORED).replace(b"q.bpmn", b"p.bpmn")


def encrypted() -> bytes:
    """An archive that says of its only file that it needs a password."""
    content = bytearray(packed({"p.bpmn": b"<a/>"}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def unpacked(answer: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(answer)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_downloaded_draft_and_version_become_drafts_again(designer: Browser, database: Database) -> None:
    own = {name: content for name, content in FILES.items() if name != "s.yaml"}
    factories.deploy(database, own)
    made = send(designer, "/designer/drafts/upload", FILES, unit="root").location
    for address, held in ((made, FILES), ("/designer/p/1", own)):
        zipped = designer.get(f"{address}/files.zip").data
        again = send(designer, "/designer/drafts/upload", {"draft.zip": zipped}, unit="root")
        assert again.status_code == 303, again.text
        assert unpacked(designer.get(f"{again.location}/files.zip").data) == held


def test_folder_that_a_desktop_has_packed_becomes_a_draft(designer: Browser) -> None:
    own = {
        "one/": b"",
        "one/p.bpmn": FILES["p.bpmn"],
        "one/forms/f.json": FILES["f.json"],
        "one/scenarios/s.yaml": FILES["s.yaml"],
        "one/README.md": FILES["README.md"],
        "one/.DS_Store": b"x",
        "__MACOSX/one/._p.bpmn": b"x",
    }
    made = send(designer, "/designer/drafts/upload", {"one.ZIP": packed(own)}, unit="root")
    assert made.status_code == 303, made.text
    assert unpacked(designer.get(f"{made.location}/files.zip").data) == FILES


def test_archive_with_a_comment_as_code_hosts_write_it_becomes_a_draft(designer: Browser) -> None:
    held = io.BytesIO(packed(FILES))
    with zipfile.ZipFile(held, "a") as archive:
        archive.comment = b"1f0c2d3e" * 5
    made = send(designer, "/designer/drafts/upload", {"one.zip": held.getvalue()}, unit="root")
    assert made.status_code == 303, made.text
    assert unpacked(designer.get(f"{made.location}/files.zip").data) == FILES


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "no zip": (lambda: b"PK\x03\x04 but nothing else", "isn’t a zip file"),
    "cut off": (lambda: packed(FILES)[:-9], "isn’t a zip file"),
    "two ends": (lambda: packed(FILES) + packed({}), "isn’t a zip file"),
    "empty": (lambda: packed({}), "The archive is empty"),
    "bomb": (lambda: packed({f"{n}.md": bytes(2 << 20) for n in range(40)}), "too large when it is unpacked"),
    "large file": (lambda: packed({"p.bpmn": bytes(3 << 20)}), "p.bpmn: The file is larger than 2 MiB"),
    "path": (lambda: packed({"../p.bpmn": b"<a/>"}), "lead outside it"),
    "absolute": (lambda: packed({"/etc/p.bpmn": b"<a/>"}), "lead outside it"),
    "encrypted": (encrypted, "has a password"),
    "entries": (lambda: packed({f"{n}.md": b"" for n in range(10_000)}, 0), "more than 50 files"),
    "files": (lambda: packed({f"{n}.md": b"" for n in range(51)}), "more than 50 files"),
    "nested": (lambda: packed({**FILES, "a.zip": packed(FILES)}), "another archive"),
    "program": (lambda: packed({**FILES, "a.exe": b"MZ"}), "another archive or a program"),
    "name twice": (twice, "the same name"),
    "base name twice": (lambda: packed({"a/p.bpmn": b"<a/>", "b/p.bpmn": b"<b/>"}), "b/p.bpmn: Two files"),
    "unknown kind": (lambda: packed({**FILES, "logo.png": b"x"}), "logo.png: Files of this type"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_archive_is_explained_and_leaves_no_draft(
    designer: Browser, database: Database, actor: Callable[..., Actor], what: str
) -> None:
    content, told = BAD[what]
    answer = send(designer, "/designer/drafts/upload", {"one.zip": content()}, unit="root")
    assert answer.status_code == 422
    assert told in answer.text.replace("\u2068", "").replace("\u2069", "")
    assert not factories.as_actor(database, actor("designer"), drafts.page)


def test_a_package_shows_what_is_missing_and_becomes_a_draft(designer: Browser, database: Database) -> None:
    factories.deploy(database, FILES_OF_PACKAGE)
    package = designer.get("/designer/p/1/package.zip").data
    assert "/designer/packages" in designer.get("/designer/drafts/new").text
    shown = send(designer, "/designer/packages", {"p.zip": package}, "package", unit="root")
    assert ", version 1" in shown.text
    assert "Role that nobody has" in shown.text
    a_unit(database, "guild", kind="agency")
    kept = send(designer, "/designer/packages", {"p.zip": package}, "package", unit="guild")
    assert (kept.status_code, "The process belongs to another unit" in kept.text) == (409, True)
    newer = package_of({**FILES_OF_PACKAGE, "README.md": b"newer"}, "p")
    moved = send(designer, "/designer/packages", {"p.zip": newer}, "package", unit="guild")
    assert "moves the service from the unit" in moved.text
    made = send(designer, "/designer/packages", {"p.zip": package}, "package", unit="root", draft="yes")
    assert unpacked(designer.get(f"{made.location}/files.zip").data) == FILES_OF_PACKAGE
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    refused = send(designer, "/designer/packages", {"p.zip": packed({**held, "files/x.md": b"x"})}, "package")
    assert refused.status_code == 422
    assert "The file isn’t listed in package.json" in refused.text
    assert "x.md" in refused.text
    nothing = send(designer, "/designer/packages")
    assert nothing.status_code == 422
