"""Comparing what is stored with what the rows say."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import DocumentVersion, StagedDocument
from engine.platform.storage import Storage


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Content that a row names is `missing` or `altered`; what no row names is an `orphan`, which does no harm.
    """

    kind: Literal["missing", "altered", "orphan"]
    name: str


def check(session: Session, storage: Storage) -> Iterator[Finding]:
    """Read all that is stored, and tell what is wrong.

    What is being uploaded meanwhile may show as an orphan.
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
