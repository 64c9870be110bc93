import random
from collections.abc import Callable

import pytest

from engine.bpmn.notation.source import MAX_DEPTH, MAX_ELEMENTS, MAX_FILE, Unreadable, digest, read_xml


def refused(content: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        read_xml("a.bpmn", content)
    assert caught.value.finding.file == "a.bpmn"
    assert caught.value.finding.severity == "error"
    return caught.value.finding.code


def test_well_formed_xml_is_read_in_any_unicode_encoding() -> None:
    text = '<?xml version="1.0" encoding="{}"?><a b="پرونده"/>'
    for encoding in ("utf-8", "utf-16", "utf-8-sig"):
        content = text.format(encoding.removesuffix("-sig")).encode(encoding)
        assert read_xml("a.bpmn", content).getroot().get("b") == "پرونده"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01\x02",
        b"<a>",
        b"<a>\x00</a>",
        b"<a>&unknown;</a>",
        b'<?xml version="1.0" encoding="utf-8"?><a>\xff</a>',
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b"PK\x03\x04" + bytes(range(256)),
    ],
)
def test_what_is_no_xml_is_told_so(content: bytes) -> None:
    assert refused(content) == "not-xml"


def test_a_syntax_error_tells_its_line() -> None:
    with pytest.raises(Unreadable) as caught:
        read_xml("a.bpmn", b"<a>\n\n<b></a>")
    assert caught.value.finding.line == 3


BOMB = b'<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;">]><a>&z;</a>'


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE a><a/>",
        b"\xef\xbb\xbf<!-- first --><!DOCTYPE a><a/>",
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p"> %p;]><a/>',
        BOMB,
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a/>'.encode("utf-16"),
        b"<?xml version='1.0'?>\n<?pi?>\n<!DOCTYPE a>\n<a/>",
    ],
)
def test_a_doctype_is_refused_however_it_is_hidden(content: bytes) -> None:
    assert refused(content) == "doctype"


def test_entities_that_multiply_are_refused_without_being_expanded() -> None:
    levels = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    assert refused(b'<!DOCTYPE a [<!ENTITY l0 "lol">' + levels + b']><a b="&l9;"/>') in {"doctype", "not-xml"}


def test_an_external_entity_is_never_read(tmp_path: object) -> None:
    secret = f"{tmp_path}/secret"
    with open(secret, "w") as file:
        file.write("secret")
    assert refused(f'<!DOCTYPE a [<!ENTITY x SYSTEM "{secret}">]><a>&x;</a>'.encode()) == "doctype"


def test_an_include_is_left_as_it_is() -> None:
    content = (
        b'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd" parse="text"/></a>'
    )
    root = read_xml("a.bpmn", content).getroot()
    assert len(root) == 1
    assert not "".join(root.itertext())


def test_a_comment_does_not_cut_a_text_short() -> None:
    assert read_xml("a.bpmn", b"<a>x = 1<!-- y --> + 2</a>").getroot().text == "x = 1 + 2"


def test_space_around_a_reference_is_taken_away() -> None:
    content = (
        b'<b:a xmlns:b="http://www.omg.org/spec/BPMN/20100524/MODEL"><b:flowNodeRef>\n x\n</b:flowNodeRef>'
        b"<b:flowNodeRef/><b:text> y </b:text></b:a>"
    )
    assert [element.text for element in read_xml("a.bpmn", content).getroot()] == ["x", "", " y "]


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 300, 100_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    assert refused(b"<a>" * depth + b"</a>" * depth) in {"too-deep", "not-xml"}


def test_the_deepest_nesting_allowed_is_read() -> None:
    assert read_xml("a.bpmn", b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH) is not None


def test_too_many_elements_are_refused() -> None:
    assert refused(b"<a>" + b"<b/>" * MAX_ELEMENTS + b"</a>") == "too-many-elements"
    assert read_xml("a.bpmn", b"<a>" + b"<b/>" * (MAX_ELEMENTS - 1) + b"</a>") is not None


def test_a_large_file_is_refused_before_it_is_parsed() -> None:
    assert refused(b"<" * (MAX_FILE + 1)) == "file-too-large"


def test_a_hundred_thousand_attributes_are_read() -> None:
    content = b"<a " + b" ".join(b'x%d=""' % n for n in range(100_000)) + b"/>"
    assert len(read_xml("a.bpmn", content).getroot().attrib) == 100_000


def test_equal_content_has_an_equal_digest_in_any_order() -> None:
    one = digest({"a": b"1", "b": b"2"}, {"p": "d", "q": "e"})
    assert one == digest({"b": b"2", "a": b"1"}, {"q": "e", "p": "d"})
    assert len(one) == 64


@pytest.mark.parametrize(
    "other",
    [
        lambda: digest({"a": b"1", "b": b"3"}, {"p": "d"}),
        lambda: digest({"a": b"1", "c": b"2"}, {"p": "d"}),
        lambda: digest({"a": b"1"}, {"p": "d"}),
        lambda: digest({"a": b"1", "b": b"2"}, {"p": "e"}),
        lambda: digest({"a": b"1", "b": b"2"}, {"q": "d"}),
        lambda: digest({"a": b"1", "b": b"2"}, {}),
        lambda: digest({"ab": b"12"}, {"p": "d"}),
    ],
)
def test_different_content_has_a_different_digest(other: Callable[[], str]) -> None:
    assert other() != digest({"a": b"1", "b": b"2"}, {"p": "d"})


def test_a_file_cannot_pose_as_a_call() -> None:
    assert digest({"a": b"1"}, {}) != digest({}, {"a": "1"})


def test_random_bytes_never_raise_anything_else() -> None:
    chance = random.Random(7)
    for _ in range(300):
        content = chance.randbytes(chance.randrange(200))
        with pytest.raises(Unreadable):
            read_xml("a.bpmn", content)
