"""Receives a file from a stream into the storage."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import IO

import structlog

from engine.platform import media, scanner
from engine.platform.config import Settings
from engine.platform.errors import Fault, Invalid
from engine.platform.media import Unfit
from engine.platform.storage import Storage, checksum

log = structlog.get_logger("documents")


@dataclass(frozen=True, slots=True)
class Received:
    """A file that was checked and stored; no row names it yet."""

    name: str
    media_type: str
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Intake:
    """What an installation accepts, and where it stores it."""

    storage: Storage
    max_bytes: int
    types: Collection[str]
    clamd: str | None

    @classmethod
    def of(cls, settings: Settings) -> "Intake":
        """Returns it as configured."""
        storage = Storage(settings.documents)
        return cls(storage, settings.document_max_mb << 20, settings.document_types, settings.clamd)

    def receive(self, content: IO[bytes], name: str) -> Received:
        """Checks, scans and stores a file.

        Raises Invalid for a file that isn't accepted; then nothing is stored.
        """
        try:
            media.checked_name(name)
            kind = media.judge(content, name, self.types)
        except Unfit as refused:
            raise _refusal(refused) from refused
        key = checksum(content)
        size = content.tell()
        self._require_harmless(content, key)
        self.storage.put(key, content)
        return Received(name, kind.media_type, size, bytes.fromhex(key))

    def _require_harmless(self, content: IO[bytes], key: str) -> None:
        if self.clamd is None:
            return
        found = scanner.scan(self.clamd, content)
        if found is not None:
            log.warning("document.infected", key=key, found=found)
            raise _refusal(
                Unfit(
                    "infected",
                    "was rejected by the virus scanner. Check your device and send a clean file.",
                )
            )


def _refusal(refused: Unfit) -> Invalid:
    return Invalid(
        f"The file {refused.detail}", [Fault("/file", refused.detail, refused.code, refused.values)]
    )
