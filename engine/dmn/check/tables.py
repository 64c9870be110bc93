"""Analyses decision tables: finds rules that overlap, are hidden or duplicated, and gaps."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.dmn.check.columns import Column, Read, columns, independent
from engine.dmn.check.conditions import Unclear, constant
from engine.dmn.check.sweep import Box, Effort, Stopped, Sweep
from engine.dmn.feel import tree
from engine.dmn.feel.comparing import equal
from engine.dmn.feel.frames import Run
from engine.dmn.model import syntax
from engine.platform.findings import Notes, Place, Severity, Value

MOST = 20  # findings of each kind for one table
_UNKNOWN = object()


@dataclass(frozen=True, slots=True)
class Analysed:
    """A table as it was read: its inputs, and the outputs of each rule."""

    table: syntax.Table
    inputs: tuple[Read, ...]
    results: tuple[tuple[tree.Node | None, ...], ...]
    priorities: tuple[tuple[Any, ...], ...]  # for each output its values, highest priority first
    effort: Effort


def analyse(read: Analysed, place: Callable[[int], Place], notes: Notes) -> None:
    """Reports the findings; `place` returns the place of a line."""
    table = read.table
    if not table.rules:
        notes.warn(place(table.line), "no-rules")
        return
    try:
        found = columns(read.inputs)
    except Unclear as unclear:
        code = f"table-not-analysed.{unclear.cause}"
        notes.report("note", place(table.line), code, **unclear.values)
        return
    _Analysis(read, found, place, notes).run()


class _Analysis:
    def __init__(
        self, read: Analysed, found: Sequence[Column], place: Callable[[int], Place], notes: Notes
    ) -> None:
        self._read = read
        self._rules = read.table.rules
        self._columns = found
        self._place = place
        self._notes = notes
        self._told: dict[tuple[Severity, str], int] = {}
        self._independent = independent(read.inputs)
        self._results = [tuple(map(_constant, row)) for row in read.results]
        self._empty = {at for at in range(len(self._rules)) if any(not column.cells[at] for column in found)}
        cells, live = [column.cells for column in found], [column.live for column in found]
        self._sweep = Sweep(cells, live, len(self._rules), read.effort)

    def run(self) -> None:
        """Runs all checks."""
        self._tell_empty()
        stopped = False
        for step in POLICIES[self._read.table.policy[0]]:
            self._sweep.renew()
            try:
                step(self)
            except Stopped:
                stopped = True
        if stopped:
            self._notes.report("note", self._place(self._read.table.line), "analysis-stopped")
        for (_, code), left_out in self._told.items():
            if left_out > MOST:
                place = self._place(self._read.table.line)
                self._notes.report("note", place, "more-of-table", count=left_out - MOST, code=code)

    def _tell(self, severity: Severity, rule: int, code: str, /, **values: Value) -> None:
        """Reports a finding, up to the limit for its kind."""
        if not self._is_enough(severity, code.partition(".")[0]):
            self._add(severity, rule, code, **values)

    def _add(self, severity: Severity, rule: int, code: str, /, **values: Value) -> None:
        line = self._rules[rule].line if rule >= 0 else self._read.table.line
        self._notes.report(severity, self._place(line), code, **values)

    def _is_enough(self, severity: Severity, code: str) -> bool:
        """Whether the limit for its kind is reached, so that this finding is only counted."""
        kind = (severity, code)
        self._told[kind] = self._told.get(kind, 0) + 1
        return self._told[kind] > MOST

    # Single rules

    def _tell_empty(self) -> None:
        for rule in sorted(self._empty):
            labels = tuple(column.label for column in self._columns if not column.cells[rule])
            self._tell("warning", rule, "unreachable-rule", rule=rule + 1, columns=labels)

    def _tell_twice(self) -> None:
        seen: dict[Any, int] = {}
        for rule, each in enumerate(self._rules):
            said = (
                tuple(column.cells[rule] for column in self._columns),
                tuple(text.text for text in each.results),
            )
            first = seen.setdefault(said, rule)
            if first != rule and rule not in self._empty:
                self._tell("warning", rule, "duplicate-rule", rule=rule + 1, other=first + 1)

    # Several rules

    def _tell_meeting(self) -> None:
        for one in range(len(self._rules)):
            if one not in self._empty:
                meeting = self._sweep.meeting(one) >> one + 1
                for ahead in _ones(meeting):
                    self._sweep.spend()
                    self._tell_pair(one, one + 1 + ahead)

    def _tell_pair(self, one: int, other: int) -> None:
        unique = self._read.table.policy == "U"
        code = "overlapping-rules" if unique else "different-results"
        differ = True if unique else self._differ(one, other)
        if differ is False:
            return
        common = self._sweep.common(one, other)
        sure = differ is True and self._independent
        severity: Severity = "error" if sure and not self._by_chance(common, one, other) else "warning"
        if self._is_enough(severity, code):
            return
        values: dict[str, Value] = {"rule": one + 1, "other": other + 1, "example": self._example(common)}
        self._add(severity, other, code if sure else f"{code}.possible", **values)

    def _by_chance(self, common: Box, one: int, other: int) -> bool:
        """Whether rules only overlap in null and neither tests for it: for example, `not("a")` matches it."""
        return any(
            parts == column.axis.null and parts not in (column.cells[one], column.cells[other])
            for column, parts in zip(self._columns, common, strict=True)
        )

    def _differ(self, one: int, other: int) -> bool | None:
        """Whether the results of two rules differ, None if that depends on data."""
        texts = [tuple(text.text for text in self._rules[rule].results) for rule in (one, other)]
        if texts[0] == texts[1]:
            return False
        pairs = list(zip(self._results[one], self._results[other], strict=False))
        known = [pair for pair in pairs if _UNKNOWN not in pair]
        if any(equal(*pair, Run()) is not True for pair in known):
            return True
        return False if len(known) == len(pairs) else None

    def _tell_hidden(self) -> None:
        before = 0
        for rule in self._by_priority():
            by = before & self._sweep.meeting(rule) if rule not in self._empty else 0
            before |= 1 << rule
            if not by:
                continue
            hidden = self._sweep.hidden(rule, by, live_only=False)
            if hidden or self._sweep.hidden(rule, by, live_only=True):
                several = [at + 1 for at in _ones(by)]
                others = tuple(map(str, several[:MOST]))
                code = "unreachable-rule" if hidden else "unreachable-rule.unless-null"
                self._tell("warning", rule, code, rule=rule + 1, others=others)

    def _by_priority(self) -> list[int]:
        """Returns the rules by priority, highest first, without those whose priority is unknown."""
        rules = range(len(self._rules))
        if self._read.table.policy == "F":
            return list(rules)
        places = [self._place_of(rule) for rule in rules]
        return sorted(
            (rule for rule in rules if places[rule] is not None), key=lambda rule: places[rule] or ()
        )

    def _place_of(self, rule: int) -> tuple[int, ...] | None:
        """Returns the priorities of a rule's results in the values of the outputs; None if unknown."""
        found = []
        for value, order in zip(self._results[rule], self._read.priorities, strict=False):
            if not order:  # its values have no priority
                continue
            at = next((at for at, known in enumerate(order) if equal(known, value, Run()) is True), None)
            if value is _UNKNOWN or at is None:
                return None
            found.append(at)
        return tuple(found)

    # Gaps

    def _tell_gaps(self) -> None:
        if any(each.default and each.default.text for each in self._read.table.outputs):
            return
        for box in self._sweep.gaps():
            where = tuple(
                f"{column.label}: {column.axis.format(parts)}"
                for column, parts in zip(self._columns, box, strict=True)
                if parts != column.live
            )
            found: dict[str, Value] = {"where": where} if where else {}
            self._tell("warning", -1, "uncovered-values", example=self._example(box), **found)

    def _example(self, box: Box) -> str:
        """Returns an example value for each input."""
        return ", ".join(
            f"{column.label} = {column.axis.witness(parts)}"
            for column, parts in zip(self._columns, box, strict=True)
        )


# By hit policy. With policies that collect all matches, a case without a match is no gap.
POLICIES: Mapping[str, Sequence[Callable[[_Analysis], None]]] = {
    "U": (_Analysis._tell_meeting, _Analysis._tell_gaps),
    "A": (_Analysis._tell_meeting, _Analysis._tell_twice, _Analysis._tell_gaps),
    "F": (_Analysis._tell_hidden, _Analysis._tell_gaps),
    "P": (_Analysis._tell_hidden, _Analysis._tell_gaps),
    "R": (_Analysis._tell_twice,),
    "O": (_Analysis._tell_twice,),
    "C": (_Analysis._tell_twice,),
}


def _constant(node: tree.Node | None) -> Any:
    try:
        return _UNKNOWN if node is None else constant(node)
    except Unclear:
        return _UNKNOWN


def _ones(mask: int) -> Iterator[int]:
    """Yields the positions of ones in a number."""
    while mask:
        yield (mask & -mask).bit_length() - 1
        mask &= mask - 1
