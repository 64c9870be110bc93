"""A form in steps: a page for each of its groups, and for a few of the remaining fields at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.bpmn import Form
from engine.bpmn.forms import Field, Text, answer_name, hidden, top_fields

AT_A_TIME = 6


@dataclass(frozen=True, slots=True)
class Step:
    """A page of a form. `title` is that of its group, if it has one; `names` are its fields' at the top."""

    fields: tuple[Field, ...]
    title: Text | None = None

    @property
    def names(self) -> frozenset[str]:
        """The names of the answers on this page."""
        return frozenset(_names(self.fields))


def steps_of(form: Form | None, answers: Mapping[str, Any]) -> Sequence[Step]:
    """Return the steps of a form, without fields that other answers hide, and without empty steps."""
    return _steps(form.fields if form else (), answers)


def steps_of_several(
    asking: Sequence[tuple[Text, Form | None]], answers: Mapping[str, Any]
) -> Sequence[Step]:
    """Return the steps of several forms, one form after the other; without a title they have the form's.

    What several of them ask for is asked by the first, and must be answered if one of them requires it.
    """
    same: dict[str, list[Field]] = {}
    for _, form in asking:
        for field in top_fields(form.fields if form else ()):
            same.setdefault(answer_name(field.pointer or ""), []).append(field)
    found: list[Step] = []
    left = dict(same)
    for title, form in asking:
        fields = tuple(_once(form.fields if form else (), left, answers))
        found += [replace(step, title=step.title or title) for step in _steps(fields, answers)]
    return found


def _once(
    fields: Sequence[Field], left: dict[str, list[Field]], answers: Mapping[str, Any]
) -> Iterator[Field]:
    """Yields fields that were not asked before; `left` are the others, each as all forms have it."""
    for field in fields:
        if field.pointer is None and field.fields:
            inner = tuple(_once(field.fields, left, answers))
            if inner:
                yield replace(field, fields=inner)
        elif field.pointer is None:
            yield field
        elif (forms := left.pop(answer_name(field.pointer), None)) is not None:
            yield _together(forms, answers)


def _together(fields: Sequence[Field], answers: Mapping[str, Any]) -> Field:
    """Return a field that several forms ask for: hidden only if all of them hide it."""
    always = [field for field in fields if field.hide_when is None]
    now = [field for field in fields if not hidden(field, answers)]
    shown = (always or now or fields)[0]
    return replace(shown, required=any(field.required for field in fields))


def _steps(fields: Sequence[Field], answers: Mapping[str, Any]) -> Sequence[Step]:
    asked = [Step(_asked(step, answers), step.title) for step in _portions(fields)]
    return [step for step in asked if step.names or any(field.kind == "notice" for field in step.fields)]


def _portions(fields: Sequence[Field]) -> Iterator[Step]:
    few: list[Field] = []
    for field in fields:
        apart = field.kind == "group" and field.pointer is None
        if few and (apart or len(few) == AT_A_TIME):
            yield Step(tuple(few))
            few = []
        if apart:
            yield Step(field.fields, field.label)
        else:
            few.append(field)
    if few:
        yield Step(tuple(few))


def _asked(step: Step, answers: Mapping[str, Any]) -> tuple[Field, ...]:
    """Remove the fields that are hidden by an answer on another page."""
    own = step.names
    return tuple(field for field in step.fields if not (_depends(field, own) and hidden(field, answers)))


def _depends(field: Field, own: frozenset[str]) -> bool:
    return field.hide_when is not None and _first(str(field.hide_when["field"])) not in own


def _names(fields: Sequence[Field]) -> Iterator[str]:
    for field in fields:
        if field.pointer is None:
            yield from _names(field.fields)
        else:
            yield _first(field.pointer)


def _first(pointer: str) -> str:
    return pointer.removeprefix("/").partition("/")[0].replace("~1", "/").replace("~0", "~")
