"""Identifiers."""

import os
import time
from uuid import UUID


def uuid7() -> UUID:
    """Return a time-ordered identifier (RFC 9562 §5.7): index pages fill in order and lists page by id."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | int.from_bytes(os.urandom(10), "big")
    return UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62)
