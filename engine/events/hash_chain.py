"""Chains of hashes, and payloads that can be erased from them. It knows no table: whoever keeps a chain does.

An entry's hash covers the hash before it and the entry in canonical JSON (RFC 8785). What may be personal
stands in its payload, which enters only as a salted hash: erasing payload and salt leaves the chain whole.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

GENESIS = bytes(32)  # the hash before a chain's first entry
MISSING = "an entry is missing"
CHANGED = "the entry was changed"
PAYLOAD = "the payload was changed"
ADDED = "the entry was added by another hand"
END = "the end of the log is missing"


def text(value: Any) -> str | int | None:
    """A value as it is hashed."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value.hex() if isinstance(value, bytes) else str(value)


def bytea(value: str | None) -> str | None:
    """Bytes in hex as PostgreSQL reads them from text."""
    return None if value is None else "\\x" + value


def canonical(members: Mapping[str, Any]) -> bytes:
    """Texts and whole numbers only, keys in ASCII: orjson's sorted output is RFC 8785's canonical form."""
    return orjson.dumps(members, option=orjson.OPT_SORT_KEYS)


def digest(before: bytes, members: Mapping[str, Any]) -> bytes:
    """The hash of an entry after the one with the hash `before`."""
    return hashlib.sha256(before + canonical(members)).digest()


def sealed(payload: Any) -> dict[str, Any]:
    """The columns of a payload, in hex: itself, a salt against guesses, and the hash that is chained."""
    if not payload:
        return {"payload": None, "salt": None, "payload_hash": None}
    salt = os.urandom(16)
    return {"payload": payload, "salt": salt.hex(), "payload_hash": _payload_hash(salt, payload).hex()}


def _payload_hash(salt: bytes, payload: Any) -> bytes:
    return hashlib.sha256(salt + orjson.dumps(payload)).digest()


def _payload_holds(entry: Mapping[Any, Any]) -> bool:
    """Whether the payload is the one that was written, or was erased together with its salt."""
    payload, salt = entry["payload"], entry["salt"]
    if payload is None and salt is None:
        return True
    return salt is not None and _payload_hash(salt, payload) == entry["payload_hash"]


def first_break(
    entries: Iterable[Mapping[Any, Any]], members: Sequence[str], length: int, last: bytes
) -> tuple[int, str] | None:
    """The number of the first entry that does not hold, and why. None if all do.

    `entries` come in the order of `seq`; `members` are hashed; `length` and `last` stand in the chain's head.
    """
    before, seq = GENESIS, 0
    for entry in entries:
        seq += 1
        if entry["seq"] != seq:
            return seq, MISSING if seq <= length else ADDED
        if seq > length:
            return seq, ADDED
        if digest(before, {name: text(entry[name]) for name in members}) != entry["hash"]:
            return seq, CHANGED
        if not _payload_holds(entry):
            return seq, PAYLOAD
        before = entry["hash"]
    if seq < length:
        return seq + 1, END
    return None if before == last else (seq, CHANGED)
