"""DMN files: all versions of the standard, imports, services, and whatever else is sent as one."""

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.dmn.errors import TooMuch
from engine.dmn.feel.frames import Run
from engine.dmn.model.graph import Graph, around
from engine.dmn.model.reader import NotDmn, read_file
from tests import dmn_files
from tests.unit.dmn.models import (
    asked,
    context,
    decision,
    definitions,
    evaluated,
    flaws,
    inputs,
    invocation,
    literal,
    parts,
    relation,
    table,
)

VERSIONS = [
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "http://www.omg.org/spec/DMN/20151101/dmn11.xsd",
    "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "https://www.omg.org/spec/DMN/20211108/MODEL/",
    "https://www.omg.org/spec/DMN/20230324/MODEL/",
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("prefix", ["", "dmn"])
def test_every_version_of_the_standard_is_read(version: str, prefix: str) -> None:
    inside = inputs(x="number") + decision("d", table(["x"], ["r"], [["> 1", '"more"']]), "x")
    file = definitions(inside, attributes=f'xmlns="{version}"')
    if prefix:
        text = (
            file.decode()
            .replace("</", f"</{prefix}:")
            .replace("<", f"<{prefix}:")
            .replace(f"<{prefix}:/", "</")
        )
        file = text.replace("xmlns=", f"xmlns:{prefix}=").encode()
    assert evaluated(file, "d", {"x": 2}) == "more"


def test_types_of_dmn_1_1_have_the_prefixes_of_namespaces() -> None:
    attributes = (
        f'xmlns="{VERSIONS[0]}" xmlns:feel="http://www.omg.org/spec/FEEL/20140401" '
        'xmlns:f="http://www.omg.org/FEEL/20140401" xmlns:own="urn:a"'
    )
    items = '<itemDefinition name="tAge"><typeRef>f:number</typeRef></itemDefinition>'
    inside = items + inputs(x="own:tAge", y="feel:string") + decision("d", literal("[x, y]"), "x", "y")
    file = definitions(inside, attributes=attributes)
    assert flaws(file) == []
    assert evaluated(file, "d", {"x": 1, "y": "a"}) == [1, "a"]
    assert evaluated(file, "d", {"x": "a", "y": 1}) == [None, None]


@pytest.mark.parametrize(
    ("attributes", "inside", "readable"),
    [
        ("", literal("1"), True),
        ('expressionLanguage="http://www.omg.org/spec/FEEL/20140401"', literal("1"), True),
        ('expressionLanguage="feel"', literal("1"), True),
        ('expressionLanguage="javascript"', literal("1"), False),
        ("", literal("1").replace(">", ' expressionLanguage="juel">', 1), False),
        ('expressionLanguage="juel"', literal("1").replace(">", ' expressionLanguage="feel">', 1), True),
    ],
)
def test_expressions_in_other_languages_are_told(attributes: str, inside: str, readable: bool) -> None:
    file = definitions(decision("d", inside), attributes=f'xmlns="{VERSIONS[-1]}" {attributes}')
    assert (flaws(file) == []) is readable
    assert evaluated(file, "d") == (1 if readable else None)


# Imports

LIBRARY = definitions(
    '<itemDefinition name="tAge"><typeRef>number</typeRef>'
    "<allowedValues><text>[0..150]</text></allowedValues>"
    "</itemDefinition>"
    + inputs("base")
    + decision("rate", literal("base * 2"), "base")
    + '<businessKnowledgeModel id="twice" name="twice"><variable name="twice"/><encapsulatedLogic>'
    '<formalParameter name="n" typeRef="number"/><literalExpression><text>n * 2</text></literalExpression>'
    "</encapsulatedLogic></businessKnowledgeModel>",
    namespace="urn:library",
)
NEEDS_TWICE = '<knowledgeRequirement><requiredKnowledge href="urn:library#twice"/></knowledgeRequirement>'


def importing(*names: str) -> str:
    return "".join(
        f'<import name="{name}" namespace="urn:library" importType="{VERSIONS[-1]}"/>' for name in names
    )


@pytest.mark.parametrize(("name", "prefix"), [("lib", "lib."), ("the library", "the library."), ("", "")])
def test_imported_elements_are_known_by_the_name_of_the_import(name: str, prefix: str) -> None:
    inside = importing(name) + inputs(age=f"{prefix}tAge")
    inside += decision(
        "d", NEEDS_TWICE + literal(f"[age, {prefix}twice(4), {prefix}rate]"), "age", "@urn:library#rate"
    )
    file = definitions(inside)
    assert flaws(file, LIBRARY) == []
    assert evaluated(file, "d", {"age": 5, "base": 10}, LIBRARY) == [5, 8, 20]
    assert evaluated(file, "d", {"age": 500, "base": 10}, LIBRARY) == [None, 8, 20]


def test_what_is_named_alike_here_is_not_replaced_by_an_import() -> None:
    inside = importing("") + decision("rate", literal("1"))
    inside += decision("d", literal("rate"), "@rate", "@urn:library#rate")
    assert evaluated(definitions(inside), "d", {"base": 10}, LIBRARY) == 1


def test_several_imports_stand_beside_each_other() -> None:
    other = definitions(decision("rate", literal("7")), namespace="urn:other")
    inside = importing("lib") + '<import name="other" namespace="urn:other" importType=""/>'
    inside += decision("d", literal("[lib.rate, other.rate]"), "@urn:library#rate", "@urn:other#rate")
    assert evaluated(definitions(inside), "d", {"base": 1}, LIBRARY, other) == [2, 7]


def test_files_may_import_each_other_and_themselves() -> None:
    one = (
        '<import name="b" namespace="urn:b" importType=""/><import name="a" namespace="urn:a" importType=""/>'
    )
    one += inputs(x="b.t") + decision("d", literal("x"), "x")
    two = '<import name="a" namespace="urn:a" importType=""/>'
    two += '<itemDefinition name="t"><typeRef>a.t</typeRef></itemDefinition>'
    found = evaluated(definitions(one), "d", {"x": 1}, definitions(two, namespace="urn:b"))
    assert found == 1


def test_what_is_required_but_not_there_is_a_grave_fault() -> None:
    value, run = asked(definitions(decision("d", literal("1"), "gone")), "d")
    assert value == 1
    assert [fault.grave for fault in run.faults] == [True]


def test_decisions_that_require_each_other_are_a_grave_fault() -> None:
    file = definitions(decision("a", literal("b + 1"), "@b") + decision("b", literal("a + 1"), "@a"))
    value, run = asked(file, "a")
    assert value is None
    assert any(fault.grave for fault in run.faults)


def test_members_with_spaces_are_known_wherever_they_are_made() -> None:
    made = context(monthly_income=literal("5"))
    rows = relation({"loan amount": ""}, ["3"])
    routed = table([], ["the route", "fee-class"], [['"auto"', "1"]])
    reads = literal("[a.monthly income, b.loan amount, c.the route, c.fee-class, e.own - key]")
    inside = decision("d", reads, "@a", "@b", "@c", "@e") + decision("a", made)
    inside += decision("b", rows) + decision("c", routed) + decision("e", literal("{own - key: 4}"))
    file = definitions(inside)
    assert flaws(file) == []
    assert evaluated(file, "d") == [5, [3], "auto", 1, 4]


# Services


def service(outputs: str, decisions: str = "", data: str = "", of: str = "") -> str:
    parts = "".join(f'<outputDecision href="#{each}"/>' for each in outputs.split())
    parts += "".join(f'<inputDecision href="#{each}"/>' for each in decisions.split())
    parts += "".join(f'<inputData href="#{each}"/>' for each in data.split())
    typed = f' typeRef="{of}"' if of else ""
    return f'<decisionService id="s" name="s"><variable name="s"{typed}/>{parts}</decisionService>'


def test_a_service_gives_one_result_or_a_context_of_several() -> None:
    inside = inputs("x") + decision("a", literal("x + 1"), "x") + decision("b", literal("a * 2"), "@a")
    assert evaluated(definitions(inside + service("b", data="x")), "s", {"x": 1}) == 4
    assert evaluated(definitions(inside + service("a b", data="x")), "s", {"x": 1}) == {"a": 2, "b": 4}
    assert evaluated(definitions(inside + service("b", decisions="a")), "s", {"a": 10}) == 20


def test_a_service_is_called_as_a_function_and_knows_only_its_parameters() -> None:
    inside = inputs("x") + decision("a", literal("x + 1"), "x") + service("a", data="x")
    needs = '<knowledgeRequirement><requiredKnowledge href="#s"/></knowledgeRequirement>'
    inside += decision("d", needs + literal("[s(5), s(x: 6), x]"), "x")
    assert evaluated(definitions(inside), "d", {"x": 1}) == [6, 7, 1]


# What is no DMN


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no xml",
        b"<definitions/>",
        b'<definitions xmlns="urn:other"/>',
        b'<!DOCTYPE d [<!ENTITY a "x">]><definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/"/>',
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_dmn_is_refused(content: bytes) -> None:
    with pytest.raises(NotDmn):
        read_file("x.dmn", content)


def test_xml_that_grows_is_refused() -> None:
    entities = '<!ENTITY e0 "ha">' + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 30))
    for use in ("<decision name='&e29;'/>", "<description>&e29;</description>"):
        bomb = f'<!DOCTYPE d [{entities}]><definitions xmlns="{VERSIONS[-1]}">{use}</definitions>'
        with pytest.raises(NotDmn):
            read_file("x.dmn", bomb.encode())


