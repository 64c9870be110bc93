"""Charts: where marks are, how they read in both directions, and what is in their SVG."""

import re
from xml.etree import ElementTree

import pytest

from engine.platform.language import Reader
from web.charts import (
    About,
    Bar,
    Part,
    Series,
    Stack,
    bars,
    key,
    lines,
    meter,
    stacks,
    swatches,
    ticks,
    whole,
)

ENGLISH, PERSIAN = Reader("en", "gregorian"), Reader("fa", "jalali")
ABOUT = About("one", "Cases <by> month", "Two & a half")
SVG = "{http://www.w3.org/2000/svg}"


def parsed(drawn: str) -> ElementTree.Element:
    return ElementTree.fromstring(
        "".join(drawn).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    )


@pytest.mark.parametrize(
    ("most", "whole", "expected"),
    [
        (0, False, (0, 1)),
        (1, True, (0, 1)),
        (3, True, (0, 1, 2, 3)),
        (7, False, (0, 2, 4, 6, 8)),
        (100, False, (0, 50, 100)),
        (134, True, (0, 50, 100, 150)),
        (0.3, False, (0, 0.1, 0.2, 0.3)),
        (20, False, (0, 5, 10, 15, 20)),
    ],
)
def test_marks_of_a_scale_are_nice_numbers(most: float, whole: bool, expected: tuple[float, ...]) -> None:
    assert tuple(ticks(most, whole=whole)) == expected


def test_bars_begin_where_reading_begins() -> None:
    rows = [Bar("all", 40, "40"), Bar("half", 20, "20"), Bar("none", None, "no data")]
    for reader, places in ((ENGLISH, ["0%", "0%"]), (PERSIAN, ["26%", "63%"])):
        drawn = parsed(bars(reader, ABOUT, rows))
        parts = [one for one in drawn.iter(f"{SVG}rect") if one.get("class") == "part"]
        assert [one.get("x") for one in parts] == places
        assert [one.get("width") for one in parts] == ["74%", "37%"]
    names = [one for one in parsed(bars(PERSIAN, ABOUT, rows)).iter(f"{SVG}text")][::2]
    assert {(one.get("x"), one.get("text-anchor")) for one in names} == {("100%", "end")}


def test_texts_are_isolated_and_svg_runs_from_left_to_right() -> None:
    for reader, begin in ((ENGLISH, "\u2066\u200e"), (PERSIAN, "\u2067\u200f")):
        drawn = parsed(bars(reader, ABOUT, [Bar("30 to 90", 1, "1")]))
        assert drawn.get("direction") == "ltr"
        assert [one.text for one in drawn.iter(f"{SVG}text")] == [
            f"{begin}30 to 90\u2069",
            f"{begin}1\u2069",
        ]


def test_parts_fill_a_bar_and_differ_without_colour() -> None:
    drawn = parsed(
        stacks(ENGLISH, ABOUT, [Stack("a", [1, 0, 3], "4"), Stack("b", [2, 2, 0], "4")], whole=True)
    )
    parts = [one for one in drawn.iter(f"{SVG}rect") if one.get("class") == "part"]
    assert [(one.get("x"), one.get("width"), one.get("fill")) for one in parts] == [
        ("0%", "18.5%", "url(#one-0)"),
        ("18.5%", "55.5%", "url(#one-2)"),
        ("0%", "37%", "url(#one-0)"),
        ("37%", "37%", "url(#one-1)"),
    ]
    patterns = [one.find(f"{SVG}path") for one in drawn.iter(f"{SVG}pattern")]
    assert len({path.get("d") for path in patterns if path is not None}) == 3


def test_a_line_has_a_gap_where_there_is_no_value() -> None:
    series = [Series("x", [1, None, 2, 4]), Series("y", [None, None, None, 0])]
    drawn = parsed(lines(ENGLISH, ABOUT, ["a", "b", "c", "d"], series, write=str, whole=True))
    assert len([one for one in drawn.iter(f"{SVG}line") if one.get("class") == "stroke-0"]) == 1
    assert len([one for one in drawn.iter(f"{SVG}circle")]) == 3
    assert len([one for one in drawn.iter() if one.get("class") == "point-1"]) == 1


def test_drawings_have_title_and_description_and_no_styles() -> None:
    many = [f"a{number}" for number in range(30)]
    drawings = [
        bars(ENGLISH, ABOUT, [Bar("<script>", 1, "&")]),
        stacks(ENGLISH, ABOUT, []),
        lines(PERSIAN, ABOUT, many, [Series("x", list(range(30)))], write=str),
    ]
    for drawn in drawings:
        root = parsed(drawn)
        assert (root.get("role"), root.get("aria-labelledby")) == ("img", "one-title one-text")
        assert [one.text for one in root if one.tag in (f"{SVG}title", f"{SVG}desc")] == [
            ABOUT.title,
            ABOUT.text,
        ]
        assert " style=" not in drawn
        assert "<script" not in drawn
    assert len(re.findall('class="axis"', drawings[2])) < 20  # not every month is named
    for sample, _ in [*swatches("t", ["a", "b"]), *key(["a", "b"])]:
        assert parsed(sample).get("aria-hidden") == "true"
    assert 'x="75.0%" width="25.0%"' in meter(PERSIAN, 0.25)


def test_parts_of_a_whole_fill_its_bar_and_small_ones_have_no_caption() -> None:
    parts = [Part(10, "10%"), Part(0, "0%"), Part(90, "90%")]
    for reader, places in ((ENGLISH, ["0%", "10%"]), (PERSIAN, ["90%", "0%"])):
        drawn = parsed(whole(reader, ABOUT, parts))
        areas = [one for one in drawn.iter(f"{SVG}rect") if one.get("class") == "part"]
        assert [(one.get("x"), one.get("width")) for one in areas] == list(
            zip(places, ["10%", "90%"], strict=True)
        )
        assert [(one.get("text-anchor"), (one.text or "")[2:-1]) for one in drawn.iter(f"{SVG}text")] == [
            ("middle", "90%")
        ]
    assert [one for one in parsed(whole(ENGLISH, ABOUT, [])).iter(f"{SVG}rect")] == []
