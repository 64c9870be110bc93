"""Charts as they are drawn: the same in both directions, without styles, and never by colour alone."""

import re
from xml.etree import ElementTree

import pytest

from web import charts
from web.charts import LOOKS, Part


def bar(*amounts: int, direction: str = "ltr", name: str = "b") -> ElementTree.Element:
    parts = [Part(f"<part {number}>", amount, number, f"{amount}%") for number, amount in enumerate(amounts)]
    drawn = str(charts.stacked_bar(name, parts, title="Title & all", direction=direction))
    return ElementTree.fromstring(drawn)


def boxes(drawn: ElementTree.Element) -> list[tuple[float, float]]:
    found = (part.find("rect") for part in drawn.findall("g"))
    return [(float(one.attrib["x"]), float(one.attrib["width"])) for one in found if one is not None]


def test_parts_fill_the_bar_from_the_left() -> None:
    assert boxes(bar(25, 0, 75)) == [(0, 160), (160, 480)]


def test_parts_fill_the_bar_from_the_right_for_readers_of_persian() -> None:
    assert boxes(bar(25, 0, 75, direction="rtl")) == [(480, 160), (0, 480)]


@pytest.mark.parametrize(("direction", "isolate"), [("ltr", "\u2066"), ("rtl", "\u2067")])
def test_chart_has_its_own_direction_and_isolates_its_texts(direction: str, isolate: str) -> None:
    drawn = bar(40, 60, direction=direction)
    assert drawn.attrib["direction"] == "ltr"
    assert [text.text for text in drawn.iter("text")] == [f"{isolate}{share}%\u2069" for share in (40, 60)]
    assert {text.attrib["text-anchor"] for text in drawn.iter("text")} == {"middle"}


def test_part_without_room_has_its_caption_for_screen_readers_only() -> None:
    drawn = bar(1, 99)
    assert len(list(drawn.iter("text"))) == 1
    assert drawn.findtext("desc") == "<part 0>: 1%; <part 1>: 99%"
    assert drawn.findtext("title") == "Title & all"
    assert drawn.attrib["aria-labelledby"] == "b-title b-desc"


def test_looks_differ_by_their_marks() -> None:
    drawn = bar(*[10] * LOOKS)
    marks = [pattern.find("path") for pattern in drawn.iter("pattern")]
    assert len({None if one is None else one.attrib["d"] for one in marks}) == LOOKS


def test_nothing_has_a_style_and_ids_begin_with_the_name() -> None:
    for drawn in (bar(40, 60, name="mine"), bar(name="mine")):
        parts = list(drawn.iter())
        assert not any("style" in part.attrib or part.tag == "style" for part in parts)
        ids = [part.attrib["id"] for part in parts if "id" in part.attrib]
        assert len(ids) == len(set(ids))
        assert all(one.startswith("mine-") for one in ids)
        used = re.findall(r"url\(#([^)]*)\)", ElementTree.tostring(drawn, encoding="unicode"))
        assert {*used} <= {*ids}
