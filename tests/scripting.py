"""Random Python of diagrams, run as plain closures and in the sandbox: the results must be the same.

`python -m tests.scripting 100000` compares as many texts, with a second number those from there on; the unit
tests compare a few hundred.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

from engine.bpmn import sandbox
from engine.bpmn.expressions import plain
from engine.bpmn.expressions.limited import NotPlain
from engine.bpmn.run.scripts import Sandbox
from engine.bpmn.sandbox import ScriptFailed
from tests.script_values import KINDS, LIMITS, NOW, NUMBERS, ORDINARY

# Two are used where results are collected, some are keywords in other places; the odd ones are never plain.
NAMES: tuple[str, ...] = (*"abcdexyz", "amount", "fee", "type", "locals", "len", "match", "case", "print")
ODD = ("مبلغ", "_k")
OTHER = (
    *("{a} % {b}", "{a} // {b}", "2 ** {a}", "1 << {a}", "~{a}", "+{a}", "{a} if {b} in {a} else {b}"),
    *("len({a})", "str({a})", "f'{{{a}}}'", "{a}[0]", "{a}.year", "[k for k in {a}]", "(k := {a})"),
    *("{a} is {b}", "{a} is True", "({a}, {b})", "'a' * 3", "[1] * 2", "{{1: {a}}}", "{{'$': {a}}}"),
    *("{{'k': {a}, 'k': {b}}}", "[{a}][0]", "lambda: {a}", "9223372036854775808", "1e400", "1j", "b'a'"),
    *("'\\n'", "'\\x41'", "'\\N{{BULLET}}'", "...", "__name__", "[*{a}]", "{{**{a}}}", "not_there"),
)


@dataclass(frozen=True, slots=True)
class Written:
    """A script, or an expression if `mode` is "eval", and the data that it runs over."""

    mode: str
    code: str
    data: Mapping[str, Any]


class Writer:
    """Writes one text, the same for the same number."""

    def __init__(self, number: int) -> None:
        self.random = Random(number)
        self.at_limits = number % 3 == 0
        values = LIMITS if self.at_limits else ORDINARY
        self.data: dict[str, Any] = {}
        self.named: dict[str, list[str]] = {kind: [] for kind in KINDS}
        names = self.random.sample(NAMES, self.random.randint(3, 10))
        for name in (*names, *ODD) if self.maybe(0.1) else names:
            kind = self.random.choice((*NUMBERS, *KINDS))
            self.data[name] = self.random.choice(values[kind])
            self.named[kind].append(name)
        if self.maybe(0.05):
            self.data["items"] = [1, "a"]

    def maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def text(self) -> Written:
        if self.at_limits and self.maybe(0.3):
            mode, code = self.random.choice(EDGES)(self.random)
            return Written(mode, code, {"a": 1, "t": "ab", **self.data})
        if self.maybe(0.5):
            return Written("eval", self.any(self.random.randint(1, 4)), self.data)
        lines = [self.statement() for _ in range(self.random.randint(1, 6))]
        return Written("exec", "\n".join(lines), self.data)

    def statement(self) -> str:
        if self.maybe(0.05):
            return self.random.choice(
                ("pass", "# note", '"text"', self.any(2), "", "if a: b = 1", "a = 1; b = a")
            )
        kind = self.random.choice(KINDS)
        target = self.random.choice(NAMES)
        if self.maybe(0.2):
            sign = self.random.choice("+-*/" if self.maybe(0.9) else "%|")
            target = self.random.choice(self.named[kind] or NAMES)
            return f"{target} {sign}= {self.of(kind, 2)}"
        value = self.parts(2) if self.maybe(0.1) else self.of(kind, self.random.randint(0, 3))
        targets = [target, *self.random.sample(NAMES, self.random.randint(0, 2) if self.maybe(0.2) else 0)]
        for name in targets:
            for names in self.named.values():
                if name in names:
                    names.remove(name)
            self.named[kind].append(name)
        return " = ".join([*targets, value])

    def any(self, depth: int) -> str:
        if self.maybe(0.1):
            return self.parts(depth)
        return self.of(self.random.choice((*KINDS, "bool", "bool")), depth)

    def of(self, kind: str, depth: int) -> str:
        """Writes an expression that is mostly of this kind."""
        if self.maybe(0.01):
            kind = self.random.choice(KINDS)
        if self.maybe(0.004):
            return self.random.choice(OTHER).format(a=self.leaf(kind), b=self.leaf("int"))
        if depth <= 0:
            return self.leaf(kind)
        if self.maybe(0.1):
            return f"({self.of(kind, depth - 1)} if {self.any(depth - 1)} else {self.of(kind, depth - 1)})"
        if self.maybe(0.1):
            return (
                f"({self.of(kind, depth - 1)} {self.random.choice(('and', 'or'))} {self.of(kind, depth - 1)})"
            )
        if kind in NUMBERS:
            return self.number(kind, depth)
        write = {
            "text": self.joined,
            "bool": self.condition,
            "date": self.moved,
            "datetime": self.moved,
            "aware": self.moved,
            "delta": self.duration,
        }.get(kind)
        return self.leaf(kind) if write is None else write(kind, depth)

    def number(self, kind: str, depth: int) -> str:
        if self.maybe(0.1):
            return f"-{self.of(kind, depth - 1)}"
        # A decimal and a float can't be added: seldom.
        mixed = {"int": NUMBERS, "float": ("int", "float"), "decimal": ("int", "decimal")}[kind]
        other = self.random.choice(mixed) if self.maybe(0.97) else "bool"
        pair = [self.of(kind, depth - 1), self.of(other, depth - 1)]
        self.random.shuffle(pair)
        return f"({pair[0]} {self.random.choice('+-*/')} {pair[1]})"

    def joined(self, kind: str, depth: int) -> str:
        return f"({self.of('text', depth - 1)} + {self.of('text', depth - 1)})"

    def moved(self, kind: str, depth: int) -> str:
        return f"({self.of(kind, depth - 1)} {self.random.choice('+-')} {self.of('delta', depth - 1)})"

    def duration(self, kind: str, depth: int) -> str:
        if self.maybe(0.1):
            return f"-{self.of('delta', depth - 1)}"
        other = self.random.choice(("delta", "date", "datetime", "aware"))
        sign = "-" if other != "delta" and self.maybe(0.95) else self.random.choice("+-")
        return f"({self.of(other, depth - 1)} {sign} {self.of(other, depth - 1)})"

    def condition(self, kind: str, depth: int) -> str:
        if self.maybe(0.2):
            return f"(not {self.any(depth - 1)})"
        compared = self.random.choice(KINDS)
        one = self.of(compared, depth - 1)
        if self.maybe(0.1):
            return f"({one} {self.random.choice(('is', 'is not'))} None)"
        if self.maybe(0.15):
            others = ", ".join(self.leaf(compared) for _ in range(self.random.randint(1, 4)))
            listed = f"[{others}]" if self.maybe(0.5) else f"({others},)"
            return f"({one} {self.random.choice(('in', 'not in'))} {listed})"
        if self.maybe(0.1):
            compared = self.random.choice(KINDS)
        chain = [one]
        for _ in range(1 if self.maybe(0.8) else self.random.randint(2, 4)):
            chain += [self.random.choice(("==", "!=", "<", "<=", ">", ">=")), self.of(compared, depth - 1)]
        return f"({' '.join(chain)})"

    def parts(self, depth: int) -> str:
        """Writes a list or dictionary."""
        values = [
            self.parts(depth - 1) if depth > 0 and self.maybe(0.2) else self.of(self.random.choice(KINDS), 1)
            for _ in range(self.random.randint(0, 3))
        ]
        if self.maybe(0.4):
            return f"[{', '.join(values)}]"
        return "{" + ", ".join(f"'k{number}': {value}" for number, value in enumerate(values)) + "}"

    def leaf(self, kind: str) -> str:
        if self.named[kind] and self.maybe(0.7):
            return self.random.choice(self.named[kind])
        if self.maybe(0.01):
            return self.random.choice(NAMES)
        value = self.random.choice((LIMITS if self.at_limits else ORDINARY)[kind])
        if kind in ("int", "float", "bool", "none") or (kind == "text" and len(value) < 100):
            return repr(value) if not repr(value).startswith("-") or self.maybe(0.5) else f"({value!r})"
        if not self.named[kind] or self.maybe(0.1):
            name = f"{kind}{len(self.data)}"
            self.data[name] = value
            self.named[kind].append(name)
        return self.random.choice(self.named[kind])


def _doubled(random: Random) -> tuple[str, str]:
    if random.random() < 0.2:
        return "exec", "\n".join(
            [random.choice(("a = [a, a]", "t = {'k': t, 'l': t}"))] * random.randint(1, 6)
        )
    line = random.choice(("a = a + a", "t = t + t", "t += t", "a = a * a", "a *= 3"))
    return "exec", "\n".join([line] * random.randint(1, 62))


def _counted(random: Random) -> tuple[str, str]:
    """Writes about 200 nodes: two for each statement, and one more for each addition and each operand."""
    extra = random.randint(0, 3)
    lines = ["a = 1 + 1"] * 39 + [f"b = {'-' * extra}a", "pass"]
    return "exec", "\n".join(lines)


def _nested(random: Random) -> tuple[str, str]:
    levels = random.randint(28, 64)
    write: tuple[Callable[[], str], ...] = (
        lambda: "(" * levels + "a" + ")" * levels,
        lambda: "not " * levels + "a",
        lambda: "- " * levels + "a",
        lambda: " + ".join(["a"] * levels),
        lambda: " and ".join(["a"] * levels),
        lambda: " < ".join(["a"] * levels),
        lambda: "a if a else " * levels + "a",
        lambda: "[" * levels + "]" * levels,
        lambda: "{'k': " * levels + "a" + "}" * levels,
        lambda: "(a + " * levels + "a" + ")" * levels,
    )
    return "eval", random.choice(write)()


def _long(random: Random) -> tuple[str, str]:
    """Writes additions of texts, and literals, of about the longest length."""
    size = random.choice((19_990, 20_100, 9_000))
    return "eval", random.choice((f"'{'a' * size}' + 'a'", f"'{'é' * size}' == t", "t + " * 50 + "t"))


def _unevaluated(random: Random) -> tuple[str, str]:
    return random.choice(
        (
            ("eval", "a < 0 < missing"),
            ("eval", "a < 2 < missing"),
            ("eval", "a > 0 or missing"),
            ("eval", "a if a > 0 else missing"),
            ("eval", "0 < a < 2 < 3 > 1 != a"),
            ("eval", "a < (1 / 0)"),
            ("eval", "0 and 1 / 0"),
            ("exec", "missing += 1"),
            ("exec", "b = missing\nmissing = 1"),
            ("exec", "missing = 1\nb = missing\nmissing += b"),
            ("exec", "b = 1\nc = b / 0\nd = 1"),
            ("exec", "b = c = [a, {'k': a}]\nd = b"),
            ("exec", "b = [a]\nb += [1]"),
            ("exec", "b = [a]\nc = [b, b]"),
            ("exec", "b = len"),
            ("exec", "type = a\nlocals = type"),
            ("exec", "a = a"),
            ("exec", "a, b = 1, 2"),
            ("exec", "a: int = 2"),
        )
    )


def _spelled(random: Random) -> tuple[str, str]:
    return "eval", random.choice(
        (
            *("ａ", "ﬁ", "a\t+ 1", "(a # b\n+ 1)", "'a' 'b'", "u'a'", "'''a\nb'''", "r'a'", "0xff", "1_000"),
            *(
                "00",
                ".5",
                "1.",
                "1e5",
                "1if a else 2",
                "a <2>1",
                "'\u200c'",
                "'\u2028'",
                "'\ufeff'",
                "'\x7f'",
            ),
            *(
                "'é' == 'e\u0301'",
                "'{'",
                "a\\\n+ 1",
                "'\t'",
                "(\na\n)",
                "0o17",
                "0b11",
                "1E3",
                "'\xa0'",
                "a #é",
            ),
        )
    )


# Which limit of the sandbox stops a script first depends on the load of the machine.
_STOPPED = re.compile("TimeoutError: feed time|MemoryError: memory limit|the script was stopped")
EDGES = (_doubled, _counted, _nested, _long, _unevaluated, _spelled)


def outcome(written: Written) -> Any:
    """Returns the value or the changes, with the types of all parts; or the failure with its line."""
    runner = Sandbox(NOW)
    try:
        if written.mode == "eval":
            return _shown(runner.evaluate(written.code, written.data))
        return _shown(runner.execute(written.code, written.data))
    except ScriptFailed as error:
        return "stopped" if _STOPPED.match(error.message) else (error.message, error.line)


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        return "dict", sorted((key, _shown(part)) for key, part in value.items())
    if isinstance(value, list):
        return "list", [_shown(part) for part in value]
    return type(value).__name__, repr(value)


@contextmanager
def replaced(result: Callable[..., Any]) -> Iterator[None]:
    """Replaces the function that runs plain texts."""
    original = plain.result
    plain.result = result
    try:
        yield
    finally:
        plain.result = original


def _never(*_: object) -> Any:
    raise NotPlain


def in_sandbox(written: Written) -> Any:
    """Returns the outcome without plain closures."""
    with replaced(_never):
        return outcome(written)


def compared(numbers: range) -> tuple[int, list[tuple[Written, Any, Any]]]:
    """Returns how many texts were plain, and those whose outcomes differ, with both."""
    decided, different = 0, []
    original = plain.result

    def counted(*given: Any) -> Any:
        nonlocal decided
        value = original(*given)
        decided += 1
        return value

    for number in numbers:
        written = Writer(number).text()
        with replaced(counted):
            quick = outcome(written)
        expected = in_sandbox(written)
        if quick != expected:
            different.append((written, quick, expected))
    return decided, different


def main(count: int, first: int = 0) -> int:
    """Compares as many texts, from this number on; prints those that differ."""
    decided, different = compared(range(first, first + count))
    for written, quick, expected in different[:20]:
        data = {name: str(value)[:60] for name, value in written.data.items()}
        sys.stdout.write(f"{written.mode} {written.code[:500]!r}\n  {data}\n  {quick}\n  {expected}\n")
    sys.stdout.write(f"{count} texts, {decided} of them plain, {len(different)} different\n")
    sandbox.close_pool()
    return bool(different)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
