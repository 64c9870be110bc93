"""The critical path of random nested branches, in which much happens at the same instant."""

from random import Random
from typing import Any

from engine.timeline import ALWAYS, Event, Surroundings, timeline

Leg = tuple[str, int, int]
KEYS = ("call", "wait", "incident")  # facts that identify a step
# How each kind of step begins and ends; of one instant, all of these have other ranks.
KINDS = {
    "task": (("task.created", {"side": "office"}), ("task.completed", {})),
    "call": (("call.made", {"party": "bank"}), ("call.answered", {})),
    "wait": (("wait.opened", {"kind": "message"}), ("message.received", {}), ("wait.closed", {})),
    "broken": (("incident.opened", {}), ("incident.retried", {})),
}


class Case:
    """Draws nested branches and writes their events. `has_tie`: two branches of a join ended at once."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.rows: list[tuple[int, str, str, dict[str, Any]]] = []
        self.has_tie = False

    def block(self, depth: int, now: int) -> tuple[int, list[Leg]]:
        """Run a block from an instant on. Return its end, and for what it waited."""
        shape = self.random.random() if depth else 1
        if shape < 0.4:
            ends = [self.block(depth - 1, now) for _ in range(self.random.randint(2, 3))]
            first, second, *_ = sorted(ends, key=lambda one: -one[0])
            self.has_tie = self.has_tie or first[0] == second[0]
            return first
        legs: list[Leg] = []
        for _ in range(self.random.randint(1, 3)):
            now, part = self.step(now) if shape > 0.8 else self.block(depth - 1, now)
            legs += part
        return now, legs

    def step(self, now: int) -> tuple[int, list[Leg]]:
        kind = self.random.choice(tuple(KINDS))
        key, end = f"{kind} {len(self.rows)}", now + self.random.randint(1, 3)
        begin, *ends = KINDS[kind]
        for at, (what, facts) in ((now, begin), *((end, one) for one in ends)):
            self.rows.append((at, what, key, facts))
        return end, [(key, now, end)]


def test_critical_path_is_that_of_the_branches_however_many_end_at_one_instant() -> None:
    compared = 0
    for seed in range(400):
        case = Case(seed)
        end, legs = case.block(4, 0)
        if case.has_tie:
            continue
        compared += 1
        rows = [(0, "case.started", "", {}), *sorted(case.rows, key=lambda row: row[0])]
        events = [
            Event(seq, at, kind, key, key, "caseworker", "home", {**facts, **dict.fromkeys(KEYS, key)})
            for seq, (at, kind, key, facts) in enumerate([*rows, (end, "case.completed", "", {})], 1)
        ]
        found = timeline(events, Surroundings("home", end, {"home": ALWAYS}.get))
        assert [(leg.step and leg.step.element, leg.begin, leg.end) for leg in found.path] == legs, seed
    assert compared > 100
