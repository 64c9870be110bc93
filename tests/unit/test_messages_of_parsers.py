"""Phrases: messages of parsers, and what scenarios expect. Each has a text, and each text is used."""

import ast
import sys
from collections.abc import Callable
from typing import Any, cast, get_args

import orjson
import pytest

from engine.bpmn.expressions import juel, scripts, syntax
from engine.bpmn.values import Unportable, portable
from engine.definitions.scenarios import yaml_nodes
from engine.definitions.toml_files import document
from engine.dmn import Unreadable
from engine.dmn.feel.names import Names
from engine.dmn.feel.parser import parse
from engine.platform import xml
from engine.platform.findings import Finding, Notes, Value
from engine.platform.messages.findings import readable
from engine.platform.messages.parsers import MISTAKES, Parser, phrase
from engine.platform.messages.phrases import Phrase
from tests.catalogues import speaking, texts
from tests.rules.sources import calls, nodes, python, strings


def _python(text: str) -> None:
    scripts.names(text, "exec")
    syntax.require_oldest(text, "exec")


def _of_toml(text: str) -> Phrase:
    notes = Notes()
    document.read("a.toml", text.encode(), notes)
    return cast(Phrase, notes.sorted(())[0].values["error"])


def _found(parser: Parser, text: str) -> Phrase:
    """Return the message of a parser about a text."""
    try:
        if parser == "xml":
            xml.parse(text.encode())
        elif parser == "json":
            orjson.loads(text)
        elif parser == "yaml":
            yaml_nodes.read(text.encode())
        else:
            _python(text)
    except xml.NotXml as error:
        return error.reason
    except orjson.JSONDecodeError as error:
        return phrase("json", error.msg, error.lineno, error.colno)
    except yaml_nodes.Unreadable as error:
        return cast(Phrase, error.values["error"])
    except SyntaxError as error:
        return phrase("python", error.msg, column=error.offset)
    raise AssertionError(f"{text} is correct")


# Python 3.11 does not know what 3.12 added; it only can't read it.
NAMES_NEWER_SYNTAX = sys.version_info >= (3, 12)
BROKEN = [
    ("xml", "<a>\n<b></a>", "<b> of line 2 is closed by </a> (line 2, column 8)"),
    ("xml", "<a><b/>", "<a> of line 1 is not closed"),
    ("xml", "diagram", "no XML element"),
    ("xml", "<a/><b/>", "nothing may follow"),
    ("xml", "<a>&nbsp;</a>", "the entity “nbsp” is not defined"),
    ("xml", "<a>b & c</a>", "write & as &amp;"),
    ("xml", '<a x="1" x="2"/>', "the attribute x occurs twice"),
    ("xml", '<a xmlns:p="p" p:x="1" p:x="2"/>', "the attribute p:x occurs twice"),
    ("xml", "<a x=1/>", "must be in quotes"),
    ("xml", "<a> 2 < 3</a>", "write < in a text"),
    ("xml", '<a x="2<3"/>', "write < in a text"),
    ("xml", "<a x/>", "the attribute x has no value"),
    ("xml", "<a><zeebe:b/></a>", "the prefix zeebe is not declared"),
    ("xml", '<?xml version="1.0" encoding="klingon"?><a/>', "save it as UTF-8"),
    ("xml", "<a>\1</a>", "not allowed in XML"),
    ("xml", "<a><!-- b", "a comment must end"),
    ("xml", ' <?xml version="1.0"?><a/>', "at the very beginning"),
    ("xml", '<a x="1"y="2"/>', "separated by spaces"),
    ("json", "", "it is empty (line 1, column 1)"),
    ("json", '{"a": [1', "it ends too early"),
    ("json", '{"a": 1,}', "remove the comma"),
    ("json", '{"a" 1}', "a colon is missing"),
    ("json", "{a: 1}", "a name in double quotes"),
    ("json", '{"a": b}', "a value is expected here"),
    ("json", "[1 2]", "a comma or ] is missing"),
    ("json", "{} x", "nothing may follow"),
    ("json", '{"a": "\\d"}', "a backslash"),
    ("json", '{"a": "b\nc"}', "a line break"),
    ("json", '{"a": 01}', "must not begin with 0"),
    ("yaml", "a:\n\tb: 1", "not with tabs (line 2, column 1)"),
    ("yaml", "a: @b", "put it in quotes"),
    ("yaml", "a: b: c", "a colon is not allowed here"),
    ("yaml", "a: [1, 2", "a comma or ] is missing"),
    ("yaml", "a: {b: 2", "a comma or } is missing"),
    ("yaml", "a: 'b", "does not end"),
    ("yaml", "a: 1\nb", "a colon is missing"),
    ("yaml", 'a: "\\d"', "a backslash"),
    ("yaml", "a: \1", "a control character"),
    ("yaml", "a: 1\n- b", "the indentation"),
    ("yaml", "- a\nb: 1", "the indentation"),
    ("yaml", "  a: 1\n b: 2", "the indentation"),
    ("python", "f(a", "( is not closed (column 2)"),
    ("python", "a)", ") closes nothing"),
    ("python", "(a]", "( is closed by ]"),
    ("python", "a = 'b", "does not end"),
    ("python", "'''a", "does not end"),
    ("python", "a = 1\n  b = 2", "the indentation"),
    ("toml", "a b", "a key and = are expected here"),
    ("toml", "a = 1 2", "nothing may follow the value on the same line (line 1, column 7)"),
    ("toml", "a = 1\na = 2", "occurs twice"),
    ("toml", "a = [1", "a bracket is not closed"),
    ("toml", 'a = "b', "does not end"),
    ("toml", "a = b", "a value is expected"),
    ("toml", 'a = "\\d"', "written twice"),
    ("python", "if a:\nb = 1", "must be indented"),
    ("python", "if a\n  b = 1", "a colon is missing"),
    ("python", "if a = 1:\n  b = 1", "compare with =="),
    ("python", "1 = a", "compare with =="),
    ("python", "None = 1", "only variables"),
    ("python", "a = “b”", "the character “ is not allowed"),
    ("python", "a = b\u200f", "the character U+200F is not allowed"),
    ("python", "a = 012", "must not begin with 0"),
    ("python", "a = 1b", "other characters"),
    ("python", "a = [1 b]", "perhaps a comma"),
    ("python", "a = 1 if b", "the else"),
    ("python", "return a", "return is not possible here"),
    ("python", "a = " + "(" * 201 + ")" * 201, "nested too deeply"),
    ("python", "a = f'{1:{2:{3}}}'", "more than twice"),
    ("python", "a = f'{b[\"\\n\"]}'", "must not contain a backslash"),
    ("python", "type A = int", "Python 3.12" if NAMES_NEWER_SYNTAX else "can't read it"),
    ("python", "a b", "can't read it"),
]


