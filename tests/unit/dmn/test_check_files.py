"""What the check says of files as such, of their names and references, and of the shape of their tables."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from engine.dmn import check as checking
from engine.dmn.check import check
from engine.dmn.feel.types import NUMBER
from tests.unit.dmn.checking import (
    codes,
    data,
    decision,
    definitions,
    findings,
    item,
    knowledge,
    literal,
    table,
)

GOOD = (data("n", "number"), decision("D", literal("n + 1"), ["n"]))


def of_files(**files: bytes) -> list[tuple[str, str]]:
    return [(each.file, each.code) for each in check({f"{name}.dmn": files[name] for name in files}).findings]


def test_a_sound_file_has_no_findings_and_tells_what_its_decisions_give() -> None:
    checked = check(
        {
            "a.dmn": definitions(
                data("age", "number"),
                data("kind", "string"),
                decision("Rate", table("FIRST", ["age"], ["< 18 | 1", "- | 2"], output=": number"), ["age"]),
                decision("Fee", literal('if kind = "new" then Rate * 2 else Rate'), ["Rate", "kind"]),
            )
        }
    )
    assert checked.findings == ()
    assert checked.types == {("test", "Rate"): NUMBER, ("test", "Fee"): NUMBER}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not-xml"),
        (b"x", "not-xml"),
        (b"<a/>", "not-dmn"),
        (b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>', "not-dmn"),
        (b"<!DOCTYPE definitions [<!ENTITY a 'b'>]>" + definitions(*GOOD), "doctype"),
        (definitions("<x>" * 120 + "</x>" * 120), "too-deep"),
        (definitions("<x/>" * 100_001), "too-many-elements"),
        (definitions()[:-5], "not-xml"),
    ],
)
def test_what_is_no_dmn_is_refused(content: bytes, code: str) -> None:
    assert of_files(a=content) == [("a.dmn", code)]


def test_large_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "MAX_FILE", 100)
    assert of_files(a=definitions(*GOOD)) == [("a.dmn", "file-too-large")]


def test_a_model_without_a_decision_is_told() -> None:
    assert codes(data("n")) == [("warning", "no-decision")]


def test_ids_and_names_are_there_once() -> None:
    assert codes(*GOOD, data("n").replace('id="n"', 'id="m"')) == [("error", "name-twice")]
    twice = decision("E", literal("1")).replace('id="E"', 'id="D"')
    assert codes(*GOOD, twice) == [("error", "duplicate-id")]
    cells = literal("1", 'id="x"')
    assert codes(decision("D", f'<list id="x">{cells}</list>')) == [("warning", "duplicate-id")]
    assert codes(*GOOD, item("A", "string"), item("A", "number")) == [("error", "name-twice")]


def test_references_lead_somewhere() -> None:
    (one,) = findings(decision("D", literal("1"), ["n"]))
    assert (one.code, one.element, one.line) == ("dead-reference", "D", 2)
    elsewhere = decision("D", literal("1"), ["n"]).replace("#n", "other#n")
    assert codes(elsewhere) == [("error", "dead-reference")]


def test_what_is_imported_is_there() -> None:
    importing = (
        '<import name="o" namespace="other" importType="https://www.omg.org/spec/DMN/20230324/MODEL/"/>'
    )
    asking = decision("D", literal("o.x + 1"), ["x"]).replace("#x", "other#x")
    assert of_files(a=definitions(importing, asking)) == [("a.dmn", "missing-import")]
    other = definitions(data("x", "number"), namespace="other")
    assert of_files(a=definitions(importing, asking), b=other) == []
    text = definitions(data("x", "string"), namespace="other")
    assert of_files(a=definitions(importing, asking), b=text) == [("a.dmn", "type-mismatch")]
    none = definitions(data("y"), namespace="other")
    assert ("a.dmn", "dead-reference") in of_files(a=definitions(importing, asking), b=none)


def test_files_may_import_each_other_and_requirements_of_both_do_not_lead_back() -> None:
    kind = 'importType="https://www.omg.org/spec/DMN/20230324/MODEL/"'
    of_b, of_a = (f'<import name="{name}" namespace="{name}" {kind}/>' for name in "ba")
    one = decision("A", literal("b.B + 1"), ["B"]).replace("#B", "b#B")
    other = decision("B", literal("1"))
    assert of_files(a=definitions(of_b, one, namespace="a"), b=definitions(of_a, other, namespace="b")) == []
    back = decision("B", literal("a.A"), ["A"]).replace("#A", "a#A")
    assert of_files(a=definitions(of_b, one, namespace="a"), b=definitions(of_a, back, namespace="b")) == [
        ("a.dmn", "requirement-cycle")
    ]


def test_two_files_have_two_namespaces() -> None:
    assert [code for _, code in of_files(a=definitions(*GOOD), b=definitions(*GOOD))] == ["namespace-twice"]


def test_requirements_do_not_lead_back() -> None:
    found = findings(
        decision("A", literal("B"), ["B"]),
        decision("B", literal("C"), ["C"]),
        decision("C", literal("A"), ["A"]),
    )
    assert [each.code for each in found] == ["requirement-cycle"]
    assert "A → B → C → A" in found[0].reason


@pytest.mark.parametrize("language", ["", "https://www.omg.org/spec/DMN/20230324/FEEL/", "FEEL", "feel"])
def test_feel_has_several_names(language: str) -> None:
    assert codes(decision("D", literal("1", f'expressionLanguage="{language}"'))) == []


def test_other_languages_are_refused() -> None:
    assert ("error", "not-feel") in codes(decision("D", literal("1", 'expressionLanguage="juel"')))
    content = definitions(*GOOD, attributes='expressionLanguage="http://www.ecma-international.org"')
    assert ("a.dmn", "not-feel") in of_files(a=content)
    java = knowledge("FnA", "a: number", "1", 'kind="Java"')
    assert ("error", "function-language") in codes(java, *GOOD)


def test_a_decision_has_a_logic() -> None:
    assert codes(decision("D", "")) == [("warning", "no-logic")]


# Tables


def of(policy: str, attributes: str = "", output: str = "", rules: tuple[str, ...] = ("- | 1",)) -> list[str]:
    logic = table(policy, ["n"], rules, attributes=attributes, output=output)
    return [
        each.code for each in findings(data("n"), decision("D", logic, ["n"])) if each.severity == "error"
    ]


def test_hit_policies_are_those_of_the_standard() -> None:
    assert of("WHATEVER") == ["hit-policy"]
    assert of("unique") == ["hit-policy"]
    assert of("OUTPUT ORDER", output="= 1, 2") == of("RULE ORDER") == of("ANY") == []


def test_aggregations_go_with_one_collected_output() -> None:
    assert of("COLLECT", 'aggregation="SUM"') == []
    assert of("COLLECT", 'aggregation="AVERAGE"') == ["wrong-aggregation"]
    assert of("UNIQUE", 'aggregation="SUM"') == ["wrong-aggregation"]
    two = table("COLLECT", ["n"], ["- | 1 | 2"], attributes='aggregation="MAX"')
    two = two.replace('<output name="out">', '<output name="a"/><output name="out">')
    assert ("error", "wrong-aggregation") in codes(data("n"), decision("D", two, ["n"]))


@pytest.mark.parametrize("policy", ["PRIORITY", "OUTPUT ORDER"])
def test_priorities_are_those_of_listed_values(policy: str) -> None:
    assert of(policy) == ["no-output-values"]
    assert of(policy, output='= 1, "a"') == []


def test_rules_have_a_cell_for_each_column() -> None:
    for rule in ("-", "- | 1 | 2", ""):
        assert of("UNIQUE", rules=("- | 1", rule)) == ["rule-cells"]


def test_input_columns_say_what_they_test() -> None:
    logic = table("UNIQUE", [""], ["- | 1"])
    assert ("error", "no-input") in codes(decision("D", logic))


def test_what_is_wrong_elsewhere_is_told_beside_a_malformed_table() -> None:
    logic = table("UNIQUE", ["n"], ["-"])
    found = codes(data("n"), decision("D", logic, ["n"]), decision("E", literal("m")))
    assert sorted(code for _, code in found) == ["rule-cells", "unknown-name"]


def test_tables_have_outputs_with_names_of_their_own() -> None:
    none = table("UNIQUE", ["n"], ["-"]).replace('<output name="out"></output>', "")
    assert codes(data("n"), decision("D", none, ["n"])) == [("error", "no-outputs")]
    for names in ('<output name="out"/>', "<output/>"):
        two = table("UNIQUE", ["n"], ["- | 1 | 2"]).replace(
            '<output name="out">', f'{names}<output name="out">'
        )
        assert ("error", "output-name") in codes(data("n"), decision("D", two, ["n"]))


# Whatever there is

ATTRIBUTES = (
    "id",
    "name",
    "href",
    "typeRef",
    "hitPolicy",
    "aggregation",
    "namespace",
    "kind",
    "isCollection",
)
WORDS = (
    "",
    "n",
    "D",
    "#D",
    "number",
    "list<D>",
    "COLLECT",
    "true",
    "a b",
    "x#y",
    "(",
    "<",
    "- 5",
    "[1..",
    'not("a")',
)


def model() -> etree._Element:
    kind = item("Kind", "string", '"a", "b"')
    parts = (
        *(kind, data("n", "number"), data("k", "Kind"), knowledge("FnA", "a: number, b: Kind", "a + 1")),
        decision(
            "Rate", table("UNIQUE", ["n", 'k: Kind = "a", "b"'], ['< 5 | "a" | 1', "- | - | 2"]), ["n", "k"]
        ),
        decision("D", literal("FnA(n, k) + Rate"), ["n", "k", "Rate", "FnA"]),
        decision(
            "E", f"<conditional><if>{literal('n > 1')}</if><then>{literal('n')}</then></conditional>", ["n"]
        ),
    )
    return etree.fromstring(definitions(*parts))


@settings(max_examples=150)
@given(seed=st.integers(0, 10**6), changes=st.integers(1, 8))
def test_nothing_that_a_file_may_hold_is_too_much_for_the_check(seed: int, changes: int) -> None:
    made, root = random.Random(seed), model()
    for _ in range(changes):
        nodes = list(root.iter())
        node, other = made.choice(nodes), made.choice(nodes)
        match made.randint(0, 4):
            case 0 if (above := node.getparent()) is not None:
                above.remove(node)
            case 1:
                node.set(made.choice(ATTRIBUTES), made.choice(WORDS))
            case 2:
                node.text = made.choice(WORDS)
            case 3 if (
                other not in node.iterancestors() and other is not node and node not in other.iterancestors()
            ):
                node.append(other)
            case 4 if node is not root:
                node.tag = other.tag
    for each in check({"a.dmn": etree.tostring(root)}).findings:
        assert each.reason
        assert each.fix
