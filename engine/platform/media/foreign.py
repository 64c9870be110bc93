"""Detection of unsupported file types, so that a refusal can name them."""

import re

_PROGRAMS: tuple[tuple[bytes, str], ...] = (
    (rb"MZ", "Windows"),
    (rb"\x7fELF", "Linux"),
    (rb"\xca\xfe\xba\xbe|\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe", "macOS/Java"),
    (rb"dex\n", "Android"),
    (rb"#!", "script"),
)
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (rb".{4}ftyp(?:hei[cx]|hev[cx]|mif1|msf1)", "HEIC"),
    (rb".{4}ftypavif", "AVIF"),
    (rb".{4}ftyp|\x1aE\xdf\xa3|RIFF.{4}AVI ", "video"),
    (rb"GIF8", "GIF"),
    (rb"BM", "BMP"),
    (rb"ID3|OggS|RIFF.{4}WAVE", "audio"),
    (rb"Rar!", "RAR"),
    (rb"7z\xbc\xaf", "7z"),
    (rb"PK", "ZIP"),
    (rb"\x1f\x8b", "gzip"),
    (rb"\{\\rtf", "RTF"),
    (rb"\xd0\xcf\x11\xe0", "Office 97-2003"),
)


def program(head: bytes) -> str | None:
    """Return the system for which a file is a program, by its first bytes; None if it is none."""
    return _first(_PROGRAMS, head)


def other(head: bytes) -> str | None:
    """Return the name of another file type, if its first bytes show it."""
    return _first(_OTHERS, head)


def _first(known: tuple[tuple[bytes, str], ...], head: bytes) -> str | None:
    return next((name for begins, name in known if re.match(begins, head, re.DOTALL)), None)
