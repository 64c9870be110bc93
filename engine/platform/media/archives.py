"""Zip archives, including office documents: checked by their directory before they are unpacked."""

import posixpath
import re
import stat
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from engine.platform import xml
from engine.platform.media.kinds import BY_NAME, Unfit, part, size_of

MAX_ENTRIES = 5000
MAX_DIRECTORY = 1 << 20
MAX_UNPACKED = 256 << 20
MAX_RATIO = 100  # if it is more than this when unpacked:
SMALL = 16 << 20
MAX_TYPES = 1 << 20  # of [Content_Types].xml

KINDS = ("docx", "xlsx", "pptx", "odt", "ods", "odp")
_TYPES = "[Content_Types].xml"
_MAIN: Mapping[str, str] = {f"{BY_NAME[name].media_type}.main+xml": name for name in ("docx", "xlsx", "pptx")}
_OPEN: Mapping[bytes, str] = {BY_NAME[name].media_type.encode(): name for name in ("odt", "ods", "odp")}
_NESTED = re.compile(
    r"\.(zip|jar|war|apk|7z|rar|gz|tgz|bz2|xz|tar|cab|iso|exe|dll|msi|scr|com|bat|cmd|ps1|js|vbs|hta|lnk)$",
    re.I,
)
_LEFT = re.compile(r"/$|^__MACOSX/|(^|/)(\.[^/]*|Thumbs\.db|desktop\.ini)$", re.I)
_SIGNATURE = b"PK\x05\x06"
_END = struct.Struct("<4s4H2LH")
_LOCATOR = 20  # bytes that lead to the end in the form for large archives
_FURTHEST = _END.size + 0xFFFF  # an archive's end may have a comment of up to 64 KiB