def test_a_hundred_thousand_rules_are_refused() -> None:
    rule = "<rule><inputEntry><text>-</text></inputEntry><outputEntry><text>1</text></outputEntry></rule>"
    logic = f"<decisionTable><input/><output/>{rule * 100_000}</decisionTable>"
    with pytest.raises(NotDmn, match="elements"):
        read_file("x.dmn", definitions(decision("d", logic)))


def test_more_text_than_can_be_read_in_time_is_refused() -> None:
    with pytest.raises(NotDmn, match="characters"):
        read_file("x.dmn", definitions(decision("d", literal("1 + " * 300_000 + "1"))))


def test_nests_of_expressions_and_types_are_read_or_refused() -> None:
    for begin, end in (("<context><contextEntry>", "</contextEntry></context>"), ("<list>", "</list>")):
        for depth in (50, 120, 250):
            try:
                evaluated(definitions(decision("d", begin * depth + literal("1") + end * depth)), "d")
            except (NotDmn, TooMuch):
                assert depth > 50
    chain = "".join(
        f'<itemDefinition name="t{n}"><typeRef>t{n + 1}</typeRef></itemDefinition>' for n in range(2000)
    )
    evaluated(definitions(chain + inputs(x="t0") + decision("d", literal("x"), "x")), "d", {"x": 1})
    long = "".join(decision(f"d{n}", literal("1"), f"@d{n + 1}") for n in range(2000))
    assert evaluated(definitions(long), "d0") == 1


