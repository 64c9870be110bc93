"""The faults of an application, each with a link to the field where it can be fixed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from engine.bpmn.forms import answer_name
from engine.platform.errors import Fault
from engine.portal import evidence
from engine.portal.application_drafts import Draft
from web import forms
from web.applicants.steps import Step
from web.forms import Drawing
from web.visit import Visit


@dataclass(frozen=True, slots=True)
class Wrong:
    """A fault in words; `label` and `url` are those of its field, empty for a fault of no field."""

    text: str
    label: str = ""
    url: str = ""


def wrongs(
    visit: Visit, draft: Draft, steps: Sequence[Step], faults: Sequence[Fault], address: str
) -> Sequence[Wrong]:
    """Return the faults of an application, whose steps are those below an address."""
    drawn = [forms.drawing(step.fields, draft.answers, visit.reader, faults) for step in steps]
    found = [
        one for number, drawing in enumerate(drawn, 1) for one in _of_step(drawing, f"{address}/{number}")
    ]
    placed = {node.name for drawing in drawn for node in drawing.faulty}
    others = [one for one in faults if f"{forms.DATA}{one.pointer.removeprefix('/data')}" not in placed]
    found += [
        _of_type(visit, draft, steps, one, address) or Wrong(forms.explain_fault(one)) for one in others
    ]
    return found


def _of_step(drawing: Drawing, url: str) -> Iterator[Wrong]:
    for node in drawing.faulty:
        yield from (Wrong(text, node.label, f"{url}#{node.id}") for text in node.wrong)


def _of_type(visit: Visit, draft: Draft, steps: Sequence[Step], fault: Fault, address: str) -> Wrong | None:
    """Return the fault of a document that is not asked yet: whether its data are fetched is undecided."""
    name = answer_name(fault.pointer.removeprefix("/data"))
    for each in evidence.bound(visit.uow.session, draft.services).values():
        fields = set(each.type.fields.values())
        number = next((number for number, step in enumerate(steps, 1) if step.names & fields), None)
        if each.type.fallback == name and number is not None:
            open_one = forms.explain_fault(replace(fault, code="evidence-open"))
            label = getattr(each.type.title, visit.reader.language)
            return Wrong(open_one, label, f"{address}/{number}#evidence-{each.type.name}")
    return None
