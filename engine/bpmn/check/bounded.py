"""Turns a check that takes too long or nests too deeply into a finding. No other module does."""

from collections.abc import Callable

from engine.bpmn.notation.findings import Report
from engine.platform.budget import Budget, Exhausted, is_limited, limited
from engine.platform.findings import Finding

_DEEP = "Something in the files is nested too deeply to be checked."
_MEND_DEEP = "Nest expressions, lists and forms less deeply."
_MEND_LONG = "Correct it, or divide it into shorter ones."
_MEND_MUCH = "Shorten the expressions and tables, or deploy the files in several parts."


def check(run: Callable[[], Report]) -> Report:
    """Runs a check. Raises Exhausted if the caller set a budget; otherwise, that becomes a finding, too."""
    within = is_limited()
    try:
        with limited(Budget()):
            return run()
    except Exhausted as error:
        if within:
            raise
        return Report((too_much(error.where),), ())
    except RecursionError:
        return Report((too_deep(),), ())
    except SyntaxError as error:  # in a text that no other part of the check reads
        return Report((unreadable(error.msg),), ())


def too_deep() -> Finding:
    """Returns the finding for files that are nested too deeply for Python."""
    return Finding("error", "too-deep-to-check", "", _DEEP, _MEND_DEEP)


def unreadable(reason: str) -> Finding:
    """Returns the finding for a text that is not a script or expression."""
    return Finding("error", "syntax-error", "", f"An expression cannot be read: {reason}.", _MEND_LONG)


def too_much(where: str) -> Finding:
    """Returns the finding for files that were not checked completely, and so may not run."""
    at = f" The check stopped in {where!r}." if where else ""
    reason = f"The files take more work to check than is allowed.{at}"
    return Finding("error", "too-much-to-check", where, reason, _MEND_MUCH)
