"""A service package of some files, without an installation that exports it."""

from collections.abc import Mapping
from hashlib import sha256

from engine import bpmn
from engine.design import packages


def package_of(files: Mapping[str, bytes], key: str) -> bytes:
    """The archive of a package of these files, which call nothing."""
    hashes = {name: sha256(content).hexdigest() for name, content in files.items()}
    manifest = packages.Manifest(key, 1, bpmn.digest(files, {}), "root", hashes, {})
    return packages.write(packages.Package(manifest, files))
