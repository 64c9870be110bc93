"""Case data: every value comes back as it was, and nothing is shared, merged or leaked."""

from datetime import date, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from engine.bpmn.values import Unportable, decode, encode, plain, portable
from tests.driving import NOW, Run, flow, path, script
from tests.eventful import spec

VALUES: list[Any] = [
    None, True, 0, 1, -(2**63), 2**63 - 1, 1.5, "", "متن", Decimal("1.10"), Decimal("1E+3"),
    date(2026, 3, 21), time(8, 30), NOW, NOW.replace(tzinfo=None),
    NOW.astimezone(timezone(timedelta(hours=4.5))),
    timedelta(days=3, microseconds=1), [1, [2, {"a": None}]], {"a": {"b": [Decimal(0)]}}, {}, [],
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_value_survives_storing_with_its_type(value: Any) -> None:
    restored = decode(encode({"value": value}))["value"]
    assert restored == value
    assert type(restored) is type(value)
    assert repr(restored) == repr(value)


def test_values_survive_from_script_to_script_through_the_stored_state() -> None:
    imports = "from decimal import Decimal\nfrom datetime import date\n"
    first = imports + "fee = Decimal('1.10')\nday = date(2026, 3, 21)"
    process = (
        '<startEvent id="start"/>'
        + script("first", first)
        + '<userTask id="wait"/>'
        + script("second", "total = fee * 3\nlater = day.isoformat()")
        + path("start", "first", "wait", "second")
    )
    run = Run(process).answer("wait")
    assert run.data["total"] == Decimal("3.30")
    assert run.data["later"] == "2026-03-21"
    assert run.data["fee"] == Decimal("1.10")


NESTED: Any = 1
for _ in range(40):
    NESTED = [NESTED]


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        2**63,
        "a\0b",
        "\ud800",
        {1: 2},
        {"$": 1},
        {"a\0": 1},
        object(),
        b"bytes",
        NESTED,
    ],
)
def test_value_that_cannot_be_stored_is_refused(value: Any) -> None:
    with pytest.raises(Unportable):
        portable({"value": value})


def test_tuples_and_sets_become_lists() -> None:
    assert portable({"a": (1, 2), "b": {3}}) == {"a": [1, 2], "b": [3]}


def test_plain_values_are_ordinary_json() -> None:
    assert plain({"fee": Decimal("1.10"), "day": date(2026, 3, 21)}) == {"fee": "1.10", "day": "2026-03-21"}


LOOK = (
    '<startEvent id="start"/><parallelGateway id="fork"/>'
    + script("change", "case['name'] = 'new'\ncase['list'].append(2)")
    + '<userTask id="other"/><parallelGateway id="join"/>'
    + path("start", "fork", "change", "join")
    + path("fork", "other", "join")
)


def test_value_that_a_script_changes_in_place_is_changed_for_all_branches() -> None:
    process = LOOK.replace(
        '<userTask id="other"/>', '<userTask id="other"/>' + script("look", "seen = case['list']")
    )
    process = process.replace(flow("other", "join"), path("other", "look", "join"))
    run = Run(process, case={"name": "old", "list": [1]})
    assert run.data["case"] == {"name": "new", "list": [1, 2]}
    run.answer("other")
    assert run.data["seen"] == [1, 2]


def test_form_data_replace_lists_and_objects_whole() -> None:
    process = (
        '<startEvent id="start"/><userTask id="a"/>'
        + script("look", "seen = [docs, who]")
        + path("start", "a", "look")
    )
    run = Run(process, docs=["a", "b"], who={"x": 1, "y": 2}).answer("a", docs=["c"], who={"z": 3})
    assert run.data["seen"] == [["c"], {"z": 3}]


def test_script_sees_only_the_names_that_it_reads_and_leaves_only_data_behind() -> None:
    code = (
        "import json\ndef double(n):\n    return n * 2\nhelper = lambda n: n\ntotal = double(helper(amount))"
    )
    run = Run('<startEvent id="start"/>' + script("calc", code) + path("start", "calc"), amount=2, secret="s")
    assert run.data == {"amount": 2, "secret": "s", "total": 4}


def test_what_a_script_imports_and_defines_does_not_leak_into_the_next() -> None:
    process = (
        '<startEvent id="start"/><parallelGateway id="fork"/>'
        + script("one", "import math\nx = math.pi")
        + script("two", "found = 'math' in locals()")
        + path("start", "fork", "one")
        + path("fork", "two")
    )
    assert Run(process).data["found"] is False


def test_same_command_run_again_gives_the_same_result() -> None:
    imports = "import random\nfrom datetime import datetime\n"
    code = imports + "chosen = random.random()\nat = datetime.now().isoformat()"
    process = '<startEvent id="start"/>' + script("draw", code) + path("start", "draw")
    assert Run(process).data == Run(process).data
    assert Run(process).data["at"].startswith("2026-03-21T09:00")


def test_clerks_data_stay_when_the_next_element_fails() -> None:
    process = (
        '<startEvent id="start"/><userTask id="work"/>'
        + script("next", "total = typed + 1")
        + path("start", "work", "next")
    )
    run = Run(process).answer("work", typed="text")
    assert run.failed == [("next", "script-failed")]
    assert run.passed == ["start", "work"]
    assert run.data["typed"] == "text"
    assert run.step.failures[0].line == 1
    assert run.retry().failed == [("next", "script-failed")]


def test_retry_resumes_at_the_element_that_failed() -> None:
    process = (
        '<startEvent id="start"/>'
        + script("count", "n = n + 1")
        + script("fails", "x = 1 / zero")
        + path("start", "count", "fails")
    )
    run = Run(process, n=0, zero=0)
    assert run.retry().passed.count("count") == 1
    assert run.data["n"] == 1


@pytest.mark.parametrize("kind", ["subProcess", "callActivity"])
def test_sub_process_leaves_to_other_branches_what_it_did_not_set(kind: str) -> None:
    inner = '<startEvent id="in"/><userTask id="a"/>' + path("in", "a")
    process = (
        '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="b"/><parallelGateway id="join"/>'
        + path("start", "fork", "sub", "join")
        + path("fork", "b", "join")
        + (
            f'<subProcess id="sub">{inner}</subProcess>'
            if kind == "subProcess"
            else '<callActivity id="sub" calledElement="called"/>'
        )
        + script("look", "seen = [text, items, found]")
        + path("join", "look")
    )
    run = Run(spec(process, calls={"called": inner}), text="old text", items=["x"])
    run.answer("b", text="new text").go("a" if kind == "subProcess" else "called/a", found=1)
    assert run.failed == []
    assert run.data["seen"] == ["new text", ["x"], 1]
