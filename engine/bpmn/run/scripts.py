"""Runs scripts and expressions from uploaded files.

Plain ones are closures of our own in this process, which can only calculate and assign; all others run in
sandbox processes. There, each gets a new session with a fixed clock and a fixed random seed, so that running
a command again has the same result; only the names that it reads are passed in, and only those that it may
have changed are returned.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.bpmn import sandbox
from engine.bpmn.expressions import feel, juel, plain
from engine.bpmn.expressions.limited import NotPlain
from engine.bpmn.expressions.scripts import Names, language, names
from engine.bpmn.expressions.syntax import Mode
from engine.bpmn.notation.timers import GetCalendar
from engine.bpmn.run import rule_tasks
from engine.bpmn.run.trace import Trace
from engine.bpmn.sandbox import ScriptFailed
from engine.bpmn.values import MAX_BYTES, MAX_DEPTH, Unportable, differing, fits, portable
from engine.dmn import Decisions, Evaluation

_SHOWN = 200  # characters of an expression in a message
_TOO_LARGE = f"with this the case's data would be larger than {MAX_BYTES >> 20} MiB"
_MAX_PARTS = MAX_BYTES // 2  # each has at least one character and a comma


class Sandbox:
    """Runs the scripts of one command, at one instant.

    The n-th script gets the n-th seed; plain scripts count, though they need none.
    """

    def __init__(
        self, now: datetime, trace: Trace | None = None, calendar: GetCalendar | None = None
    ) -> None:
        """`calendar` returns the calendar of the case's unit; it is called only for terms that it counts."""
        self._now = now
        self.calendar = calendar
        self._runs = 0
        self.trace = trace

    @property
    def now(self) -> datetime:
        """Returns the command's instant."""
        return self._now

    def evaluate(
        self, expression: str, data: Mapping[str, Any], extra: Mapping[str, Any] | None = None
    ) -> Any:
        """Evaluates an expression over `data` and the names in `extra`. Raises ScriptFailed."""
        known = {**extra, **data} if extra else data
        written_in = language(expression)
        if written_in == "feel":
            return self._feel(expression, known)
        if written_in == "juel":
            return self._juel(expression, known)
        code = expression.strip()
        given = {name: known[name] for name in parse(code, "eval").reads & known.keys()}
        self._begin()
        try:
            return _checked(plain.result(code, "eval", given))
        except NotPlain:
            return _checked(self._run(code, given))

    def holds(self, condition: str, data: Mapping[str, Any], extra: Mapping[str, Any] | None = None) -> bool:
        """Evaluates a condition. FEEL and JUEL require a boolean. Raises ScriptFailed."""
        value = self.evaluate(condition, data, extra)
        written_in = language(condition)
        if written_in != "python" and not isinstance(value, bool):
            reason = "the condition is neither true nor false"
            raise ScriptFailed(f"FEEL: {reason}" if written_in == "feel" else _of_juel(condition, reason))
        return bool(value)

    def count(self, expression: str, data: Mapping[str, Any]) -> Any:
        """Evaluates a number; JUEL also accepts texts and fractions. Raises ScriptFailed."""
        value = self.evaluate(expression, data)
        try:
            return juel.count(value) if language(expression) == "juel" else value
        except juel.Fault as error:
            raise ScriptFailed(_of_juel(expression, error)) from error

    def _feel(self, expression: str, data: Mapping[str, Any]) -> Any:
        if self.trace is not None:
            self.trace.require_time()
        try:
            return _checked(feel.evaluate(expression, data, self._now))
        except feel.Unfit as error:
            raise ScriptFailed(str(error)) from error

    def _juel(self, expression: str, data: Mapping[str, Any]) -> Any:
        if self.trace is not None:
            self.trace.require_time()
        try:
            return portable(juel.evaluate(expression, data, self._now))
        except (juel.Fault, juel.Unreadable, Unportable) as error:
            raise ScriptFailed(_of_juel(expression, error)) from error

    def decide(self, among: Decisions, decision: str, data: Mapping[str, Any], *, strict: bool) -> Evaluation:
        """Evaluates a DMN decision over data. Raises RuleFailed."""
        if self.trace is not None:
            self.trace.require_time()
        return rule_tasks.decide(among, decision, data, self._now, strict=strict)

    def execute(self, script: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Runs a script; returns only the variables that it set or changed. Raises ScriptFailed."""
        assigned = juel.assignment(script)
        if assigned is not None:
            value = self._juel(assigned.text, data)
            return _kept(data, {} if assigned.result is None else {assigned.result: value})
        text = parse(script, "exec")
        given = {name: data[name] for name in text.reads & data.keys()}
        self._begin()
        try:
            return _kept(data, _checked(plain.result(script, "exec", given)))
        except NotPlain:
            return self._executed(script, text, data, given)

    def _executed(
        self, script: str, text: Names, data: Mapping[str, Any], given: dict[str, Any]
    ) -> dict[str, Any]:
        # A list or dictionary that the script can reach may have been changed in place.
        wanted = text.writes | {name for name, value in given.items() if isinstance(value, list | dict)}
        if not wanted:
            self._run(script, given)
            return {}
        # Data may be named `type` or `locals`, whose originals are needed to collect the results.
        kept = not wanted.isdisjoint(_BUILTINS) or not given.keys().isdisjoint(_BUILTINS)
        collect = _COLLECT.format(
            names=sorted(wanted), **{name: f"_{name}" if kept else name for name in _BUILTINS}
        )
        code = f"{script}\n{collect}"
        return _kept(data, _checked(self._run(code, given, before=_KEPT if kept else None)))

    def _begin(self) -> None:
        self._runs += 1
        if self.trace is not None:
            self.trace.require_time()

    def _run(self, code: str, given: dict[str, Any], *, before: str | None = None) -> Any:
        seed = int(self._now.timestamp() * 1e6) * 1000 + self._runs
        value = sandbox.run(code, given, self._now, seed, before)
        _require_few_parts(value)
        return value


_BUILTINS = ("type", "locals")
_KEPT = "_type, _locals = type, locals"
# A function would leave the sandbox as its repr, a text: helper functions of a script aren't data.
_COLLECT = (
    "{{_n: _v for _n, _v in {locals}().items() if _n in {names!r}"
    " and {type}(_v).__name__ not in ('function', 'builtin_function_or_method', 'module')}}"
)


def _of_juel(expression: str, error: Exception | str) -> str:
    shown = " ".join(expression.split())
    return f"JUEL: {error}, in {shown if len(shown) <= _SHOWN else f'{shown[:_SHOWN]}…'}"


def _kept(data: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values that are new in the data, if a case can store them."""
    changes = differing(data, values)
    if changes and not fits({**data, **changes}):
        raise ScriptFailed(_TOO_LARGE)
    return changes


def _require_few_parts(value: Any) -> None:
    """Raises ScriptFailed for a value with more parts than a case can store.

    The sandbox returns a list that is in several places once. A copy has it in each: `a = [a, a]`, thirty
    times, would take all memory.
    """
    count, rest = 0, [(value, 0)]
    while rest:
        part, depth = rest.pop()
        if depth > MAX_DEPTH:
            return  # rejected for that
        inner = part.values() if isinstance(part, dict) else part
        if isinstance(part, dict | list | tuple | set | frozenset):
            count += len(inner)
            if count > _MAX_PARTS:
                raise ScriptFailed(_TOO_LARGE)
            rest += [(each, depth + 1) for each in reversed([*inner])]


def _checked(value: Any) -> Any:
    try:
        return portable(value)
    except Unportable as error:
        raise ScriptFailed(str(error)) from error


def parse(code: str, mode: Mode) -> Names:
    """Returns the `names` of a text that is about to run: a syntax error is a failure of the script."""
    try:
        return names(code, mode)
    except SyntaxError as error:
        raise ScriptFailed(f"SyntaxError: {error.msg}", error.lineno) from error
