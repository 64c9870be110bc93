"""Collects the faults of several forms: a field that several services ask for has its faults once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from engine.definitions import forms
from engine.platform.errors import Fault, Invalid
from engine.portal.application_drafts.drafts import Draft, data_of, form_of

MISMATCH = "The data does not match the form."


@dataclass(slots=True)
class Faults:
    """The faults found so far, by place and code."""

    _found: dict[tuple[str, str], Fault] = field(default_factory=dict)
    _detail: str = ""

    @property
    def all(self) -> Sequence[Fault]:
        """Returns them in the order in which they were found."""
        return list(self._found.values())

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Collects the faults that a part of the check raises."""
        try:
            yield
        except Invalid as refused:
            self._detail = refused.detail
            self._found |= {(fault.pointer, fault.code): fault for fault in refused.faults}

    def add(self, faults: Sequence[Fault]) -> None:
        """Adds faults that are no form's."""
        self._detail = self._detail or MISMATCH
        self._found |= {(fault.pointer, fault.code): fault for fault in faults}

    def require_none(self) -> None:
        """Raises Invalid with all of them."""
        if self._found:
            raise Invalid(self._detail, self.all)


def collect(draft: Draft, known: Sequence[Fault] = ()) -> Faults:
    """Returns the faults of all forms, and those known before: none appears only after another is fixed."""
    faults = Faults()
    faults.add(known)
    for service in draft.services:
        with faults.collected():
            forms.check(form_of(service), data_of(draft, service))
    return faults