ITEMS = (
    '<itemDefinition name="t" isCollection="true"><typeRef>number</typeRef><allowedValues><text>&gt; 1</text>'
    '</allowedValues></itemDefinition><itemDefinition name="c"><itemComponent name="a"><typeRef>t</typeRef>'
    "</itemComponent></itemDefinition>"
)
EACH = parts("for", ' iteratorVariable="i"', in_=literal("[1]"), return_=literal("i"))
FILTERED = parts("filter", in_=literal("[1]"), match=literal("item > 1"))
CHOSEN = parts("conditional", if_=literal("v = 1"), then=EACH, else_=FILTERED)
RULES = table(["x: > 0", "y"], ["r: 1, 2 = 2", "s"], [["[1..3]", "-", "1", "x"]])
WHOLE = definitions(
    importing("lib")
    + ITEMS
    + inputs("y", x="t")
    + decision("d", RULES, "x", "y", type="c")
    + decision("e", context(CHOSEN, v=literal("1")), "@d")
    + decision("f", invocation(literal("s"), x=literal("1")), "@e")
    + decision("g", relation({"n": "t"}, ["1"]))
    + service("d e", data="x y")
)
PIECES = st.sampled_from(
    [
        "",
        "x",
        "#d",
        "href",
        "<rule/>",
        "<input/>",
        "<output/>",
        "<row/>",
        "</list>",
        "name",
        "typeRef",
        '=""',
        "list",
    ]
)


@settings(max_examples=300)
@given(st.data())
def test_mutilated_files_are_read_or_refused(data: st.DataObject) -> None:
    text = WHOLE.decode()
    for _ in range(data.draw(st.integers(1, 3))):
        begin = data.draw(st.integers(60, len(text)))
        end = data.draw(st.integers(begin, min(len(text), begin + 40)))
        text = text[:begin] + data.draw(PIECES) + text[end:]
    survive(text.encode())


INPUTS: list[dict[str, Any]] = [{}, {"x": [None], "y": {"x": Decimal(1)}}]
TAGS = [
    "decision",
    "inputData",
    "variable",
    "decisionTable",
    "rule",
    "input",
    "output",
    "text",
    "context",
    "row",
]


@settings(max_examples=300)
@given(st.data())
def test_files_with_elements_taken_out_are_read_or_refused(data: st.DataObject) -> None:
    parts = WHOLE.decode().split("<")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(2, len(parts) - 1))
        tag = parts[at].split(" ")[0].split(">")[0].strip("/")
        changed = data.draw(st.sampled_from([*TAGS, "other"]))
        parts = [part.replace(tag, changed, 1) if part.strip("/").startswith(tag) else part for part in parts]
    survive("<".join(parts).encode())


def survive(content: bytes) -> None:
    """A file is refused, or every decision of it has a value."""
    try:
        graph = Graph([read_file("x.dmn", content), read_file("lib.dmn", LIBRARY)])
    except NotDmn:
        return
    for element in graph.main.elements.values():
        key = graph.find(element.id)
        for values in INPUTS if key is not None else ():
            with suppress(TooMuch):
                graph.evaluate(key, values, Run(steps=5_000))


def test_files_of_which_nobody_speaks_are_not_built() -> None:
    first, other = (
        read_file(f"{name}.dmn", dmn_files.dmn(dmn_files.data("x"), name)) for name in ("first", "other")
    )
    assert around(first, [other, first]).files == [first]
