"""Failures of a command that are no bug of the product, and how they are reported."""

from sqlalchemy.exc import DBAPIError, OperationalError

from engine.platform.errors import Invalid, Refusal, Unusable
from engine.platform.schema import MIGRATE

KNOWN = (Refusal, Unusable, PermissionError, DBAPIError)
UNDEFINED = {"42P01", "42703"}  # a table, a column


def explained(failure: Exception) -> str | None:
    """Return what happened and how to fix it; None for a bug of the product."""
    match failure:
        case Invalid():
            faults = (f"  {fault.pointer}: {fault.detail}" for fault in failure.faults)
            return "\n".join([failure.detail, *faults])
        case PermissionError():
            fix = "Start as the user who made it, or choose another data folder with PARVANDEH_VAR."
            return f"You don't have permission to use {failure.filename}. {fix}"
        case OperationalError():
            return f"The database can't be used: {failure.orig}"
        case DBAPIError():
            undefined = getattr(failure.orig, "sqlstate", None) in UNDEFINED
            return f"The database has tables of an older release, or none. {MIGRATE}" if undefined else None
    return str(failure)
