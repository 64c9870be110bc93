"""What kind of file something is, by its content; and all that is no file of its kind, or means harm."""

import struct
from io import BytesIO
from zipfile import ZIP_BZIP2

import pytest

from engine.platform import media
from engine.platform.media import Unfit
from tests import filed

ALL = frozenset(media.BY_NAME)


def judged(content: bytes, name: str, taken: frozenset[str] = ALL) -> str:
    return media.judge(BytesIO(content), name, taken).name


def refused(content: bytes, name: str, taken: frozenset[str] = media.DEFAULT) -> str:
    """The code of the refusal, whose text says how to fix it."""
    with pytest.raises(Unfit) as refusal:
        media.judge(BytesIO(content), name, taken)
    assert refusal.value.detail.count(".") >= 1
    return refusal.value.code


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (filed.pdf(), "letter.pdf", "pdf"),
        (filed.pdf(), "LETTER.PDF", "pdf"),
        (filed.pdf(b"<< /JavaScript (x) >> /LaunchUrl /EmbeddedFilesNot"), "form.pdf", "pdf"),
        (filed.png(), "scan.png", "png"),
        (filed.jpeg(), "photo.jpg", "jpeg"),
        (filed.jpeg(before=b"\xff\xe1\0\x0aExif\0\0ab\xff\xff\xff\xfe\0\x03a"), "photo.jpeg", "jpeg"),
        (filed.jpeg(10_000, 12_000), "photo.jpg", "jpeg"),
        (filed.tiff((10, 10)), "fax.tif", "tiff"),
        (filed.tiff((10, 10), (5000, 7000), order=">"), "fax.tiff", "tiff"),
        (filed.webp(), "photo.webp", "webp"),
        (filed.office("docx"), "letter.docx", "docx"),
        (filed.office("xlsx"), "table.xlsx", "xlsx"),
        (filed.office("pptx", {"ppt/embeddings/Sheet1.xlsx": b"x"}), "talk.pptx", "pptx"),
        (filed.opendocument(), "letter.odt", "odt"),
        (filed.opendocument("spreadsheet"), "table.ods", "ods"),
        (filed.opendocument("presentation"), "talk.odp", "odp"),
        ("سلام‌ دنیا\r\n\tپایان".encode(), "نامه.txt", "txt"),
        (b"\xef\xbb\xbfname,sum\r\na,1\r\n", "table.csv", "csv"),
        (b"a", "a.txt", "txt"),
        (b"x" * ((1 << 20) - 1) + "ی".encode() * 10, "long.txt", "txt"),
    ],
)
def test_files_of_every_kind_are_known_by_their_content(content: bytes, name: str, kind: str) -> None:
    assert judged(content, name) == kind


@pytest.mark.parametrize("name", ["letter.pdf", "letter.docx", "letter.jpg", "letter.txt", "letter.exe"])
def test_program_is_refused_whatever_it_is_called(name: str) -> None:
    assert refused(filed.EXE, name) == "type"


@pytest.mark.parametrize(
    "content",
    [
        b"\x7fELF\2\1\1" + bytes(60),
        b"GIF89a" + bytes(20),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        b"Rar!\x1a\x07\0" + bytes(60),
        b"<!doctype html><html><body>",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b'<?xml version="1.0"?><html/>',
        b"{\\rtf1 a}",
        b"\x00\x01",
        "یونیکد".encode("utf-16"),
        b"latin \xe9",
        b"bell \x07",
        b"a\x80b",
        filed.archive({"a.txt": b"a"}),
        filed.opendocument("chart"),
        filed.opendocument("presentation"),  # known, and not taken unless somebody says so
        filed.office("application/vnd.ms-visio.drawing.main+xml"),
        filed.archive({"[Content_Types].xml": "<Types/>"}),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.pdf"])
def test_what_is_of_no_known_kind_is_refused(content: bytes, name: str) -> None:
    assert refused(content, name) == "type"


@pytest.mark.parametrize("head", [b"<html>", b"hi <script>", b"<!DOCTYPE html>", b"<?php", b"< svg >"])
def test_text_that_a_browser_could_take_for_a_page_is_refused(head: bytes) -> None:
    assert refused(b"x\n" + head, "a.txt") == "ambiguous"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (filed.pdf(), "letter.docx"),
        (filed.pdf(), "letter.pdf.exe"),
        (filed.pdf(), "letter"),
        (filed.pdf(), ".pdf"),
        (filed.png(), "photo.jpg"),
        (filed.office("docx"), "letter.xlsx"),
        (b"a,b", "table.pdf"),
        (b"echo", "run.sh"),
    ],
)
def test_ending_that_does_not_fit_the_content_is_refused(content: bytes, name: str) -> None:
    assert refused(content, name) == "extension"


def test_kinds_that_are_not_taken_are_refused() -> None:
    assert refused(filed.png(), "scan.png", frozenset({"pdf"})) == "type"


def test_empty_file_is_refused() -> None:
    assert refused(b"", "letter.pdf") == "empty"


