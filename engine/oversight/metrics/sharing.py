"""Figures that were just computed, for others who ask for the same: many look at the same time.

By what was asked, and how far the projection had come. The actor's units are part of it, and the permission
is checked before.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar, cast

from engine.oversight.metrics.filters import Scope
from engine.platform.db import UnitOfWork

SECONDS = 5.0  # how old they may be: what isn't in the log, such as drafts of applications, changes, too
MOST = 256  # results that a process remembers
T = TypeVar("T")

_known: OrderedDict[Any, tuple[float, Any]] = OrderedDict()


def share(uow: UnitOfWork, scope: Scope, asked: tuple[Any, ...], compute: Callable[[], T]) -> T:
    """Returns what `compute` returns, or what it has returned a moment ago for the same question."""
    units = None if scope.units is None else tuple(scope.units)
    key = (str(uow.connection.engine.url), scope.position, scope.filters, units, scope.days, *asked)
    now = time.monotonic()
    known = _known.get(key)
    if known is not None and known[0] > now:
        return cast(T, known[1])
    result = compute()
    _known[key] = now + SECONDS, result
    _known.move_to_end(key)
    # Results can be large: what nobody may get any more is dropped.
    while len(_known) > MOST or next(iter(_known.values()))[0] <= now:
        _known.popitem(last=False)
    return result


def forget() -> None:
    """Drops all results."""
    _known.clear()
