"""The file of a package: a zip archive of `package.json` and the files of a version in `files/`.

Nothing in it is trusted: it is bounded before it is unpacked, and each file must have the hash that the
manifest states. The same version always has the same bytes.
"""

import io
import re
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import IO, Any

import orjson

from engine import bpmn
from engine.bpmn import MAX_FILE, MAX_FILES
from engine.platform import media
from engine.platform.errors import Fault, Invalid
from engine.platform.media import Unfit

FORMAT = 1
MAX_PACKAGE = 8 << 20  # bytes, as a deployment has
MANIFEST = "package.json"
FOLDER = "files/"
_SHOWN = 80  # characters of a name
_BEGINNING = (1980, 1, 1, 0, 0, 0)  # of the time that the format knows
_HASH = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
_NAMES = ("roles", "units", "calendars", "connectors", "appeals")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a package states of its version.

    `hash` is that of the version, `files` those of its files, `calls` those of the processes of other
    deployments that it calls, by key. `units`, `roles` (`role` or `role@unit`), `calendars`, `connectors`
    (`connector` or `connector/operation`) and `appeals` are the names that an installation must have.
    """

    definition: str
    version: int
    hash: str
    unit: str
    files: Mapping[str, str]
    calls: Mapping[str, str]
    units: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    calendars: tuple[str, ...] = ()
    connectors: tuple[str, ...] = ()
    appeals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Package:
    """A manifest, and the files by name."""

    manifest: Manifest
    files: Mapping[str, bytes]


def write(package: Package) -> bytes:
    """Returns the archive. Not compressed, so that its bytes don't depend on a library."""
    option = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2
    manifest = orjson.dumps({"format": FORMAT, **asdict(package.manifest)}, option=option)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in [(MANIFEST, manifest), *sorted(_placed(package.files).items())]:
            entry = zipfile.ZipInfo(name, _BEGINNING)
            entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, content)
    return held.getvalue()


def _placed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {FOLDER + name: content for name, content in files.items()}


def read(stream: IO[bytes]) -> Package:
    """Returns the package in an archive. Raises Invalid, with everything that is wrong with it."""
    try:
        held = media.unpack(stream, MAX_FILES + 1, MAX_FILE)
    except Unfit as unfit:
        values = {"count": MAX_FILES} if unfit.code == "too-many-files" else {}
        raise _refusal([Fault("/package", unfit.detail, unfit.code, values)]) from unfit
    manifest = _manifest(held.pop(MANIFEST, None))
    faults = [
        Fault(_at(path), "does not belong into a package", "package-file")
        for path in held
        if not path.startswith(FOLDER) or not bpmn.is_file_name(path.removeprefix(FOLDER))
    ]
    files = {path.removeprefix(FOLDER): content for path, content in held.items()}
    faults += _differences(manifest, files)
    if not faults and bpmn.digest(files, manifest.calls) != manifest.hash:
        faults.append(Fault("/package/hash", "is not the hash of these files", "package-hash"))
    if faults:
        raise _refusal(faults)
    return Package(manifest, files)


def _differences(manifest: Manifest, files: Mapping[str, bytes]) -> list[Fault]:
    faults = [
        Fault(_at(name), "is in the manifest but not in the archive", "package-missing")
        for name in manifest.files.keys() - files.keys()
    ]
    for name, content in files.items():
        if len(content) > MAX_FILE:
            count = MAX_FILE >> 20
            faults.append(Fault(_at(name), f"is larger than {count} MiB", "file-too-large", {"count": count}))
        elif name not in manifest.files:
            faults.append(Fault(_at(name), "is not in the manifest", "package-extra"))
        elif sha256(content).hexdigest() != manifest.files[name]:
            faults.append(Fault(_at(name), "has another hash than the manifest states", "package-hash"))
    return sorted(faults, key=lambda fault: fault.pointer)


def _manifest(content: bytes | None) -> Manifest:
    if content is None:
        raise _refusal([Fault("/package", f"has no {MANIFEST}", "package-manifest-missing")])
    try:
        found = _parsed(orjson.loads(content))
    except (AttributeError, TypeError, KeyError, ValueError) as error:  # also of the JSON
        wrong = Fault("/package", f"has a {MANIFEST} that can't be read", "package-manifest")
        raise _refusal([wrong]) from error
    if not bpmn.is_unit(found.unit) or not all(map(bpmn.is_unit, found.units)):
        raise _refusal([Fault("/package/units", "names a unit with an impossible key", "unit")])
    return found


def _parsed(value: Any) -> Manifest:
    """Returns the manifest. Raises what a value of another shape leads to."""
    if value.pop("format") != FORMAT:
        raise ValueError("another format")
    hashes: dict[str, Any] = {name: _hashes(value.pop(name)) for name in ("files", "calls")}
    names: dict[str, Any] = {name: _listed(value.pop(name)) for name in _NAMES}
    found = Manifest(**value, **hashes, **names)
    texts = (found.definition, found.hash, found.unit)
    if not all(isinstance(text, str) for text in texts) or not isinstance(found.version, int):
        raise TypeError("another type")
    if not _KEY.fullmatch(found.definition) or not all(map(_KEY.fullmatch, found.calls)):
        raise ValueError("no key")
    return found


def _hashes(value: Any) -> Mapping[str, str]:
    if not all(isinstance(one, str) and _HASH.fullmatch(one) for one in value.values()):
        raise ValueError("no hash")
    return dict(value)


def _listed(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > 1_000:
        raise TypeError("no list")
    if not all(isinstance(one, str) and one.isprintable() and len(one) <= 200 for one in value):
        raise ValueError("no name")
    return tuple(value)


def _at(name: str) -> str:
    return f"/package/{name.removeprefix(FOLDER)[:_SHOWN]}"


def _refusal(faults: list[Fault]) -> Invalid:
    return Invalid("The package can't be used.", faults)
