"""Compares the paths from step to step, between the steps that both versions have.

Paths pass through steps that only one of them has, since added and removed steps are reported themselves.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.bpmn.diff.facts import ALWAYS, OTHERWISE, Drawn, Flow

Ways = dict[tuple[str, str], list[str]]


def compare_paths(
    old: Drawn, new: Drawn, same: Mapping[str, str], names: Mapping[str, str]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yields codes, steps and parameters; `same` has the ids of steps that are in both, by the older ones."""
    former = [
        Flow(same.get(flow.source, f"{flow.source} before"), same.get(flow.target, f"{flow.target} before"),
             flow.guard)
        for flow in old.flows
    ]  # fmt: skip
    kept = set(same.values())
    before, after = _between(former, kept), _between(new.flows, kept)
    for source, target in {**before, **after}:
        ends = {"from": names[source], "to": names[target]}
        gone, come = before.get((source, target)), after.get((source, target))
        if come is None:
            yield "way-removed", source, ends
        elif gone is None:
            yield "way-added", source, {**ends, "condition": come}
        elif gone != come:
            yield "way-changed", source, {**ends, "before": gone, "after": come}
    for step in new.steps.values():
        if step.kind == "exclusiveGateway" and _asked(former, step.id, after) != _asked(
            new.flows, step.id, before
        ):
            yield "order-changed", step.id, {"name": names[step.id]}


def _between(flows: Iterable[Flow], kept: set[str]) -> Ways:
    """Returns the guards of the paths between common steps: those of their first flows, in order."""
    out: dict[str, list[Flow]] = {}
    for flow in flows:
        out.setdefault(flow.source, []).append(flow)
    found: Ways = {}
    for source in out.keys() & kept:
        for first in out[source]:
            for target in _reached(first.target, out, kept):
                found.setdefault((source, target), []).append(first.guard)
    return {ends: sorted(set(guards)) for ends, guards in found.items()}


def _reached(step: str, out: Mapping[str, list[Flow]], kept: set[str]) -> set[str]:
    """Returns the first common steps on all paths from here."""
    found, seen, waiting = set(), set(), [step]
    while waiting:
        here = waiting.pop()
        if here in kept:
            found.add(here)
        elif here not in seen:
            seen.add(here)
            waiting += [flow.target for flow in out.get(here, ())]
    return found


def _asked(flows: Iterable[Flow], gateway: str, others: Ways) -> list[tuple[str, str]]:
    """Returns the conditions of a gateway in evaluation order, as far as both versions have them."""
    return [
        (flow.target, flow.guard)
        for flow in flows
        if flow.source == gateway
        and flow.guard not in (ALWAYS, OTHERWISE)
        and flow.guard in others.get((gateway, flow.target), ())
    ]
