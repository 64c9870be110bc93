"""What another engine has written is taken out of a file, or translated in it; all else stays as it was."""

import pytest

from engine import bpmn
from engine.bpmn import Gone, check
from tests.bpmn import extension, in_line, line, node, process

LISTENER = '<camunda:taskListener event="create" class="a"/>'
ODD = (
    '<?xml version="1.0" encoding="UTF-8"?>\r\n<!-- a > b -->\r\n'
    + line(
        node("userTask", "a", extension(LISTENER), name="x &gt; 'y'", camunda__dueDate="${due}"),
        "<bpmn:task  id=\"b\"\n   camunda:dueDate='2026-03-21' />",
    ).decode()
)


def findings(content: bytes) -> dict[str, bpmn.Foreign]:
    report = check({"a.bpmn": content})
    return {one.name: one for one in bpmn.foreigns("a.bpmn", content, report.findings).values()}


def changed(before: str, after: bytes, encoding: str = "utf-8") -> tuple[list[str], list[str]]:
    """The lines that only one of the two has."""
    old, new = before.splitlines(), after.decode(encoding).splitlines()
    return [one for one in old if one not in new], [one for one in new if one not in old]


def test_an_attribute_is_removed_and_nothing_else_changes() -> None:
    gone, new = changed(ODD, bpmn.without("a.bpmn", ODD.encode(), "b", "camunda:dueDate"))
    assert gone == ['<bpmn:task  id="b"', "   camunda:dueDate='2026-03-21' />"]
    assert new == ['<bpmn:task  id="b" />']


def test_an_element_is_removed_with_the_extensions_around_it_if_it_is_their_only_one() -> None:
    alone = bpmn.without("a.bpmn", ODD.encode(), "a", "camunda:taskListener").decode()
    assert alone == ODD.replace(extension(LISTENER), "")
    two = ODD.replace(LISTENER, LISTENER + "<camunda:formData/>")
    left = bpmn.without("a.bpmn", two.encode(), "a", "camunda:taskListener").decode()
    assert left == two.replace(LISTENER, "")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1256"])
def test_a_file_keeps_its_encoding(encoding: str) -> None:
    text = ODD.replace("UTF-8", encoding).replace("x &gt;", "پروانه &gt;")
    after = bpmn.without("a.bpmn", text.encode(encoding), "a", "camunda:dueDate")
    assert after.decode(encoding) == text.replace(' camunda:dueDate="${due}"', "")


def test_a_translation_says_the_same_in_our_attributes_and_declares_their_prefix() -> None:
    found = findings(ODD.encode())
    assert found["camunda:taskListener"].translation is None
    assert found["camunda:dueDate"].translation
    bare = ODD.replace('xmlns:parvandeh="https://parvandeh.org/bpmn" ', "")
    after = bpmn.translated("a.bpmn", bare.encode(), "b", "camunda:dueDate")
    assert "parvandeh:due=\"'2026-03-21'\" xmlns:parvandeh=" in after.decode()
    assert not [one for one in check({"a.bpmn": after}).errors if one.element == "b"]


def test_names_are_those_of_the_file_also_of_relatives_of_camunda() -> None:
    drawn = ODD.replace("camunda:", "flowable:").replace(
        "http://camunda.org/schema/1.0/bpmn", "http://flowable.org/bpmn"
    )
    drawn = drawn.replace("xmlns:camunda", "xmlns:flowable").replace(
        ' id="b"', ' id="b" flowable:skipExpression="${x}"'
    )
    found = findings(drawn.encode())
    assert {"flowable:dueDate", "flowable:taskListener", "flowable:skipExpression"} <= set(found)
    for name in found:
        element = "a" if name == "flowable:taskListener" else "b"
        assert (
            name not in bpmn.without("a.bpmn", drawn.encode(), element, name).decode().partition('id="b"')[2]
        )


@pytest.mark.parametrize(
    ("element", "attribute"),
    [("b", "camunda:assignee"), ("nowhere", "camunda:dueDate"), ("b", "id"), ("", ""), ("b", "a:b:c")],
)
def test_what_is_not_there_is_not_removed(element: str, attribute: str) -> None:
    with pytest.raises(Gone):
        bpmn.without("a.bpmn", ODD.encode(), element, attribute)


def test_an_element_within_a_sub_process_keeps_what_is_its_own() -> None:
    inner = node("task", "i", extension(LISTENER))
    drawn = process(*in_line(node("subProcess", "s", inner))).decode()
    with pytest.raises(Gone):
        bpmn.without("a.bpmn", drawn.encode(), "s", "camunda:taskListener")
    assert bpmn.without("a.bpmn", drawn.encode(), "i", "camunda:taskListener").decode() == drawn.replace(
        extension(LISTENER), ""
    )
