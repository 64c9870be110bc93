"""How functions get their arguments (DMN 1.5 §10.3.2.13): in order or by name, each fitted to its type."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.decisions.feel.frames import Run
from engine.decisions.feel.types import fitted
from engine.decisions.feel.values import Function, Parameter

Way = Sequence[Parameter]


def call(run: Run, function: Function, given: Sequence[Any] | Mapping[str, Any]) -> Any:
    """What a function gives; None if it does not take such arguments."""
    for way in function.ways:
        bound = _named(way, given) if isinstance(given, Mapping) else _ordered(way, given)
        if bound is not None:
            run.enter()
            try:
                return run.made(function.call(run, bound))
            finally:
                run.leave()
    return None


def _named(way: Way, given: Mapping[str, Any]) -> list[Any] | None:
    known = {parameter.name for parameter in way}
    missing = [each for each in way if each.name not in given and not each.optional]
    if missing or not known.issuperset(given):
        return None
    return _fitted([(each, given[each.name]) if each.name in given else (each, _LEFT_OUT) for each in way])


def _ordered(way: Way, given: Sequence[Any]) -> list[Any] | None:
    if way and way[-1].many:
        before = len(way) - 1
        if len(given) <= before:
            return None
        rest = [*given[before:]]
        return _fitted([*zip(way[:-1], given, strict=False), (way[-1], rest)])
    required = sum(not each.optional for each in way)
    if not required <= len(given) <= len(way):
        return None
    left_out = [_LEFT_OUT] * (len(way) - len(given))
    return _fitted([*zip(way, [*given, *left_out], strict=True)])


class _LeftOut:
    pass


_LEFT_OUT = _LeftOut()


def _fitted(pairs: Sequence[tuple[Parameter, Any]]) -> list[Any] | None:
    bound: list[Any] = []
    for parameter, value in pairs:
        if value is _LEFT_OUT:
            bound.append(None)
            continue
        fit = fitted(value, parameter.type)
        if fit is None and (value is not None or not parameter.nullable):
            return None
        bound.append(fit)
    return bound
