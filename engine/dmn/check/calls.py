"""Checks arguments of function calls, as far as their types are known."""

from collections.abc import Mapping, Sequence

from engine.dmn.check.scopes import Signature, may_fit, nearest, type_text
from engine.dmn.feel.calling import Way
from engine.dmn.feel.types import ANY, Function, Parameter, Type
from engine.platform.findings import Value

Wrong = tuple[str, Mapping[str, Value]]  # code, and the values of its text


def misfit(
    name: str, built_in: Function | None, of: Type, given: Sequence[Type], names: Sequence[str]
) -> Wrong | None:
    """Returns the error in a call of a built-in function, or of a function of this type."""
    if built_in is not None:
        ways: Sequence[Way] = built_in.ways
    elif of.takes is None or (names and not isinstance(of, Signature)):
        return None
    else:
        known = of.names if isinstance(of, Signature) else tuple(f"#{at}" for at in range(len(of.takes)))
        ways = (tuple(Parameter(each, takes) for each, takes in zip(known, of.takes, strict=True)),)
    return _by_name(name, ways, given, names) if names else _in_order(name, ways, given)


def _by_name(name: str, ways: Sequence[Way], given: Sequence[Type], names: Sequence[str]) -> Wrong | None:
    known = {parameter.name for way in ways for parameter in way}
    strange = [each for each in names if each not in known]
    if strange:
        near = nearest(strange[0], iter(known))
        values: dict[str, Value] = {"function": name, "parameter": strange[0], "takes": _takes(ways)}
        return "argument-name", values | ({"near": near} if near else {})
    fitting = [way for way in ways if _holds(way, set(names))]
    if not fitting:
        return "argument-count", {"function": name, "takes": _takes(ways)}
    by_name = dict(zip(names, given, strict=True))
    return _by_type(
        name, [[(each, by_name[each.name]) for each in way if each.name in by_name] for way in fitting]
    )


def _holds(way: Way, names: set[str]) -> bool:
    known = {each.name for each in way}
    return names <= known and all(each.name in names or each.optional for each in way)


def _in_order(name: str, ways: Sequence[Way], given: Sequence[Type]) -> Wrong | None:
    fitting = [way for way in ways if _counts(way, len(given))]
    if not fitting:
        return "argument-count", {"function": name, "count": len(given), "takes": _takes(ways)}
    return _by_type(name, [_paired(way, given) for way in fitting])


def _counts(way: Way, count: int) -> bool:
    if way and way[-1].many:
        return count >= len(way)
    return sum(not each.optional for each in way) <= count <= len(way)


def _paired(way: Way, given: Sequence[Type]) -> list[tuple[Parameter, Type]]:
    if way and way[-1].many:
        return [*zip(way[:-1], given, strict=False)]
    return [*zip(way, given, strict=False)]


def _by_type(name: str, ways: Sequence[Sequence[tuple[Parameter, Type]]]) -> Wrong | None:
    found = [
        next(((parameter, of) for parameter, of in way if not may_fit(of, parameter.type)), None)
        for way in ways
    ]
    wrong = [each for each in found if each is not None]
    if len(wrong) < len(found) or not wrong:
        return None
    parameter, of = wrong[0]
    types = {"found": type_text(of), "wanted": type_text(parameter.type)}
    return "argument-type", {"function": name, "parameter": parameter.name, **types}


def _takes(ways: Sequence[Way]) -> tuple[str, ...]:
    return tuple("(" + ", ".join(_parameter(each) for each in way) + ")" for way in ways)


def _parameter(of: Parameter) -> str:
    more = "…" if of.many else "?" if of.optional else ""
    return of.name + more + (f": {type_text(of.type)}" if of.type.name != ANY.name else "")
