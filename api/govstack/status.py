"""The status of an application in GovStack's four codes."""

from collections.abc import Mapping
from typing import Literal

from api import language
from api.govstack.shapes import FilledBody
from engine.portal.progress import Progress, State

Code = Literal["PENDING", "SENDBACK", "APPROVED", "REJECTED"]
_CODES: Mapping[State, Code] = {
    "pending": "PENDING",
    "sent-back": "SENDBACK",
    "granted": "APPROVED",
    "refused": "REJECTED",
}


class RegistrationStatus(FilledBody):
    """How far an application is."""

    code: Code | None
    """`PENDING`: no decision yet. `SENDBACK`: the applicant has to correct something. `APPROVED`, `REJECTED`:
    the last legal decision grants or refuses. Left out if it ended without such a decision, as by withdrawal.
    """
    title: str
    """The same in words, in the language of `Accept-Language`."""


def status_of(progress: Progress | None) -> RegistrationStatus | None:
    """Return the status; None for an application of which the caller may only see a task."""
    if progress is None:
        return None
    title = language.texts().say(f"services.progress.{progress.state}")
    return RegistrationStatus(code=_CODES.get(progress.state), title=title)
