"""Scripts and expressions from uploaded files. They run in a sandbox of processes, never in this one.

Each script gets a fresh session with a fixed clock and a fixed random seed, so that a command run again gives
the same result; only the names that it reads go in, and only those that it may have changed come out.
"""

import ast
import os
import symtable
import sys
import textwrap
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from typing import Any, Literal

import pydantic_monty as monty

from engine.bpmn.expressions import feel, juel, syntax
from engine.bpmn.expressions.syntax import Mode
from engine.bpmn.run import rule_tasks
from engine.bpmn.run.trace import Watch
from engine.bpmn.values import MAX_BYTES, Unportable, differing, fits, portable
from engine.dmn.asking import Decisions, Ruling
from engine.dmn.errors import Unreadable
from engine.platform.budget import remembered
from engine.platform.errors import Busy

Language = Literal["python", "feel", "juel"]

MAX_SCRIPT = 20_000  # characters
LIMITS: monty.ResourceLimits = {
    "max_feed_duration_secs": 0.5,
    "max_memory": 64 << 20,
    "max_recursion_depth": 200,
}
CHECKOUT_SECONDS = 5.0
PROCESSES = 4
_SHOWN = 200  # characters of an expression in a message


class ScriptFailed(Exception):
    """A script or an expression failed; `line` counts from 1 within its text."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class Names:
    """The variables that a text reads and assigns at its top level."""

    reads: frozenset[str]
    writes: frozenset[str]


class _Pool:
    """The sandbox processes of this process. Made after a fork: a child that used its parent's would hang."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: monty.Monty | None = None
        self._pid = 0

    def open(self) -> monty.Monty:
        if self._pool is not None and self._pid == os.getpid():
            return self._pool
        with self._lock:
            if self._pool is None or self._pid != os.getpid():
                _forgo_telemetry()
                pool = monty.Monty(
                    min_processes=1, max_processes=PROCESSES, checkout_timeout=CHECKOUT_SECONDS
                )
                self._pool, self._pid = pool.__enter__(), os.getpid()
            return self._pool

    def close(self) -> None:
        with self._lock:
            if self._pool is not None and self._pid == os.getpid():
                self._pool.__exit__(None, None, None)
            self._pool = None


def _forgo_telemetry() -> None:
    """Where OpenTelemetry is missing, say so once: the sandbox would search for it at every run."""
    if "opentelemetry" not in sys.modules and find_spec("opentelemetry") is None:
        sys.modules["opentelemetry"] = None  # type: ignore[assignment]  # as Python itself marks a missing module


_pool = _Pool()
open_pool = _pool.open
close_pool = _pool.close


