"""The translation of another engine's diagram: the notes on it, and an element in our notation."""

from engine.bpmn import check
from engine.bpmn.notation.source import read_xml
from engine.bpmn.notation.vocabulary import OURS
from engine.bpmn.translate import translate
from engine.bpmn.translate.translations import BPMN
from tests.bpmn import extension


def notes(content: bytes) -> list[tuple[str, str | None]]:
    """Return the notes on a file that passes the check."""
    report = check({"a.bpmn": content}, {"called"})
    assert not report.errors, report.errors
    assert all(item.line and item.reason and item.fix for item in report.findings)
    return [(item.code, item.element) for item in report.findings if item.severity == "note"]


def element(content: bytes, name: str) -> dict[str, str]:
    """Return our own attributes of an element after translation, and its kind."""
    root = read_xml("a.bpmn", content).getroot()
    translate(root)
    (found,) = root.findall(f".//*[@id='{name}']")
    ours = {key.removeprefix(OURS): value for key, value in found.attrib.items() if key.startswith(OURS)}
    return {"kind": found.tag.removeprefix(BPMN), **ours}


def parameters(*kinds: str) -> str:
    """Extension elements with a parameter `x` of each of these kinds, input and output."""
    inside = "".join(f'<camunda:{kind}Parameter name="x">1</camunda:{kind}Parameter>' for kind in kinds)
    return extension(f"<camunda:inputOutput>{inside}</camunda:inputOutput>")