def look(stream: IO[bytes]) -> str:
    """Return which office document it is. Raises Unfit for any other archive, and for a malicious one."""
    count, length = _plain_end(stream, size_of(stream))
    if count > MAX_ENTRIES or length > MAX_DIRECTORY:
        raise _bomb()
    try:
        with ZipFile(stream) as archive:
            entries = archive.infolist()
            _require_harmless(entries, archive.start_dir)
            if any(_has_macros(entry.filename) for entry in entries):
                raise _macros()
            kind = _kind(archive, entries)
            if archive.testzip() is not None:  # reads as much as the directory declares, but nothing beyond
                raise _damaged()
    except (BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as failure:
        raise _damaged() from failure
    return kind


def unpack(stream: IO[bytes], most: int, largest: int) -> dict[str, bytes]:
    """Return the files of an archive by their paths, without folders and desktop metadata.

    At most `most`, and of each at most one byte more than `largest`. Raises Unfit if it is no archive, or a
    malicious one.
    """
    try:
        return _unpack(stream, most, largest)
    except Unfit as unfit:
        if unfit.code != "unpacks":
            raise
        detail = "becomes too large when it is unpacked. Pack only the files that belong together."
        raise Unfit("archive-unpacks", detail) from unfit


def _unpack(stream: IO[bytes], most: int, largest: int) -> dict[str, bytes]:
    count, length = _plain_end(stream, size_of(stream), commented=True)
    if count > MAX_ENTRIES or length > MAX_DIRECTORY:
        raise _too_many()
    try:
        with ZipFile(stream) as archive:
            entries = archive.infolist()
            if not entries:
                raise Unfit("archive-empty", "is empty. Pack the files of the process.")
            _require_own_names([entry.filename for entry in entries])
            if any(stat.S_ISLNK(entry.external_attr >> 16) for entry in entries):
                raise Unfit("archive-link", "contains symbolic links. Pack the files themselves.")
            _require_harmless(entries, archive.start_dir)
            wanted = [entry for entry in entries if not _LEFT.search(entry.filename)]
            if len(wanted) > most:
                raise _too_many()
            return {entry.filename: _read(archive, entry, largest) for entry in wanted}
    except (BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as failure:
        raise _damaged() from failure


def _read(archive: ZipFile, entry: ZipInfo, largest: int) -> bytes:
    with archive.open(entry) as held:
        return held.read(largest + 1)


def _require_own_names(names: Sequence[str]) -> None:
    if any(_leads_out(name) for name in names):
        raise Unfit("archive-path", "contains paths that lead outside it. Pack the folder itself.")
    if len(set(names)) < len(names):
        raise Unfit("archive-twice", "has two files with the same name. Rename one of them.")


def ends_as_archive(stream: IO[bytes]) -> bool:
    """Return whether programs would open it as a zip archive, whatever its beginning."""
    start = max(0, size_of(stream) - _FURTHEST)
    tail = part(stream, start, _FURTHEST)
    at = tail.rfind(_SIGNATURE)
    while at >= 0:
        if len(tail) - at >= _END.size:
            *_, length, _, _ = _END.unpack_from(tail, at)
            if length and part(stream, start + at - length, 4) == b"PK\x01\x02":
                return True
        at = tail.rfind(_SIGNATURE, 0, at)
    return False


def _plain_end(stream: IO[bytes], size: int, *, commented: bool = False) -> tuple[int, int]:
    """Return how many entries there are, and how long the directory is.

    The end must be the very end, after a directory that reaches it: so all readers agree. An archive may be
    `commented`, as from code hosting services, if it is only read here and not stored.
    """
    tail = part(stream, max(0, size - _FURTHEST), _FURTHEST)
    at = tail.rfind(_SIGNATURE) if commented else len(tail) - _END.size
    if at < 0 or len(tail) - at < _END.size:
        raise _damaged()
    signature, disk, first, count, total, length, offset, comment = _END.unpack_from(tail, at)
    ends = at + _END.size + comment == len(tail) and offset + length == size - len(tail) + at
    if signature != _SIGNATURE or disk or first or not ends:
        raise _damaged()
    if count != total or tail[max(0, at - _LOCATOR) : at].startswith(b"PK\x06\x07"):
        raise _bomb()  # a second end, with other numbers, which readers would prefer
    return total, length


def _require_harmless(entries: Sequence[ZipInfo], directory: int) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if unpacked > MAX_UNPACKED or (unpacked > SMALL and unpacked > MAX_RATIO * packed):
        raise _bomb()
    _require_apart(entries, directory)
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names) or any(_leads_out(name) for name in names):
        raise _damaged()
    if any(_NESTED.search(name) for name in names):
        raise Unfit("nested", "contains an archive or a program. Upload the contained files separately.")
    if any(entry.flag_bits & 0x41 for entry in entries):
        raise Unfit("encrypted", "is protected with a password. Save it without one and upload it again.")
    if any(entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for entry in entries):
        raise _damaged()


def _require_apart(entries: Sequence[ZipInfo], directory: int) -> None:
    """Require that entries don't overlap: overlaps make small files unpack to gigabytes."""
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    following = [*(entry.header_offset for entry in ordered[1:]), directory]
    if not ordered or ordered[0].header_offset != 0:
        raise _damaged()
    for entry, limit in zip(ordered, following, strict=True):
        if entry.header_offset + 30 + len(entry.filename) + entry.compress_size > limit:
            raise _bomb()


def _kind(archive: ZipFile, entries: Sequence[ZipInfo]) -> str:
    first = entries[0]
    if first.filename == "mimetype" and first.compress_type == ZIP_STORED and first.file_size < 100:
        found = _OPEN.get(archive.read(first))
    else:
        found = _office(archive, {entry.filename: entry for entry in entries}.get(_TYPES))
    if found is None:
        raise Unfit(
            "type", "is an archive, or an office document of a type that is not accepted. Upload a PDF."
        )
    return found


def _office(archive: ZipFile, types: ZipInfo | None) -> str | None:
    """Detect the kind by what the archive declares about its parts."""
    if types is None or types.file_size > MAX_TYPES:
        return None
    try:
        root = xml.parse(archive.read(types))
    except xml.NotXml as failure:
        raise _damaged() from failure
    said = {str(item.get("ContentType", "")).strip() for item in root.iter()}
    if any("vbaproject" in name.lower() or "macroenabled" in name.lower() for name in said):
        raise _macros()
    main = said & set(_MAIN)
    return _MAIN[main.pop()] if len(main) == 1 else None


def _leads_out(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ".." in name.split("/")


def _has_macros(name: str) -> bool:
    """Return whether it is a macro part of Office, or in the folder of OpenDocument's macros."""
    if posixpath.basename(name).lower() == "vbaproject.bin":
        return True
    return name.startswith(("Basic/", "Scripts/")) and not name.endswith("/")


def _too_many() -> Unfit:
    return Unfit("too-many-files", "contains too many files. Pack only the files that belong together.")


def _macros() -> Unfit:
    return Unfit("macros", "has macros. Save it without macros and upload it again.")


def _bomb() -> Unfit:
    return Unfit("unpacks", "becomes too large when it is unpacked. Upload a PDF instead.")


def _damaged() -> Unfit:
    return Unfit("damaged", "is a damaged archive. Save it again and upload the new file.")
