"""Service packages: out of one installation, into an empty one, and nothing that is bad."""

import io
import stat
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
import pytest
from sqlalchemy.orm import Session

from engine import definitions
from engine.cli import main
from engine.cli.migrate import upgrade
from engine.definitions import uploads
from engine.design import packages
from engine.identity import accounts
from engine.platform.db import Database, UnitOfWork
from engine.platform.errors import Invalid, Rejected
from tests import factories
from tests.packaged import package_of

CHANGE = "address-change"


def _as_system(database: Database, command: Callable[[UnitOfWork], Any]) -> Any:
    def run(session: Session, now: datetime) -> Any:
        return command(UnitOfWork(session, accounts.system(session, now), now))

    return database.run(run)


def _exported(database: Database, key: str) -> bytes:
    content: bytes = _as_system(database, lambda uow: packages.export(uow, key))[1]
    return content


def _checked(database: Database, content: bytes, operations: Any = None) -> packages.Checked:
    package = packages.read(io.BytesIO(content))
    found: packages.Checked = _as_system(
        database, lambda uow: packages.check(uow, package, publishing="direct", operations=operations)
    )
    return found


def _deployed(database: Database, package: packages.Package) -> definitions.Deployed:
    done: definitions.Deployed = _as_system(
        database, lambda uow: uploads.deploy(uow, package.files, publishing="direct")
    )
    return done


def _missing(found: packages.Checked) -> list[tuple[str, str, bool]]:
    return [(one.kind, one.name, one.blocks) for one in found.missing]


def _lacks_the_connector_of_its_evidence(database: Database, service: bytes) -> None:
    package = packages.read(io.BytesIO(service))
    assert [name for name in package.manifest.connectors if name.startswith("housing-registry/")]
    dry = _checked(database, service, {})
    assert (dry.deployable, "housing-registry" in {one.name for one in dry.missing}) == (False, True)
    with pytest.raises(Rejected) as refused:
        _as_system(database, lambda uow: packages.deploy(uow, package, publishing="direct", operations={}))
    assert dry.findings == tuple(refused.value.findings)
    assert ("evidence.toml", "unknown-connector") in {(one.file, one.code) for one in dry.findings}


def test_the_unit_of_a_new_service_is_named_or_chosen(database: Database) -> None:
    package = packages.read(io.BytesIO(package_of(factories.one_task("small"), "small")))
    far = replace(package, manifest=replace(package.manifest, unit="far-away"))
    found = _checked(database, packages.write(far))
    assert (found.unit, found.deployable, _missing(found)[0]) == (None, False, ("unit", "far-away", True))
    with pytest.raises(Invalid, match="far-away") as refused:
        _as_system(database, lambda uow: packages.deploy(uow, far, publishing="direct"))
    assert [fault.pointer for fault in refused.value.faults] == ["/unit"]


def test_a_service_moves_to_an_empty_installation(database: Database, empty_database_url: str) -> None:
    factories.deploy_shipped(database, CHANGE)
    service, called = _exported(database, CHANGE), _exported(database, "verify-identity")
    assert service == _exported(database, CHANGE)  # always the same bytes
    upgrade(empty_database_url)
    other = Database(empty_database_url)
    try:
        found = _checked(other, service, {})
        assert not found.deployable
        assert _missing(found) == [
            *(("process", "verify-identity", True), ("role", "caseworker", False)),
            ("connector", "housing-registry", True),
        ]
        assert ("connector", "civil-registry", True) in _missing(_checked(other, called, {}))
        hashes: dict[str, str] = {}
        for content in (called, service):
            package = packages.read(io.BytesIO(content))
            done = _deployed(other, package)
            assert all(one["passed"] for one in done.scenario_report["scenarios"])
            hashes |= {made.key: made.hash for made in done.definitions}
            if content == called:
                _lacks_the_connector_of_its_evidence(other, service)
            assert hashes[package.manifest.definition] == package.manifest.hash
        again = packages.read(io.BytesIO(_exported(other, CHANGE)))
        assert again.files == packages.read(io.BytesIO(service)).files
        assert _checked(other, service, {}).deployable
    finally:
        other.dispose()


