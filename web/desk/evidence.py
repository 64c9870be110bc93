"""The evidence for a decision: the application, and the results of earlier steps."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine import cases
from engine.bpmn import Form, Spec
from engine.platform.language import Reader
from web import texts
from web.desk.data import Datum, Labels, inside, name_of

LONG = 12  # at most so many fields of a group are unfolded


@dataclass(frozen=True, slots=True)
class Group:
    """Data of one form under its name. Long ones are partly folded."""

    title: str
    data: Sequence[Datum]

    @property
    def first(self) -> Sequence[Datum]:
        """The unfolded part."""
        return self.data[:LONG]

    @property
    def rest(self) -> Sequence[Datum]:
        """The folded part."""
        return self.data[LONG:]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The groups in the order of the process, and further variables, by their own names."""

    groups: Sequence[Group]
    own: Sequence[Datum]

    @property
    def names(self) -> frozenset[str]:
        """The variables of the groups. Further ones are the process's own, and folded."""
        return frozenset(one.name for group in self.groups for one in group.data)


NOTHING = Evidence((), ())


def evidence(reader: Reader, seen: cases.Seen, element: str, filed: Iterable[Mapping[Any, Any]]) -> Evidence:
    """Return the data of a case that its reader may see, for the form of this element.

    Fields of that form itself are not included. `filed` are rows of documents of the case.
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
    """Return the forms of a process with titles for their answers, the application first."""
    if spec.start_form is not None:
        yield texts.say("desk.evidence.application"), spec.start_form
    for step in spec.elements.values():
        if step.form is not None and step.path != element and step.kind == "userTask":
            yield reader.half(step.name), step.form


def _answered(form: Form) -> Sequence[str]:
    """Return the fields that a form asks, not those that it only shows."""
    return [name_of(one) for one in inside(form.fields) if not one.read_only]
