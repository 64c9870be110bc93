"""Files without places: laid out so that other tools show and draw them, with all else as it was."""

from lxml import etree

from engine.bpmn import picture, placed, without_places
from engine.platform.config import ROOT

DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"'
    ' xmlns:parvandeh="https://parvandeh.org/bpmn">'
)
STEPS = (
    '<startEvent id="a"/><task id="b" parvandeh:due="x"/><sequenceFlow id="f" sourceRef="a" targetRef="b"/>'
)


def file(*parts: str) -> bytes:
    return f"{HEAD}{''.join(parts)}</definitions>".encode()


def process(inside: str = STEPS, key: str = "p") -> str:
    return f'<process id="{key}">{inside}</process>'


def drawn(content: bytes, number: int = 0) -> list[str | None]:
    """The elements of one of its drawings: the plane, then what is on it."""
    plane = list(etree.fromstring(content).iter(f"{DI}BPMNPlane"))[number]
    return [plane.get("bpmnElement"), *(part.get("bpmnElement") for part in plane)]


def test_every_step_and_flow_gets_a_place_and_all_else_stays() -> None:
    content = file(process())
    laid_out = placed("p.bpmn", content)
    assert drawn(laid_out) == ["p", "a", "b", "f"]
    root = etree.fromstring(laid_out)
    for diagram in root.findall(f"{DI}BPMNDiagram"):
        root.remove(diagram)
    assert etree.canonicalize(root) == etree.canonicalize(content.decode())


def test_the_picture_and_the_file_that_is_laid_out_show_the_same() -> None:
    content = file(process())
    assert picture(placed("p.bpmn", content), "p") == picture(content, "p")


def test_what_has_places_and_what_cannot_be_read_stays_as_it_is() -> None:
    shipped = (ROOT / "processes" / "guild" / "food-shop-licence" / "process.bpmn").read_bytes()
    for content in (shipped, placed("p.bpmn", file(process())), b"<no", file(), file(process(""))[:-3]):
        assert placed("p.bpmn", content) == content
        assert not without_places("p.bpmn", content)


def test_a_drawing_that_shows_nothing_is_replaced() -> None:
    empty = f'<d:BPMNDiagram xmlns:d="{DI[1:-1]}"><d:BPMNPlane bpmnElement="p"/></d:BPMNDiagram>'
    content = file(process(), empty)
    assert without_places("p.bpmn", content)
    root = etree.fromstring(placed("p.bpmn", content))
    assert len(root.findall(f"{DI}BPMNDiagram")) == 1


def test_the_process_asked_for_is_the_one_that_tools_open() -> None:
    content = file(process(key="p"), process('<task id="c"/>', key="q"))
    assert drawn(placed("p.bpmn", content)) == ["p", "a", "b", "f"]
    assert drawn(placed("p.bpmn", content, "q")) == ["q", "c"]


def test_what_has_no_id_gets_one_that_nothing_else_has() -> None:
    inside = '<task id="Flow_0"/><task/><sequenceFlow sourceRef="Flow_0" targetRef="task_1"/>'
    laid_out = placed("p.bpmn", file(process(inside)))
    assert drawn(laid_out) == ["p", "Flow_0", "task_1", "Flow_0_"]
    ids = [element.get("id") for element in etree.fromstring(laid_out).iter() if element.get("id")]
    assert len(ids) == len(set(ids))


def test_a_sub_process_is_drawn_open_around_its_steps() -> None:
    laid_out = placed("p.bpmn", file(process('<subProcess id="s"><task id="b"/></subProcess>')))
    shapes = {shape.get("bpmnElement"): shape for shape in etree.fromstring(laid_out).iter(f"{DI}BPMNShape")}
    assert shapes["s"].get("isExpanded") == "true"
    assert "b" in shapes