def test_the_commands_write_and_read_a_package(
    database: Database,
    database_url: str,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    factories.deploy(database, factories.one_task("small"))
    monkeypatch.setenv("DATABASE_URL", database_url)
    file = str(tmp_path / "small.zip")
    assert main(["package", "export", "small", file]) == 0
    assert main(["package", "import", file, "--dry-run"]) == 0
    assert "small can be deployed." in capsys.readouterr().out
    assert main(["package", "import", file]) == 0
    assert "small version 1 (unchanged)" in capsys.readouterr().out
    (tmp_path / "bad.zip").write_bytes(b"no archive")
    assert main(["package", "import", str(tmp_path / "bad.zip")]) == 1


def _packed(entries: Mapping[str, bytes], **attributes: int) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = attributes.get("mode", 0o644) << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return held.getvalue()


@pytest.fixture(scope="module")
def good() -> Mapping[str, bytes]:
    """The entries of a package."""
    with zipfile.ZipFile(io.BytesIO(package_of(factories.one_task("small"), "small"))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _changed(good: Mapping[str, bytes], **values: Any) -> dict[str, bytes]:
    manifest = orjson.loads(good["package.json"]) | values
    return {**good, "package.json": orjson.dumps(manifest)}


BAD: Mapping[str, tuple[Callable[[Mapping[str, bytes]], bytes], str]] = {
    "no archive": (lambda _: b"PK nothing", "damaged"),
    "no manifest": (lambda _: _packed({"a.bpmn": b"<a/>"}), "package-manifest-missing"),
    "no JSON": (lambda good: _packed({**good, "package.json": b"{"}), "package-manifest"),
    "a list": (lambda good: _packed({**good, "package.json": b"[]"}), "package-manifest"),
    "another format": (lambda good: _packed(_changed(good, format=2)), "package-manifest"),
    "more keys": (lambda good: _packed(_changed(good, shell="rm")), "package-manifest"),
    "a wrong type": (lambda good: _packed(_changed(good, files=[1])), "package-manifest"),
    "another unit": (lambda good: _packed(_changed(good, units=["No Unit!"])), "unit"),
    "a lie about the version": (lambda good: _packed(_changed(good, hash="0" * 64)), "package-hash"),
    "a changed file": (
        lambda good: _packed({name: body + b"\n" * name.startswith("files/") for name, body in good.items()}),
        "package-hash",
    ),
    "a file more": (lambda good: _packed({**good, "files/x.md": b"x"}), "package-extra"),
    "a file less": (lambda good: _packed({"package.json": good["package.json"]}), "package-missing"),
    "another place": (lambda good: _packed({**good, "bin/x.md": b"x"}), "package-file"),
    "a path upwards": (lambda good: _packed({**good, "files/../x.md": b"x"}), "archive-path"),
    "an absolute path": (lambda good: _packed({**good, "/etc/x.md": b"x"}), "archive-path"),
    "a link": (lambda good: _packed(good, mode=stat.S_IFLNK | 0o777), "archive-link"),
    "a bomb": (lambda good: _packed({**good, "files/x.md": b"0" * (20 << 20)}), "archive-unpacks"),
    "many files": (
        lambda good: _packed({**good, **{f"files/{n}.md": b"x" for n in range(60)}}),
        "too-many-files",
    ),
    "one twice": (
        lambda good: _packed({**good, "files/b.md": b"x", "files/c.md": b"y"}).replace(b"c.md", b"b.md"),
        "archive-twice",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_package_is_explained(good: Mapping[str, bytes], case: str) -> None:
    make, code = BAD[case]
    with pytest.raises(Invalid) as refused:
        packages.read(io.BytesIO(make(good)))
    assert code in [fault.code for fault in refused.value.faults]


def test_a_good_package_is_read(good: Mapping[str, bytes]) -> None:
    assert packages.read(io.BytesIO(_packed(good))).manifest.definition == "small"
