"""FEEL in diagrams, wherever an expression is allowed."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine import bpmn
from engine.bpmn import Source, Spec
from engine.bpmn.expressions.feel import Unfit, as_data, as_feel, evaluate, is_feel
from engine.dmn.errors import TooMuch
from engine.dmn.feel.moments import Months
from tests.driving import NOW, Run, document, flow, path
from tests.eventful import line

CHOICE = (
    '<startEvent id="start"/><exclusiveGateway id="g" default="g-b"/><userTask id="a"/><userTask id="b"/>'
    + path("start", "g")
    + flow("g", "a", '= amount &gt; 10 and kind in ("big", "huge")')
    + flow("g", "b")
)


def timer(kind: str, text: str) -> str:
    return line(
        f'<intermediateCatchEvent id="wait"><timerEventDefinition><{kind}>{text}</{kind}>'
        "</timerEventDefinition></intermediateCatchEvent>"
    )


def many(inside: str, marker: str = "") -> str:
    return line(
        f'<userTask id="a"><multiInstanceLoopCharacteristics {marker}>{inside}'
        "</multiInstanceLoopCharacteristics></userTask>",
        "userTask after",
    )


def test_condition_is_true_or_false() -> None:
    assert Run(CHOICE, amount=11, kind="big").waiting == ["a"]
    assert Run(CHOICE, amount=Decimal("10.5"), kind="huge").waiting == ["a"]
    assert Run(CHOICE, amount=11, kind="small").waiting == ["b"]


@pytest.mark.parametrize(
    "data", [{"kind": "big"}, {"amount": "much", "kind": "big"}, {"amount": None, "kind": "huge"}]
)
def test_condition_that_is_neither_stops_the_case(data: dict[str, Any]) -> None:
    (failed,) = Run(CHOICE, **data).step.failures
    assert (failed.element, failed.code) == ("g", "script-failed")
    assert "neither true nor false" in failed.message


def test_false_is_false_also_where_something_is_missing() -> None:
    assert Run(CHOICE, kind="small").waiting == ["b"]


@pytest.mark.parametrize(
    ("kind", "text", "due"),
    [
        ("timeDuration", '= duration("P1D") * days', NOW + timedelta(days=3)),
        ("timeDuration", '= duration("P1M")', datetime(2026, 4, 21, 9, tzinfo=UTC)),
        ("timeDate", "= last day", datetime(2026, 5, 1, tzinfo=UTC)),
        ("timeDate", '= now() + duration("PT2H")', NOW + timedelta(hours=2)),
        ("timeCycle", '= "R2/PT" + string(days) + "H"', NOW + timedelta(hours=3)),
    ],
)
def test_times_are_computed(kind: str, text: str, due: datetime) -> None:
    run = Run(timer(kind, text.replace("last day", "last_day")), days=3, last_day=date(2026, 5, 1))
    (wait,) = run.waits.values()
    assert wait.due == due


def test_instances_go_over_what_a_filter_leaves() -> None:
    inside = '<loopDataInputRef>= members[age &gt;= 18]</loopDataInputRef><inputDataItem id="one"/>'
    run = Run(many(inside), members=[{"age": 20}, {"age": 10}, {"age": 30}])
    assert run.waiting == ["a", "a"]


def test_instances_are_counted_and_completed() -> None:
    inside = (
        "<loopCardinality>= count(members) + 1</loopCardinality>"
        "<completionCondition>= nrOfCompletedInstances / nrOfInstances &gt; 0.5</completionCondition>"
    )
    run = Run(many(inside), members=["x", "y"])
    assert run.waiting == ["a"] * 3
    assert run.answer("a").answer("a").waiting == ["after"]


def test_what_is_no_list_stops_the_case() -> None:
    inside = "<loopDataInputRef>= sum(members)</loopDataInputRef>"
    assert Run(many(inside), members=[1, 2]).failed == [("a", "multi-instance")]


def test_mappings_are_contexts() -> None:
    given = "={&quot;total&quot;: sum(prices), &quot;half&quot;: total / 2}"
    taken = "={&quot;answer&quot;: upper case(word)}"
    process = line(
        f'<userTask id="a" parvandeh:inputs="{given}" parvandeh:outputs="{taken}"/>', "userTask after"
    )
    run = Run(process, prices=[1, Decimal("2.5")])
    assert run.answer("a", word="yes").step.changes == {"word": "yes", "answer": "YES"}


def test_a_variable_may_have_the_name_of_a_function() -> None:
    assert evaluate("= count + count([1, 2])", {"count": 1, "number": 5}, NOW) is None
    assert evaluate("= number + 1", {"number": 5}, NOW) == 6


def test_condition_that_is_awaited_is_asked_when_all_is_there() -> None:
    process = line(
        '<intermediateCatchEvent id="wait"><conditionalEventDefinition>'
        "<condition>= paid &gt;= fee</condition></conditionalEventDefinition></intermediateCatchEvent>",
        "userTask after",
    )
    assert Run(process, paid=5, fee=5).waiting == ["after"]


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, "text", 7, -1.25, Decimal("0.1234567890123456789"), [1, ["a"]], {"a": {"b": 1}}),
        *(date(2026, 3, 21), datetime(2026, 3, 21, 9, 30, tzinfo=UTC), timedelta(days=2, hours=1)),
        datetime.fromisoformat("2026-03-21T09:30:15.250000"),
    ],
)
def test_data_of_a_case_come_back_as_they_were(value: Any) -> None:
    assert as_data(as_feel(value)) == value
    assert type(as_data(as_feel(value))) is type(value)


def test_what_python_lacks_is_kept_as_a_text_or_refused() -> None:
    assert as_data(Months(14)) == "P1Y2M"
    with pytest.raises(Unfit):
        evaluate("= function(x) x", {}, NOW)
    with pytest.raises(Unfit):
        evaluate("= count(for i in 1..10**12 return i)", {}, NOW)


@pytest.mark.parametrize(
    ("text", "marked"), [("= a", True), (" =a", True), ("== a", False), ("a = b", False)]
)
def test_one_equals_sign_before_it_marks_feel(text: str, marked: bool) -> None:
    assert is_feel(text) == marked


def in_feel(body: str) -> Spec:
    """A process of a file whose expressions are all in FEEL."""
    language = b'expressionLanguage="https://www.omg.org/spec/DMN/20230324/FEEL/" id='
    files = {"process.bpmn": document(body).replace(b"id=", language, 1)}
    report = bpmn.check(files)
    assert not report.errors, report.errors
    return bpmn.build(Source(bpmn.digest(files, {}), files, {}), "process")


def test_the_language_of_a_file_is_that_of_its_expressions() -> None:
    plain = CHOICE.replace("= amount", "amount")
    assert Run(in_feel(plain), amount=11, kind="big").waiting == ["a"]
    assert Run(in_feel(plain), amount=11, kind="small").waiting == ["b"]


def test_times_stay_times_and_what_is_marked_stays_marked_in_such_a_file() -> None:
    (wait,) = Run(in_feel(timer("timeDuration", "P2D"))).waits.values()
    assert wait.due == NOW + timedelta(days=2)
    assert Run(in_feel(CHOICE), amount=11, kind="big").waiting == ["a"]


def test_an_expression_with_a_language_of_its_own_is_in_that() -> None:
    python = CHOICE.replace(
        '<conditionExpression>= amount &gt; 10 and kind in ("big", "huge")',
        '<conditionExpression language="python">amount &gt; 10 and kind in ["big", "huge"]',
    )
    assert Run(in_feel(python), amount=11, kind="big").waiting == ["a"]


@pytest.mark.parametrize("number", [2**53 + 1, 2**53 + 2, 2**63 - 1, -(2**63), 10**18])
def test_whole_numbers_of_a_case_stay_what_they_are(number: int) -> None:
    found = evaluate("= n + 0", {"n": number}, NOW)
    assert (found, type(found)) == (number, int)


def test_number_that_feel_cannot_hold_is_told() -> None:
    with pytest.raises(Unfit, match="larger than any"):
        evaluate("= n + 0", {"n": Decimal("1E+99999")}, NOW)


@pytest.mark.parametrize(
    "text", ["P9999999999D", "PT0.0000005S", "2026-01-01T10:00:00.123456789", "10:00:00.123456789"]
)
def test_moments_that_python_has_not_are_texts(text: str) -> None:
    assert evaluate(f'= @"{text}"', {}, NOW) == text


def test_value_that_shares_its_parts_is_no_way_round_the_limits() -> None:
    doubled = ", ".join(f"a{at}: [a{at - 1}, a{at - 1}]" for at in range(1, 40))
    with pytest.raises(Unfit, match="too much memory"):
        evaluate(f"={{a0: [1], {doubled}}}", {}, NOW)


def test_value_that_is_nested_too_deeply_is_told() -> None:
    nest: Any = []
    for _ in range(5000):
        nest = [nest]
    with pytest.raises(TooMuch):
        as_data(nest)


def test_computed_list_is_that_of_its_beginning() -> None:
    days = "= for day in 1..(if today() &lt; @&quot;2026-03-22&quot; then 2 else 1) return day"
    inside = f'<loopDataInputRef>{days}</loopDataInputRef><inputDataItem id="day"/>'
    run = Run(many(inside, 'isSequential="true"'))
    run.now = NOW + timedelta(days=3)
    run.answer("a")
    assert run.waiting == ["a"]
    run.answer("a")
    assert run.waiting == ["after"]


def test_today_is_that_of_the_place() -> None:
    night = datetime(2026, 3, 20, 22, 0, tzinfo=UTC).astimezone(ZoneInfo("Asia/Tehran"))
    assert evaluate("= today()", {}, night) == date(2026, 3, 21)
    assert evaluate("= now()", {}, night) == night
