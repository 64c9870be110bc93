"""Messages that are delivered to every wait, like signals. Any other goes to one wait of a case."""

import re

WITHDRAWAL = "case.withdraw"  # a process that waits for it allows applicants to withdraw
PATTERN = re.compile(rf"{re.escape(WITHDRAWAL)}|clock\..+")  # messages of the engine itself
