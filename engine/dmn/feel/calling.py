"""Binds arguments of functions (DMN 1.5 §10.3.2.13): by position or name, each converted to its type."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.dmn.feel.frames import Run
from engine.dmn.feel.types import Function, Parameter, fitted

Way = Sequence[Parameter]


def call(run: Run, function: Function, given: Sequence[Any] | Mapping[str, Any]) -> Any:
    """Calls a function; None if it doesn't accept these arguments."""
    run.pass_on(given.values() if isinstance(given, Mapping) else given)
    for way in function.ways:
        bound = _bound(way, given, run)
        if bound is not None:
            run.enter()
            try:
                return run.made(function.call(run, bound))
            finally:
                run.leave()
    return None


def binds(run: Run, function: Function, given: Sequence[Any] | Mapping[str, Any]) -> bool:
    """Whether it accepts these arguments."""
    return any(_bound(way, given, run) is not None for way in function.ways)


def _bound(way: Way, given: Sequence[Any] | Mapping[str, Any], run: Run) -> list[Any] | None:
    return _named(way, given, run) if isinstance(given, Mapping) else _ordered(way, given, run)


def _named(way: Way, given: Mapping[str, Any], run: Run) -> list[Any] | None:
    """Binds arguments by name; missing ones are null."""
    if not {parameter.name for parameter in way}.issuperset(given):
        return None
    return _fitted([(each, given.get(each.name, _LEFT_OUT if each.optional else None)) for each in way], run)


def _ordered(way: Way, given: Sequence[Any], run: Run) -> list[Any] | None:
    if way and way[-1].many:
        before = len(way) - 1
        if len(given) <= before:
            return None
        rest = [*given[before:]]
        return _fitted([*zip(way[:-1], given, strict=False), (way[-1], rest)], run)
    required = sum(not each.optional for each in way)
    if not required <= len(given) <= len(way):
        return None
    left_out = [_LEFT_OUT] * (len(way) - len(given))
    return _fitted([*zip(way, [*given, *left_out], strict=True)], run)


class _LeftOut:
    pass


_LEFT_OUT = _LeftOut()


def _fitted(pairs: Sequence[tuple[Parameter, Any]], run: Run) -> list[Any] | None:
    bound: list[Any] = []
    for parameter, value in pairs:
        if value is _LEFT_OUT:
            bound.append(None)
            continue
        fit = fitted(value, parameter.type, run)
        if fit is None and (value is not None or not parameter.nullable):
            return None
        bound.append(fit)
    return bound
