"""Which characters a TrueType font has: its table `cmap` (OpenType 1.9)."""

import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path


@cache
def characters(file: Path) -> frozenset[int]:
    """Return the code points for which the font has a glyph."""
    content = file.read_bytes()
    cmap = _table(content, b"cmap")
    (count,) = struct.unpack_from(">H", cmap, 2)
    found: set[int] = set()
    for number in range(count):
        (offset,) = struct.unpack_from(">L", cmap, 8 + 8 * number)
        part = cmap[offset:]
        (kind,) = struct.unpack_from(">H", part)
        if kind == 4:
            found.update(_segments(part))
        elif kind == 12:
            found.update(_groups(part))
    return frozenset(found)


def _table(content: bytes, tag: bytes) -> bytes:
    (count,) = struct.unpack_from(">H", content, 4)
    for number in range(count):
        name, _, offset, length = struct.unpack_from(">4sLLL", content, 12 + 16 * number)
        if name == tag:
            return content[offset : offset + length]
    raise ValueError("not a TrueType font")


def _segments(part: bytes) -> Iterator[int]:
    """Yield the characters of a part in format 4: those below U+10000."""
    (twice,) = struct.unpack_from(">H", part, 6)
    ends, starts, deltas, ranges = (14, 16 + twice, 16 + 2 * twice, 16 + 3 * twice)
    for at in range(0, twice, 2):
        (end,), (start,) = (
            struct.unpack_from(">H", part, ends + at),
            struct.unpack_from(">H", part, starts + at),
        )
        (delta,), (shift,) = (
            struct.unpack_from(">H", part, deltas + at),
            struct.unpack_from(">H", part, ranges + at),
        )
        for char in range(start, min(end, 0xFFFE) + 1):
            glyph = char
            if shift:
                (glyph,) = struct.unpack_from(">H", part, ranges + at + shift + 2 * (char - start))
            if glyph and (glyph + delta) & 0xFFFF:
                yield char


def _groups(part: bytes) -> Iterator[int]:
    """Yield the characters of a part in format 12: all of Unicode."""
    (count,) = struct.unpack_from(">L", part, 12)
    for number in range(count):
        start, end, _ = struct.unpack_from(">LLL", part, 16 + 12 * number)
        yield from range(start, min(end, 0x10FFFF) + 1)
