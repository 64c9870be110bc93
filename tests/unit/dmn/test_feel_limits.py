"""What would never end or fill the machine is stopped: in time, in memory, and the process lives on."""

import subprocess
import sys
from contextlib import suppress
from time import thread_time

import pytest

from engine.dmn.errors import TooMuch
from engine.dmn.feel import evaluate
from engine.platform.config import ROOT

SECONDS = 5  # of processor time: the limits are for one; what is slower here is another machine, or a mistake
MEGABYTES = 200

LOOPS = {
    "numbers": "for i in 1..10**12 return i",
    "contexts": "for i in 1..10**12 return {a: i, b: i + 1}",
    "functions": "for i in 1..10**12 return function(x) x + i",
    "texts": "for i in 1..10**12 return string(i)",
    "days": 'for d in @"0001-01-01"..@"99999999-01-01" return d',
    "clocks": 'for i in 1..10**12 return @"2020-01-01T00:00:00@Europe/Berlin" + @"PT1S" * i',
    "ranges": "for i in 1..10**12 return [i..i + 1]",
    "nested": "for a in 1..10000 return for b in 1..10000 return for c in 1..10000 return a * b * c",
    "together": "for a in 1..10000, b in 1..10000, c in 1..10000 return 1",
    "some": "some i in 1..10**12 satisfies false",
    "every": "every i in 1..10**12 satisfies true",
    "partial": "for i in 1..10**9 return count(partial)",
    "powers": "for i in 1..10**9 return 1.00001 ** (i + 0.5)",
    "logarithms": "for i in 1..10**9 return log(i)",
    "long bodies": "for i in 1..10**9 return " + " + ".join(["i"] * 20_000),
    "long functions": f"{{f: function(x) {' + '.join(['x'] * 20_000)}, r: for i in 1..10**9 return f(i)}}",
    "long tests": "for i in 1..10**9 return i in (" + ", ".join(["< 0"] * 10_000) + ")",
    "parsing": 'for i in 1..10**9 return range("[" + string(i) + ".." + string(i + 1) + "]")',
    "compiling": 'for i in 1..10**9 return matches("abc", string(i))',
}
CALLS = {
    "itself": "{f: function(x) f(x + 1), r: f(1)}.r",
    "one another": "{f: function(g, x) g(g, x + 1), r: f(f, 1)}.r",
    "twice": "{f: function(x) if x > 50 then 1 else f(x + 1) + f(x + 1), r: f(1)}.r",
    "through sort": "{f: function(n) sort([3, 1, 2], function(a, b) f(n + 1)), r: f(1)}.r",
}
GROWING = "{f: function(x, n) if n = 0 then x else f(%s, n - 1), r: %s}.r"
GROWTHS = {
    "texts": GROWING % ("x + x", 'f("abcdefghijklmnopqrstuvwxyz", 55)'),
    "wide texts": GROWING % ("x + x", 'f("\\U01F40E", 55)'),
    "lists": GROWING % ("concatenate(x, x)", "f([1], 55)"),
    "many lists": "{l: for i in 1..100000 return i, r: concatenate(" + ", ".join(["l"] * 1000) + ")}",
    "joined texts": '{l: for i in 1..9999 return "xxxxx", s: string join(l), '
    "r: string join(for i in 1..9999 return s)}",
    "replaced texts": '{s: string join(for i in 1..9999 return "xxxxxxxxxx"), r: replace(s, "x", s)}',
    "trees that are written": GROWING % ("[x, x]", "string(f([1], 50))"),
    "trees that are compared": GROWING % ("[x, x]", "f([1], 50) = f([1], 50)"),
    "trees that are the same": GROWING % ("[x, x]", "is(f([1], 50), f([1], 50))"),
    "trees that are flattened": GROWING % ("[x, x]", "flatten(f([1], 50))"),
    "trees that are gone through": GROWING % ("[x, x]", "f([{a: 1}], 50).a"),
    "trees that are judged": GROWING % ("[x, x]", f"f([1], 50) instance of {'list<' * 51}number{'>' * 51}"),
    "long numbers": "string(for i in 1..100000 return 1E6000)",
    "wide ranges": '{s: string join(for i in 1..9999 return "xxxxxxxxxx"), '
    'r: string(for i in 1..100000 return ["x"..s])}',
    "nests": "string((for i in 1..100000 return [partial[-1]])[-1])",
}
LISTS = {
    "distinct values": "distinct values(for i in 1..400000 return i)",
    "union": "union(for i in 1..100000 return i, for i in 1..100000 return -i)",
    "sort": "sort(for i in 1..200000 return modulo(i * 7919, 100003), function(a, b) a < b)",
    "list contains": "{l: for i in 1..100000 return i, r: for i in 1..100000 return list contains(l, -i)}",
    "in": "{l: for i in 1..100000 return i, r: for i in 1..100000 return -1 in l}",
    "equality": "{l: for i in 1..100000 return i, r: for i in 1..100000 return l = l}",
    "sum": "{l: for i in 1..100000 return i, r: for i in 1..100000 return sum(l)}",
    "filters": "{l: for i in 1..1000 return i, r: l[count(l[count(l[item > 0]) > 0]) > 0]}",
}


