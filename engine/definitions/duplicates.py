"""The rule of a service about a second open application of the same person, from its service.toml.

Remembered for each version, which never changes, when its files are read anyway: it costs no statement to
start a case of a process without the file.
"""

from collections.abc import Mapping

from engine.definitions.toml_files import SERVICE, service_of
from engine.definitions.toml_files.service_file import Duplicates

MOST = 4_000

_rules: dict[tuple[str, str], Duplicates | None] = {}


def known(digest: str, key: str) -> bool:
    """Returns whether the rule of a version is remembered."""
    return (digest, key) in _rules


def rule(digest: str, key: str) -> Duplicates | None:
    """Returns the rule of a version that is known; None if it has no service.toml."""
    return _rules.get((digest, key))


def remember(digest: str, key: str, files: Mapping[str, bytes]) -> None:
    """Remembers the rule of a version with these files."""
    if len(_rules) >= MOST:
        _rules.clear()
    found = service_of(files, key) if SERVICE in files else None
    _rules[digest, key] = None if found is None else found.duplicates
