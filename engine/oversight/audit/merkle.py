"""The Merkle tree of the heads of chains: hashed as in RFC 6962, computed in a stream, in constant memory."""

import hashlib
from uuid import UUID

LEAF, NODE = b"\x00", b"\x01"


def leaf(subject: UUID, length: int, head: bytes) -> bytes:
    """Returns the hash of a leaf: the id (16 bytes), the length (8 bytes, big-endian), the head."""
    return hashlib.sha256(LEAF + subject.bytes + length.to_bytes(8) + head).digest()


class Tree:
    """A tree to which leaves are added in the order of their ids.

    `count` is the number of leaves, `entries` of the entries in their chains.
    """

    def __init__(self) -> None:
        self.count = 0
        self.entries = 0
        self._peaks: list[tuple[int, bytes]] = []  # complete subtrees, by size, the largest first

    def add(self, subject: UUID, length: int, head: bytes) -> None:
        """Adds the leaf of one chain."""
        size, digest = 1, leaf(subject, length, head)
        while self._peaks and self._peaks[-1][0] == size:
            digest = _node(self._peaks.pop()[1], digest)
            size *= 2
        self._peaks.append((size, digest))
        self.count += 1
        self.entries += length

    def root(self) -> bytes:
        """Returns the root; of no leaves the hash of nothing, as in RFC 6962 §2.1."""
        if not self._peaks:
            return hashlib.sha256().digest()
        (_, digest), *higher = reversed(self._peaks)
        for _, left in higher:
            digest = _node(left, digest)
        return digest


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(NODE + left + right).digest()
