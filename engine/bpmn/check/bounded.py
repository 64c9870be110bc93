"""Turns a check that takes too long or nests too deeply into a finding. No other module does."""

from collections.abc import Callable

from engine.bpmn.notation.findings import Report
from engine.platform.budget import Budget, Exhausted, is_limited, limited
from engine.platform.findings import Finding


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
    return Finding("error", "too-deep-to-check", "")


def unreadable(reason: str) -> Finding:
    """Returns the finding for a text that is not a script or expression."""
    return Finding("error", "syntax-error.unreadable", "", values={"error": reason})


def too_much(where: str) -> Finding:
    """Returns the finding for files that were not checked completely, and so may not run."""
    return Finding("error", "too-much-to-check", where, values={"where": where} if where else {})
