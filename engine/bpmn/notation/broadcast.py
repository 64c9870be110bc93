"""Messages that are delivered to every wait, like signals. Any other goes to one wait of a case."""

import re

WITHDRAWAL = "case.withdraw"  # a process that waits for it allows applicants to withdraw
_RESERVED = r"clock\..+"  # messages of the clock of a case
PATTERN = re.compile(rf"{re.escape(WITHDRAWAL)}|{_RESERVED}")  # messages of the engine itself


def is_reserved(name: str) -> bool:
    """Whether only the engine sends messages of this name: neither other systems nor processes do."""
    return re.fullmatch(_RESERVED, name) is not None
