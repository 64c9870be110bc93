"""Hash chains, and payloads that can be erased from them. Independent of the tables that store a chain.

An entry's hash covers the hash before it and the entry in canonical JSON (RFC 8785). Personal data may only
be in its payload, which enters as a salted hash: the chain stays valid when payload and salt are erased.
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


def text(value: Any) -> Any:
    """Returns a value in the form in which it is hashed."""
    if value is None or isinstance(value, str | int | dict):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value.hex() if isinstance(value, bytes) else str(value)


def bytea(value: str | None) -> str | None:
    """Returns bytes in hex, as PostgreSQL parses them from text."""
    return None if value is None else "\\x" + value


def canonical(members: Mapping[str, Any]) -> bytes:
    """Returns the canonical JSON of RFC 8785.

    Only for text, whole numbers up to 2^53, booleans and objects of these, and keys in ASCII: for these
    orjson's sorted output is canonical.
    """
    return orjson.dumps(members, option=orjson.OPT_SORT_KEYS)


def digest(before: bytes, members: Mapping[str, Any]) -> bytes:
    """Returns the hash of an entry after the one with the hash `before`."""
    return hashlib.sha256(before + canonical(members)).digest()


def mark(*values: Any) -> str:
    """Returns 64 bits of the SHA-256 of values, in hex: an erasable payload has it in their place.

    Instants, ids and bytes count as their texts.
    """
    listed = [value if isinstance(value, list) else text(value) for value in values]
    return hashlib.sha256(orjson.dumps(listed, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def sealed(payload: Any) -> dict[str, Any]:
    """Returns the columns of a payload, in hex: the payload, a salt against guesses, and the chained hash."""
    if not payload:
        return {"payload": None, "salt": None, "payload_hash": None}
    salt = os.urandom(16)
    return {"payload": payload, "salt": salt.hex(), "payload_hash": _payload_hash(salt, payload).hex()}


def _payload_hash(salt: bytes, payload: Any) -> bytes:
    return hashlib.sha256(salt + orjson.dumps(payload)).digest()


def _payload_holds(entry: Mapping[Any, Any]) -> bool:
    """Returns whether the payload is unchanged, or was erased together with its salt.

    The payload of an entry that has no salt can't be erased, and is one of the hashed members.
    """
    if "salt" not in entry:
        return True
    payload, salt = entry["payload"], entry["salt"]
    if payload is None and salt is None:
        return True
    return salt is not None and _payload_hash(salt, payload) == entry["payload_hash"]


def first_break(
    entries: Iterable[Mapping[Any, Any]],
    members: Sequence[str],
    length: int,
    last: bytes,
    *,
    later: Sequence[str] = (),
) -> tuple[int, str] | None:
    """Returns the number of the first invalid entry, and why it is invalid. None if all are valid.

    `entries` come in the order of `seq`; `members` are hashed, and those in `later` unless they are None, as
    in entries of earlier releases; `length` and `last` are in the chain's head.
    """
    before, seq = GENESIS, 0
    for entry in entries:
        seq += 1
        if entry["seq"] != seq:
            return seq, MISSING if seq <= length else ADDED
        if seq > length:
            return seq, ADDED
        hashed = [*members, *(name for name in later if entry[name] is not None)]
        if digest(before, {name: text(entry[name]) for name in hashed}) != entry["hash"]:
            return seq, CHANGED
        if not _payload_holds(entry):
            return seq, PAYLOAD
        before = entry["hash"]
    if seq < length:
        return seq + 1, END
    return None if before == last else (seq, CHANGED)
