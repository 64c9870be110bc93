"""Which messages reach all that wait for them, as signals do; any other goes to one wait of a case."""

import re

WITHDRAWAL = "case.withdraw"  # by which a process lets applicants withdraw
PATTERN = re.compile(rf"{re.escape(WITHDRAWAL)}|clock\..+")  # the engine's own messages
