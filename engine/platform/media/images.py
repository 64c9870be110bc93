"""Images: their dimensions, read from headers. Opening one must not require gigabytes of memory."""

import struct
from typing import IO, NoReturn

from engine.platform.media.kinds import Unfit, part, size_of

MAX_PIXELS = 120_000_000  # A2 at 600 dpi has 140, A3 has 70
MAX_PAGES = 1000  # of a TIFF
MAX_TAGS = 1000
MAX_MARKERS = 10_000  # of a JPEG, before its frame
_WIDTH, _HEIGHT = 256, 257
# The markers of a JPEG that contain its dimensions: all SOFn.
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_BARE = {0x01, *range(0xD0, 0xD9)}  # markers without a length


def png(stream: IO[bytes]) -> None:
    """Check the header. Raises Unfit for a broken or too large image."""
    head = part(stream, 8, 16)
    if len(head) < 16 or head[:8] != b"\0\0\0\x0dIHDR":
        _broken()
    _require(*struct.unpack(">II", head[8:]))


def jpeg(stream: IO[bytes]) -> None:
    """Follow the markers to the frame. Raises Unfit for a broken or too large image."""
    at = 2
    for _ in range(MAX_MARKERS):
        head = part(stream, at, 9)
        if len(head) < 4 or head[0] != 0xFF:
            _broken()
        marker = head[1]
        if marker == 0xFF:  # padding
            at += 1
        elif marker in _BARE:
            at += 2
        elif marker in _FRAMES and len(head) == 9:
            height, width = struct.unpack(">HH", head[5:])
            _require(width, height)
            return
        else:
            at += 2 + max(2, int.from_bytes(head[2:4]))
        if marker in (0xD9, 0xDA):  # the end, or pixels, before any frame
            break
    _broken()


def webp(stream: IO[bytes]) -> None:
    """Check the header. Raises Unfit for a broken or too large image."""
    head = part(stream, 0, 30)
    if len(head) < 30 or int.from_bytes(head[4:8], "little") + 8 > size_of(stream):
        _broken()
    match head[12:16]:
        case b"VP8X":
            width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = (value & 0x3FFF for value in struct.unpack("<HH", head[26:30]))
        case _:
            _broken()
    _require(width, height)


def tiff(stream: IO[bytes]) -> None:
    """Check all pages. Raises Unfit if the file is broken, or a page too large."""
    order = "<" if part(stream, 0, 2) == b"II" else ">"
    (at,) = struct.unpack(order + "I", _whole(part(stream, 4, 4), 4))
    seen: set[int] = set()
    while at:
        if at in seen or len(seen) == MAX_PAGES:
            _broken()
        seen.add(at)
        at = _page(stream, at, order)
    if not seen:
        _broken()


def _page(stream: IO[bytes], at: int, order: str) -> int:
    """Check one page; return the offset of the next one's directory, 0 after the last."""
    (count,) = struct.unpack(order + "H", _whole(part(stream, at, 2), 2))
    if count > MAX_TAGS:
        _broken()
    directory = _whole(part(stream, at + 2, 12 * count + 4), 12 * count + 4)
    found = {}
    for start in range(0, 12 * count, 12):
        tag, kind = struct.unpack(order + "HH", directory[start : start + 4])
        if tag in (_WIDTH, _HEIGHT):
            value = directory[start + 8 : start + 12]
            (found[tag],) = (
                struct.unpack(order + "H", value[:2]) if kind == 3 else struct.unpack(order + "I", value)
            )
    _require(found.get(_WIDTH, 0), found.get(_HEIGHT, 0))
    (following,) = struct.unpack(order + "I", directory[-4:])
    return int(following)


def _whole(content: bytes, length: int) -> bytes:
    return content if len(content) == length else _broken()


def _require(width: int, height: int) -> None:
    if width == 0 or height == 0:
        _broken()
    if width * height > MAX_PIXELS:
        raise Unfit(
            "pixels",
            f"has {width} × {height} pixels, more than {MAX_PIXELS // 1_000_000} million. "
            "Scan it at a lower resolution.",
        )


def _broken() -> NoReturn:
    raise Unfit("damaged", "is a damaged picture. Save it again and upload the new file.")
