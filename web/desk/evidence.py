"""What a decision rests on: the application, and what colleagues have found in earlier steps."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine import cases
from engine.bpmn import Form, Spec
from engine.platform.language import Reader
from web import texts
from web.desk.data import Datum, Labels, inside, name_of

LONG = 12  # so many fields of a group are open


@dataclass(frozen=True, slots=True)
class Group:
    """Data of one form under its name. Of a long one the rest is folded away."""

    title: str
    data: Sequence[Datum]

    @property
    def first(self) -> Sequence[Datum]:
        """What is open."""
        return self.data[:LONG]

    @property
    def rest(self) -> Sequence[Datum]:
        """What is folded away."""
        return self.data[LONG:]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The groups in the order of the process, and what it holds besides, under its own names."""

    groups: Sequence[Group]
    own: Sequence[Datum]


NOTHING = Evidence((), ())


def evidence(reader: Reader, seen: cases.Seen, element: str, filed: Iterable[Mapping[Any, Any]]) -> Evidence:
    """The data of a case, as far as its reader may see them, for who answers the form of this element.

    What that form asks itself stands in it, and not here. `filed` are rows of documents of the case.
    """
    labels = Labels.of(reader, seen.spec, filed)
    left = dict(seen.case.data)
    groups = []
    for title, form in _forms(reader, seen.spec, element):
        names = [name for name in _answered(form) if name in left]
        shown = [labels.datum(name, left.pop(name), labels.fields.get(name)) for name in names]
        if shown:
            groups.append(Group(title, shown))
    here = seen.spec.elements.get(element)
    for name in _answered(here.form) if here and here.form else ():
        left.pop(name, None)
    rest = labels.data(left)
    known = [one for one in rest if one.known]
    groups += [Group(texts.say("desk.evidence.other"), known)] if known else []
    return Evidence(groups, [one for one in rest if not one.known])


def _forms(reader: Reader, spec: Spec, element: str) -> Iterator[tuple[str, Form]]:
    """The forms of a process with what their answers are called, the application first."""
    if spec.start_form is not None:
        yield texts.say("desk.evidence.application"), spec.start_form
    for step in spec.elements.values():
        if step.form is not None and step.path != element and step.kind == "userTask":
            yield reader.half(step.name), step.form


def _answered(form: Form) -> Sequence[str]:
    """The fields that a form asks, and does not only show."""
    return [name_of(one) for one in inside(form.fields) if not one.read_only]
