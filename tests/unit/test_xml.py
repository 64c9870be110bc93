"""XML from outside: what is refused, and what of it is left out."""

import pytest

from engine.platform import xml


@pytest.mark.parametrize(
    "content", [b"", b" ", b"a", b"<a>", b"<a/><b/>", b"<a>&b;</a>", b"<!-- a -->", b"\0<a/>"]
)
def test_what_is_not_well_formed_is_refused_with_a_reason(content: bytes) -> None:
    with pytest.raises(xml.NotXml) as refusal:
        xml.parse(content)
    assert str(refusal.value.reason)
    assert not isinstance(refusal.value, xml.HasDoctype)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"<!DOCTYPE a><a/>", 1),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', 1),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>', 1),
        (b"<?xml version='1.0'?>\n\n<!DOCTYPE a>\n<a/>", 3),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', 1),
        (b'<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;">]><a>&z;</a>', 1),
        ('<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a/>'.encode("utf-16"), None),
    ],
)
def test_a_doctype_is_refused_with_its_line(content: bytes, line: int | None) -> None:
    with pytest.raises(xml.HasDoctype) as refusal:
        xml.parse(content)
    assert refusal.value.line == line


def test_comments_and_instructions_are_left_out_unless_they_are_wanted() -> None:
    content = b"<a>x<!-- y --><?z?>w</a>"
    assert xml.parse(content).text == "xw"
    assert len(xml.parse(content, comments=True)) == 2


def test_white_space_between_elements_is_left_out_if_it_is_not_wanted() -> None:
    content = b"<a>\n <b> c </b>\n</a>"
    assert xml.parse(content).text == "\n "
    bare = xml.parse(content, blank_text=False)
    assert (bare.text, bare[0].text) == (None, " c ")


def test_nesting_beyond_the_limit_of_the_parser_is_refused() -> None:
    with pytest.raises(xml.NotXml):
        xml.parse(b"<a>" * 5_000 + b"</a>" * 5_000)