@pytest.mark.parametrize(
    "content",
    [
        b"<html><script>alert(1)</script>" + filed.pdf(),
        b"\n" + filed.pdf(),
        filed.archive({"a": b"a"}) + filed.pdf(),
        filed.EXE + filed.pdf(),
    ],
)
def test_pdf_behind_something_else_is_refused(content: bytes) -> None:
    assert refused(content, "letter.pdf") in ("type", "ambiguous", "damaged")


@pytest.mark.parametrize("host", [filed.pdf(), filed.png(), filed.jpeg(), filed.tiff((1, 1)), filed.webp()])
@pytest.mark.parametrize("after", [b"", b"\0" * 40])
def test_archive_behind_a_file_of_another_kind_is_refused(host: bytes, after: bytes) -> None:
    name = {b"%P": "a.pdf", b"\x89P": "a.png", b"\xff\xd8": "a.jpg", b"II": "a.tif", b"RI": "a.webp"}[
        host[:2]
    ]
    judged(host, name)
    hidden = host + filed.archive({"evil.class": b"x"}) + after
    content = hidden + b"%%EOF" if name == "a.pdf" else hidden
    assert refused(content, name) == "ambiguous"


def test_page_of_the_web_within_a_pdfs_head_is_refused() -> None:
    assert refused(b"%PDF-1.4\n<HTML><body>" + filed.pdf(), "a.pdf") == "ambiguous"


@pytest.mark.parametrize(
    "more",
    [
        b"<< /S /Launch /F (calc.exe) >>",
        b"<</S/L#61unch>>",
        b"<< /Type /EmbeddedFile >>",
        b"<< /Names << /EmbeddedFiles 3 0 R >> >>",
        bytes(range(32, 120)) * 11_915 + b"/EmbeddedFile ",
    ],
)
def test_pdf_that_starts_programs_or_carries_files_is_refused(more: bytes) -> None:
    assert refused(filed.pdf(more), "a.pdf") == "active"


@pytest.mark.parametrize("end", [(1 << 20) - 3, (1 << 20) - 1, (1 << 20) + 1])
def test_what_lies_across_two_blocks_of_a_pdf_is_found(end: int) -> None:
    start = filed.pdf(b"@").index(b"@")
    assert refused(filed.pdf(b" " * (end - start - 4) + b"/Launch "), "a.pdf") == "active"


def test_pdf_without_its_end_is_refused() -> None:
    assert refused(filed.pdf(end=b""), "a.pdf") == "damaged"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (filed.png(60_000, 60_000), "a.png"),
        (filed.png(2**31 - 1, 1), "a.png"),
        (filed.jpeg(65_535, 65_535), "a.jpg"),
        (filed.webp(16_384, 16_384), "a.webp"),
        (filed.tiff((10, 10), (100_000, 100_000)), "a.tif"),
    ],
)
def test_picture_of_too_many_pixels_is_refused(content: bytes, name: str) -> None:
    assert refused(content, name) == "pixels"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (filed.png(0, 10), "a.png"),
        (filed.png()[:20], "a.png"),
        (filed.jpeg()[:20], "a.jpg"),
        (b"\xff\xd8\xff\xda\0\x08" + bytes(60), "a.jpg"),
        (b"\xff\xd8" + b"\xff" * 100_000, "a.jpg"),
        (b"\xff\xd8\xff\xe0\0\0" + bytes(60), "a.jpg"),
        (filed.webp()[:25], "a.webp"),
        (filed.webp()[:-4], "a.webp"),
        (b"RIFF\x40\0\0\0WEBPABCD" + bytes(80), "a.webp"),
        (b"II*\0", "a.tif"),
        (b"II*\0" + bytes(8), "a.tif"),
        (b"II*\0" + struct.pack("<I", 2**32 - 1), "a.tif"),
        (filed.tiff((10, 10))[:-8], "a.tif"),
        (filed.tiff((10, 10), (10, 10), loop=True), "a.tif"),
        (filed.tiff((0, 10)), "a.tif"),
    ],
)
def test_damaged_picture_is_refused(content: bytes, name: str) -> None:
    assert refused(content, name) == "damaged"


@pytest.mark.parametrize(
    "content",
    [
        filed.office("docx", {"word/vbaProject.bin": b"x"}),
        filed.office("docx", {"word/VBAPROJECT.BIN": b"x"}),
        filed.office("application/vnd.ms-word.document.macroEnabled.main+xml"),
        filed.office("docx", types='<Default ContentType="application/vnd.ms-office.vb&#x61;Project"/>'),
        filed.opendocument("text", {"Basic/Standard/Module1.xml": b"x"}),
    ],
)
def test_macros_are_refused(content: bytes) -> None:
    assert refused(content, "a.docx") == "macros"


@pytest.mark.parametrize("name", ["word/media/a.zip", "a.EXE", "word/embeddings/run.js"])
def test_archives_and_programs_in_a_document_are_refused(name: str) -> None:
    assert refused(filed.office("docx", {name: b"x"}), "a.docx") == "nested"


def test_document_that_unpacks_to_gigabytes_is_refused() -> None:
    bomb = filed.office("docx", {f"word/{number}.xml": bytes(9 << 20) for number in range(3)})
    assert len(bomb) < 1 << 20
    assert refused(bomb, "a.docx") == "unpacks"