@pytest.mark.parametrize(("parser", "text", "expected"), BROKEN)
def test_a_common_mistake_is_explained_with_its_place(parser: Parser, text: str, expected: str) -> None:
    found = _of_toml(text) if parser == "toml" else _found(parser, text)
    assert expected in str(found)


def test_a_scenario_has_its_name_in_the_language_of_the_reader() -> None:
    values: dict[str, Value] = {"scenario": "رد | Refused", "expected": Phrase("scenarios.ends"), "came": "1"}
    finding = Finding("error", "scenario-failed.at-the-end", "a.yaml", values=values)
    shown = {language: readable(finding, speaking(language))["reason"] for language in ("fa", "en")}
    assert shown["en"] == 'Scenario "Refused", at the end. Expected: the case ends. Result: 1.'
    assert shown["fa"] == "سناریوی «رد»، در پایان. انتظار: پرونده پایان می‌یابد. نتیجه: ۱."


def test_a_rare_mistake_is_quoted() -> None:
    assert str(phrase("xml", "Internal error, line 3, column 4", 3, 4)) == (
        "the parser reports “Internal error” (line 3, column 4)"
    )


def test_mistakes_and_their_texts_are_the_same() -> None:
    for parser in get_args(Parser):
        keys = {key.split(".")[2] for key in texts("parsers") if key.split(".")[1] == parser}
        assert keys == {"other", *(name for name, _ in MISTAKES[parser])}


@pytest.mark.parametrize(
    ("area", "function", "paths", "position"),
    [
        ("feel", "Unreadable", "engine/dmn/feel", 0),
        ("juel", "Unreadable", "engine/bpmn/expressions/juel", 0),
        ("value", "Unportable", "engine/bpmn/values.py", 1),
    ],
)
def test_our_own_parsers_use_each_of_their_texts(area: str, function: str, paths: str, position: int) -> None:
    found = [*calls(python(paths), function), *calls(python(paths), "unreadable")]
    used = strings(found, position) | ({"comment", "quote", "sign"} if area == "feel" else set())
    assert {key for key in texts("parsers") if key.split(".")[1] == area} == {
        f"parsers.{area}.{mistake}" for mistake in used
    }


def test_scenarios_use_each_of_their_texts() -> None:
    paths = python("engine/definitions/scenarios")
    words = {
        node.value
        for path in paths
        for node in nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    heads = {word for word in words if word.endswith(".")}
    keys = {key.removeprefix("scenarios.") for key in texts("scenarios")}
    assert {key for key in keys if key not in words and f"{key.partition('.')[0]}." not in heads} == set()
    named = strings(calls(paths, "phrase"), 0) - {"yaml"}  # a parser
    assert {name for name in named if name not in keys} == set()


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (lambda text: parse(text, Names(), {}), "1 +"),
        (juel.strict, "${a"),
        (portable, "\0"),
    ],
)
def test_a_stored_finding_has_its_phrase_in_both_languages(read: Callable[[str], Any], text: str) -> None:
    with pytest.raises((Unreadable, juel.Unreadable, Unportable)) as refusal:
        read(text)
    error: Any = getattr(refusal.value, "problem", None) or getattr(refusal.value, "reason", None)
    finding = Finding("error", "unreadable-feel", "a.dmn", values={"error": error})
    stored = orjson.loads(orjson.dumps(finding))
    for language in ("fa", "en"):
        shown = readable(stored, speaking(language))
        assert shown["values"]["error"] in shown["reason"]
    assert str(error) in readable(stored, speaking("en"))["reason"]
