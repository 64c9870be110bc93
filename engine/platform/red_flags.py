"""The thresholds of red flags: constants, and what the setting `RED_FLAGS` changes of them.

`least` is how many cases a pattern is seen in before anybody is asked: one or two may be chance. `share` is
the smallest part of the base that is remarkable, `usual` the part that is expected where an office has no
other official to compare with. What else a pattern has, its module explains
(`engine.oversight.flags.patterns`).
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

Thresholds = Mapping[str, float]

USUAL: Mapping[str, Thresholds] = MappingProxyType(
    {
        "queue-jumping": {"least": 6, "share": 0.1, "usual": 0.1, "waiting": 5},
        "one-applicant": {"least": 5, "share": 0.7, "usual": 0.2},
        "quick-decisions": {"least": 5, "share": 0.2, "usual": 0.02, "seconds": 20},
        "outside-hours": {"least": 4, "share": 0.3, "usual": 0.02, "minutes": 60},
        "returned-often": {"least": 3, "share": 0.1, "usual": 0.01, "times": 3},
        "reassigned-until": {"least": 4, "share": 0.3, "usual": 0.05},
        "reads-without-part": {"least": 8, "share": 0.3, "usual": 0.05},
        "four-eyes-refusals": {"least": 3, "share": 0.05, "usual": 0.005},
        "changed-variables": {"least": 4, "share": 0.02, "usual": 0.005},
        "pauses-at-the-end": {"least": 4, "share": 0.5, "usual": 0.05},
    }
)
# The least and the most of each threshold. Of a share and a part, anything else would find all or nothing.
RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "least": (1, 10_000),
        "share": (0.001, 1),
        "usual": (0.001, 0.5),
        "waiting": (1, 10_000),
        "seconds": (1, 3600),
        "minutes": (0, 720),
        "times": (2, 100),
    }
)
PARTS = frozenset({"share", "usual"})  # the others are whole numbers
_ENTRY = re.compile(r"([a-z-]+)(?:\.([a-z]+))?=(off|[0-9]{1,6}(?:\.[0-9]{1,6})?)", re.ASCII)


def read(text: str) -> Mapping[str, Thresholds]:
    """Return the thresholds of each pattern that is looked for, as a setting changes them.

    It is like `outside-hours=off,quick-decisions.seconds=30`. Raises ValueError for anything else, also for
    a value outside of `RANGES`.
    """
    found = {pattern: dict(values) for pattern, values in USUAL.items()}
    off: set[str] = set()
    for entry in filter(None, (part.strip() for part in text.split(","))):
        match = _ENTRY.fullmatch(entry)
        pattern, name, value = match.groups() if match else ("", None, "")
        if (
            pattern not in found
            or (name is None) != (value == "off")
            or (name and name not in found[pattern])
        ):
            raise ValueError(
                f"RED_FLAGS: {entry!r} must be like outside-hours=off or quick-decisions.seconds=30; "
                "docs/red-flags.md has the names"
            )
        if name is None:
            off.add(pattern)
        else:
            found[pattern][name] = _within(entry, name, float(value))
    return {pattern: values for pattern, values in found.items() if pattern not in off}


def _within(entry: str, name: str, value: float) -> float:
    least, most = RANGES[name]
    if not least <= value <= most or not (name in PARTS or value.is_integer()):
        kind = "a number" if name in PARTS else "a whole number"
        raise ValueError(f"RED_FLAGS: {entry!r}: {name} must be {kind} from {least:g} to {most:g}")
    return value