@pytest.mark.parametrize("text", [*LOOPS.values(), *CALLS.values(), *GROWTHS.values(), *LISTS.values()], ids=[
    *(f"loop of {name}" for name in LOOPS),
    *(f"calling {name}" for name in CALLS),
    *(f"growing {name}" for name in GROWTHS),
    *(f"list {name}" for name in LISTS),
])  # fmt: skip
def test_what_would_not_end_is_stopped_in_time(text: str) -> None:
    begin = thread_time()
    with pytest.raises(TooMuch):
        evaluate(text)
    assert thread_time() - begin < SECONDS


# In a process of its own, since tracing each allocation takes longer than all of it.
MEASURE = """
import re
import sys
from pathlib import Path

from engine.dmn.errors import TooMuch
from engine.dmn.feel import evaluate

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])

before = peak()
try:
    evaluate(sys.argv[1])
except TooMuch:
    print(peak() - before)
"""


@pytest.mark.parametrize("name", ["numbers", "contexts", "functions", "ranges"])
def test_what_would_fill_the_memory_is_stopped_before(name: str) -> None:
    command = [sys.executable, "-c", MEASURE, LOOPS[name]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) < MEGABYTES * 1024


@pytest.mark.parametrize(
    "pattern", ["^(([a-z])+.)+[A-Z]([a-z])+$", "^(a+)+$", "(x+x+)+y", "(a|aa)*c", "(.*)*(.*)*(.*)*$b"]
)
def test_patterns_never_search_for_long(pattern: str) -> None:
    begin = thread_time()
    with suppress(TooMuch):
        evaluate(f'for i in 1..10000 return matches("{"a" * 500}b", "{pattern}")')
    assert thread_time() - begin < SECONDS


def test_patterns_that_repeat_more_than_a_machine_holds_are_none() -> None:
    assert evaluate(f'matches("a", "({"a?" * 400}){{1000}}")') is None
    assert evaluate('matches("a", "((a{1,1000}){1,1000}){1,1000}")') is None
    assert evaluate('matches("aaa", "^a{1,1000}$")') is True


@pytest.mark.parametrize(
    "text",
    [
        "10**6144 * 10",
        "2**999999",
        "0.99**99999999",
        "9.9**-999999999",
        "exp(10**6)",
        '@"P1D" * 10**6000',
        "10**10**10",
    ],
)
def test_numbers_beyond_all_take_no_time(text: str) -> None:
    begin = thread_time()
    evaluate(text)
    assert thread_time() - begin < 0.5


def test_everyday_work_is_far_below_the_limits() -> None:
    found = evaluate(
        "{claims: for i in 1..2000 return {id: i, amount: modulo(i * 37, 500), days: i}, "
        "late: claims[days > 30 and amount > 100], by: sort(late, function(a, b) a.amount < b.amount), "
        'r: [count(late), sum(late.amount), string join(for c in by return string(c.id), ", ")]}.r[1]'
    )
    assert found is not None


def test_the_stack_is_left_as_it_was() -> None:
    limit = sys.getrecursionlimit()
    for text in CALLS.values():
        with pytest.raises(TooMuch):
            evaluate(text)
    assert sys.getrecursionlimit() == limit
    assert evaluate("1 + 1") == 2


def test_what_is_said_of_a_pattern_tells_nothing_of_the_data() -> None:
    with pytest.raises(TooMuch) as stopped:
        evaluate('matches(string join(for i in 1..60 return "a"), "(a|aa)+" + name)', {"name": "secret$"})
    assert "secret" not in str(stopped.value)
