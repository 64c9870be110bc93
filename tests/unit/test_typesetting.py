"""Documents become tagged PDF files: as PDF/A and PDF/UA want them, with every text as it was given."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject

from engine.platform.errors import PdfTooLarge
from engine.platform.typesetting import (
    Block,
    Column,
    Document,
    Heading,
    ListOf,
    Note,
    Paragraph,
    Table,
    columns,
    direction,
    layout,
    ltr,
    typeset,
)
from engine.platform.typesetting.characters import Cleaner

SECONDS = 30.0
ACTIONS = Table(
    "Open actions",
    [Column("Action"), Column("Hours", "number")],
    [*([f"Action {number}", str(number)] for number in range(60)), ["All of them", "1,770"]],
    total=True,
)
REPORT = Document(
    "Progress report",
    "en",
    date(2026, 11, 29),
    subtitle="November 2026",
    marks=["Draft", "Unsigned"],
    facts=[("Agency", "Land registry"), ("Author", "سیده‌فاطمه میرزاعلی‌اکبری")],
    blocks=[
        Heading(1, "Summary"),
        Paragraph("First line\nSecond line"),
        Heading(2, "Actions"),
        ACTIONS,
        ListOf(["One", "Two"]),
        Note("Rounded"),
    ],
    footer="Made by the registry",
)


def read(document: Document) -> PdfReader:
    return PdfReader(BytesIO(typeset(document, timeout=SECONDS)))


def text(document: Document) -> str:
    return "\n".join(page.extract_text() for page in read(document).pages)


def with_text(of: str, language: Any = "en", *more: Block) -> Document:
    return Document("Title", language, date(2026, 1, 1), blocks=[Paragraph(of), *more])


def tags(element: Any) -> Iterator[str]:
    found = element.get_object() if hasattr(element, "get_object") else element
    if isinstance(found, ArrayObject):
        for inner in found:
            yield from tags(inner)
    elif isinstance(found, DictionaryObject) and "/S" in found:
        yield str(found["/S"])
        yield from tags(found.get("/K", ArrayObject()))


def run(*inner: Any, ltr: bool = True, short: bool = True) -> dict[str, Any]:
    return {"ltr": ltr, "short": short, "runs": [*inner]}


@pytest.fixture(scope="module")
def report() -> PdfReader:
    return read(REPORT)


def root(report: PdfReader) -> DictionaryObject:
    return report.root_object


def test_file_is_for_archives_and_for_screen_readers(report: PdfReader) -> None:
    catalogue: Any = root(report)
    assert catalogue["/Lang"] == "en"
    assert catalogue["/MarkInfo"]["/Marked"]
    assert catalogue["/ViewerPreferences"]["/DisplayDocTitle"]
    assert catalogue["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
    metadata = catalogue["/Metadata"].get_data().decode()
    for stated in ("<pdfaid:part>2<", "<pdfaid:conformance>A<", "<pdfuaid:part>1<"):
        assert stated in metadata


def test_headings_lists_and_tables_are_tagged(report: PdfReader) -> None:
    tree: Any = root(report)["/StructTreeRoot"]
    found = list(tags(tree["/K"]))
    headings = [tag for tag in found if tag in ("/Title", "/H1", "/H2", "/H3")]
    assert headings == ["/Title", "/H1", "/H2"]
    counted = {tag: found.count(tag) for tag in ("/Table", "/Caption", "/THead", "/TH", "/TR", "/TD", "/LI")}
    expected = {"/Table": 1, "/Caption": 1, "/THead": 1, "/TH": 2, "/TR": 62, "/TD": 122, "/LI": 2}
    assert counted == expected


def test_outline_has_the_headings(report: PdfReader) -> None:
    summary, below = report.outline
    assert not isinstance(summary, list)
    assert summary.title == "Summary"
    assert isinstance(below, list)


def test_each_page_has_marks_footer_number_and_the_heading_of_its_table(report: PdfReader) -> None:
    pages = [page.extract_text() for page in report.pages]
    assert len(pages) == 2
    for number, page in enumerate(pages, 1):
        for expected in ("Draft", "Unsigned", "Made by the registry", f"{number} of 2", "Hours"):
            assert expected in page
    assert "Progress report" in pages[1]


def test_persian_document_is_laid_out_from_the_right_with_persian_digits() -> None:
    document = replace(REPORT, language="fa", title="گزارش پیشرفت")
    found = read(document)
    catalogue: Any = root(found)
    assert catalogue["/Lang"] == "fa"
    assert catalogue["/ViewerPreferences"]["/Direction"] == "/R2L"
    assert found.metadata is not None
    assert found.metadata.title == "گزارش پیشرفت"
    page = found.pages[0].extract_text()
    assert "۱" in page
    assert page.index("Hours") < page.index("Action ")


def test_same_document_is_the_same_file_and_another_date_is_another() -> None:
    first = typeset(REPORT, timeout=SECONDS)
    assert typeset(REPORT, timeout=SECONDS) == first
    assert typeset(replace(REPORT, date=date(2026, 11, 30)), timeout=SECONDS) != first


def test_two_threads_typeset_at_the_same_time() -> None:
    documents = [replace(REPORT, title=f"Report {number}") for number in range(4)]
    alone = [typeset(document, timeout=SECONDS) for document in documents]
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(lambda document: typeset(document, timeout=SECONDS), documents)) == alone


def test_texts_that_only_cost_time_are_cut() -> None:
    clean = Cleaner(frozenset(map(ord, "ab \u064e"))).clean
    assert clean("a" + "\u064e" * 10_000 + "b") == "a" + "\u064e" * 4 + "b"
    assert clean("a\n\n\n \n\t\n" * 2_000 + "b").count("\n") == 4_000
    assert clean("a\nb\n\na") == "a\nb\n\na"


def test_markup_is_printed_as_it_was_given() -> None:
    given = "#strong[a] $x$ *b* _c_ <d> @e \\ `f` // g [h] {i} = j #panic() ~ -- ..."
    found = text(with_text(given, "en", Table("#t", [Column("*c*")], [["#eval(1)"]])))
    for expected in (given, "#t", "*c*", "#eval(1)"):
        assert expected in found


@pytest.mark.parametrize("number", ["1405-000123", "2026-11-29", ltr("021 8888 0000")])
def test_number_of_several_parts_reads_from_left_to_right_after_persian(number: str) -> None:
    found = text(with_text(f"شمارهٔ {number} پروندهٔ شما", "fa"))
    assert number.strip("\u2066\u2069") in found
    assert not re.search("[\u200e\u200f\u2066-\u2069]", found)


@pytest.mark.parametrize(
    ("given", "runs"),
    [
        ("a ۱۴۰۵-۰۰۱۲۳", ["a ", run("۱۴۰۵-۰۰۱۲۳")]),
        ("\u2067a\u2066b\u2069\u2069c", [run("a", run("b"), ltr=False), "c"]),
        ("\u2068 1 سلام\u2069", [run(" 1 سلام", ltr=False)]),
        ("\u2068 1 a\u2069", [run(" 1 a")]),
        ("\u2068 1\u2069", [run(" 1", ltr=False)]),
        ("\u2069a\u2066b", ["a", run("b")]),
        (ltr("a" * 31), [run("a" * 31, short=False)]),
        ("سلام", "سلام"),
    ],
)
def test_isolates_become_runs(given: str, runs: Any) -> None:
    given = Cleaner(frozenset(map(ord, given))).clean(given)
    assert direction.runs(given, ltr=False) == runs


def test_numbers_that_follow_one_another_are_listed_from_the_right() -> None:
    page = read(with_text("پرونده‌های 1405-001، 1405-002 و 1405-003", "fa")).pages[0]
    places: dict[str, float] = {}

    def note(said: str, matrix: Any, *_: Any) -> None:
        places.setdefault(said.strip(), matrix[4])

    page.extract_text(visitor_text=note)
    assert places["1405-001"] > places["1405-002"] > places["1405-003"]


def test_character_without_a_glyph_is_replaced_and_named() -> None:
    found = text(with_text("李 and 😀 and Müller, ﷺ x₂"))
    assert "\ufffd and \ufffd and Müller" in found
    assert "x2" in found
    assert "lacks are shown as \ufffd: U+674E, U+1F600." in found


def test_document_with_all_its_glyphs_has_no_note_about_them() -> None:
    assert "\ufffd" not in text(with_text("سلام «می‌شود» ۱۲٬۳۴۵٫۵ ۷۱٪ (BPMN 2.0) – 20 % … é", "fa"))


@pytest.mark.parametrize(
    "odd",
    ["\x00\x07a", "\u202ea\u202c", "\ufeffa", "\ud800a", "a\u2028b", "\u2066a", "\u2069", "\u2066" * 999, ""],
)
def test_invisible_characters_refuse_nothing(odd: str) -> None:
    table = Table(odd, [Column(odd), Column(odd, "number")], [[odd, odd]], total=True)
    document = with_text(odd, "fa", Heading(1, odd), table, ListOf([odd]), Note(odd))
    typeset(replace(document, subtitle=odd, marks=[odd], facts=[(odd, odd)], footer=odd), timeout=SECONDS)


def test_empty_blocks_are_typeset() -> None:
    empty = Table("Nothing", [Column("A")], [], total=True)
    assert "Nothing" in text(with_text("", "en", ListOf([]), empty, Table("None", [], [])))


def test_levels_of_headings_that_skip_one_are_closed_up() -> None:
    found = read(Document("Title", "en", date(2026, 1, 1), blocks=[Heading(3, "A"), Heading(3, "B")]))
    tree: Any = root(found)["/StructTreeRoot"]
    assert [tag for tag in tags(tree["/K"]) if tag.startswith("/H")] == ["/H1", "/H2"]


def test_title_is_required() -> None:
    with pytest.raises(ValueError, match="title"):
        typeset(replace(REPORT, title=" \u200f"), timeout=SECONDS)


def test_row_needs_a_cell_for_each_column() -> None:
    with pytest.raises(ValueError, match="cell"):
        typeset(with_text("", "en", Table("", [Column("A")], [["a", "b"]])), timeout=SECONDS)


def test_table_of_many_rows_is_typeset() -> None:
    rows = [[f"Action {number}", str(number)] for number in range(layout.ROWS)]
    assert len(read(with_text("", "en", replace(ACTIONS, rows=rows))).pages) > 30


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (replace(ACTIONS, rows=[["a", "1"]] * 4000), "at most 1,500 rows; this document has 4,000"),
        (ListOf(["a"] * 1501), "at most 1,500 rows"),
        (Table("", [Column("a")] * 13, []), "at most 12 columns"),
        (Paragraph("a" * 300_001), "at most 300,000 characters"),
    ],
)
def test_document_over_a_limit_is_refused_with_the_limit(block: Block, said: str) -> None:
    with pytest.raises(PdfTooLarge, match=said):
        typeset(with_text("", "en", block), timeout=SECONDS)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([["a"] * 9, ["b"] * 9], [241, 241]),
        ([["a" * 500], ["b"]], [457, 25]),
        ([["word " * 40, "x"], ["a short text", "y"], ["12,345", ""]], [362, 72, 48]),
        ([["word " * 40], ["word " * 8], ["x " * 100]], [182, 126, 175]),
        ([[f"a {ltr('021 8888 0000')}"], ["word " * 40]], [97, 385]),
    ],
)
def test_columns_are_as_wide_as_their_texts(texts: list[list[str]], expected: list[float]) -> None:
    assert [round(width) for width in columns.widths(texts, [False] * len(texts))] == expected


def test_title_of_numbers_leaves_room_for_texts() -> None:
    texts = [["Agency", "word " * 20], ["Share of cases in time", "12"], ["Cases", "12,345"]]
    assert [round(width) for width in columns.widths(texts, [False, True, True])] == [399, 38, 45]


def test_long_words_can_be_broken_within_their_column() -> None:
    assert columns.breakable("ab " + "x" * 25, 68) == "ab " + "\u200b".join(["x" * 10, "x" * 10, "x" * 5])
    assert columns.breakable("x" * 13, 68) == "x" * 13
    table = Table("", [Column("A"), Column("B"), Column("C", "number")], [["x" * 150, "y" * 150, "12"]])
    assert "x" * 150 not in text(with_text("", "en", table))


@pytest.mark.parametrize("cell", ["word " * 2000, "line\n" * 200])
def test_row_that_is_higher_than_a_page_is_divided_and_others_are_not(cell: str) -> None:
    narrow = Table(
        "", [Column("A")] + [Column(f"Column {name}") for name in "BCDE"], [[cell] * 5, ["end"] * 5]
    )
    pages = [page.extract_text() for page in read(with_text("", "en", narrow)).pages]
    assert len(pages) > 3
    assert sum(page.count(cell[:4]) for page in pages) == 5 * cell.count(cell[:4])
    short = Table("", [Column("A")], [["First line\nSecond line"]] * 200)
    for page in read(with_text("", "en", short)).pages:
        found = page.extract_text()
        assert found.count("First") == found.count("Second")