def test_document_of_too_many_parts_is_refused() -> None:
    many = filed.archive({f"{number}": b"" for number in range(5001)})
    assert refused(many, "a.docx") == "unpacks"


def _entries(content: bytes) -> list[int]:
    """Where the entries of an archive's directory begin."""
    found, at = [], content.find(b"PK\x01\x02")
    while at >= 0:
        found.append(at)
        at = content.find(b"PK\x01\x02", at + 1)
    return found


def _written(content: bytes, at: int, form: str, value: int) -> bytes:
    made = bytearray(content)
    struct.pack_into(form, made, at, value)
    return bytes(made)


def test_overlapping_parts_are_refused() -> None:
    content = filed.office("docx", {"big.xml": b"x" * 10_000})
    last = _entries(content)[-1]
    assert refused(_written(content, last + 42, "<I", 0), "a.docx") in ("unpacks", "damaged")


@pytest.mark.parametrize("further", [1, 30])
def test_part_that_reaches_into_the_header_of_the_next_is_refused(further: int) -> None:
    content = filed.office("docx", {"big.xml": b"x" * 10_000})
    at = _entries(content)[0] + 20
    longer = struct.unpack_from("<I", content, at)[0] + further
    assert refused(_written(content, at, "<I", longer), "a.docx") == "unpacks"


def test_part_that_unpacks_to_more_than_it_says_is_refused() -> None:
    content = filed.office("docx", {"big.xml": bytes(50 << 20)})
    assert refused(_written(content, _entries(content)[-1] + 24, "<I", 10), "a.docx") == "damaged"


def test_directory_that_promises_gigabytes_is_refused_unread() -> None:
    content = filed.office()
    assert refused(_written(content, _entries(content)[-1] + 24, "<I", 2**32 - 2), "a.docx") == "unpacks"


def test_second_end_with_other_numbers_is_refused() -> None:
    content = filed.office()
    at = content.rfind(b"PK\x05\x06")
    second = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 400_000, 400_000, at, 0)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, at, 1)
    size = len(second) + len(locator)
    end = _written(content[at:], 12, "<I", struct.unpack_from("<I", content, at + 12)[0] + size)
    assert refused(content[:at] + second + locator + end, "a.docx") == "unpacks"


@pytest.mark.parametrize(
    "content",
    [
        filed.office()[:-1],
        filed.office() + b"\0",
        filed.office()[:200] + b"PK\x05\x06",
        b"PK\x03\x04",
        b"PK\x03\x04" + filed.office(),
        filed.office("docx", {"../../etc/passwd": b"x"}),
        filed.office("docx", {"/etc/passwd": b"x"}),
        filed.office("docx", {"a\\b": b"x"}),
        filed.archive({"[Content_Types].xml": "<a", "b": "b"}),
        filed.archive({"[Content_Types].xml": '<!DOCTYPE a [<!ENTITY b "c">]><a/>'}),
        filed.archive({"[Content_Types].xml": "<Types/>"}, method=ZIP_BZIP2),
    ],
)
def test_damaged_archive_is_refused(content: bytes) -> None:
    assert refused(content, "a.docx") == "damaged"


def test_altered_part_is_refused() -> None:
    content = filed.office("docx", {"a.bin": bytes(range(256))})
    at = content.index(b"a.bin") + 20
    altered = content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]
    assert refused(altered, "a.docx") == "damaged"


def test_document_that_needs_a_password_is_refused() -> None:
    content = filed.office()
    assert refused(_written(content, _entries(content)[-1] + 8, "<H", 1), "a.docx") == "encrypted"


PLAIN = (
    *("letter.pdf", "نامهٔ من.pdf", "می‌خواهم.pdf", "shot at 5.01\u202fPM.png", "a" * 196 + ".pdf", "a b.pdf"),
    *("console.txt", "comics.pdf", "a'\"<>?*.pdf", "😀️.png"),
)
CROOKED = (
    *(
        "",
        "../a.pdf",
        "/etc/passwd.pdf",
        "C:\\a.pdf",
        "a\\b.pdf",
        "a.pdf:b.exe",
        "..",
        ".",
        ".htaccess",
        "a.",
    ),
    *(" a.pdf", "a.pdf ", "a\0.pdf", "a\n.pdf", "a\r\nX: y.pdf", "gpj\u202efdp.exe", "a\u2066b.pdf"),
    *("a\u200fb.pdf", "a\u2028.pdf", "a\x7f.pdf", "a\ud800.pdf", "a\ufeff.pdf", "con.pdf", "NUL", "aux.txt"),
    *("COM1.pdf", "lpt9.a.pdf", "a" * 201),
)


@pytest.mark.parametrize("name", PLAIN)
def test_plain_names_are_kept_as_given(name: str) -> None:
    assert media.checked_name(name) == name


@pytest.mark.parametrize("name", CROOKED)
def test_names_that_are_no_plain_names_are_refused(name: str) -> None:
    with pytest.raises(Unfit) as refusal:
        media.checked_name(name)
    assert refusal.value.code == "name"
