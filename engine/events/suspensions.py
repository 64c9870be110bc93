"""When something was suspended, as the events of cases or the entries of the administration log say."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Stop = tuple[datetime, datetime]


def suspensions(
    log: Iterable[tuple[Key, str, datetime]], until: datetime | None = None
) -> Mapping[Key, Sequence[Stop]]:
    """Returns from when to when each thing was suspended, in order, by its key.

    `log` has what each entry is about, its kind (`….suspended` or `….resumed`) and its instant, in order.
    What is suspended already stays so; what was suspended before the log begins is left out. Suspensions that
    continue end at `until`; without it they are left out.
    """
    began: dict[Key, datetime] = {}
    found: dict[Key, list[Stop]] = {}
    for key, kind, at in log:
        if kind.endswith(".suspended"):
            began.setdefault(key, at)
        elif key in began:
            found.setdefault(key, []).append((began.pop(key), at))
    for key, at in began.items():
        if until is not None:
            found.setdefault(key, []).append((at, until))
    return found
