"""Reasons for reassigning a task that was assigned at random: a closed list, so that they can be counted.

Random assignment is no protection if its result can be changed without giving a reason.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from engine.platform.errors import Fault, Invalid

ReasonCode = Literal["absence", "workload", "expertise", "conflict-of-interest", "wrong-unit"]
CODES: tuple[str, ...] = get_args(ReasonCode)
RECUSED = "recusal"  # of a person who withdraws from the case, which is recorded separately


def payload_of(assignment: str | None, reason: str | None) -> Mapping[str, Any]:
    """Returns the reason for a reassignment for the log. Raises Invalid if it is missing or unknown."""
    if reason is not None and reason not in CODES:
        raise _invalid("is not one of the reason codes", "enum")
    if assignment == "random" and reason is None:
        raise _invalid("is required: the task was assigned at random", "required")
    payload = {"reason": reason, "assignment": assignment}
    return {name: value for name, value in payload.items() if value is not None}


def _invalid(detail: str, code: str) -> Invalid:
    fault = Fault("/reason", f"{detail}; allowed: {', '.join(CODES)}", code, {"options": ", ".join(CODES)})
    return Invalid("State why the task is reassigned.", [fault])