class Sandbox:
    """Runs the scripts of one command, at one instant. The n-th script gets the n-th seed."""

    def __init__(self, now: datetime, watch: Watch | None = None) -> None:
        self._now = now
        self._runs = 0
        self.watch = watch

    @property
    def now(self) -> datetime:
        """The command's instant."""
        return self._now

    def evaluate(
        self, expression: str, data: Mapping[str, Any], extra: Mapping[str, Any] | None = None
    ) -> Any:
        """The value of an expression over `data` and the names in `extra`. Raises ScriptFailed."""
        known = {**(extra or {}), **data}
        written_in = language(expression)
        if written_in == "feel":
            return self._feel(expression, known)
        if written_in == "juel":
            return self._juel(expression, known)
        names = parse(expression.strip(), "eval")
        return _checked(
            self._feed(expression.strip(), {name: known[name] for name in names.reads & known.keys()})
        )

    def holds(self, condition: str, data: Mapping[str, Any], extra: Mapping[str, Any] | None = None) -> bool:
        """Whether a condition is true. FEEL and JUEL take nothing else for an answer. Raises ScriptFailed."""
        value = self.evaluate(condition, data, extra)
        written_in = language(condition)
        if written_in != "python" and not isinstance(value, bool):
            reason = "the condition is neither true nor false"
            raise ScriptFailed(f"FEEL: {reason}" if written_in == "feel" else _of_juel(condition, reason))
        return bool(value)

    def count(self, expression: str, data: Mapping[str, Any]) -> Any:
        """How many an expression says; JUEL takes texts and fractions for numbers. Raises ScriptFailed."""
        value = self.evaluate(expression, data)
        try:
            return juel.count(value) if language(expression) == "juel" else value
        except juel.Fault as error:
            raise ScriptFailed(_of_juel(expression, error)) from error

    def _feel(self, expression: str, data: Mapping[str, Any]) -> Any:
        if self.watch is not None:
            self.watch.require_time()
        try:
            return _checked(feel.evaluate(expression, data, self._now))
        except feel.Unfit as error:
            raise ScriptFailed(str(error)) from error

    def _juel(self, expression: str, data: Mapping[str, Any]) -> Any:
        if self.watch is not None:
            self.watch.require_time()
        try:
            return portable(juel.evaluate(expression, data, self._now))
        except (juel.Fault, juel.Unreadable, Unportable) as error:
            raise ScriptFailed(_of_juel(expression, error)) from error

    def decide(self, among: Decisions, decision: str, data: Mapping[str, Any], *, strict: bool) -> Ruling:
        """What a decision gives for data. Raises RuleFailed."""
        if self.watch is not None:
            self.watch.require_time()
        return rule_tasks.decide(among, decision, data, self._now, strict=strict)

    def execute(self, script: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """The variables that a script set or changed, and nothing else. Raises ScriptFailed."""
        assigned = juel.assignment(script)
        if assigned is not None:
            value = self._juel(assigned.text, data)
            return _kept(data, {} if assigned.result is None else {assigned.result: value})
        names = parse(script, "exec")
        given = {name: data[name] for name in names.reads & data.keys()}
        # A list or dictionary that the script can reach may have been changed in place.
        wanted = names.writes | {name for name, value in given.items() if isinstance(value, list | dict)}
        if not wanted:
            self._feed(script, given)
            return {}
        # Data may be called `type` or `locals`, which collecting needs as they were.
        kept = not wanted.isdisjoint(_BUILTINS) or not given.keys().isdisjoint(_BUILTINS)
        collect = _COLLECT.format(
            names=sorted(wanted), **{name: f"_{name}" if kept else name for name in _BUILTINS}
        )
        code = f"{script}\n{collect}"
        return _kept(data, _checked(self._feed(code, given, kept=kept)))

    def _feed(self, code: str, given: dict[str, Any], *, kept: bool = False) -> Any:
        self._runs += 1
        if self.watch is not None:
            self.watch.require_time()
        policy: monty.OSPolicy = {
            "datetime": self._now,
            "sleep": "zero",
            "random_start": {"seed": int(self._now.timestamp() * 1e6) * 1000 + self._runs},
        }
        try:
            with _pool.open().checkout(script_name="script", limits=LIMITS, os_policy=policy) as session:
                if kept:
                    session.feed_run(_KEPT)
                return session.feed_run(code, inputs=given, print_callback=monty.CollectString(10_000))
        except TimeoutError as error:
            raise Busy("All script sandboxes are busy") from error
        except monty.MontyCrashedError as error:
            raise ScriptFailed("the script was stopped: it broke its sandbox's limits") from error
        except (monty.MontyRuntimeError, monty.MontySyntaxError) as error:
            raise ScriptFailed(error.display("type-msg"), _line(error)) from error
        except monty.MontyConversionError as error:
            raise ScriptFailed(f"a value cannot leave the script: {error}") from error


_BUILTINS = ("type", "locals")
_KEPT = "_type, _locals = type, locals"
# A function would leave the sandbox as its repr, a text: helpers of a script are no data.
_COLLECT = (
    "{{_n: _v for _n, _v in {locals}().items() if _n in {names!r}"
    " and {type}(_v).__name__ not in ('function', 'builtin_function_or_method', 'module')}}"
)


def language(expression: str) -> Language:
    """In which language an expression is written: its first signs tell."""
    if feel.is_feel(expression):
        return "feel"
    return "juel" if juel.is_marked(expression) else "python"


def _of_juel(expression: str, error: Exception | str) -> str:
    shown = " ".join(expression.split())
    return f"JUEL: {error}, in {shown if len(shown) <= _SHOWN else f'{shown[:_SHOWN]}…'}"


def _kept(data: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """What of these values is new in the data, if a case can hold it."""
    changes = differing(data, values)
    if changes and not fits({**data, **changes}):
        raise ScriptFailed(f"with this the case's data would be larger than {MAX_BYTES >> 20} MiB")
    return changes


def _checked(value: Any) -> Any:
    try:
        return portable(value)
    except Unportable as error:
        raise ScriptFailed(str(error)) from error


def _line(error: monty.MontyRuntimeError | monty.MontySyntaxError) -> int | None:
    frames = error.traceback()
    return frames[-1].line if frames else None


def as_written(text: str) -> str:
    """A script without the indentation that the file around it gave it."""
    return textwrap.dedent(text)


def names(code: str, mode: Mode) -> Names:
    """The variables of a text. Raises SyntaxError, with its line, for what is no Python."""
    return _analysed(code, mode)


def parse(code: str, mode: Mode) -> Names:
    """As `names`, for a text that is about to run: a syntax error is a failure of the script."""
    try:
        return _analysed(code, mode)
    except SyntaxError as error:
        raise ScriptFailed(f"SyntaxError: {error.msg}", error.lineno) from error


@remembered(4096)
def _analysed(code: str, mode: Mode) -> Names:
    if len(code) > MAX_SCRIPT:
        raise SyntaxError(f"longer than {MAX_SCRIPT} characters")
    foreign = _foreign(code, mode)
    if foreign is not None:
        return foreign
    tree = syntax.tree(code, mode)
    table = syntax.scopes(code, mode)
    # `x += 1` reads x too, which a symbol table does not tell.
    reads = {
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }
    writes: set[str] = set()
    tables = [table]
    while tables:
        scope = tables.pop()
        tables.extend(scope.get_children())
        for symbol in scope.get_symbols():
            top = scope is table
            if symbol.is_referenced() and (top or symbol.is_global()):
                reads.add(symbol.get_name())
            if _data(symbol) and (top or symbol.is_declared_global()):
                writes.add(symbol.get_name())
    # From Python 3.12 on, symbol tables take a comprehension's own names for names around it.
    inner = {name for node in ast.walk(tree) for name in _bound(node)} - _outside(tree)
    return Names(frozenset(reads - inner), frozenset(writes - inner))


def _foreign(code: str, mode: Mode) -> Names | None:
    """The variables of a text in another language; None for Python."""
    try:
        if mode == "exec":
            script = juel.assignment(code)
            if script is None:
                return None
            result = () if script.result is None else (script.result,)
            return Names(juel.expression(script.text).names, frozenset(result))
        if feel.is_feel(code):
            return Names(feel.expression(code).certain_names, frozenset())
        return Names(juel.expression(code).names, frozenset()) if juel.is_marked(code) else None
    except (Unreadable, juel.Unreadable) as error:
        raise SyntaxError(str(error)) from error


def _bound(node: ast.AST) -> frozenset[str]:
    """The names that a comprehension binds; none for other nodes."""
    targets = [generator.target for generator in getattr(node, "generators", ())]
    return frozenset(part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name))


def _outside(tree: ast.AST) -> set[str]:
    """The names that occur anywhere but in comprehensions that bind them."""
    found: set[str] = set()
    nodes: list[tuple[ast.AST, frozenset[str]]] = [(tree, frozenset())]
    while nodes:
        node, hidden = nodes.pop()
        if isinstance(node, ast.Name) and node.id not in hidden:
            found.add(node.id)
        within = hidden | _bound(node)
        nodes += [(child, within) for child in ast.iter_child_nodes(node)]
    return found


def _data(symbol: symtable.Symbol) -> bool:
    """Whether a value is assigned to it; modules, functions and classes are a script's own."""
    return symbol.is_assigned() and not symbol.is_imported() and not symbol.is_namespace()


def unsupported(code: str, mode: Mode) -> list[tuple[int | None, str]]:
    """What the sandbox cannot run in a text that is correct Python.

    (line, reason), found without running it.
    """
    if mode == "eval":
        probe, shift = f"lambda: (\n{code}\n)", 1
    else:
        probe, shift = f"def probe():\n{textwrap.indent(code, ' ')}\n pass", 1
    try:
        with _pool.open().checkout(script_name="script", limits=LIMITS) as session:
            session.feed_run(probe, print_callback=monty.CollectString(1000))
    except TimeoutError as error:
        raise Busy("All script sandboxes are busy") from error
    except (monty.MontySyntaxError, monty.MontyRuntimeError) as error:
        line = _line(error)
        return [(line - shift if line else None, error.display("msg"))]
    except monty.MontyCrashedError:
        return [(None, "the sandbox could not read it")]
    return []
