"""Checks answers against several forms: a field that several services ask for has its faults once."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from engine.cases import staged_documents
from engine.definitions import forms
from engine.platform.db import UnitOfWork
from engine.platform.errors import Fault, Invalid
from engine.portal.application_drafts.drafts import Draft, data_of, form_of
from engine.portal.application_drafts.produced import Awaited, names_for

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


def collect(draft: Draft, known: Sequence[Fault] = (), found: Sequence[Awaited] = ()) -> Faults:
    """Returns the faults of all forms, and those known before: none appears only after another is fixed.

    What other services produce, as `found` says, may be missing.
    """
    faults = Faults()
    faults.add(known)
    for service in draft.services:
        with faults.collected():
            left = names_for(found, service.key)
            forms.check(form_of(service), data_of(draft, service), awaited=left)
    return faults


def partly(
    uow: UnitOfWork,
    draft: Draft,
    answers: Mapping[str, Any],
    names: Collection[str],
    known: Sequence[Fault] = (),
) -> dict[str, Any]:
    """Returns all answers of a draft as they are stored; those to fields with these names are complete.

    Raises Invalid with the faults of these fields in all forms, and of their documents, and those that are
    known of other fields.
    """
    faults, found = Faults(), dict[str, Any]()
    for service in draft.services:
        form, own = form_of(service), data_of(draft, service, answers)
        with faults.collected():
            found |= forms.partly(form, own, names)
            new = {name: own[name] for name in names if name in own}
            staged_documents.require(uow, form, new, draft.place)
    wrong = {fault.pointer for fault in faults.all}
    faults.add([fault for fault in known if fault.pointer not in wrong])
    faults.require_none()
    return found


def begun(draft: Draft, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Returns unfinished answers of a draft as they were typed. Raises Invalid for what no form asks."""
    faults, found = Faults(), dict[str, Any]()
    for service in draft.services:
        with faults.collected():
            found |= forms.begun(form_of(service), data_of(draft, service, answers))
    faults.require_none()
    return found
