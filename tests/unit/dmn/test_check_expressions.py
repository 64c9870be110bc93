"""What the check says about expressions: what can't be read, means nothing or can have no value."""

from collections.abc import Sequence

import pytest

from tests.unit.dmn.checking import (
    data,
    decision,
    findings,
    item,
    knowledge,
    literal,
    of_expression,
    of_table,
    table,
)

GIVEN = (
    *(data("n", "number"), data("text", "string"), data("flag", "boolean"), data("day", "date")),
    *(data("any"), data("who", "Person"), data("people", "People"), data("moment", "date and time")),
    '<itemDefinition name="Person"><itemComponent name="age"><typeRef>number</typeRef></itemComponent>'
    '<itemComponent name="full name"><typeRef>string</typeRef></itemComponent></itemDefinition>',
    '<itemDefinition name="People" isCollection="true"><typeRef>Person</typeRef></itemDefinition>',
)
NAMES = ("n", "text", "flag", "day", "any", "who", "people", "moment")


def told(text: str, *more: str, requires: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Severity and code of what is found in an expression that may speak of all that is given."""
    found = of_expression(text, *GIVEN, *more, requires=(*NAMES, *requires))
    return [(each.severity, each.code) for each in found]


@pytest.mark.parametrize(
    "text",
    [
        *("n + 1", 'text + "a"', 'day + duration("P1D")', "moment - day", "any + 1", 'n * duration("P1D")'),
        *("n < 5 and flag", "any and flag", "n = null", "null + 1", "text != null", "not(flag)"),
        *(
            "who.age + n",
            "who.full name + text",
            "people.age[1] + n",
            "people[age > 3].full name",
            "day.year + n",
        ),
        *("people[1].age", "people[item.age > 3]", "people[-1]", "count(people) + 1", "sum(people.age) > n"),
        *(
            "for p in people return p.age + 1",
            "for i in 1..n return i * 2",
            "some p in people satisfies p.age > n",
        ),
        *(
            "if flag then n else text",
            "(if flag then 1 else 2) + n",
            "{a: n, b: a + 1}.b + n",
            "[1, n][1] + n",
        ),
        *('date("2026-01-01") < day', "day in [date(2026, 1, 1)..date(2026, 2, 1)]", "n in (1, [3..5], > 7)"),
        *(
            "function(a: number, b) a + b",
            "(function(a: number) a + 1)(n)",
            "sort(people, function(a, b) a.age < b.age)",
        ),
        *(
            "string(n) + text",
            "number(text) + n",
            "substring(string: text, start position: 2)",
            "max(1, n, 3)",
        ),
        *("any.whatever[other > 1]", "n instance of number", 'day between @"2026-01-01" and @"2026-02-01"'),
        *('duration("P1D").days + n', "[1..5].start + n", "concatenate(people.age, [n])", "people.age = [1]"),
        *(
            "for x in [1, 2] return if x > 1 then partial[-1] else 0",
            'split(text, ",")[1] + "a"',
            "abs(-n) + 1",
        ),
        *("is(day, moment)", "before(n, [1..5])", "-n", 'flag or text = "a"'),
    ],
)
def test_what_can_have_a_value_is_no_finding(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(("n + text", "type-mismatch"), ('"a" + 1', "type-mismatch"), ("day + 1", "type-mismatch")),
        *(("flag * 2", "type-mismatch"), ("who + 1", "type-mismatch"), ("-text", "type-mismatch")),
        *(("n < text", "type-mismatch"), ("n = text", "type-mismatch"), ("flag < flag", "type-mismatch")),
        *(("day < moment.time offset", "type-mismatch"), ("n between text and 5", "type-mismatch")),
        *(("n(1)", "type-mismatch"), ('[1.."a"]', "type-mismatch"), ("people.age + 1", "type-mismatch")),
        *(("(if flag then 1 else 2) + text", "type-mismatch"), ("{a: n}.a + text", "type-mismatch")),
        *(("(for p in people return p.age)[1] + text", "type-mismatch"),),
        *(('n in ("a", "b")', "test-type"), ("text in [1..5]", "test-type")),
        *(("m + 1", "unknown-name"), ("for p in people return q", "unknown-name")),
        *(
            ("cuont(people)", "unknown-feel-function"),
            ("who.agee", "unknown-member"),
            ("n.year", "unknown-member"),
        ),
        *(("day.hour", "unknown-member"), ("people.agee", "unknown-member"), ("{a: 1}.b", "unknown-member")),
        *(("count()", "argument-count"), ("substring(text)", "argument-count"), ("now(1)", "argument-count")),
        *(('substring(text, "a")', "argument-type"), ("floor(text)", "argument-type")),
        *(("floor(number: n)", "argument-name"), ("substring(string: text)", "argument-count")),
        *(
            ("(function(a: number) a)(n, n)", "argument-count"),
            ("(function(a: number) a)(text)", "argument-type"),
        ),
        *(('date("2026-02-30")', "argument-value"), ('duration("1 day")', "argument-value")),
        *(("n +", "unreadable-feel"), ("if flag then 1", "unreadable-feel"), ('"abc', "unreadable-feel")),
        *(('@"2026-13-01"', "unreadable-feel"), ("n instance of nmber", "unreadable-feel")),
        *(('function(a) external {java: {class: "x"}}', "function-language"),),
    ],
)
def test_what_can_have_no_value_is_an_error(text: str, code: str) -> None:
    assert set(told(text)) == {("error", code)}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("if n then 1 else 2", "condition-type"),
        ("flag and n", "condition-type"),
        ("people[agee > 1]", "unknown-name"),  # some may have it
    ],
)
def test_what_is_probably_meant_otherwise_is_a_warning(text: str, code: str) -> None:
    assert told(text) == [("warning", code)]


def test_a_finding_tells_the_place_in_the_text_and_the_nearest_spelling() -> None:
    (one,) = of_expression("n + lenght", data("n"), data("length"), requires=("n", "length"))
    assert (one.element, one.name, one.line) == ("D", "D", 4)
    assert (one.code, one.values) == (
        "unknown-name",
        {"name": "lenght", "near": "length", "at_character": 5, "at_text": "n + lenght"},
    )


def test_of_what_is_there_but_not_required_a_requirement_is_missing() -> None:
    (one,) = of_expression("n + m", data("n"), data("m"), requires=("n",))
    assert (one.code, one.values["name"]) == ("not-required", "m")


def test_types_go_from_decision_to_decision_without_being_declared() -> None:
    found = findings(
        data("n", "number"),
        decision("Sum", literal("n + 1"), ["n"]),
        decision("Twice", literal('Sum + "a"'), ["Sum"]),
        decision("Listed", table("COLLECT", ["n"], ["> 1 | 5"]), ["n"]),
        decision("Sorted", literal("Listed + 1"), ["Listed"]),
    )
    assert [(each.code, each.name) for each in found] == [
        ("type-mismatch", "Twice"),
        ("type-mismatch", "Sorted"),
    ]


def test_a_result_of_another_type_than_declared_is_an_error() -> None:
    assert [each.code for each in findings(decision("D", literal("1"), of="string"))] == ["result-type"]
    assert [each.code for each in findings(decision("D", literal("1", 'typeRef="string"')))] == [
        "result-type"
    ]
    assert findings(decision("D", literal("[1]"), of="number")) == []  # a list of one is that one
    assert findings(decision("D", literal('date("2026-01-01")'), of="date and time")) == []


def test_types_that_there_are_not_are_told_once_with_the_nearest() -> None:
    found = findings(
        item("Kind", "sting"), data("k", "Kind"), decision("D", literal("k"), ["k"]), data("x", "Knid")
    )
    assert [(each.code, each.values) for each in found] == [
        ("unknown-type", {"at_type": "Kind", "type": "sting", "near": "string"}),
        ("unknown-type", {"type": "Knid", "near": "Kind"}),
    ]


def test_models_are_called_with_their_parameters() -> None:
    add = knowledge("FnAdd", "a: number, b: number", "a + b")

    def codes(text: str) -> list[str]:
        return [each.code for each in of_expression(text, add, requires=("FnAdd",))]

    assert codes("FnAdd(1, 2) + 1") == codes("FnAdd(b: 1, a: 2)") == []
    assert codes("FnAdd(1)") == ["argument-count"]
    assert codes('FnAdd(1, "2")') == ["argument-type"]
    assert codes("FnAdd(a: 1, c: 2)") == ["argument-name"]
    assert codes('FnAdd(1, 2) + "a"') == ["type-mismatch"]


@pytest.mark.parametrize(
    ("bound", "code"),
    [({"a": "1", "b": "2"}, None), ({"a": "1"}, "argument-count"), ({"a": "1", "b": '"2"'}, "argument-type")],
)
def test_invocations_bind_all_parameters(bound: dict[str, str], code: str | None) -> None:
    bindings = "".join(
        f'<binding><parameter name="{name}"/>{literal(text)}</binding>' for name, text in bound.items()
    )
    logic = f"<invocation>{literal('FnAdd')}{bindings}</invocation>"
    found = findings(knowledge("FnAdd", "a: number, b: number", "a + b"), decision("D", logic, ["FnAdd"]))
    assert [each.code for each in found] == ([code] if code else [])


def test_boxed_expressions_know_what_stands_before_and_around() -> None:
    entry = '<contextEntry><variable name="{}"/>{}</contextEntry>'
    logic = (
        f"<context>{entry.format('first part', literal('1'))}{entry.format('b', literal('first part + 1'))}"
        f"<contextEntry>{literal('b + c')}</contextEntry></context>"
    )
    assert [(each.code, each.line) for each in findings(decision("D", logic), data("z"))] == [
        ("unknown-name", 2)
    ]
    iterated = (
        f'<for iteratorVariable="x"><in>{literal("[1, 2]")}</in>'
        f"<return>{literal('x + y + partial[1]')}</return></for>"
    )
    assert [each.code for each in findings(decision("D", iterated), data("z"))] == ["unknown-name"]
    filtered = (
        f"<filter><in>{literal('[{a: 1}]')}</in><match>{literal('a > 1 and item.a < 3')}</match></filter>"
    )
    assert findings(decision("D", filtered)) == []


# Cells


@pytest.mark.parametrize(
    ("of", "cell", "code"),
    [
        *(
            ("number", '"a"', "test-type"),
            ("string", "< 5", "type-mismatch"),
            ("string", "[1..5]", "test-type"),
        ),
        *(("number", "true", None), ("boolean", "1", "test-type"), ("date", '"2026-01-01"', "test-type")),
        *(("number", "< 5, > 7", None), ("number", "not(5)", None), ("number", '? > 5 and text = "a"', None)),
        *(("number", "< 5, >", "unreadable-feel"), ("number", "mising", "unknown-name")),
    ],
)
def test_cells_test_values_of_their_inputs_type(of: str, cell: str, code: str | None) -> None:
    found = of_table("COLLECT", [f"x: {of}", "text: string"], ["- | - | 0", f"{cell} | - | 1"])
    assert [each.code for each in found if each.severity == "error"] == ([code] if code else [])
    errors = [each.values for each in found if each.severity == "error"]
    assert all((each["at_rule"], each["at_column"]) == (2, "x") for each in errors)


def test_cells_test_for_allowed_values() -> None:
    found = of_table("COLLECT", ['x: string = "a", "b"'], ['"a" | 1', '"c", "b" | 2'])
    assert [each.code for each in found] == ["test-value"]
    assert found[0].values["value"] == '"c"'
    kind = item("Kind", "string", '"a", "b"')
    assert [each.code for each in of_table("COLLECT", ["x: Kind"], ['"c" | 1'], kind)][:1] == ["test-value"]


@pytest.mark.parametrize(
    ("output", "result", "code"),
    [
        *((": number", '"a"', "output-type"), (": number", "x", None), (": string", "x", "output-type")),
        *(
            ('= "a", "b"', '"c"', "output-value"),
            ('= "a", "b"', '"b"', None),
            ("= [1..5]", "7", "output-value"),
        ),
        (": Kind", '"z"', "output-value"),
    ],
)
def test_results_are_of_their_outputs_type_and_among_its_values(
    output: str, result: str, code: str | None
) -> None:
    kind = item("Kind", "string", '"a", "b"')
    found = of_table("COLLECT", ["x: number"], [f"- | {result}"], kind, output=output)
    assert [each.code for each in found] == ([code] if code else [])


def test_a_file_is_judged_whatever_its_expressions_hold() -> None:
    for text in (
        "(" * 2_000,
        "[" * 5_000 + "1",
        "a" * 100_000,
        "1" + "+1" * 5_000,
        "-" * 3_000 + "1",
        "\u202e",
        "?",
    ):
        assert all(each.severity == "error" for each in of_expression(text))


@pytest.mark.parametrize(
    ("text", "jalali"),
    [
        ('x < date("1405-01-01")', "1405-01-01"),
        ('x < @"1405-01-01"', "1405-01-01"),
        ("x < date(1405, 1, 1)", "1405-01-01"),
        ('x < date and time("1399-12-30T10:00:00")', "1399-12-30"),
    ],
)
def test_year_that_is_rather_jalali_is_told(text: str, jalali: str) -> None:
    (found,) = of_expression(text, data("x"), requires=["x"])
    assert (found.severity, found.code) == ("warning", "gregorian-year")
    assert (found.values["year"], found.values["day"]) == (jalali[:4], jalali)


def test_jalali_dates_are_of_their_types_and_there() -> None:
    assert of_expression('jalali("1405-01-01") < date("2026-05-01")') == []
    (found,) = of_expression('jalali("1404-12-30")')
    assert found.code == "argument-value"
