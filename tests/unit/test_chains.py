"""Chains of hashes: the form in which entries are hashed never changes, and the first break is named."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from engine.events import hash_chain

MEMBERS = ("at", "seq", "who", "payload_hash")
Entries = list[dict[str, Any]]


def a_chain(length: int) -> Entries:
    entries: Entries = []
    before = hash_chain.GENESIS
    for seq in range(1, length + 1):
        sealed = hash_chain.sealed({"purpose": "بررسی"} if seq % 2 else None)
        entry = {
            "at": datetime(2026, 3, 21, 8, 15, seq, tzinfo=UTC),
            "seq": seq,
            "who": UUID(int=7),
            "payload": sealed["payload"],
            **{name: sealed[name] and bytes.fromhex(sealed[name]) for name in ("salt", "payload_hash")},
        }
        before = hash_chain.digest(before, {name: hash_chain.text(entry[name]) for name in MEMBERS})
        entries.append({**entry, "hash": before})
    return entries


def first_break(entries: Entries, length: int, last: bytes) -> tuple[int, str] | None:
    return hash_chain.first_break(entries, MEMBERS, length, last)


def test_entry_is_hashed_as_in_every_release_before() -> None:
    members = {"b": None, "a": "نام «۱»", "seq": 12, "at": hash_chain.text(datetime(2026, 3, 21, tzinfo=UTC))}
    assert hash_chain.canonical(members) == (
        '{"a":"نام «۱»","at":"2026-03-21T00:00:00.000000+00:00","b":null,"seq":12}'.encode()
    )
    assert hash_chain.digest(hash_chain.GENESIS, members).hex() == (
        "95d760783542a22f23eceb58a713218235c18dfe7468813e8f1f182ac7491c1f"
    )


def test_whole_chain_has_no_break() -> None:
    entries = a_chain(4)
    assert first_break(entries, 4, entries[-1]["hash"]) is None
    assert first_break([], 0, hash_chain.GENESIS) is None


def test_erased_payload_is_no_break() -> None:
    entries = a_chain(3)
    entries[2] |= {"payload": None, "salt": None}
    assert first_break(entries, 3, entries[-1]["hash"]) is None


def _change(entries: Entries) -> None:
    entries[1]["who"] = UUID(int=8)


def _change_payload(entries: Entries) -> None:
    entries[2]["payload"] = {"purpose": "other"}


def _erase_salt_alone(entries: Entries) -> None:
    entries[2]["salt"] = None


def _delete(entries: Entries) -> None:
    del entries[1]


def _exchange(entries: Entries) -> None:
    entries[1], entries[2] = ({**entries[2], "seq": 2}, {**entries[1], "seq": 3})


def _cut(entries: Entries) -> None:
    del entries[2:]


def _append(entries: Entries) -> None:
    added = {**entries[-1], "seq": 5}
    members = {name: hash_chain.text(added[name]) for name in MEMBERS}
    entries.append({**added, "hash": hash_chain.digest(entries[-1]["hash"], members)})


def _rewrite_end(entries: Entries) -> None:
    changed = {**entries[-1], "who": UUID(int=8)}
    members = {name: hash_chain.text(changed[name]) for name in MEMBERS}
    entries[-1] = {**changed, "hash": hash_chain.digest(entries[-2]["hash"], members)}


@pytest.mark.parametrize(
    ("tamper", "broken"),
    [
        (_change, (2, hash_chain.CHANGED)),
        (_change_payload, (3, hash_chain.PAYLOAD)),
        (_erase_salt_alone, (3, hash_chain.PAYLOAD)),
        (_delete, (2, hash_chain.MISSING)),
        (_exchange, (2, hash_chain.CHANGED)),
        (_cut, (3, hash_chain.END)),
        (_append, (5, hash_chain.ADDED)),
        (_rewrite_end, (4, hash_chain.CHANGED)),
    ],
)
def test_first_break_is_named(tamper: Callable[[Entries], None], broken: tuple[int, str]) -> None:
    entries = a_chain(4)
    last = entries[-1]["hash"]
    tamper(entries)
    assert first_break(entries, 4, last) == broken
