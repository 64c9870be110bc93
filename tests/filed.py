"""Files as people upload them, and malicious ones. All are generated here: none is stored."""

import struct
import zlib
from collections.abc import Mapping
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN = "application/vnd.oasis.opendocument."
MAIN = {
    "docx": OFFICE + "wordprocessingml.document.main+xml",
    "xlsx": OFFICE + "spreadsheetml.sheet.main+xml",
    "pptx": OFFICE + "presentationml.presentation.main+xml",
}
EXE = b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0" + bytes(44) + b"\x80\0\0\0" + bytes(64) + b"PE\0\0" + bytes(200)


def pdf(more: bytes = b"", end: bytes = b"%%EOF\n") -> bytes:
    """A PDF of one empty page, with more objects."""
    return (
        b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
        b"2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n"
        + more
        + b"\ntrailer\n<< /Root 1 0 R >>\n"
        + end
    )


def png(width: int = 10, height: int = 10) -> bytes:
    """A PNG that declares these dimensions."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(331))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def jpeg(width: int = 10, height: int = 10, *, before: bytes = b"") -> bytes:
    """A JPEG that declares these dimensions."""
    frame = b"\xff\xc0\0\x11\x08" + struct.pack(">HH", height, width) + b"\3\1\x11\0\2\x11\0\3\x11\0"
    jfif = b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
    return b"\xff\xd8" + jfif + before + frame + b"\xff\xda\0\x08\1\1\0\0\x3f\0abc\xff\xd9"


def tiff(*pages: tuple[int, int], order: str = "<", loop: bool = False) -> bytes:
    """A TIFF of pages that declare these dimensions; in a `loop` the last refers back to the first."""
    made = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    for number, (width, height) in enumerate(pages):
        last = number == len(pages) - 1
        following = (8 if loop else 0) if last else len(made) + 30
        tags = struct.pack(order + "HHII", 256, 4, 1, width) + struct.pack(order + "HHII", 257, 4, 1, height)
        made += struct.pack(order + "H", 2) + tags + struct.pack(order + "I", following)
    return made


def webp(width: int = 10, height: int = 10) -> bytes:
    """A lossless WEBP that declares these dimensions."""
    bits = (width - 1) | (height - 1) << 14
    body = b"WEBPVP8L" + struct.pack("<I", 9) + b"\x2f" + struct.pack("<I", bits) + bytes(8)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def archive(parts: Mapping[str, bytes | str], *, method: int = ZIP_DEFLATED) -> bytes:
    """A zip archive of these; `mimetype` is stored uncompressed."""
    made = BytesIO()
    with ZipFile(made, "w") as file:
        for name, content in parts.items():
            entry = ZipInfo(name)
            entry.compress_type = ZIP_STORED if name == "mimetype" else method
            file.writestr(entry, content)
    return made.getvalue()


def office(kind: str = "docx", more: Mapping[str, bytes | str] | None = None, types: str = "") -> bytes:
    """A document of Word, Excel or PowerPoint."""
    said = f'<Override PartName="/main.xml" ContentType="{MAIN.get(kind, kind)}"/>{types}'
    schema = "http://schemas.openxmlformats.org/package/2006/content-types"
    content = f'<?xml version="1.0"?><Types xmlns="{schema}">{said}</Types>'
    return archive(
        {"[Content_Types].xml": content, "_rels/.rels": "<a/>", "main.xml": "<a/>", **(more or {})}
    )


def opendocument(kind: str = "text", more: Mapping[str, bytes | str] | None = None) -> bytes:
    """A document of LibreOffice."""
    return archive({"mimetype": OPEN + kind, "content.xml": "<a/>", **(more or {})})
