"""Compares what is stored with the rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import DocumentVersion, StagedDocument
from engine.platform.storage import Storage


@dataclass(frozen=True, slots=True)
class Finding:
    """One inconsistency.

    Content that a row names is `missing` or `altered`; content that no row names is an `orphan`, which is
    harmless.
    """

    kind: Literal["missing", "altered", "orphan"]
    name: str


def check(session: Session, storage: Storage) -> Iterator[Finding]:
    """Reads all that is stored, and returns the inconsistencies.

    Files that are being uploaded at the same time may be reported as orphans.
    """
    stored = set(storage.names())
    known: set[str] = set()
    staged = select(StagedDocument.sha256).where(StagedDocument.media_type.is_not(None))
    named = select(DocumentVersion.sha256).union(staged)
    for (digest,) in session.execute(named.execution_options(yield_per=1000)):
        key = digest.hex()
        known.add(key)
        match storage.damage(key):
            case "missing":
                yield Finding("missing", key)
            case "altered":
                yield Finding("altered", key)
    yield from (Finding("orphan", name) for name in sorted(stored - known))
