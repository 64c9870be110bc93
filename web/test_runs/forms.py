"""Preview of the forms of a version or a draft; an answer is validated, and not stored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from engine.bpmn import Form, Spec
from engine.definitions import forms as judging
from engine.design.test_runs import Subject
from engine.platform.errors import Fault, Invalid, NotFound
from engine.platform.language import LANGUAGES
from web import attached, forms, texts
from web.test_runs.subject import about, done, find, looked_at, named
from web.visit import Page, Visit


@dataclass(frozen=True, slots=True)
class _Tried:
    """An answer in the form of one language: as it was typed, and the result of its validation."""

    language: str | None = None
    values: Mapping[str, Any] | None = None
    faults: Sequence[Fault] = ()
    fits: bool = False


@looked_at("/forms")
def previews(visit: Visit, **where: Any) -> Page:
    """Show all forms, one of them drawn."""
    return _render(find(visit, where), _Tried())


@done("/forms", files=True)
def judge(visit: Visit, **where: Any) -> Page:
    """Show the same with the result of an answer's validation."""
    subject = find(visit, where)
    form, role = _chosen(subject.spec)
    if form is None:
        raise NotFound("The form does not exist.")
    drawn = judging.for_roles(form, role and [role])
    attached.try_out(drawn.fields)
    values = forms.answer(drawn.fields, attached.sent())
    language = request.form.get("language")
    if attached.edited():
        return _render(subject, _Tried(language, values, attached.faults()))
    try:
        attached.require()
        judging.check(form, values, role and [role])
    except Invalid as invalid:
        return _render(subject, _Tried(language, values, invalid.faults))
    return _render(subject, _Tried(language, values, fits=True))


def _render(subject: Subject, tried: _Tried) -> Page:
    spec = subject.spec
    form, role = _chosen(spec)
    drawn = form and judging.for_roles(form, role and [role])
    sides = []
    for language in LANGUAGES:
        with texts.read_in(language) as reader:
            sides.append(
                attached.tried_out(
                    forms.drawing(
                        drawn.fields, tried.values or {}, reader, tried.faults, apart=f"{language}-"
                    )
                )
                if drawn
                else None
            )
    values = {
        **about(subject, "forms"),
        "listed": [(path, named(spec, path), spec.elements[path]) for path in _forms(spec)],
        "at": _at(spec),
        "name": named(spec, _at(spec) or ""),
        "roles": judging.named(form) if form else [],
        "role": role,
        "sides": list(zip(LANGUAGES, sides, strict=True)),
        "tried": tried,
        "read_in": _read_in,
    }
    return Page("test_runs/forms.html", values, status=422 if tried.faults else 200)


def _forms(spec: Spec) -> list[str]:
    """Return the elements of the process itself that have a form; the start first, then in file order."""
    own = [path for path, one in spec.elements.items() if one.form is not None and "/" not in path]
    return sorted(own, key=lambda path: spec.elements[path].kind != "startEvent")


def _at(spec: Spec) -> str | None:
    """Return the element whose form is requested."""
    known = _forms(spec)
    wished = request.args.get("at")
    return wished if wished in known else next(iter(known), None)


def _chosen(spec: Spec) -> tuple[Form | None, str | None]:
    """Return the requested form, and the role for which it is drawn; None: with all fields."""
    at = _at(spec)
    form = None if at is None else spec.elements[at].form
    wished = request.args.get("as")
    return form, wished if form and wished in judging.named(form) else None


def _read_in(language: Any, caller: Callable[[], Any]) -> Any:
    """Render a part of a page for readers of this language: `{% call read_in("fa") %}`."""
    with texts.read_in(language):
        return caller()
