"""Boxed expressions (DMN 1.5 §10.2): each means what its text in FEEL would."""

from typing import Any

import pytest

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
)

FUNCTION = (
    '<businessKnowledgeModel id="bkm" name="fee of"><variable name="fee of"{variable}/>'
    "<encapsulatedLogic{kind}>"
    '<formalParameter name="the area" typeRef="number"/><formalParameter name="rate"/>{body}'
    "</encapsulatedLogic></businessKnowledgeModel>"
)
NEEDS = '<knowledgeRequirement><requiredKnowledge href="#bkm"/></knowledgeRequirement>'


def given(logic: str, **values: Any) -> Any:
    return evaluated(definitions(inputs("x") + decision("d", logic, "x")), "d", values)


def knowledge(body: str, variable: str = "", kind: str = "") -> str:
    return FUNCTION.format(body=body, variable=variable, kind=kind)


def test_entries_of_a_context_speak_of_those_before() -> None:
    assert given(
        context(a=literal("x + 1"), long_name=literal("a * 2"), c=literal("long name + a")), x=1
    ) == {
        "a": 2,
        "long name": 4,
        "c": 6,
    }


def test_an_entry_without_a_name_is_the_result() -> None:
    assert given(context(literal("a + b"), a=literal("1"), b=literal("2"))) == 3


def test_entries_are_fitted_to_their_types() -> None:
    typed = context(a=literal("[1]"), b=literal('"x"')).replace("name='", "typeRef='number' name='")
    value, run = asked(definitions(decision("d", typed)), "d")
    assert value == {"a": 1, "b": None}
    assert len(run.faults) == 1


def test_a_relation_is_a_list_of_contexts_of_its_columns_types() -> None:
    rows = relation({"the key": "string", "n": "number"}, ['"a"', "1"], ['"b"', '"2"'])
    assert given(rows) == [{"the key": "a", "n": 1}, {"the key": "b", "n": None}]


def test_a_boxed_list_is_a_list() -> None:
    assert given(f"<list>{literal('x')}{context(a=literal('2'))}<list/></list>", x=1) == [1, {"a": 2}, []]


@pytest.mark.parametrize(
    ("condition", "result"), [("x > 1", "no"), ("x = 1", "yes"), ("null", "no"), ("x < null", "no")]
)
def test_a_conditional_takes_one_way(condition: str, result: str) -> None:
    logic = parts("conditional", if_=literal(condition), then=literal('"yes"'), else_=literal('"no"'))
    assert given(logic, x=1) == result


def test_a_condition_that_is_neither_true_nor_false_is_a_fault() -> None:
    logic = parts("conditional", if_=literal("1"), then=literal('"yes"'), else_=literal('"no"'))
    value, run = asked(definitions(decision("d", logic)), "d")
    assert value is None
    assert len(run.faults) == 1


@pytest.mark.parametrize(
    ("source", "match", "result"),
    [
        ("[1, 2, 3]", "item > 1", [2, 3]),
        ("[{a: 1, b: 2}, {a: 3, b: 4}]", "a > 1", [{"a": 3, "b": 4}]),
        ("[{a: 1, b: 2}, {a: 3, b: 4}]", "item.a = x", [{"a": 1, "b": 2}]),
        ("[]", "item > 1", []),
        ("5", "item > 1", [5]),
        ("[1, null, 3]", "item > 1", [3]),
    ],
)
def test_a_filter_keeps_what_matches(source: str, match: str, result: Any) -> None:
    assert given(parts("filter", in_=literal(source), match=literal(match)), x=1) == result


@pytest.mark.parametrize(
    ("tag", "source", "body", "result"),
    [
        ("for", "[1, 2]", "i * 2", [2, 4]),
        ("for", "[1..3]", "i + count(partial)", [1, 3, 5]),
        ("for", "3", "i", [3]),
        ("for", "null", "i", None),
        ("some", "[1, 2]", "i > 1", True),
        ("some", "[]", "i > 1", False),
        ("every", "[1, 2]", "i > 1", False),
        ("every", "[]", "i > 1", True),
        ("every", "[1, null]", "i > 0", None),
    ],
)
def test_iterators_go_through_a_collection(tag: str, source: str, body: str, result: Any) -> None:
    last = {"return_" if tag == "for" else "satisfies": literal(body)}
    assert given(parts(tag, ' iteratorVariable="i"', in_=literal(source), **last)) == result


def test_a_function_is_called_with_arguments_by_name_or_in_order() -> None:
    inside = knowledge(literal("the area * rate"))
    calls = literal("[fee of(2, 3), fee of(rate: 3, the area: 2), fee of([2], 3), fee of(rate: 3)]")
    assert evaluated(definitions(inside + decision("d", NEEDS + calls)), "d") == [6, 6, 6, None]


def test_a_boxed_invocation_calls_by_name() -> None:
    inside = knowledge(literal("the area * rate"))
    boxed = invocation(
        literal("fee of"), the_area=literal("2"), rate=context(literal("a + 1"), a=literal("2"))
    )
    assert evaluated(definitions(inside + decision("d", NEEDS + boxed)), "d") == 6
    assert given(invocation(literal("max"), list=literal("[1, 7]"))) == 7


def test_what_is_invoked_but_no_function_is_a_fault() -> None:
    value, run = asked(definitions(decision("d", invocation(literal("1"), a=literal("2")))), "d")
    assert value is None
    assert "no function" in run.faults[0].reason


@pytest.mark.parametrize("variable", ["", ' typeRef="number"'])
def test_what_a_function_gives_is_fitted_to_the_type_of_its_body(variable: str) -> None:
    body = literal('"a"').replace("<literalExpression", '<literalExpression typeRef="number"', 1)
    inside = knowledge(body, variable)
    assert evaluated(definitions(inside + decision("d", NEEDS + literal("fee of(1, 2)"))), "d") is None


def test_functions_in_other_languages_give_nothing() -> None:
    inside = knowledge(context(java=literal("1")), kind=' kind="Java"')
    file = definitions(inside + decision("d", NEEDS + literal("fee of(1, 2)")))
    assert evaluated(file, "d") is None


def test_a_boxed_function_is_a_closure() -> None:
    function = (
        '<functionDefinition><formalParameter name="n"/>' + literal("n + base") + "</functionDefinition>"
    )
    assert given(context(literal("add(5)"), base=literal("x"), add=function), x=1) == 6


def test_what_requires_nothing_may_still_be_no_logic() -> None:
    assert evaluated(definitions(decision("d", "")), "d") is None
    assert flaws(definitions(decision("d", ""))) == []
