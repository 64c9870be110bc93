"""The connectors of an installation. Nothing else can be called: processes contain names, never addresses."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from engine.connectors import configuration
from engine.connectors.connector import Connector, Declaration, Operation
from engine.connectors.message import CallFailed
from engine.connectors.toml_table import Misconfigured
from engine.platform.config import Settings


class Connectors:
    """All connectors by name."""

    def __init__(self, connectors: Sequence[Connector]) -> None:
        self._connectors = {connector.name: connector for connector in connectors}

    @classmethod
    def read(cls, settings: Settings) -> "Connectors":
        """Returns the connectors of the configured file and, for other names, those of a demonstration.

        Raises Misconfigured (a ValueError) with every fault of the faulty file.
        """
        return cls(configuration.read(settings))

    @classmethod
    def operations_of(cls, settings: Settings) -> Mapping[str, Mapping[str, Operation]] | None:
        """Returns the operations of each connector by its name; None if their file cannot be used."""
        try:
            return {connector.name: connector.operations for connector in cls.read(settings)}
        except Misconfigured:
            return None

    @classmethod
    def declarations_of(cls, settings: Settings) -> Mapping[str, Mapping[str, str]]:
        """Returns what each operation declares, as facts of its calls, by `connector/operation`.

        The only operation of a connector is also found by the connector's name. Empty if their file cannot be
        used: what needs it reports that.
        """
        try:
            known = list(cls.read(settings))
        except Misconfigured:
            return {}
        found: dict[str, Mapping[str, str]] = {}
        for one in known:
            stated = {f"{one.name}/{each.name}": _facts(each.declared) for each in one.operations.values()}
            found |= {**stated, **({one.name: next(iter(stated.values()))} if len(stated) == 1 else {})}
        return found

    @classmethod
    def digest_of(cls, settings: Settings) -> str | None:
        """Returns the SHA-256 of their files, in hex; None if these cannot be used."""
        try:
            return configuration.digest(settings)
        except Misconfigured:
            return None

    def __contains__(self, name: object) -> bool:
        return name in self._connectors

    def __iter__(self) -> Iterator[Connector]:
        return iter(self._connectors.values())

    def get(self, name: str) -> Connector:
        """Returns the connector with this name. Raises CallFailed: a definition may outlive its connector."""
        if name not in self._connectors:
            raise CallFailed("unknown-connector", "the installation has no such connector", retriable=False)
        return self._connectors[name]

    def ladder(self, name: str) -> Sequence[float]:
        """Returns the seconds to wait before each further try; none for an unknown connector."""
        return self._connectors[name].ladder if name in self._connectors else ()


def _facts(declared: Declaration) -> Mapping[str, str]:
    return {name: text for name, text in asdict(declared).items() if text is not None}
