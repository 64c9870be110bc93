"""Item definitions (DMN 1.5 §7.3.3): what values a type has, and what becomes of others."""

from typing import Any

import pytest

from tests.unit.dmn.models import asked, decision, definitions, evaluated, flaws, inputs, literal


def item(name: str, inside: str = "", of: str = "", many: bool = False, component: bool = False) -> str:
    tag = "itemComponent" if component else "itemDefinition"
    base = f"<typeRef>{of}</typeRef>" if of else ""
    return f'<{tag} name="{name}" isCollection="{str(many).lower()}">{base}{inside}</{tag}>'


def only(text: str, tag: str = "allowedValues") -> str:
    return f"<{tag}><text>{text.replace('<', '&lt;').replace('>', '&gt;')}</text></{tag}>"


def fits(items: str, of: str, value: Any) -> bool:
    """Whether a value may be that of an input of a type."""
    file = definitions(items + inputs(x=of) + decision("d", literal("x"), "x"))
    assert flaws(file) == []
    found, run = asked(file, "d", {"x": value})
    assert (found is None) == bool(run.faults) or value is None
    return found is not None


COLOUR = item("colour", only('"red", "green"'), "string")


@pytest.mark.parametrize(
    ("items", "of", "value", "wanted"),
    [
        (COLOUR, "colour", "red", True),
        (COLOUR, "colour", "blue", False),
        (COLOUR, "colour", 1, False),
        (COLOUR, "colour", ["red"], True),
        (COLOUR, "colour", ["red", "green"], False),
        (item("ages", only("[0..150]"), "number", many=True), "ages", [1, 150], True),
        (item("ages", only("[0..150]"), "number", many=True), "ages", [1, 151], False),
        (item("ages", only("[0..150]"), "number", many=True), "ages", 7, True),
        (item("few", only("count(?) < 3", "typeConstraint"), "number", many=True), "few", [1, 2], True),
        (item("few", only("count(?) < 3", "typeConstraint"), "number", many=True), "few", [1, 2, 3], False),
        (item("big", only("> 9", "typeConstraint"), "number"), "big", 10, True),
        (item("big", only("> 9", "typeConstraint"), "number"), "big", 9, False),
        (COLOUR + item("warm", only('"red"'), "colour"), "warm", "red", True),
        (COLOUR + item("warm", only('"red", "blue"'), "colour"), "warm", "blue", False),
        (COLOUR + item("colours", "", "colour", many=True), "colours", ["red", "blue"], False),
        (
            COLOUR + item("pair", only("count(?) = 2", "typeConstraint"), "colour", many=True),
            "pair",
            ["red"],
            False,
        ),
        (item("even", only("even(?)"), "number"), "even", 4, True),
        (item("even", only("even(?)"), "number"), "even", 5, False),
        (item("not one", only("not(1)"), "number"), "not one", 1, False),
        (item("grid", "", "list&lt;number&gt;", many=True), "grid", [[1], [2]], True),
        (item("grid", "", "list&lt;number&gt;", many=True), "grid", [[1], ["a"]], False),
        ("", "list&lt;string&gt;", ["a"], True),
        ("", "context&lt;a: number&gt;", {"a": "x"}, False),
    ],
)
def test_a_value_fits_its_type_or_is_none(items: str, of: str, value: Any, wanted: bool) -> None:
    assert fits(items, of.replace("&lt;", "<").replace("&gt;", ">"), value) is wanted


def test_members_are_checked_with_what_stands_beside_them() -> None:
    parts = item("from", "", "number", component=True)
    parts += item("to", only("? > from"), "number", component=True)
    parts += item("steps", only("< to"), "number", many=True, component=True)
    span = item("span", parts)
    assert fits(span, "span", {"from": 1, "to": 5, "steps": [2, 3]})
    assert not fits(span, "span", {"from": 5, "to": 1, "steps": []})
    assert not fits(span, "span", {"from": 1, "to": 5, "steps": [2, 6]})
    assert not fits(span, "span", {"from": 1, "to": 5})
    assert fits(span, "span", {"from": 1, "to": 5, "steps": [], "more": "is allowed"})


def test_types_may_be_made_of_themselves() -> None:
    person = item(
        "person", item("name", "", "string", component=True) + item("kin", "", "person", True, True)
    )
    assert fits(person, "person", {"name": "a", "kin": [{"name": "b", "kin": []}]})
    assert not fits(person, "person", {"name": 1, "kin": []})


def test_functions_have_types() -> None:
    take = '<functionItem outputTypeRef="number"><parameters name="a" typeRef="number"/></functionItem>'
    items = item("reckon", take)
    file = definitions(items + decision("d", literal("function(a: number) a"), type="reckon"))
    assert flaws(file) == []


@pytest.mark.parametrize("given", ["function(a: number) 2 * a", "function(a) 2 * a", "knowledge", "abs"])
def test_function_is_taken_without_a_declared_result(given: str) -> None:
    takes = '<functionItem outputTypeRef="number"><parameters name="a" typeRef="number"/></functionItem>'
    body = '<encapsulatedLogic><formalParameter name="{}" typeRef="{}"/>{}</encapsulatedLogic>'
    models = "".join(
        f'<businessKnowledgeModel id="{name}" name="{name}"><variable name="{name}"/>'
        f"{body.format(parameter, of, literal(text))}</businessKnowledgeModel>"
        for name, parameter, of, text in (
            ("twice", "f", "fn", "f(5) + 1"),
            ("knowledge", "a", "number", "a * 2"),
        )
    )
    needs = "".join(
        f'<knowledgeRequirement><requiredKnowledge href="#{name}"/></knowledgeRequirement>'
        for name in ("twice", "knowledge")
    )
    asks = decision("d", needs + literal(f"twice({given})"))
    assert evaluated(definitions(item("fn", takes) + models + asks), "d") == (6 if given == "abs" else 11)


def test_an_unknown_type_is_told_and_demands_nothing() -> None:
    file = definitions(inputs(x="nonsense") + decision("d", literal("x"), "x"))
    assert any("nonsense" in reason for reason in flaws(file))
    assert evaluated(file, "d", {"x": 1}) == 1


def test_unreadable_allowed_values_are_told() -> None:
    file = definitions(item("bad", only("(("), "number") + inputs(x="bad") + decision("d", literal("x"), "x"))
    assert flaws(file)


@pytest.mark.parametrize(
    ("text", "of", "value"),
    [
        ("[1]", "number", 1),
        ("1", "list<number>", [1]),
        ("[1, 2]", "number", None),
        ('"a"', "number", None),
        ("{a: 1}", "context<a: number>", {"a": 1}),
        ("{a: 1}", "context<b: number>", None),
        ("null", "number", None),
    ],
)
def test_what_a_decision_gives_is_fitted_to_its_type(text: str, of: str, value: Any) -> None:
    assert evaluated(definitions(decision("d", literal(text), type=of)), "d") == value


@pytest.mark.parametrize(("name", "value"), [("integer", 1), ("long", 1), ("double", 1.5), ("any", "a")])
def test_types_are_known_by_the_names_that_tools_write(name: str, value: Any) -> None:
    assert fits("", name, value)
    assert not fits("", "integer", "a")


def test_a_type_of_the_file_beats_a_name_that_tools_write() -> None:
    assert fits(item("integer", "", "string"), "integer", "a")
