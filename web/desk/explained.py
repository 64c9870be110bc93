"""Explanations of refusals on pages: what prevents the action, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.platform.errors import (
    AssuranceTooLow,
    Fault,
    Invalid,
    Refusal,
)
from web import forms, texts
from web.refusals import status_of
from web.site import site


@dataclass(frozen=True, slots=True)
class Login:
    """Where to log in with the required assurance level."""

    name: str
    title: str
    level: str


@dataclass(frozen=True, slots=True)
class Explained:
    """`faults` are those of the input; `logins` lead to a login with a higher assurance level, if needed."""

    text: str
    status: int
    faults: Sequence[Fault] = ()
    logins: Sequence[Login] = ()

    def faults_at(self, pointer: str) -> Sequence[str]:
        """Return the fault at this place."""
        return [forms.explain_fault(fault) for fault in self.faults if fault.pointer == pointer]


def explain(refusal: Refusal) -> Explained:
    """Explain a refusal in the reader's language."""
    faults = refusal.faults if isinstance(refusal, Invalid) else ()
    logins = _logins(refusal.needed) if isinstance(refusal, AssuranceTooLow) else ()
    return Explained(texts.explain(refusal), status_of(refusal), faults, logins)


def _logins(level: str) -> Sequence[Login]:
    language = texts.reader().language
    return [Login(one.name, one.titles[language], level) for one in site().providers]
