"""A checkpoint as a document: canonical JSON, its hash, its signatures; and reading one from a file.

`{"checkpoint": {…}, "hash": "…", "signatures": [{"key": "…", "signature": "…"}]}`: see docs/audit.md.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from engine.bpmn.values import instant
from engine.events import hash_chain
from engine.models import CheckpointLog
from engine.oversight.audit import signing
from engine.oversight.audit.merkle import Tree
from engine.oversight.audit.signing import Key

FORMAT = 1
MAX_BYTES = 1 << 20  # of a file


class Unreadable(Exception):
    """The file is no checkpoint, or it was altered. The message says which."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The chains of one log: how many, how many entries in all, and the Merkle root of their heads."""

    count: int
    entries: int
    root: str

    @classmethod
    def of(cls, tree: Tree) -> "Summary":
        """Returns the summary of a complete tree."""
        return cls(tree.count, tree.entries, tree.root().hex())

    def members(self) -> dict[str, Any]:
        """Returns it as JSON."""
        return {"count": self.count, "entries": self.entries, "root": self.root}


@dataclass(frozen=True, slots=True)
class Statement:
    """What a checkpoint states. `keys` are the public keys that sign it, none if it isn't signed.

    `previous` is the hash of the checkpoint before, None in the first. `head` is that of the administration
    log, which is one chain of `length` entries.
    """

    installation: UUID
    number: int
    at: datetime
    previous: str | None
    cases: Summary
    readers: Summary
    length: int
    head: str
    keys: tuple[str, ...]

    def chains(self) -> tuple[tuple[CheckpointLog, Summary], ...]:
        """Returns the logs that consist of many chains."""
        return ("cases", self.cases), ("readers", self.readers)

    def content(self) -> bytes:
        """Returns the canonical JSON that is hashed and signed."""
        return hash_chain.canonical(
            {
                "format": FORMAT,
                "installation": str(self.installation),
                "number": self.number,
                "at": instant(self.at),
                "previous": self.previous,
                "cases": self.cases.members(),
                "readers": self.readers.members(),
                "administration": {"length": self.length, "head": self.head},
                "keys": list(self.keys),
            }
        )

    def sign(self, keys: Sequence[Key]) -> "Signed":
        """Returns it with the signatures of these keys."""
        content = self.content()
        return Signed(self, content, tuple((key.id, key.sign(content)) for key in keys))


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement with its exact content and its signatures: pairs of key id and base64."""

    statement: Statement
    content: bytes
    signatures: tuple[tuple[str, str], ...]

    @property
    def hash(self) -> bytes:
        """The hash that the next checkpoint contains."""
        return hashlib.sha256(self.content).digest()

    def genuine(self) -> bool:
        """Returns whether it has a valid signature of each of its keys."""
        given = dict(self.signatures)
        return len(given) == len(self.statement.keys) and all(
            signing.verifies(public, given.get(signing.key_id(public), ""), self.content)
            for public in self.statement.keys
        )

    def document(self) -> bytes:
        """Returns the file that is sent out."""
        signatures = [{"key": key, "signature": text} for key, text in self.signatures]
        members = {"hash": self.hash.hex(), "signatures": signatures}
        return b'{"checkpoint":' + self.content + b"," + orjson.dumps(members)[1:] + b"\n"


def parse(document: bytes) -> Signed:
    """Returns the checkpoint in a file. Raises Unreadable."""
    try:
        found: Any = orjson.loads(document[:MAX_BYTES])
        signed = restore(found["checkpoint"], found["signatures"])
        given = found["hash"]
    except (ValueError, TypeError, KeyError, AttributeError) as cause:
        raise Unreadable("It is not a checkpoint of this format.") from cause
    if given != signed.hash.hex():
        raise Unreadable("It was altered: its content does not have its hash.")
    return signed


def restore(members: Mapping[str, Any], signatures: Sequence[Mapping[str, str]]) -> Signed:
    """Returns a stored checkpoint. Raises ValueError, TypeError or KeyError for anything else."""
    if members["format"] != FORMAT:
        raise ValueError("another format")
    if not all(signing.is_public_key(key) for key in members["keys"]):
        raise ValueError("keys that are none")
    cases, readers = (
        Summary(_count(stated["count"]), _count(stated["entries"]), str(stated["root"]))
        for stated in (members["cases"], members["readers"])
    )
    administration = members["administration"]
    at = datetime.fromisoformat(members["at"])
    if at.tzinfo is None:
        raise ValueError("a time without its zone")
    statement = Statement(
        installation=UUID(members["installation"]),
        number=_count(members["number"]),
        at=at,
        previous=members["previous"],
        cases=cases,
        readers=readers,
        length=_count(administration["length"]),
        head=str(administration["head"]),
        keys=tuple(members["keys"]),
    )
    pairs = tuple((one["key"], one["signature"]) for one in signatures)
    return Signed(statement, hash_chain.canonical(members), pairs)


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise ValueError("no count")
    return value
