"""Whatever is half drawn can be looked at: names and findings, never an exception."""

import pytest

from engine import bpmn
from engine.bpmn.notation.source import Unreadable
from tests.bpmn import definitions, many, node, process

HALF_DRAWN = {
    "nothing": b"",
    "another document": b"<a/>",
    "no text": b"\xff\xfe",
    "entities": b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    "no process": definitions(),
    "no ids": process("<bpmn:userTask/>", "<bpmn:sequenceFlow/>"),
    "no script": process("<bpmn:scriptTask id='a'/>"),
    "expressions": process(
        node("businessRuleTask", "a", parvandeh__decisionRef="x", parvandeh__inputs="={"),
        node("callActivity", "c", parvandeh__inputs="${", calledElement="p"),
        node("userTask", "u", parvandeh__candidateGroups="[["),
        node("serviceTask", "s", parvandeh__result="1 x", parvandeh__request="{'a': "),
    ),
    "instances": process(
        node("userTask", "a", many("<bpmn:loopDataInputRef>= [</bpmn:loopDataInputRef><bpmn:inputDataItem/>"))
    ),
    "one id": process(node("subProcess", "s", node("subProcess", "s", node("startEvent", "s")))),
}


@pytest.mark.parametrize("drawn", HALF_DRAWN.values(), ids=HALF_DRAWN)
def test_whatever_is_half_drawn_can_be_looked_at(drawn: bytes) -> None:
    files = {"p.bpmn": drawn, "odd.json": b"[", "odd.dmn": b"<", "odd.yaml": b": :"}
    looked = bpmn.look(files, "p.bpmn")
    assert looked.whole
    assert looked.report.findings
    assert bpmn.offers(files).forms == ()
    try:
        bpmn.foreigns("p.bpmn", drawn, looked.report.findings)
    except Unreadable:
        assert looked.report.errors
