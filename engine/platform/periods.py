"""Periods of whole days, as people write them for commands and files."""

import re
from datetime import timedelta

_PERIOD = re.compile(r"P([1-9][0-9]{0,3})([DW])")


def period(text: str) -> timedelta | None:
    """Return so many days or weeks, such as P90D or P52W; None for anything else."""
    found = _PERIOD.fullmatch(text)
    return None if found is None else timedelta(days=int(found[1]) * (7 if found[2] == "W" else 1))
